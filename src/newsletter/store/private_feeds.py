"""Private feeds: named queries. The database keeps the hash of a feed's token, never the token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from newsletter.model import SubscriberId
from newsletter.store.tables import private_feeds


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPrivateFeed:
    """One reader's feed; `rhythm_before` is what the reader goes back to, moments are aware UTC."""

    subscriber_id: SubscriberId
    rhythm_before: str
    made_at: datetime
    revoked_at: datetime | None


_FEED = select(
    private_feeds.c.subscriber_id,
    private_feeds.c.rhythm_before,
    private_feeds.c.made_at,
    private_feeds.c.revoked_at,
)


def insert_private_feed(
    connection: Connection, subscriber_id: SubscriberId, *, token_hash: str, rhythm_before: str, now: datetime
) -> None:
    """Write a reader's new feed."""
    row = {"subscriber_id": subscriber_id, "token_hash": token_hash, "rhythm_before": rhythm_before, "made_at": now}
    connection.execute(insert(private_feeds).values(row))


def private_feed_by_hash(connection: Connection, token_hash: str) -> StoredPrivateFeed | None:
    """The feed with this hash of a token, revoked or not (unique token_hash), or None."""
    row = connection.execute(_FEED.where(private_feeds.c.token_hash == token_hash)).mappings().first()
    return None if row is None else StoredPrivateFeed(**row)


def private_feed_of(connection: Connection, subscriber_id: SubscriberId) -> StoredPrivateFeed | None:
    """The feed of a reader that is not revoked (index on subscriber_id), or None."""
    query = _FEED.where(private_feeds.c.subscriber_id == subscriber_id, private_feeds.c.revoked_at.is_(None))
    row = connection.execute(query.order_by(private_feeds.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else StoredPrivateFeed(**row)


def revoke_private_feeds(connection: Connection, subscriber_id: SubscriberId, *, now: datetime) -> int:
    """End the feeds of a reader; gives how many had not ended before (index on subscriber_id)."""
    mine = (private_feeds.c.subscriber_id == subscriber_id, private_feeds.c.revoked_at.is_(None))
    return connection.execute(update(private_feeds).where(*mine).values(revoked_at=now)).rowcount
