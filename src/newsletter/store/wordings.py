"""Named queries on `wordings`: the sentences people agreed to, each kept once under its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from sqlalchemy import Connection, select

from newsletter.store.inserting import insert_into
from newsletter.store.tables import wordings

# (language, text); the language is "" where nobody said it.
Wording = tuple[str, str]


def wording_hash(wording: Wording) -> str:
    """The version of a wording: 64 hexadecimal digits over language and text."""
    language, text = wording
    return hashlib.sha256(f"{language}\0{text}".encode()).hexdigest()


def wording_ids(connection: Connection, texts: Collection[Wording]) -> dict[Wording, int]:
    """The row of each wording, written where it was not there yet; an empty text has none (unique hash)."""
    hashes = {wording_hash(each): each for each in texts if each[1]}
    if not hashes:
        return {}
    rows = [{"language": each[0], "text": each[1], "hash": digest} for digest, each in hashes.items()]
    connection.execute(insert_into(connection, wordings).on_conflict_do_nothing(index_elements=["hash"]), rows)
    query = select(wordings.c.hash, wordings.c.id).where(wordings.c.hash.in_(hashes))
    return {hashes[digest]: id_ for digest, id_ in connection.execute(query)}
