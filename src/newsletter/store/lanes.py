"""Lanes: how fast mail may go over a transport, or to one recipient domain over it. Named queries.

The lane of a transport has the domain "": its tokens are those of the limits an owner has written, its
closing is that of the transport. A lane of a domain says what was learned of it. Whoever changes more
than one in a transaction goes by domain, so that two senders never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from newsletter.store.inserting import insert_into
from newsletter.store.tables import lanes

_WHOLE = ""  # the domain of a transport's own lane


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """One row. `rate` is in messages a second, None for any; `concurrency` counts messages in flight, None for any.

    `tokens` are those at `refilled_at`. After `streak` refusals in a row it is closed until `closed_until`,
    `closures` times so far without an acceptance between. `slowed_at` is since when it has been left as it is.
    """

    transport: str
    domain: str
    refilled_at: datetime
    rate: float | None = None
    tokens: float = 0.0
    concurrency: int | None = None
    streak: int = 0
    closures: int = 0
    closed_until: datetime | None = None
    slowed_at: datetime | None = None
    reason: str = ""


def lanes_of(connection: Connection, transport: str) -> dict[str, Lane]:
    """What was learned of each domain over one transport (key range of the transport)."""
    query = select(lanes).where(lanes.c.transport == transport, lanes.c.domain != _WHOLE)
    return {row["domain"]: Lane(**row) for row in connection.execute(query).mappings()}


def hold_lanes(connection: Connection, transport: str, domains: Collection[str]) -> dict[str, Lane]:
    """The lanes of these domains, in their order, locked until the transaction ends (primary key)."""
    query = (
        select(lanes)
        .where(lanes.c.transport == transport, lanes.c.domain.in_(domains))
        .order_by(lanes.c.domain)
        .with_for_update()
    )
    return {row["domain"]: Lane(**row) for row in connection.execute(query).mappings()}


def save_lane(connection: Connection, lane: Lane) -> None:
    """Write a lane, new or changed (primary key)."""
    values = {each.name: getattr(lane, each.name) for each in fields(Lane)}
    _upsert(connection, values, changed=values)


def delete_lane(connection: Connection, transport: str, domain: str) -> None:
    """Take away the lane of a domain that is as good as any other (primary key)."""
    connection.execute(delete(lanes).where(lanes.c.transport == transport, lanes.c.domain == domain))


def lane_of_transport(connection: Connection, transport: str) -> Lane | None:
    """The lane of the transport as a whole, or None (primary key)."""
    query = select(lanes).where(lanes.c.transport == transport, lanes.c.domain == _WHOLE)
    row = connection.execute(query).mappings().first()
    return None if row is None else Lane(**row)


def hold_transport(connection: Connection, transport: str, *, tokens: float, now: datetime) -> Lane:
    """The lane of the transport as a whole, locked until the transaction ends; a new one holds `tokens` (primary key).

    The lock makes senders take turns on PostgreSQL; a write transaction on SQLite does so by itself.
    """
    new = insert_into(connection, lanes).values(_new_values(transport, now) | {"tokens": tokens})
    connection.execute(new.on_conflict_do_nothing(index_elements=["transport", "domain"]))
    query = select(lanes).where(lanes.c.transport == transport, lanes.c.domain == _WHOLE).with_for_update()
    return Lane(**connection.execute(query).mappings().one())


def save_tokens(connection: Connection, transport: str, *, rate: float, tokens: float, now: datetime) -> None:
    """Write the tokens of a transport's lane that is held (primary key)."""
    connection.execute(
        update(lanes)
        .where(lanes.c.transport == transport, lanes.c.domain == _WHOLE)
        .values(rate=rate, tokens=tokens, refilled_at=now)
    )


def save_closing(connection: Connection, lane: Lane, *, now: datetime) -> None:
    """Write how often a transport has failed and until when it is closed; its tokens stay (primary key)."""
    names = ("streak", "closures", "closed_until", "reason")
    changed = {name: getattr(lane, name) for name in names}
    _upsert(connection, _new_values(lane.transport, now) | changed, changed=changed)


def _new_values(transport: str, now: datetime) -> dict[str, object]:
    fresh = Lane(transport=transport, domain=_WHOLE, refilled_at=now)
    return {each.name: getattr(fresh, each.name) for each in fields(Lane)}


def _upsert(connection: Connection, values: Mapping[str, object], *, changed: Mapping[str, object]) -> None:
    new = insert_into(connection, lanes).values(values)
    set_ = {name: new.excluded[name] for name in changed if name not in ("transport", "domain")}
    connection.execute(new.on_conflict_do_update(index_elements=["transport", "domain"], set_=set_))
