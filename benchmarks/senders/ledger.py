"""A fresh ledger for bench_send.py: a released edition with any number of readers.

Comes in: a folder and the variant that everybody gets. Goes out: a database in which every row waits.
The rows are made inside the database: made in Python, a million would take longer than sending to them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import Connection, Table, delete, literal_column, select, text, update

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "delivery" / "harness"))

from ledger_rows import make_store, release  # found only through the line above

from newsletter.model import EditionId, Variant
from newsletter.store.editions import CHUNK_SIZE, insert_chunks
from newsletter.store.tables import chunks, deliveries, editions, subscribers, variants

_OWN = {
    "id": "n",
    "uid": "'s' || n",
    "address": "'reader' || n || '@example.org'",
    "address_key": "'reader' || n || '@example.org'",
    "suppression_key": "'key-' || n",
    "name": "'Reader ' || n",
}


def prepare(folder: Path, readers: int, variant: Variant) -> EditionId:
    """The edition that waits in the database of `folder`: every row queued, in chunks of the usual size."""
    store = make_store(folder)
    edition_id = release(store, 1)
    with store.writing() as connection:
        frozen = {name: getattr(variant, name) for name in ("subject", "html", "text", "placeholders")}
        connection.execute(update(variants).values(frozen))
        connection.execute(update(editions).values(considered=readers, audience=readers))
        _copy_first(connection, subscribers, readers, _OWN)
        _copy_first(connection, deliveries, readers, {"subscriber_id": "n"})
        connection.execute(delete(chunks))
        starts = range(1, readers + 1, CHUNK_SIZE)
        insert_chunks(connection, edition_id, [(0, a, min(a + CHUNK_SIZE - 1, readers)) for a in starts])
    store.checkpoint()
    store.close()
    return edition_id


def _copy_first(connection: Connection, table: Table, readers: int, own: dict[str, str]) -> None:
    """Copy a table's only row until there are `readers`; `own` is the SQL of what differs, by its number n."""
    numbers = (
        text("WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < :readers) SELECT n FROM c")
        .bindparams(readers=max(readers, 2))
        .columns(literal_column("n"))
        .subquery("numbers")
    )
    first = select(table).limit(1).subquery("first")
    values = [literal_column(own[c.name]).label(c.name) if c.name in own else first.c[c.name] for c in table.columns]
    query = select(*values).select_from(first).join(numbers, literal_column("1") == literal_column("1"))
    connection.execute(table.insert().from_select([c.name for c in table.columns], query))
