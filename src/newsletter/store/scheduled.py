"""Articles that wait for their hour, whole as they will be published: named queries on `scheduled`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NewType

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from newsletter.model import EditionId
from newsletter.store.tables import editions, scheduled

ScheduledId = NewType("ScheduledId", int)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledArticle:
    """One row: what one `command` scheduled goes out together `at` its hour (aware UTC).

    `article` is the whole article as JSON. `held` says why it waits for a person instead.
    """

    id: ScheduledId
    uid: str
    source_path: str
    command: str
    edition_id: EditionId | None
    at: datetime
    everyone: bool
    article: dict[str, Any]
    held: str | None


def insert_scheduled(connection: Connection, **values: Any) -> None:
    """Write an article that waits; `values` are its columns but the id."""
    connection.execute(insert(scheduled).values(**values))


def list_scheduled(connection: Connection) -> list[ScheduledArticle]:
    """Every article that waits, the next first (index on at)."""
    return _many(connection, select(scheduled).order_by(scheduled.c.at, scheduled.c.id))


def scheduled_by_command(connection: Connection, command: str) -> list[ScheduledArticle]:
    """What one command scheduled, in its order (index on command)."""
    return _many(connection, select(scheduled).where(scheduled.c.command == command).order_by(scheduled.c.id))


def scheduled_of_edition(connection: Connection, edition_id: EditionId) -> list[ScheduledArticle]:
    """The articles that an edition waits with, in order (index on edition_id)."""
    return _many(connection, select(scheduled).where(scheduled.c.edition_id == edition_id).order_by(scheduled.c.id))


def scheduled_among(
    connection: Connection, *, uids: Collection[str], source_paths: Collection[str]
) -> list[ScheduledArticle]:
    """The articles that wait under one of these uids or paths (unique indexes)."""
    query = select(scheduled).where(or_(scheduled.c.uid.in_(uids), scheduled.c.source_path.in_(source_paths)))
    return _many(connection, query.order_by(scheduled.c.id))


def due_commands(connection: Connection, *, now: datetime) -> list[tuple[str, datetime]]:
    """(command, its hour) of what is due and neither held nor paused, the longest waiting first (index on at)."""
    query = (
        select(scheduled.c.command, scheduled.c.at)
        .where(scheduled.c.at <= now, *_goes_out())
        .distinct()
        .order_by(scheduled.c.at)
    )
    return [(command, at) for command, at in connection.execute(query)]


def next_scheduled_at(connection: Connection) -> datetime | None:
    """The hour of the next article that waits and is neither held nor paused, or None (index on at)."""
    return connection.execute(select(scheduled.c.at).where(*_goes_out()).order_by(scheduled.c.at).limit(1)).scalar()


def hold_scheduled(connection: Connection, command: str, *, reason: str) -> None:
    """Keep what a command scheduled until a person decides (index on command)."""
    connection.execute(update(scheduled).where(scheduled.c.command == command).values(held=reason))


def let_go(connection: Connection, command: str, *, at: datetime) -> None:
    """Let what a command scheduled, and was held, be published from `at` on (index on command)."""
    connection.execute(update(scheduled).where(scheduled.c.command == command).values(held=None, at=at))


def delete_scheduled(connection: Connection, ids: Collection[ScheduledId]) -> None:
    """Forget articles that are published now, or never will be (primary key)."""
    connection.execute(delete(scheduled).where(scheduled.c.id.in_(ids)))


def _goes_out() -> tuple[ColumnElement[bool], ...]:
    """That nobody has to decide first: what was scheduled together also rests together."""
    row = scheduled.alias()
    resting = (
        select(row.c.command).join(editions, editions.c.id == row.c.edition_id).where(editions.c.state == "paused")
    )
    return scheduled.c.held.is_(None), scheduled.c.command.not_in(resting)


def _many(connection: Connection, query: Any) -> list[ScheduledArticle]:
    return [ScheduledArticle(**row) for row in connection.execute(query).mappings()]
