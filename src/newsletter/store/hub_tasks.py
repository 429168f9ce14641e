"""What has to be told and to whom, by hub or as one: named queries on `hub_tasks`.

A task is taken by moving its hour to the end of a lease, in one transaction that finds and moves it.
Whoever took it may settle it as long as that hour still stands; afterwards another has it. A task that
a dead process held comes due again by itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from newsletter.store.columns import Utc
from newsletter.store.hub import ACTIVE
from newsletter.store.meta import remember
from newsletter.store.tables import meta
from newsletter.store.tables_of_feeds import hub_subscriptions, hub_tasks

PING = "ping"
PUSH = "push"
VERIFY = "verify"

# Whoever could not be told the last time comes after all others, whom a dead server would keep waiting.
_BEHIND = timedelta(seconds=2)

# Which version of each feed was told last: a JSON object of digests by topic.
_TOLD = "websub.told"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A feed that has changed: `digest` is its version now, `since` the one that was told before ("" for none)."""

    topic: str
    digest: str
    since: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HubTask:
    """A task in our hands until `until` (aware UTC); `attempts` counts the tries before this one."""

    id: int
    kind: str
    target: str
    topic: str
    subscription_id: int | None
    digest: str
    since: str
    attempts: int
    made_at: datetime
    until: datetime


