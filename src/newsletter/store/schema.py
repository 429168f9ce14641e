"""The schema's version: is this database ours, is it up to date, and bringing it there.

Migrations go forward only. Alembic is imported only when there is something to do.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from newsletter.errors import StoreError
from newsletter.store.engine import Store, table_exists

HEAD = "0007"


def version_of(connection: Connection) -> str | None:
    """The number of the last migration that ran; None for a database without our tables."""
    if not table_exists(connection, "alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def upgrade(store: Store) -> tuple[str | None, str]:
    """Bring the database to HEAD in one transaction; gives (version before, version now). Safe to repeat."""
    with store.writing() as connection:
        _exclude_others(connection)
        before = version_of(connection)
        if before == HEAD:
            return before, before
        _refuse_newer(before)
        from alembic import command

        command.upgrade(_alembic(connection), HEAD)
        return before, HEAD


def require_head(store: Store) -> None:
    """Make a fresh database ready, and refuse one that is behind or ahead.

    Raises StoreError naming the command that helps: an old schema is only changed when a person
    says so, since there is no way back but a backup.
    """
    with store.reading() as connection:
        found = version_of(connection)
    if found is None:
        upgrade(store)
    elif found != HEAD:
        _refuse_newer(found)
        raise StoreError(
            f"The database has schema {found}, this program wants {HEAD}. "
            "Run: newsletter db backup FILE && newsletter db upgrade"
        )


def _exclude_others(connection: Connection) -> None:
    """Make a second program that starts at the same moment wait until the tables are there."""
    # SQLite's write transaction does that by itself. The number is ours alone: "news" in ASCII.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(1852143475)"))


def _refuse_newer(found: str | None) -> None:
    if found is not None and found > HEAD:
        raise StoreError(
            f"The database has schema {found}, newer than this program knows ({HEAD}). "
            "Install the newer newsletter-press."
        )


def _alembic(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "newsletter.store:migrations")
    config.attributes["connection"] = connection
    return config
