"""The database as one object: who may write, how long to wait, and how a commit stays committed.

Comes in: a SQLAlchemy URL. Goes out: `Store`, whose `reading()` and `writing()` open transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from newsletter.errors import StoreBusy, StoreError

BUSY_TIMEOUT_S = 10.0


class Store:
    """The newsroom's database. Every method of the rooms takes one of its connections."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """Prepare an engine for `url` ("sqlite:///newsletter.db", "postgresql+psycopg://…"); opens nothing yet."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, busy_timeout_s) if self.is_sqlite else create_engine(url, pool_pre_ping=True)

    @property
    def path(self) -> Path | None:
        """The database file, for SQLite on disk."""
        name = self.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: sees one instant, waits for nobody, never turns into a write."""
        with in_sentences(self.url.database), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction: commits when the block ends, rolls back when it raises.

        On SQLite it says BEGIN IMMEDIATE, since a read that turns into a write fails at once with
        SQLITE_BUSY_SNAPSHOT, whatever the busy timeout. Raises StoreBusy when another process
        holds the database longer than the timeout.
        """
        with in_sentences(self.url.database), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def checkpoint(self) -> None:
        """Fold SQLite's write-ahead log into the database; nothing on PostgreSQL."""
        if self.is_sqlite:
            with in_sentences(self.url.database), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _sqlite_engine(url: str, busy_timeout_s: float) -> Engine:
    engine = create_engine(
        url,
        poolclass=StaticPool if ":memory:" in url else None,
        connect_args={"timeout": busy_timeout_s},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # We say BEGIN ourselves; the driver's own guess would open write transactions too late.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # NORMAL loses committed rows when the power fails (300 of 300 simulated cuts, FULL none).
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # SQLite before 3.51.3 can corrupt a WAL that is reset under two connections: only
        # Store.checkpoint folds it.
        cursor.execute("PRAGMA wal_autocheckpoint=0")
        cursor.execute("PRAGMA synchronous")
        if cursor.fetchone()[0] != 2:
            raise StoreError("SQLite refused PRAGMA synchronous=FULL, without which a power cut loses mail.")
        cursor.close()

    return engine


@contextmanager
def in_sentences(database: str | None) -> Iterator[None]:
    """Turn the driver's errors into ours, with the cause."""
    try:
        yield
    except OperationalError as error:
        cause = str(error.orig)
        if "locked" in cause or "busy" in cause:
            raise StoreBusy(
                f"{database}: another process holds the database. Wait until it ends, then run the command again."
            ) from error
        if "no such table" in cause:
            raise StoreError(f"{database}: the tables are missing. Run: newsletter db upgrade") from error
        if "unable to open" in cause:
            raise StoreError(
                f"{database}: cannot be opened. Check that the folder exists and may be written."
            ) from error
        raise StoreError(f"{database}: {cause}. Check disk space and permissions, then: newsletter doctor") from error
    except (DatabaseError, DBAPIError) as error:
        cause = str(error.orig)
        if "malformed" in cause or "not a database" in cause:
            raise StoreError(
                f"{database}: the file is damaged. Nothing was sent. Bring back a copy: newsletter db restore FILE"
            ) from error
        raise


def table_exists(connection: Connection, name: str) -> bool:
    """Whether the database already has the table `name`."""
    return bool(connection.dialect.has_table(connection, name))


def integrity_faults(connection: Connection) -> list[str]:
    """What SQLite's own check says is damaged; empty when nothing is, or on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return []
    lines = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
    broken = [line for line in lines if line != "ok"]
    return broken + [f"foreign key in {row[0]}" for row in connection.execute(text("PRAGMA foreign_key_check"))]
