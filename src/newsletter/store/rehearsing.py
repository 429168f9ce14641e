"""A copy of the database to try things on, so that a rehearsal runs the real code and changes nothing real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, func, insert, select, text, update

from newsletter.model import DeliveryState, EditionId
from newsletter.store.engine import Store
from newsletter.store.schema import upgrade
from newsletter.store.tables import chunks, deliveries, editions, metadata

_ROWS_AT_A_TIME = 5_000


@contextmanager
def rehearsal_copy(store: Store) -> Iterator[Store]:
    """A SQLite copy of `store` as of one instant, gone when the block ends; readable by nobody else."""
    with TemporaryDirectory(prefix="newsletter-rehearsal-") as folder:
        path = Path(folder) / "newsletter.db"
        if store.is_sqlite:
            with store.engine.connect() as connection:
                connection.execute(text("VACUUM INTO :path"), {"path": str(path)})
            path.chmod(0o600)
        copy = Store(f"sqlite:///{path}")
        try:
            if not store.is_sqlite:
                _copy_rows(store, copy)
            yield copy
        finally:
            copy.close()


def pretend_sent(connection: Connection, *, now: datetime) -> None:
    """Call everything that waits sent, in a copy: a rehearsal asks what would leave, not what a relay says."""
    waiting = (int(DeliveryState.QUEUED), int(DeliveryState.LEASED), int(DeliveryState.DEFERRED))
    connection.execute(
        update(deliveries)
        .where(deliveries.c.state.in_(waiting))
        .values(state=int(DeliveryState.SENT), settled_at=now, next_at=None)
    )
    connection.execute(update(chunks).where(chunks.c.state != "done").values(state="done"))
    going = ("sending", "paused", "held")
    connection.execute(
        update(editions)
        .where(editions.c.state.in_(going), editions.c.released_at.is_not(None))
        .values(state="sent", finished_at=now)
    )


def readers_by_variant(connection: Connection, edition_id: EditionId) -> dict[int, int]:
    """How many readers each variant of an edition has (key range of the edition)."""
    query = (
        select(deliveries.c.variant_id, func.count())
        .where(deliveries.c.edition_id == edition_id)
        .group_by(deliveries.c.variant_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _copy_rows(source: Store, target: Store) -> None:
    upgrade(target)
    with source.reading() as reading, target.writing() as writing:
        writing.execute(text("PRAGMA defer_foreign_keys=ON"))
        for table in metadata.sorted_tables:
            writing.execute(table.delete())
            found = reading.execution_options(yield_per=_ROWS_AT_A_TIME).execute(select(table)).mappings()
            for rows in found.partitions(_ROWS_AT_A_TIME):
                writing.execute(insert(table), [dict(row) for row in rows])
