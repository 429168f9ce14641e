"""Named queries on `suppressions`: addresses never to be mailed, known only by their keyed hash."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from newsletter.store.inserting import insert_into
from newsletter.store.tables import suppressions


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """Why an address is never mailed, where that came from, and since when."""

    reason: str
    source: str
    at: datetime


def add_suppression(connection: Connection, suppression_key: str, suppression: Suppression) -> None:
    """Keep the address behind `suppression_key` from all mail; a later reason replaces the first (primary key)."""
    values = {"reason": suppression.reason, "source": suppression.source, "at": suppression.at}
    statement = insert_into(connection, suppressions).values(address_key=suppression_key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["address_key"], set_=values))


def suppressed_among(connection: Connection, suppression_keys: Collection[str]) -> set[str]:
    """Those of at most a few thousand `suppression_keys` that are suppressed (primary key)."""
    query = select(suppressions.c.address_key).where(suppressions.c.address_key.in_(suppression_keys))
    return set(connection.execute(query).scalars())


def suppression_of(connection: Connection, suppression_key: str) -> Suppression | None:
    """Why the address behind `suppression_key` is suppressed, or None (primary key)."""
    row = connection.execute(select(suppressions).where(suppressions.c.address_key == suppression_key)).first()
    return None if row is None else Suppression(reason=row.reason, source=row.source, at=row.at)
