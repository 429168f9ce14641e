"""Where journals lie: one file for each lease, in a folder beside SQLite's file. PostgreSQL needs none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from newsletter.delivery.journal import remove_journal
from newsletter.store.engine import Store
from newsletter.store.leases import Lease, journals_in_use


def journal_folder(store: Store) -> Path | None:
    """`newsletter.db-sending` beside `newsletter.db`; None on PostgreSQL."""
    return None if store.path is None else store.path.with_name(store.path.name + "-sending")


def journal_path(store: Store, lease: Lease, number: int = 0) -> Path | None:
    """The file of a lease, named after its chunk, its `number` among the sender's leases, and the sender.

    A sender may lease a chunk again while the file of its lease before is still to be deleted.
    """
    folder = journal_folder(store)
    return None if folder is None else folder / f"{lease.chunk_id}-{number}.{lease.token}"


def remove_orphans(store: Store, *, is_gone: Callable[[str], bool]) -> None:
    """Delete journals that no lease names and whose writer has ended: it died between its commit and the deletion."""
    folder = journal_folder(store)
    if folder is None or not folder.is_dir():
        return
    orphans = [path for path in folder.iterdir() if is_gone(path.name.partition(".")[2])]
    if orphans:
        with store.reading() as connection:
            in_use = journals_in_use(connection)
        for path in orphans:
            if path.name not in in_use:
                remove_journal(path)
