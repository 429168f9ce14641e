"""Revocations: what a running sender has to hear before its next message. Named queries.

Their numbers are given in the order of commits on SQLite, which has one writer at a time. On
PostgreSQL one may commit after a higher one, so senders there read the rows themselves.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from newsletter.model import EditionId, SubscriberId
from newsletter.store.tables import revocations

# Plain SQL for SQLite's own connection: these run beside every message (primary keys, index on edition_id, state).
LAST_REVOCATION = "SELECT coalesce(max(id), 0) FROM revocations"
REVOKED_SINCE = "SELECT id, subscriber_id FROM revocations WHERE id > ? ORDER BY id"
STATE_OF_EDITION = "SELECT state FROM editions WHERE id = ?"
LEASES_HELD = "SELECT id, lease_token FROM chunks WHERE edition_id = ? AND state = 'leased'"


def revoke_reader(connection: Connection, subscriber_id: SubscriberId, *, now: datetime) -> None:
    """Have running senders look at this reader's row again before they mail it."""
    connection.execute(insert(revocations).values(subscriber_id=subscriber_id, at=now))


def revoke_edition(connection: Connection, edition_id: EditionId, *, now: datetime) -> None:
    """Have running senders look at this edition's row again before they go on."""
    connection.execute(insert(revocations).values(edition_id=edition_id, at=now))


def last_revocation(connection: Connection) -> int:
    """The highest number so far, 0 before the first (primary key)."""
    return int(connection.execute(select(func.coalesce(func.max(revocations.c.id), 0))).scalar_one())
