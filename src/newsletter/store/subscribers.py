"""Named queries on `subscribers` and `subscriber_topics`.

Every function takes an open connection; the caller's transaction decides what stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, or_, select, update

from newsletter.model import DeliveryState, Subscriber, SubscriberId, SubscriberState
from newsletter.store.inserting import insert_into
from newsletter.store.many import among, insert_many, insert_returning
from newsletter.store.revocations import revoke_reader
from newsletter.store.tables import counters, deliveries, subscriber_topics, subscribers

# Where the placeholder of an erased person lives; no mail can ever go there (RFC 2606 §2).
ERASED_DOMAIN = "erased.invalid"
_SOMEBODY = ~subscribers.c.address_key.endswith(f"@{ERASED_DOMAIN}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberFilter:
    """Which subscribers: each value that is not None narrows; `topic` also finds those who want all topics."""

    state: SubscriberState | None = None
    language: str | None = None
    rhythm: str | None = None
    topic: str | None = None


def hold_sequence(connection: Connection) -> int:
    """The present publication sequence, 0 before the first; its row stays locked until the transaction ends.

    A reader who joins is thereby either before a release or after it, never in the middle, and two
    imports cannot wait for each other's rows (SQLite's write transaction does both by itself). Primary key.
    """
    first = insert_into(connection, counters).values(name="publication", value=0)
    connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
    query = select(counters.c.value).where(counters.c.name == "publication").with_for_update()
    return int(connection.execute(query).scalar_one())


def insert_subscribers(connection: Connection, rows: Sequence[Mapping[str, object]]) -> dict[str, SubscriberId]:
    """Write new subscribers; gives the id by address_key of each row written.

    An address_key that is already there is left alone and missing from the answer, also when another
    process wrote it a moment ago (unique address_key).
    """
    if not rows:
        return {}
    new = insert_into(connection, subscribers).on_conflict_do_nothing(index_elements=["address_key"])
    if connection.dialect.name == "sqlite" and len(rows) > 1:
        # A write transaction is alone here, so that what came after the last row is ours.
        last = connection.execute(select(func.max(subscribers.c.id))).scalar() or 0
        insert_many(connection, new, rows)
        written = select(subscribers.c.address_key, subscribers.c.id).where(subscribers.c.id > last)
        return {key: SubscriberId(id_) for key, id_ in connection.execute(written)}
    statement = new.returning(subscribers.c.address_key, subscribers.c.id)
    if len(rows) > 1:
        found = insert_returning(connection, statement, rows)
        return {row.address_key: SubscriberId(row.id) for row in found}
    return {key: SubscriberId(id_) for key, id_ in connection.execute(statement, dict(rows[0]))}


def insert_topics(connection: Connection, pairs: Sequence[tuple[SubscriberId, str]]) -> None:
    """Write (subscriber, topic) choices of new subscribers."""
    rows = [{"subscriber_id": id_, "topic": topic} for id_, topic in pairs]
    insert_many(connection, insert(subscriber_topics), rows)


def replace_topics(connection: Connection, subscriber_id: SubscriberId, topics: Collection[str]) -> None:
    """Make `topics` the choice of one subscriber (primary key)."""
    connection.execute(delete(subscriber_topics).where(subscriber_topics.c.subscriber_id == subscriber_id))
    insert_topics(connection, [(subscriber_id, topic) for topic in topics])


def update_subscriber(connection: Connection, subscriber_id: SubscriberId, values: Mapping[str, object]) -> None:
    """Set columns of one subscriber (primary key)."""
    connection.execute(update(subscribers).where(subscribers.c.id == subscriber_id).values(**values))


def subscriber_by_id(
    connection: Connection, subscriber_id: SubscriberId, *, to_change: bool = False
) -> Subscriber | None:
    """One subscriber, or None (primary key); `to_change` keeps the row locked until the transaction ends."""
    return _one(connection, subscribers.c.id == subscriber_id, to_change)


def subscriber_by_key(connection: Connection, address_key: str, *, to_change: bool = False) -> Subscriber | None:
    """One subscriber, or None (unique address_key); `to_change` keeps the row locked."""
    return _one(connection, subscribers.c.address_key == address_key, to_change)


def address_key_of(connection: Connection, subscriber_id: SubscriberId) -> str | None:
    """The address_key of a subscriber, or None for one who is unknown or erased (primary key)."""
    query = select(subscribers.c.address_key).where(subscribers.c.id == subscriber_id, _SOMEBODY)
    return connection.execute(query).scalar()


def states_by_key(connection: Connection, address_keys: Collection[str]) -> dict[str, SubscriberState]:
    """The states of those of at most a few thousand `address_keys` that are known (unique address_key)."""
    is_one = among(connection, subscribers.c.address_key, address_keys)
    query = select(subscribers.c.address_key, subscribers.c.state).where(is_one)
    return {key: SubscriberState(state) for key, state in connection.execute(query)}


def page_of_subscribers(
    connection: Connection, wanted: SubscriberFilter, *, after: SubscriberId, limit: int
) -> list[Subscriber]:
    """At most `limit` subscribers with an id above `after`, in order of sign-up (primary key, read in order).

    Erased ones are nobody, and left out.
    """
    query = select(subscribers).where(subscribers.c.id > after, _SOMEBODY).order_by(subscribers.c.id).limit(limit)
    if wanted.state is not None:
        query = query.where(subscribers.c.state == wanted.state)
    if wanted.language is not None:
        query = query.where(subscribers.c.language == wanted.language)
    if wanted.rhythm is not None:
        query = query.where(subscribers.c.rhythm == wanted.rhythm)
    if wanted.topic is not None:
        mine = select(subscriber_topics.c.topic).where(subscriber_topics.c.subscriber_id == subscribers.c.id)
        query = query.where(or_(mine.where(subscriber_topics.c.topic == wanted.topic).exists(), ~mine.exists()))
    rows = connection.execute(query).mappings().all()
    topics = topics_of(connection, [row["id"] for row in rows])
    return [_subscriber(row, topics.get(row["id"], ())) for row in rows]


def topics_of(connection: Connection, subscriber_ids: Collection[SubscriberId]) -> dict[SubscriberId, tuple[str, ...]]:
    """The topics each of at most a few thousand subscribers chose, sorted (primary key)."""
    query = (
        select(subscriber_topics)
        .where(subscriber_topics.c.subscriber_id.in_(subscriber_ids))
        .order_by(subscriber_topics.c.subscriber_id, subscriber_topics.c.topic)
    )
    found: dict[SubscriberId, tuple[str, ...]] = {}
    for id_, topic in connection.execute(query):
        found[id_] = (*found.get(id_, ()), topic)
    return found


def count_by_state(connection: Connection) -> dict[SubscriberState, int]:
    """How many subscribers are in each state, without erased ones; every state is named. One scan."""
    query = select(subscribers.c.state, func.count()).where(_SOMEBODY).group_by(subscribers.c.state)
    found = {SubscriberState(state): number for state, number in connection.execute(query)}
    return {state: found.get(state, 0) for state in SubscriberState}


def count_by_language_and_rhythm(connection: Connection) -> dict[tuple[str, str], int]:
    """How many active subscribers there are of each (language, rhythm), sorted. One scan."""
    query = (
        select(subscribers.c.language, subscribers.c.rhythm, func.count())
        .where(subscribers.c.state == SubscriberState.ACTIVE)
        .group_by(subscribers.c.language, subscribers.c.rhythm)
    )
    return {(language, rhythm): number for language, rhythm, number in sorted(map(tuple, connection.execute(query)))}


def stop_mail(connection: Connection, subscriber_id: SubscriberId, *, reason: str, now: datetime) -> int:
    """Cancel what waits for one subscriber in any edition, and tell running senders; gives the rows cancelled.

    What a sender has already leased is not touched here: it looks at `revocations` before each
    attempt. Index on deliveries.subscriber_id.
    """
    cancelled = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.state.in_((int(DeliveryState.QUEUED), int(DeliveryState.DEFERRED))),
        )
        .values(state=int(DeliveryState.CANCELLED), reason=reason, next_at=None, settled_at=now)
    ).rowcount
    revoke_reader(connection, subscriber_id, now=now)
    return cancelled


def _one(connection: Connection, condition: ColumnElement[bool], to_change: bool) -> Subscriber | None:
    query = select(subscribers).where(condition)
    row = connection.execute(query.with_for_update() if to_change else query).mappings().first()
    return None if row is None else _subscriber(row, topics_of(connection, [row["id"]]).get(row["id"], ()))


def _subscriber(row: RowMapping, topics: tuple[str, ...]) -> Subscriber:
    return Subscriber(
        id=SubscriberId(row["id"]),
        uid=row["uid"],
        address=row["address"],
        name=row["name"],
        state=SubscriberState(row["state"]),
        language=row["language"],
        time_zone=row["time_zone"],
        rhythm=row["rhythm"],
        hour=row["hour"],
        topics=topics,
        covered_through=row["covered_through"],
        token_version=row["token_version"],
        joined_at=row["joined_at"],
        paused_until=row["paused_until"],
        catch_up=row["catch_up"],
    )
