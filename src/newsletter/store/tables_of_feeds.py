"""The tables of feeds: what they said before, who reads them, who is told at once, and whose are private."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Date, Index, Integer, SmallInteger, String, Table, Text, UniqueConstraint

from newsletter.store.columns import Utc, id_column, metadata, reference

# What a feed file held under an entity tag: `entries` are marks of its entries, so that a reader who has
# these is sent the others alone (RFC 3229).
feed_versions = Table(
    "feed_versions",
    metadata,
    Column("path", String(512), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("made_at", Utc, nullable=False, index=True),
    Column("entries", JSON, nullable=False),
)

# Who asked our own hub to be told of a feed (WebSub): one row for each topic and callback.
hub_subscriptions = Table(
    "hub_subscriptions",
    metadata,
    id_column(),
    Column("topic", String(1024), nullable=False),
    Column("callback", String(1024), nullable=False),
    Column("callback_key", String(64), nullable=False),  # SHA-256 of topic and callback: indexes take no long text
    Column("secret", String(200)),
    Column("state", String(16), nullable=False),  # asked | active | leaving
    Column("asked_at", Utc, nullable=False),
    Column("lease_s", Integer, nullable=False),
    Column("lease_until", Utc),
    Column("failures", SmallInteger, nullable=False),
    Column("next_at", Utc),
    Column("reason", Text, nullable=False),
    UniqueConstraint("callback_key"),
    Index("ix_hub_subscriptions_state_next_at", "state", "next_at"),
)

# What has to be told, and to whom: an external hub of a changed feed, or a subscriber of our own of its new bytes.
hub_tasks = Table(
    "hub_tasks",
    metadata,
    id_column(),
    Column("kind", String(16), nullable=False),  # ping | verify | push
    Column("target", String(1024), nullable=False),  # the hub's or the subscriber's address
    Column("topic", String(1024), nullable=False),
    reference("hub_subscriptions", name="subscription_id", nullable=True, index=True),
    Column("digest", String(64), nullable=False),  # of the feed file to be told of; "" for a verification
    Column("since", String(64), nullable=False),  # the version that was told before; "" for none
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", Utc, nullable=False, index=True),
    Column("made_at", Utc, nullable=False),
    Column("reason", Text, nullable=False),
)

# How many read a feed through a service, as the service says itself: the highest number of a day. Nobody's
# address is in it.
feed_readers = Table(
    "feed_readers",
    metadata,
    Column("day", Date, primary_key=True),
    Column("path", String(512), primary_key=True),
    Column("service", String(64), primary_key=True),
    Column("feed_key", String(64), primary_key=True),  # the service's own number of the feed, or ""
    Column("readers", Integer, nullable=False),
    Column("is_estimate", SmallInteger, nullable=False),  # 1: programs counted by us, 0: reported by the service
)

# A reader's own feed. The address is kept as a hash only.
private_feeds = Table(
    "private_feeds",
    metadata,
    id_column(),
    reference("subscribers", nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("rhythm_before", String(64), nullable=False),  # to which the reader goes back
    Column("made_at", Utc, nullable=False),
    Column("revoked_at", Utc),
    Column("last_asked_on", Date),
)
