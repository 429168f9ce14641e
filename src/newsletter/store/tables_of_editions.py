"""The tables of editions: schedules, what was frozen, and a row for each reader and each try."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from newsletter.store.columns import Key, Utc, id_column, metadata, reference

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
    # Until when an edition that is ready waits, so that the owner can stop it.
    Column("hold_until", Utc),
    Column("released_at", Utc),
    Column("finished_at", Utc),
    Column("considered", Integer, nullable=False),
    Column("audience", Integer, nullable=False),
    # How far the trial with the first readers has come, and until when their answers are awaited.
    Column("canary", String(16)),  # started | waiting | passed | failed
    Column("canary_until", Utc),
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

# What a schedule has done so far; what it is to do stands in the configuration.
schedules = Table(
    "schedules",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("days", String(255), nullable=False),  # on which days it runs; when they change it begins anew
    Column("since", Utc, nullable=False),  # runs before it are none of its own
    Column("covered_through", Key, nullable=False),  # how far its own feed has come
    Column("looked_at", Utc, nullable=False),
    Column("paused_at", Utc),
    Column("retired_at", Utc),  # since when the configuration does not name it
)

# One run of a schedule: the key is what makes two clocks, two processes and two ticks one edition.
slots = Table(
    "slots",
    metadata,
    id_column(),
    Column("schedule", String(64), ForeignKey("schedules.name"), nullable=False),
    Column("local_date", Date, nullable=False),
    Column("state", String(16), nullable=False),  # scheduled | released | skipped | held | superseded | cancelled
    Column("reason", Text, nullable=False),
    Column("cut", Key, nullable=False),  # publications up to here are gathered
    Column("due_at", Utc, nullable=False),  # when the first reader's hour is
    Column("made_at", Utc, nullable=False),
    reference("editions", index=True),
    UniqueConstraint("schedule", "local_date"),
    Index("ix_slots_state", "state"),
)

# The readers of an edition whose hour is the same: the wish is kept beside the instant it means.
waves = Table(
    "waves",
    metadata,
    reference("editions", primary_key=True),
    Column("no", SmallInteger, primary_key=True, autoincrement=False),
    Column("time_zone", String(64), nullable=False),
    Column("local_at", String(16), nullable=False),  # 2026-11-30T08:00
    Column("at", Utc, nullable=False),
    Column("readers", Integer, nullable=False),
)

# A run of deliveries, by subscriber, that one sender leases at a time; those of a wave wait for its hour.
chunks = Table(
    "chunks",
    metadata,
    id_column(),
    reference("editions", nullable=False),
    Column("wave", SmallInteger, nullable=False, server_default="0"),
    Column("wave_at", Utc),
    Column("first_id", Key, nullable=False),
    Column("last_id", Key, nullable=False),
    Column("state", String(16), nullable=False),  # open | leased | done
    Column("lease_token", String(64)),
    Column("lease_until", Utc),
    Column("boot_id", String(64)),
    # The file that says what became of the leased rows; empty where the attempts themselves say it.
    Column("journal", String(128)),
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
    Column("wave", SmallInteger, nullable=False, server_default="0"),
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

# What a running sender looks at before it opens each attempt.
revocations = Table(
    "revocations",
    metadata,
    id_column(),
    Column("subscriber_id", Key),
    Column("edition_id", Key),
    Column("at", Utc, nullable=False),
)

# How fast mail may go over one transport, as a whole (domain "") or to one recipient domain. Without a row, freely.
lanes = Table(
    "lanes",
    metadata,
    Column("transport", String(64), primary_key=True),
    Column("domain", String(255), primary_key=True),
    Column("rate", Float),  # messages a second
    Column("tokens", Float, nullable=False),
    Column("refilled_at", Utc, nullable=False),
    Column("concurrency", SmallInteger),
    Column("streak", SmallInteger, nullable=False),  # refusals in a row
    Column("closures", SmallInteger, nullable=False),  # how often in a row it was closed
    Column("closed_until", Utc),
    Column("slowed_at", Utc),
    Column("reason", Text, nullable=False),
)

# Answers by minute: what limits an hour or a day, the warm-up, and the pace shown while an edition is sent.
traffic = Table(
    "traffic",
    metadata,
    Column("transport", String(64), primary_key=True),
    Column("minute", Utc, primary_key=True),
    Column("edition_id", Key, primary_key=True, autoincrement=False),
    Column("accepted", Integer, nullable=False),
    Column("deferred", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("granted", Integer, nullable=False, server_default="0"),  # of no edition: before any answer
    Index("ix_traffic_edition_id_minute", "edition_id", "minute"),
)
