"""Who asked our own hub to be told of a feed (WebSub): named queries on `hub_subscriptions`.

A subscription that is told is `active`. Until its subscriber has said that it meant it, a request is a
row of its own, `asked` or `leaving`, so that a false one changes nothing of what runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from newsletter.store.inserting import insert_into
from newsletter.store.tables_of_feeds import hub_subscriptions, hub_tasks

ACTIVE = "active"
ASKED = "asked"
LEAVING = "leaving"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a subscriber asks: `state` is `asked` to be told of `topic` for `lease_s` seconds, or `leaving`."""

    topic: str
    callback: str
    secret: str | None
    state: str
    lease_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """One row of the hub; `failures` counts the pushes that failed since the last that did not."""

    id: int
    topic: str
    callback: str
    secret: str | None
    state: str
    lease_s: int
    lease_until: datetime | None
    failures: int


def callback_key(topic: str, callback: str, *, is_request: bool = False) -> str:
    """The key of a subscription, or of the request about it that waits for its subscriber's word."""
    words = (topic, callback, "request") if is_request else (topic, callback)
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def write_request(connection: Connection, request: Request, *, now: datetime) -> int:
    """Keep a request, in place of the last one about the same topic and callback; gives its id (unique index)."""
    values = {
        "secret": request.secret,
        "state": request.state,
        "asked_at": now,
        "lease_s": request.lease_s,
        "lease_until": None,
        "failures": 0,
        "next_at": None,
        "reason": "",
    }
    key = callback_key(request.topic, request.callback, is_request=True)
    statement = insert_into(connection, hub_subscriptions).values(
        topic=request.topic, callback=request.callback, callback_key=key, **values
    )
    statement = statement.on_conflict_do_update(index_elements=["callback_key"], set_=values)
    return int(connection.execute(statement.returning(hub_subscriptions.c.id)).scalar_one())


def subscriptions_by_id(connection: Connection, ids: Collection[int]) -> Mapping[int, Subscription]:
    """The rows of the given `ids`, those that are left (primary key)."""
    columns = [hub_subscriptions.c[name] for name in Subscription.__dataclass_fields__]
    query = select(*columns).where(hub_subscriptions.c.id.in_(ids))
    return {row["id"]: Subscription(**row) for row in connection.execute(query).mappings()}


def activate(connection: Connection, request: Subscription, *, lease_until: datetime) -> None:
    """Have a request take effect: it becomes the subscription, or renews the one that is there (unique index).

    The subscription keeps its row, and with it what it has still to be told.
    """
    key = callback_key(request.topic, request.callback)
    terms = {"secret": request.secret, "lease_s": request.lease_s, "lease_until": lease_until, "reason": ""}
    renewed = connection.execute(
        update(hub_subscriptions).where(hub_subscriptions.c.callback_key == key).values(**terms)
    )
    if renewed.rowcount:
        delete_subscription(connection, request.id)
        return
    connection.execute(
        update(hub_subscriptions)
        .where(hub_subscriptions.c.id == request.id)
        .values(state=ACTIVE, callback_key=key, **terms)
    )


def end_subscription(connection: Connection, request: Subscription) -> None:
    """Delete the subscription that `request` is about, and the request itself (unique index)."""
    key = callback_key(request.topic, request.callback)
    query = select(hub_subscriptions.c.id).where(hub_subscriptions.c.callback_key == key)
    for subscription_id in (*connection.execute(query).scalars(), request.id):
        delete_subscription(connection, subscription_id)


def delete_subscription(connection: Connection, subscription_id: int) -> None:
    """Forget a subscription or request, and what it was to be told (primary key; index on subscription_id)."""
    connection.execute(delete(hub_tasks).where(hub_tasks.c.subscription_id == subscription_id))
    connection.execute(delete(hub_subscriptions).where(hub_subscriptions.c.id == subscription_id))


def note_push(connection: Connection, subscription_id: int, *, reason: str) -> None:
    """Count a push that failed for `reason`, or with "" forget those before (primary key)."""
    failures = hub_subscriptions.c.failures + 1 if reason else 0
    connection.execute(
        update(hub_subscriptions)
        .where(hub_subscriptions.c.id == subscription_id)
        .values(failures=failures, reason=reason)
    )


def ended_leases(connection: Connection, now: datetime, *, limit: int) -> list[int]:
    """The ids of up to `limit` subscriptions whose lease has ended (index on state; 10,000 rows at most)."""
    query = select(hub_subscriptions.c.id).where(_is_active(), hub_subscriptions.c.lease_until <= now).limit(limit)
    return list(connection.execute(query).scalars())


def is_subscribed(connection: Connection, topic: str, callback: str) -> bool:
    """Whether `callback` is told of `topic` (unique index)."""
    key = callback_key(topic, callback)
    query = select(hub_subscriptions.c.id).where(hub_subscriptions.c.callback_key == key)
    return connection.execute(query).first() is not None


def has_request(connection: Connection, topic: str, callback: str) -> bool:
    """Whether a request about `topic` and `callback` waits for its subscriber's word (unique index)."""
    key = callback_key(topic, callback, is_request=True)
    query = select(hub_subscriptions.c.id).where(hub_subscriptions.c.callback_key == key)
    return connection.execute(query).first() is not None


def count_subscriptions(connection: Connection) -> int:
    """How many rows the hub keeps, requests among them (whole index; 20,000 at most)."""
    return int(connection.execute(select(func.count()).select_from(hub_subscriptions)).scalar_one())


def count_at_host(connection: Connection, host: str) -> int:
    """How many rows the hub keeps whose callback is at `host`, on any port (every row; 20,000 at most)."""
    callback = func.lower(hub_subscriptions.c.callback)
    starts = [f"{scheme}://{host.lower()}" for scheme in ("http", "https")]
    is_there: list[ColumnElement[bool]] = [callback == start for start in starts]
    is_there += [callback.startswith(start + sign, autoescape=True) for start in starts for sign in ("/", ":", "?")]
    return int(
        connection.execute(select(func.count()).select_from(hub_subscriptions).where(or_(*is_there))).scalar_one()
    )


def subscriptions_by_topic(connection: Connection) -> list[tuple[str, str, int]]:
    """How many rows there are for each topic and state, by topic (every row; 20,000 at most)."""
    columns = (hub_subscriptions.c.topic, hub_subscriptions.c.state)
    query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
    return [(topic, state, number) for topic, state, number in connection.execute(query)]


def failing_subscriptions(connection: Connection, *, limit: int) -> list[tuple[str, str, int, str]]:
    """Topic, callback, failures and last reason of those that cannot be told, the worst first (index on state)."""
    table = hub_subscriptions.c
    query = (
        select(table.topic, table.callback, table.failures, table.reason)
        .where(_is_active(), table.failures > 0)
        .order_by(table.failures.desc(), table.id)
        .limit(limit)
    )
    return [(topic, callback, failures, reason) for topic, callback, failures, reason in connection.execute(query)]


def _is_active() -> ColumnElement[bool]:
    return hub_subscriptions.c.state == ACTIVE
