"""Named queries on `consents`: who agreed to what, when, in which words. Rows are only ever added.

The exceptions are erasure, which takes a person's rows away (GDPR art. 17), and the network address,
which goes at its own date.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from newsletter.model import SubscriberId
from newsletter.store.many import insert_many
from newsletter.store.tables import confirmations, consents, wordings
from newsletter.store.wordings import wording_ids

_OPTIONAL: Mapping[str, object] = {"page": "", "ip": None, "ip_until": None}


def insert_consents(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Write down what people agreed to or withdrew, one row each.

    Beside the table's own columns a row says `wording`, the words as they were shown, and perhaps
    their `language`.
    """
    if not rows:
        return
    texts = [(str(row.get("language", "")), str(row["wording"])) for row in rows]
    ids = wording_ids(connection, set(texts))
    written = [{**_OPTIONAL, **row, "wording_id": ids.get(text)} for row, text in zip(rows, texts, strict=True)]
    insert_many(connection, insert(consents), written)


def given_wordings(connection: Connection, subscriber_ids: Collection[SubscriberId]) -> dict[SubscriberId, str]:
    """The words of the latest consent each of at most a few thousand subscribers gave.

    Withdrawals and changes of address are left out. Index on consents.subscriber_id.
    """
    latest = (
        select(func.max(consents.c.id))
        .where(consents.c.subscriber_id.in_(subscriber_ids), consents.c.what.not_in(("unsubscribe", "address")))
        .group_by(consents.c.subscriber_id)
    )
    query = (
        select(consents.c.subscriber_id, func.coalesce(wordings.c.text, ""))
        .join_from(consents, wordings, wordings.c.id == consents.c.wording_id, isouter=True)
        .where(consents.c.id.in_(latest))
    )
    return {SubscriberId(id_): wording for id_, wording in connection.execute(query)}


def forget_network_addresses(connection: Connection, now: datetime) -> None:
    """Empty network addresses whose time is over (index on consents.ip_until, confirmations.expires_at)."""
    connection.execute(update(consents).where(consents.c.ip_until <= now).values(ip=None, ip_until=None))
    over = (confirmations.c.expires_at <= now, confirmations.c.ip.is_not(None))
    connection.execute(update(confirmations).where(*over).values(ip=None))
