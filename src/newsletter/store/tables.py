"""The tables. Every name here is a word of the glossary; every time is UTC.

Read by the named queries beside this file and by Alembic; nobody else sees a table.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from newsletter.store.columns import Key, Utc, id_column, reference

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# What the newsroom remembers of itself: schema notes, whether it is paused and why, the last backup.
meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

# "publication" is the locked row that gives publications their sequence number.
counters = Table(
    "counters", metadata, Column("name", String(32), primary_key=True), Column("value", Key, nullable=False)
)

articles = Table(
    "articles",
    metadata,
    id_column(),
    Column("uid", String(255), nullable=False, unique=True),
    Column("group_uid", String(255), nullable=False, index=True),
    Column("source_path", String(1024), unique=True),
    Column("source_hash", String(64), nullable=False, index=True),
    Column("slug", String(255), nullable=False),
    Column("language", String(35), nullable=False),
    Column("state", String(16), nullable=False),  # published | withdrawn
    Column("first_published_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Column("revision_id", Key),
    UniqueConstraint("language", "slug"),
)

# Old slugs redirect to the article's present page.
slugs = Table(
    "slugs",
    metadata,
    Column("language", String(35), primary_key=True),
    Column("slug", String(255), primary_key=True),
    reference("articles", nullable=False),
)

article_topics = Table(
    "article_topics",
    metadata,
    reference("articles", primary_key=True),
    Column("topic", String(255), primary_key=True, index=True),
    Column("position", SmallInteger, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    id_column(),
    reference("articles", nullable=False),
    Column("no", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    Column("meta", JSON, nullable=False),  # image, email mode: whatever is neither searched nor joined
    Column("source_hash", String(64), nullable=False),
    Column("significant", Boolean, nullable=False),
    Column("made_at", Utc, nullable=False),
    UniqueConstraint("article_id", "no"),
)

media = Table(
    "media",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("path", String(255), nullable=False, unique=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("size", Integer, nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    reference("articles", nullable=False, index=True),
    reference("revisions", nullable=False),
    Column("kind", String(16), nullable=False),  # publish | adopt | correct | withdraw
    Column("mail", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
)

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

editions = Table(
    "editions",
    metadata,
    id_column(),
    Column("uid", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("dedupe_key", String(255), nullable=False, unique=True),
    Column("state", String(16), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("scheduled_at", Utc, nullable=False),
    Column("released_at", Utc),
    Column("finished_at", Utc),
    Column("considered", Integer, nullable=False),
    Column("audience", Integer, nullable=False),
)

variants = Table(
    "variants",
    metadata,
    id_column(),
    reference("editions", nullable=False),
    Column("language", String(35), nullable=False),
    Column("furniture", String(35), nullable=False),
    Column("articles_key", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("placeholders", JSON, nullable=False),
    UniqueConstraint("edition_id", "language", "furniture", "articles_key"),
)

variant_articles = Table(
    "variant_articles",
    metadata,
    reference("variants", primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    reference("articles", nullable=False, index=True),
    reference("revisions", nullable=False),
)

exclusions = Table(
    "exclusions",
    metadata,
    reference("editions", primary_key=True),
    Column("reason", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
)

# A run of deliveries, by subscriber, that one sender leases at a time.
chunks = Table(
    "chunks",
    metadata,
    id_column(),
    reference("editions", nullable=False),
    Column("first_id", Key, nullable=False),
    Column("last_id", Key, nullable=False),
    Column("state", String(16), nullable=False),  # open | leased | done
    Column("lease_token", String(64)),
    Column("lease_until", Utc),
    Column("boot_id", String(64)),
    Index("ix_chunks_edition_id_state", "edition_id", "state"),
)

# One row per edition and reader. The state is a small integer in no index: open work is found
# through chunks, and on PostgreSQL every update then stays on its page.
deliveries = Table(
    "deliveries",
    metadata,
    Column("edition_id", Key, ForeignKey("editions.id"), primary_key=True, autoincrement=False),
    Column("subscriber_id", Key, ForeignKey("subscribers.id"), primary_key=True, autoincrement=False),
    reference("variants", nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("reason", Text),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", Utc),
    Column("settled_at", Utc),
    Index("ix_deliveries_subscriber_id", "subscriber_id"),
    sqlite_with_rowid=False,
)

# One row per try on the wire: opened before the first byte of content, closed after the reply.
attempts = Table(
    "attempts",
    metadata,
    Column("edition_id", Key, primary_key=True, autoincrement=False),
    Column("subscriber_id", Key, primary_key=True, autoincrement=False),
    Column("no", SmallInteger, primary_key=True, autoincrement=False),
    Column("transport", String(64), nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("closed_at", Utc),
    Column("outcome", String(16)),
    Column("code", SmallInteger),
    Column("enhanced", String(16)),
    Column("reply", Text),
    sqlite_with_rowid=False,
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

# What a running sender looks at before it opens each attempt.
revocations = Table(
    "revocations",
    metadata,
    id_column(),
    Column("subscriber_id", Key),
    Column("edition_id", Key),
    Column("at", Utc, nullable=False),
)

# The written files, so that any command can mend a stale one and none is touched without need.
outputs = Table(
    "outputs",
    metadata,
    Column("path", String(512), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("last_modified", Utc, nullable=False),
)

events = Table(
    "events",
    metadata,
    id_column(),
    Column("at", Utc, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("about", String(32), nullable=False),
    Column("about_id", Key, index=True),
    Column("details", JSON, nullable=False),
)
