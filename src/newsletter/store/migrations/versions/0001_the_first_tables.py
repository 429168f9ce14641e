"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite numbers rows by itself only in a column declared exactly INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_table(
        "articles",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=255), nullable=False),
        sa.Column("group_uid", sa.String(length=255), nullable=False),
        sa.Column("source_path", sa.String(length=1024), nullable=True),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("first_published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision_id", KEY, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("language", "slug", name=op.f("uq_articles_language_slug")),
        sa.UniqueConstraint("source_path", name=op.f("uq_articles_source_path")),
        sa.UniqueConstraint("uid", name=op.f("uq_articles_uid")),
    )
    op.create_index(op.f("ix_articles_group_uid"), "articles", ["group_uid"], unique=False)
    op.create_index(op.f("ix_articles_source_hash"), "articles", ["source_hash"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("edition_id", KEY, autoincrement=False, nullable=False),
        sa.Column("subscriber_id", KEY, autoincrement=False, nullable=False),
        sa.Column("no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("code", sa.SmallInteger(), nullable=True),
        sa.Column("enhanced", sa.String(length=16), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("edition_id", "subscriber_id", "no", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "editions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("dedupe_key", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_editions_dedupe_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_editions_uid")),
    )
    op.create_index(op.f("ix_editions_state"), "editions", ["state"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("verb", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=32), nullable=False),
        sa.Column("about_id", KEY, nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_about_id"), "events", ["about_id"], unique=False)
    op.create_table(
        "media",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_media")),
        sa.UniqueConstraint("path", name=op.f("uq_media_path")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "notices",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("subscriber_id", KEY, nullable=True),
        sa.Column("dedupe_key", sa.String(length=255), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_notices_dedupe_key")),
    )
    op.create_index(op.f("ix_notices_subscriber_id"), "notices", ["subscriber_id"], unique=False)
    op.create_table(
        "outputs",
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("last_modified", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_outputs")),
    )
    op.create_table(
        "revocations",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", KEY, nullable=True),
        sa.Column("edition_id", KEY, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocations")),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_key", sa.String(length=254), nullable=False),
        sa.Column("suppression_key", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=True),
        sa.Column("rhythm", sa.String(length=64), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covered_through", KEY, nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("address_key", name=op.f("uq_subscribers_address_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_subscribers_uid")),
    )
    op.create_index(op.f("ix_subscribers_suppression_key"), "subscribers", ["suppression_key"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "article_topics",
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_topics_article_id_articles")),
        sa.PrimaryKeyConstraint("article_id", "topic", name=op.f("pk_article_topics")),
    )
    op.create_index(op.f("ix_article_topics_topic"), "article_topics", ["topic"], unique=False)
    op.create_table(
        "chunks",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("edition_id", KEY, nullable=False),
        sa.Column("first_id", KEY, nullable=False),
        sa.Column("last_id", KEY, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("boot_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_chunks_edition_id_editions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunks")),
    )
    op.create_index("ix_chunks_edition_id_state", "chunks", ["edition_id", "state"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_consents_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_subscriber_id"), "consents", ["subscriber_id"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("edition_id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_exclusions_edition_id_editions")),
        sa.PrimaryKeyConstraint("edition_id", "reason", name=op.f("pk_exclusions")),
    )
    op.create_table(
        "owed",
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_owed_article_id_articles")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"], name=op.f("fk_owed_subscriber_id_subscribers")),
        sa.PrimaryKeyConstraint("subscriber_id", "article_id", name=op.f("pk_owed")),
    )
    op.create_table(
        "revisions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("significant", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_revisions_article_id_articles")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("article_id", "no", name=op.f("uq_revisions_article_id_no")),
    )
    op.create_table(
        "slugs",
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_slugs_article_id_articles")),
        sa.PrimaryKeyConstraint("language", "slug", name=op.f("pk_slugs")),
    )
    op.create_table(
        "subscriber_topics",
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_subscriber_topics_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "topic", name=op.f("pk_subscriber_topics")),
    )
    op.create_table(
        "variants",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("edition_id", KEY, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("furniture", sa.String(length=35), nullable=False),
        sa.Column("articles_key", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("placeholders", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_variants_edition_id_editions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
        sa.UniqueConstraint(
            "edition_id",
            "language",
            "furniture",
            "articles_key",
            name=op.f("uq_variants_edition_id_language_furniture_articles_key"),
        ),
    )
    op.create_table(
        "deliveries",
        sa.Column("edition_id", KEY, autoincrement=False, nullable=False),
        sa.Column("subscriber_id", KEY, autoincrement=False, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_deliveries_edition_id_editions")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_deliveries_subscriber_id_subscribers")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_deliveries_variant_id_variants")),
        sa.PrimaryKeyConstraint("edition_id", "subscriber_id", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deliveries_subscriber_id", "deliveries", ["subscriber_id"], unique=False)
    op.create_table(
        "publications",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("revision_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mail", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_publications_article_id_articles")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_publications_revision_id_revisions")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_publications")),
    )
    op.create_index(op.f("ix_publications_article_id"), "publications", ["article_id"], unique=False)
    op.create_table(
        "variant_articles",
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("revision_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_variant_articles_article_id_articles")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_variant_articles_revision_id_revisions")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_variant_articles_variant_id_variants")),
        sa.PrimaryKeyConstraint("variant_id", "position", name=op.f("pk_variant_articles")),
    )
    op.create_index(op.f("ix_variant_articles_article_id"), "variant_articles", ["article_id"], unique=False)
