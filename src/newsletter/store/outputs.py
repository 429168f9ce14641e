"""The written files as the newsroom remembers them: named queries over `outputs`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from newsletter.store.inserting import insert_into
from newsletter.store.tables import outputs

# SQLite takes 32,766 values in one statement (999 before 3.32); an upsert carries four for each row.
_BATCH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredOutput:
    """One written file: path below the newsroom, SHA-256 in hex, octets, and when these bytes were new."""

    path: str
    hash: str
    size: int
    last_modified: datetime


def outputs_at(connection: Connection, paths: Collection[str]) -> Mapping[str, StoredOutput]:
    """The rows of `paths` by path (primary key); paths without a row are left out."""
    found: dict[str, StoredOutput] = {}
    wanted = sorted(paths)
    for at in range(0, len(wanted), _BATCH):
        batch = wanted[at : at + _BATCH]
        rows = connection.execute(select(outputs).where(outputs.c.path.in_(batch))).mappings()
        found.update((row["path"], StoredOutput(**row)) for row in rows)
    return found


def output_paths(connection: Connection, *, below: str = "") -> tuple[str, ...]:
    """The paths that start with `below`, sorted (primary key); all of them by default."""
    rows = connection.execute(select(outputs.c.path).where(outputs.c.path.startswith(below, autoescape=True)))
    # Sorted here, since text order differs between databases.
    return tuple(sorted(row[0] for row in rows))


def output_hashes(connection: Connection, *, below: str) -> dict[str, str]:
    """The SHA-256 in hex of each output whose path starts with `below`, by path."""
    query = select(outputs.c.path, outputs.c.hash).where(outputs.c.path.startswith(below, autoescape=True))
    return {row.path: row.hash for row in connection.execute(query)}


def remember_outputs(connection: Connection, written: Sequence[StoredOutput]) -> None:
    """Write one row for each of `written`, over the row of the same path (primary key)."""
    for at in range(0, len(written), _BATCH):
        statement = insert_into(connection, outputs).values([asdict(each) for each in written[at : at + _BATCH]])
        changed = {name: statement.excluded[name] for name in ("hash", "size", "last_modified")}
        connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=changed))


def forget_outputs(connection: Connection, paths: Collection[str]) -> None:
    """Delete the rows of `paths` (primary key)."""
    gone = sorted(paths)
    for at in range(0, len(gone), _BATCH):
        connection.execute(delete(outputs).where(outputs.c.path.in_(gone[at : at + _BATCH])))
