"""What the newsroom remembers of itself, and what happened when: named queries on `meta` and `events`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from newsletter.store.inserting import insert_into
from newsletter.store.tables import events, meta

# Which theme, masthead and languages the written files were made with; without it all are made again.
OUTPUTS_MADE_WITH = "outputs.made_with"


def remembered(connection: Connection, key: str) -> str | None:
    """The note kept under `key`, or None (primary key)."""
    value = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return None if value is None else str(value)


def remember(connection: Connection, key: str, value: str | None) -> None:
    """Keep `value` under `key`, whoever else does so at the same moment; None forgets it (primary key)."""
    if value is None:
        connection.execute(delete(meta).where(meta.c.key == key))
        return
    statement = insert_into(connection, meta).values(key=key, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def add_event(
    connection: Connection, verb: str, about: tuple[str, int | None], *, now: datetime, **details: object
) -> None:
    """Write down that something was done to a row of the table named first in `about`.

    Details hold no address and no token.
    """
    connection.execute(
        insert(events).values(at=now, actor="owner", verb=verb, about=about[0], about_id=about[1], details=details)
    )


def last_event_at(connection: Connection) -> datetime | None:
    """When something last happened, or None (last row by primary key)."""
    return connection.execute(select(events.c.at).order_by(events.c.id.desc()).limit(1)).scalar()
