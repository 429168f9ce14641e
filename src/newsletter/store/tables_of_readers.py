"""The tables of readers: who they are, what they chose, agreed to and were told."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, LargeBinary, SmallInteger, String, Table, Text, false

from newsletter.store.columns import Key, Utc, id_column, metadata, reference

subscribers = Table(
    "subscribers",
    metadata,
    id_column(),
    Column("uid", String(64), nullable=False, unique=True),
    Column("address", String(254), nullable=False),
    Column("address_key", String(254), nullable=False, unique=True),  # case-folded, IDNA: one person, one row
    Column("suppression_key", String(64), index=True),  # keyed hash of address_key, to meet suppressions in SQL
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("language", String(35), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("hour", SmallInteger),
    Column("rhythm", String(64), nullable=False),
    Column("paused_until", Utc),
    # Whether the articles of a pause are owed afterwards, or simply over.
    Column("catch_up", Boolean, nullable=False, server_default=false()),
    Column("covered_through", Key, nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("joined_at", Utc, nullable=False),
    Column("expires_at", Utc),
    # Whose hours a schedule has to look at, answered from the index alone.
    Index("ix_subscribers_rhythm_hours", "rhythm", "state", "time_zone", "hour", "joined_at"),
)

subscriber_topics = Table(
    "subscriber_topics",
    metadata,
    reference("subscribers", primary_key=True),
    Column("topic", String(255), primary_key=True),
)

owed = Table(
    "owed",
    metadata,
    reference("subscribers", primary_key=True),
    reference("articles", primary_key=True),
    Column("reason", String(64), nullable=False),
)

# Addresses never to be mailed, as keyed hashes, so that an erased person stays left alone.
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", String(64), primary_key=True),
    Column("reason", String(64), nullable=False),
    Column("source", String(255), nullable=False),
    Column("at", Utc, nullable=False),
)

# The words people agreed to, each once; `hash` is their version.
wordings = Table(
    "wordings",
    metadata,
    id_column(),
    Column("language", String(35), nullable=False),
    Column("text", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)

consents = Table(
    "consents",
    metadata,
    id_column(),
    reference("subscribers", nullable=False, index=True),
    Column("what", String(64), nullable=False),  # subscribe | confirm | unsubscribe | import | address
    reference("wordings"),
    Column("source", String(255), nullable=False),
    Column("page", String(512), nullable=False, server_default=""),
    Column("method", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Column("ip", String(45)),
    Column("ip_until", Utc, index=True),
)

# What a reader asked for and has to confirm from the mailbox: a subscription, another address, an undo.
confirmations = Table(
    "confirmations",
    metadata,
    id_column(),
    reference("subscribers", nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # subscribe | address | return
    Column("address", String(254), nullable=False),
    Column("choices", JSON, nullable=False),
    reference("wordings"),
    Column("page", String(512), nullable=False),
    Column("ip", String(45)),
    Column("asked_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False, index=True),
    Column("done_at", Utc),
    # A mailed link carries the id and outlives the row: SQLite must give none a second time.
    sqlite_autoincrement=True,
)

# How many notices strangers had sent to an address, which is known only by its keyed hash.
notice_counts = Table(
    "notice_counts",
    metadata,
    Column("address_key", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("last_at", Utc, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    id_column(),
    Column("kind", String(32), nullable=False),
    Column("to_address", String(254), nullable=False),
    Column("subscriber_id", Key, index=True),
    Column("dedupe_key", String(255), nullable=False, unique=True),
    Column("message", LargeBinary, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("not_before", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("reason", Text),
    Column("lease_token", String(64)),
    Column("lease_until", Utc),
    Index("ix_notices_state_not_before", "state", "not_before"),
)
