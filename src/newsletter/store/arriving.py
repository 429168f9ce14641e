"""Readers who come in by the thousand: named queries for `imports`.

Every function takes an open connection; the caller's transaction decides what stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, insert, select

from newsletter.model import SubscriberId
from newsletter.store.inserting import insert_into
from newsletter.store.many import among, insert_many
from newsletter.store.tables import (
    consents,
    owed,
    publications,
    subscribers,
    suppressions,
)


def sequence_at(connection: Connection, moment: datetime) -> int:
    """The sequence number of the last publication at or before `moment`, 0 when there was none.

    Publications are in order of time; read backwards by their primary key.
    """
    query = select(publications.c.seq).where(publications.c.at <= moment).order_by(publications.c.seq.desc()).limit(1)
    return int(connection.execute(query).scalar() or 0)


def owe_newcomers(connection: Connection, pairs: Sequence[tuple[SubscriberId, int]], *, reason: str) -> None:
    """Owe articles to readers who have nothing yet: one row for each (reader, article)."""
    rows = [{"subscriber_id": id_, "article_id": article_id, "reason": reason} for id_, article_id in pairs]
    insert_many(connection, insert(owed), rows)


def add_refusals(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep addresses from all mail; a reason that is there already stays (primary key)."""
    statement = insert_into(connection, suppressions).on_conflict_do_nothing(index_elements=["address_key"])
    insert_many(connection, statement, rows)


def keys_only_imported(connection: Connection, address_keys: Collection[str]) -> set[str]:
    """Those of at most a few thousand `address_keys` that an import brought in, and no word of their own since.

    Readers who get mail or wait for it. Unique address_key, index on consents.subscriber_id.
    """
    own_word = exists().where(consents.c.subscriber_id == subscribers.c.id, consents.c.what != "import")
    query = select(subscribers.c.address_key).where(
        among(connection, subscribers.c.address_key, address_keys),
        subscribers.c.state.in_(("active", "pending")),
        ~own_word,
    )
    return set(connection.execute(query).scalars())
