"""Named queries on `bounces`: what came back, whose it was, and what was done about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, RowMapping, Select, delete, distinct, func, literal, select, update

from newsletter.model import DeliveryState, EditionId, SubscriberId
from newsletter.store.inserting import insert_into
from newsletter.store.tables import bounces, consents, deliveries, editions, subscribers, suppressions

# What waits for a person, with its whole message.
KEPT = ("kept", "unproven")
_NO_MESSAGE = tuple(column for column in bounces.c if column.name != "message")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewBounce:
    """A report to be written down; `report_key` is the same for the same report. `at` is aware UTC."""

    report_key: str
    kind: str
    source: str
    outcome: str
    at: datetime
    weight: str = ""
    subscriber_id: SubscriberId | None = None
    edition_id: EditionId | None = None
    status: str = ""
    diagnostic: str = ""
    message: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredBounce:
    """A report as it is kept; `edition` is the uid of the edition it is about, "" where that is not known."""

    id: int
    kind: str
    weight: str
    subscriber_id: SubscriberId | None
    edition: str
    status: str
    diagnostic: str
    source: str
    outcome: str
    at: datetime


def insert_bounce(connection: Connection, bounce: NewBounce) -> int | None:
    """Write a report down; gives its number, None for one that is known (unique report_key)."""
    values = {name: getattr(bounce, name) for name in NewBounce.__slots__}
    statement = insert_into(connection, bounces).values(values).on_conflict_do_nothing().returning(bounces.c.id)
    row = connection.execute(statement).first()
    return None if row is None else int(row[0])


def set_outcome(connection: Connection, bounce_id: int, outcome: str, *, keep_message: bool = True) -> None:
    """Say what was done about a report (primary key)."""
    values: dict[str, object] = {"outcome": outcome}
    if not keep_message:
        values["message"] = None
    connection.execute(update(bounces).where(bounces.c.id == bounce_id).values(values))


def bounce_is_known(connection: Connection, report_key: str) -> bool:
    """Whether this report was written down before (unique report_key)."""
    return connection.execute(select(literal(1)).where(bounces.c.report_key == report_key)).first() is not None


def soft_editions(connection: Connection, subscriber_id: SubscriberId, since: datetime) -> int:
    """How many editions a reader's mailbox sent back for a while since then (index on subscriber_id, at)."""
    query = select(func.count(distinct(bounces.c.edition_id))).where(
        bounces.c.subscriber_id == subscriber_id, bounces.c.at >= since, bounces.c.weight == "soft"
    )
    return int(connection.execute(query).scalar_one())


def readers_with_soft_editions(connection: Connection, since: datetime, *, least: int) -> list[SubscriberId]:
    """Active readers with at least so many such editions since then. Scans the reports since; reads only."""
    query = (
        select(bounces.c.subscriber_id)
        .join(subscribers, subscribers.c.id == bounces.c.subscriber_id)
        .where(bounces.c.at >= since, bounces.c.weight == "soft", subscribers.c.state == "active")
        .group_by(bounces.c.subscriber_id)
        .having(func.count(distinct(bounces.c.edition_id)) >= least)
    )
    return [SubscriberId(row[0]) for row in connection.execute(query)]


def policy_reports(connection: Connection, edition_id: EditionId) -> int:
    """How many readers' servers said of an edition that they dislike us (index on edition_id, weight)."""
    query = select(func.count(distinct(bounces.c.subscriber_id))).where(
        bounces.c.edition_id == edition_id, bounces.c.weight == "policy"
    )
    return int(connection.execute(query).scalar_one())


def count_complaints(connection: Connection, *, since: datetime, until: datetime) -> int:
    """How many readers called our mail spam in that time (index on outcome, at)."""
    query = select(func.count(distinct(bounces.c.subscriber_id))).where(
        bounces.c.outcome == "suppressed", bounces.c.at >= since, bounces.c.at < until, bounces.c.kind == "complaint"
    )
    return int(connection.execute(query).scalar_one())


def was_mailed(connection: Connection, edition_id: EditionId, subscriber_id: SubscriberId) -> bool:
    """Whether there is a delivery of this edition to this reader that may have left (primary key)."""
    left = (int(DeliveryState.SENT), int(DeliveryState.UNKNOWN), int(DeliveryState.FAILED))
    query = select(literal(1)).where(
        deliveries.c.edition_id == edition_id,
        deliveries.c.subscriber_id == subscriber_id,
        deliveries.c.state.in_(left),
    )
    return connection.execute(query).first() is not None


