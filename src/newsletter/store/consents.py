"""Named queries on `consents`: who agreed to what, when, in which words. Rows are only ever added.

The one exception is erasure, which takes a person's rows away (GDPR art. 17).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, func, insert, select

from newsletter.model import SubscriberId
from newsletter.store.tables import consents


def insert_consents(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Write down what people agreed to or withdrew, one row each."""
    if rows:
        connection.execute(insert(consents), [dict(row) for row in rows])


def given_wordings(connection: Connection, subscriber_ids: Collection[SubscriberId]) -> dict[SubscriberId, str]:
    """The words of the latest consent each of at most a few thousand subscribers gave.

    Withdrawals are left out. Index on consents.subscriber_id.
    """
    latest = (
        select(func.max(consents.c.id))
        .where(consents.c.subscriber_id.in_(subscriber_ids), consents.c.what != "unsubscribe")
        .group_by(consents.c.subscriber_id)
    )
    query = select(consents.c.subscriber_id, consents.c.wording).where(consents.c.id.in_(latest))
    return {SubscriberId(id_): wording for id_, wording in connection.execute(query)}
