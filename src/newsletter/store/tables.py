"""The tables. Every name here is a word of the glossary; every time is UTC.

Read by the named queries beside this file and by Alembic; nobody else sees a table. Those of the
newsroom itself stand here, the others in five files beside it.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table, Text

from newsletter.store.columns import Key, Utc, id_column, metadata
from newsletter.store.tables_of_articles import (
    article_topics,
    articles,
    media,
    publications,
    revisions,
    scheduled,
    slugs,
)
from newsletter.store.tables_of_editions import (
    attempts,
    chunks,
    deliveries,
    editions,
    exclusions,
    lanes,
    revocations,
    schedules,
    slots,
    traffic,
    variant_articles,
    variants,
    waves,
)
from newsletter.store.tables_of_feeds import (
    feed_readers,
    feed_versions,
    hub_subscriptions,
    hub_tasks,
    private_feeds,
)
from newsletter.store.tables_of_readers import (
    confirmations,
    consents,
    notice_counts,
    notices,
    owed,
    subscriber_topics,
    subscribers,
    suppressions,
    wordings,
)
from newsletter.store.tables_of_returns import bounces

__all__ = [
    "article_topics",
    "articles",
    "attempts",
    "bounces",
    "chunks",
    "confirmations",
    "consents",
    "counters",
    "deliveries",
    "editions",
    "events",
    "exclusions",
    "feed_readers",
    "feed_versions",
    "hub_subscriptions",
    "hub_tasks",
    "lanes",
    "media",
    "meta",
    "metadata",
    "notice_counts",
    "notices",
    "outputs",
    "owed",
    "private_feeds",
    "publications",
    "revisions",
    "revocations",
    "scheduled",
    "schedules",
    "slots",
    "slugs",
    "subscriber_topics",
    "subscribers",
    "suppressions",
    "traffic",
    "variant_articles",
    "variants",
    "waves",
    "wordings",
]

# What the newsroom remembers of itself: schema notes, whether it is paused and why, the last backup.
meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

# "publication" is the locked row that gives publications their sequence number.
counters = Table(
    "counters", metadata, Column("name", String(32), primary_key=True), Column("value", Key, nullable=False)
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