def settle_unknown(connection: Connection, edition_id: EditionId, subscriber_id: SubscriberId) -> bool:
    """A report of a delivery whose end was not known proves that it was accepted (primary key)."""
    done = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.state == int(DeliveryState.UNKNOWN),
        )
        .values(state=int(DeliveryState.SENT), reason="a report came back, so it was accepted")
    )
    return done.rowcount == 1


def has_moved_since(connection: Connection, edition_id: EditionId, subscriber_id: SubscriberId) -> bool:
    """Whether the reader confirmed another address after that delivery (index on consents.subscriber_id)."""
    mine = select(deliveries.c.settled_at).where(
        deliveries.c.edition_id == edition_id, deliveries.c.subscriber_id == subscriber_id
    )
    query = select(literal(1)).where(
        consents.c.subscriber_id == subscriber_id,
        consents.c.what == "address",
        consents.c.at > mine.scalar_subquery(),
    )
    return connection.execute(query).first() is not None


def list_bounces(connection: Connection, *, outcomes: Collection[str] = (), limit: int) -> list[StoredBounce]:
    """The latest reports, newest first; of `outcomes` alone where some are named (index on outcome, at)."""
    query = _reports().order_by(bounces.c.id.desc()).limit(limit)
    if outcomes:
        query = query.where(bounces.c.outcome.in_(outcomes))
    return [_stored(row) for row in connection.execute(query).mappings()]


def bounces_of(connection: Connection, subscriber_id: SubscriberId, *, limit: int) -> list[StoredBounce]:
    """A reader's reports, newest first (index on subscriber_id, at)."""
    query = _reports().where(bounces.c.subscriber_id == subscriber_id).order_by(bounces.c.at.desc()).limit(limit)
    return [_stored(row) for row in connection.execute(query).mappings()]


def bounce_by_id(connection: Connection, bounce_id: int) -> tuple[StoredBounce, bytes | None] | None:
    """A report and its whole message, where that is kept (primary key)."""
    row = connection.execute(_reports(bounces.c.message).where(bounces.c.id == bounce_id)).mappings().first()
    return None if row is None else (_stored(row), row["message"])


def count_kept(connection: Connection) -> int:
    """How many reports wait for a person (index on outcome, at)."""
    query = select(func.count()).select_from(bounces).where(bounces.c.outcome.in_(KEPT))
    return int(connection.execute(query).scalar_one())


def bounce_counts(connection: Connection) -> dict[str, int]:
    """How many reports there are by what was done about them (index on outcome, at)."""
    query = select(bounces.c.outcome, func.count()).group_by(bounces.c.outcome)
    return {str(outcome): int(number) for outcome, number in connection.execute(query)}


def forget_bounces(connection: Connection, *, before: datetime) -> None:
    """Delete what machines answered and what was only late, once it is old; bounces and what is kept stay."""
    over = bounces.c.kind.in_(("auto_reply", "delayed")) & (bounces.c.at < before)
    connection.execute(delete(bounces).where(over, bounces.c.outcome.not_in(KEPT)))


def suppress_bounced(connection: Connection, subscriber_id: SubscriberId, *, source: str, now: datetime) -> None:
    """Keep the address of a reader who bounced from all mail; an earlier reason stays (primary key)."""
    theirs = select(
        subscribers.c.suppression_key, literal("bounced"), literal(source), literal(now, type_=bounces.c.at.type)
    )
    statement = insert_into(connection, suppressions).from_select(
        ["address_key", "reason", "source", "at"],
        theirs.where(subscribers.c.id == subscriber_id, subscribers.c.suppression_key.is_not(None)),
    )
    connection.execute(statement.on_conflict_do_nothing())


def take_back_bounces(
    connection: Connection, edition_id: EditionId, readers: Sequence[SubscriberId], *, source: str
) -> None:
    """Forget what one sender's refusals of an edition said of these readers: they were about us (primary keys)."""
    keys = select(subscribers.c.suppression_key).where(subscribers.c.id.in_(readers))
    connection.execute(
        delete(suppressions).where(
            suppressions.c.address_key.in_(keys), suppressions.c.reason == "bounced", suppressions.c.source == source
        )
    )
    connection.execute(
        delete(bounces).where(
            bounces.c.subscriber_id.in_(readers), bounces.c.edition_id == edition_id, bounces.c.source == "smtp"
        )
    )


def _reports(*more: Column[object]) -> Select[tuple[object, ...]]:
    uid = func.coalesce(editions.c.uid, "").label("edition")
    of_edition = editions.c.id == bounces.c.edition_id
    query: Select[tuple[object, ...]] = select(*_NO_MESSAGE, uid, *more)
    return query.join_from(bounces, editions, of_edition, isouter=True)


def _stored(row: RowMapping) -> StoredBounce:
    return StoredBounce(**{name: row[name] for name in StoredBounce.__slots__})
