"""Named queries on `suppressions`: addresses never to be mailed, known only by their keyed hash."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from newsletter.store.inserting import insert_into
from newsletter.store.many import among
from newsletter.store.tables import subscribers, suppressions


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """Why an address is never mailed, where that came from, and since when."""

    reason: str
    source: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSuppression:
    """A suppression with its key and, where the address is a subscriber's, that address."""

    address_key: str
    reason: str
    source: str
    at: datetime
    address: str


def add_suppression(
    connection: Connection, suppression_key: str, suppression: Suppression, *, keep_earlier: bool = False
) -> None:
    """Keep the address behind `suppression_key` from all mail; a later reason replaces the first (primary key).

    With `keep_earlier` the first one stays.
    """
    values = {"reason": suppression.reason, "source": suppression.source, "at": suppression.at}
    statement = insert_into(connection, suppressions).values(address_key=suppression_key, **values)
    if keep_earlier:
        connection.execute(statement.on_conflict_do_nothing())
    else:
        connection.execute(statement.on_conflict_do_update(index_elements=["address_key"], set_=values))


def delete_suppression(connection: Connection, suppression_key: str) -> bool:
    """Let the address behind `suppression_key` be mailed again; gives whether it was suppressed (primary key)."""
    done = connection.execute(delete(suppressions).where(suppressions.c.address_key == suppression_key))
    return done.rowcount == 1


def list_suppressions(connection: Connection, *, reason: str = "", limit: int) -> list[StoredSuppression]:
    """The latest suppressions, newest first; of one `reason` alone if it is named. Scans them; reads only."""
    address = func.coalesce(subscribers.c.address, "").label("address")
    query = (
        select(*suppressions.c, address)
        .join_from(suppressions, subscribers, subscribers.c.suppression_key == suppressions.c.address_key, isouter=True)
        .order_by(suppressions.c.at.desc(), suppressions.c.address_key)
        .limit(limit)
    )
    if reason:
        query = query.where(suppressions.c.reason == reason)
    return [StoredSuppression(**row) for row in connection.execute(query).mappings()]


def suppression_counts(connection: Connection) -> dict[str, int]:
    """How many addresses are suppressed, by reason. Scans them; reads only."""
    query = select(suppressions.c.reason, func.count()).group_by(suppressions.c.reason)
    return {str(reason): int(number) for reason, number in connection.execute(query)}


def suppressed_among(connection: Connection, suppression_keys: Collection[str]) -> set[str]:
    """Those of at most a few thousand `suppression_keys` that are suppressed (primary key)."""
    is_one = among(connection, suppressions.c.address_key, suppression_keys)
    query = select(suppressions.c.address_key).where(is_one)
    return set(connection.execute(query).scalars())


def suppression_of(connection: Connection, suppression_key: str) -> Suppression | None:
    """Why the address behind `suppression_key` is suppressed, or None (primary key)."""
    row = connection.execute(select(suppressions).where(suppressions.c.address_key == suppression_key)).first()
    return None if row is None else Suppression(reason=row.reason, source=row.source, at=row.at)
