"""The tables of articles: what is published, in which revisions, and what waits for its hour."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Integer, SmallInteger, String, Table, Text, UniqueConstraint

from newsletter.store.columns import Key, Utc, id_column, metadata, reference

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

# Articles that are ready and agreed to, whole as they will be published: nothing of them is anywhere else
# before their hour.
scheduled = Table(
    "scheduled",
    metadata,
    id_column(),
    Column("uid", String(255), nullable=False, unique=True),
    Column("source_path", String(1024), nullable=False, unique=True),
    Column("command", String(64), nullable=False, index=True),  # what one command scheduled goes out together
    reference("editions", index=True),
    Column("at", Utc, nullable=False, index=True),
    Column("everyone", Boolean, nullable=False),
    Column("article", JSON, nullable=False),
    Column("held", Text),  # why it waits for a person instead
)