def hold_hub(connection: Connection) -> None:
    """Keep other writers of the hub waiting until the transaction ends.

    On PostgreSQL alone, where taking, noting, settling and asking would lock the same rows in different
    order; SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE hub_tasks IN SHARE ROW EXCLUSIVE MODE"))


def told_versions(connection: Connection, *, hold: bool) -> Mapping[str, str] | None:
    """The version of each topic that was told last, or None when nothing ever was (primary key).

    With `hold` the row is held to the end of the transaction, so that one change is never queued twice.
    """
    query = select(meta.c.value).where(meta.c.key == _TOLD)
    value = connection.execute(query.with_for_update() if hold else query).scalar()
    return None if value is None else {str(topic): str(digest) for topic, digest in json.loads(value).items()}


def remember_told(connection: Connection, versions: Mapping[str, str]) -> None:
    """Keep the version of each topic that is told now (primary key)."""
    remember(connection, _TOLD, json.dumps(dict(versions), sort_keys=True))


def queue_pings(connection: Connection, change: Change, hubs: Collection[str], *, now: datetime) -> int:
    """Have each of `hubs` told of a change, by the task that waits already or a new one; gives the number.

    Finds waiting tasks by scanning the table, which holds no more than is being told just now.
    """
    table = hub_tasks.c
    is_waiting = and_(table.kind == PING, table.topic == change.topic)
    waiting = set(connection.execute(select(table.target).where(is_waiting)).scalars())
    # A newer change has its whole time before it is given up.
    connection.execute(
        update(hub_tasks).where(is_waiting, table.target.in_(hubs)).values(digest=change.digest, made_at=now)
    )
    new = [hub for hub in dict.fromkeys(hubs) if hub not in waiting]
    if new:
        shared = _new_values(PING, change, now)
        connection.execute(insert(hub_tasks), [{**shared, "target": hub, "subscription_id": None} for hub in new])
    return len(set(hubs))


def queue_pushes(connection: Connection, change: Change, *, now: datetime) -> int:
    """Have every active subscription of a topic told of its change; gives the number of tasks that wait for it.

    A task that waits already takes the newer version and keeps what its subscriber was told before.
    Subscriptions are found by their state (index), tasks by their subscription (index).
    """
    table, subscribed = hub_tasks.c, hub_subscriptions.c
    is_waiting = and_(table.kind == PUSH, table.topic == change.topic)
    connection.execute(update(hub_tasks).where(is_waiting).values(digest=change.digest, made_at=now))
    has_task = select(table.id).where(table.subscription_id == subscribed.id, table.kind == PUSH).exists()
    rows = select(
        literal(PUSH),
        subscribed.callback,
        subscribed.topic,
        subscribed.id,
        literal(change.digest),
        literal(change.since),
        literal(0, Integer),
        case((subscribed.failures > 0, literal(now + _BEHIND, Utc)), else_=literal(now, Utc)),
        literal(now, Utc),
        literal(""),
    ).where(subscribed.state == ACTIVE, subscribed.topic == change.topic, subscribed.lease_until > now, ~has_task)
    names = ("kind", "target", "topic", "subscription_id", "digest", "since", "attempts", "next_at", "made_at")
    connection.execute(insert(hub_tasks).from_select([*names, "reason"], rows.order_by(subscribed.id)))
    # The drivers disagree on how many rows an INSERT … SELECT made.
    return int(connection.execute(select(func.count()).select_from(hub_tasks).where(is_waiting)).scalar_one())


def queue_verification(
    connection: Connection, subscription_id: int, *, callback: str, topic: str, now: datetime
) -> None:
    """Have a subscriber asked whether it meant its request, once at a time (index on subscription_id)."""
    connection.execute(delete(hub_tasks).where(hub_tasks.c.subscription_id == subscription_id))
    values = _new_values(VERIFY, Change(topic=topic, digest="", since=""), now)
    connection.execute(insert(hub_tasks).values(**values, target=callback, subscription_id=subscription_id))


def forget_other_pings(connection: Connection, hubs: Collection[str]) -> int:
    """Drop what hubs were to be told that are named no longer; gives the number (every row)."""
    done = connection.execute(delete(hub_tasks).where(hub_tasks.c.kind == PING, hub_tasks.c.target.not_in(hubs)))
    return done.rowcount


def has_due_task(connection: Connection, now: datetime) -> bool:
    """Whether there is a task to take (index on next_at)."""
    return connection.execute(select(hub_tasks.c.id).where(hub_tasks.c.next_at <= now).limit(1)).first() is not None


def take_tasks(connection: Connection, *, limit: int, until: datetime, now: datetime) -> list[HubTask]:
    """Take up to `limit` due tasks until `until`, those that never failed first (index on next_at)."""
    hold_hub(connection)
    table = hub_tasks.c
    query = select(hub_tasks).where(table.next_at <= now).order_by(table.attempts, table.next_at, table.id).limit(limit)
    rows = connection.execute(query).mappings().all()
    ids = [row["id"] for row in rows]
    if ids:
        connection.execute(update(hub_tasks).where(table.id.in_(ids)).values(next_at=until))
    names = [name for name in HubTask.__dataclass_fields__ if name != "until"]
    return [HubTask(**{name: row[name] for name in names}, until=until) for row in rows]


def finish_task(connection: Connection, task: HubTask, *, now: datetime) -> bool:
    """Delete a task that is done; False if another has it by now (primary key).

    If its feed has changed meanwhile, the task stays and the change is to be told from now on.
    """
    return finish_tasks(connection, [task], now=now) == 1


def finish_tasks(connection: Connection, tasks: Sequence[HubTask], *, now: datetime) -> int:
    """Do the same for tasks that were taken together and told one version; gives how many nobody else has.

    A statement for all takes a tenth of the time of one for each (measured with 1,000).
    """
    digest, table = tasks[0].digest, hub_tasks.c
    is_held = and_(table.id.in_([task.id for task in tasks]), table.next_at == tasks[0].until)
    finished = connection.execute(delete(hub_tasks).where(is_held, table.digest == digest)).rowcount
    if finished < len(tasks):
        values = {"since": digest, "attempts": 0, "next_at": now, "reason": ""}
        finished += connection.execute(update(hub_tasks).where(is_held).values(**values)).rowcount
    return finished


def defer_task(connection: Connection, task: HubTask, next_at: datetime, *, reason: str) -> bool:
    """Have a task tried again from `next_at` on; False if another has it by now (primary key)."""
    values = {"attempts": task.attempts + 1, "next_at": next_at, "reason": reason}
    return connection.execute(update(hub_tasks).where(_is_held(task)).values(**values)).rowcount == 1


def drop_task(connection: Connection, task: HubTask, *, now: datetime) -> bool:
    """Delete a task that is given up; False if another has it, or its feed has changed meanwhile (primary key).

    Then a try of the change is due.
    """
    done = connection.execute(delete(hub_tasks).where(_is_held(task), hub_tasks.c.digest == task.digest))
    if done.rowcount:
        return True
    connection.execute(update(hub_tasks).where(_is_held(task)).values(next_at=now, attempts=0))
    return False


def put_back_tasks(connection: Connection, tasks: Collection[HubTask], *, now: datetime) -> None:
    """Let others have at once what was taken and not tried (primary key)."""
    for task in tasks:
        connection.execute(update(hub_tasks).where(_is_held(task)).values(next_at=now))


def waiting_tasks(connection: Connection) -> Mapping[str, int]:
    """How many tasks of each kind wait (every row)."""
    query = select(hub_tasks.c.kind, func.count()).group_by(hub_tasks.c.kind).order_by(hub_tasks.c.kind)
    return {str(kind): int(number) for kind, number in connection.execute(query)}


def failing_pings(connection: Connection, *, limit: int) -> list[tuple[str, str, int, str]]:
    """Topic, hub, failures and last reason of the hubs that cannot be told, the worst first (every row)."""
    table = hub_tasks.c
    query = (
        select(table.topic, table.target, table.attempts, table.reason)
        .where(table.kind == PING, table.attempts > 0)
        .order_by(table.attempts.desc(), table.id)
        .limit(limit)
    )
    return [(topic, target, attempts, reason) for topic, target, attempts, reason in connection.execute(query)]


def _new_values(kind: str, change: Change, now: datetime) -> dict[str, object]:
    version = {"topic": change.topic, "digest": change.digest, "since": change.since}
    return {"kind": kind, **version, "attempts": 0, "next_at": now, "made_at": now, "reason": ""}


def _is_held(task: HubTask) -> ColumnElement[bool]:
    """Nobody has taken the task since we did."""
    return and_(hub_tasks.c.id == task.id, hub_tasks.c.next_at == task.until)
