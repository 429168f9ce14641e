"""Feeds: what they said before, who is told of them, who reads them, and private ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# SQLite numbers rows by itself only in a column declared exactly INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    _make_versions_and_counts()
    _make_hub()
    _make_private_feeds()


def _make_versions_and_counts() -> None:
    op.create_table(
        "feed_versions",
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("path", "digest", name=op.f("pk_feed_versions")),
    )
    op.create_index("ix_feed_versions_made_at", "feed_versions", ["made_at"], unique=False)
    op.create_table(
        "feed_readers",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("feed_key", sa.String(length=64), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("is_estimate", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "path", "service", "feed_key", name=op.f("pk_feed_readers")),
    )


def _make_hub() -> None:
    op.create_table(
        "hub_subscriptions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=1024), nullable=False),
        sa.Column("callback", sa.String(length=1024), nullable=False),
        sa.Column("callback_key", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("lease_s", sa.Integer(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_subscriptions")),
        sa.UniqueConstraint("callback_key", name=op.f("uq_hub_subscriptions_callback_key")),
    )
    op.create_index("ix_hub_subscriptions_state_next_at", "hub_subscriptions", ["state", "next_at"], unique=False)
    op.create_table(
        "hub_tasks",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=1024), nullable=False),
        sa.Column("topic", sa.String(length=1024), nullable=False),
        sa.Column("subscription_id", KEY, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("since", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["hub_subscriptions.id"], name=op.f("fk_hub_tasks_subscription_id_hub_subscriptions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_tasks")),
    )
    op.create_index("ix_hub_tasks_next_at", "hub_tasks", ["next_at"], unique=False)
    op.create_index("ix_hub_tasks_subscription_id", "hub_tasks", ["subscription_id"], unique=False)


def _make_private_feeds() -> None:
    op.create_table(
        "private_feeds",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("rhythm_before", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("last_asked_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_private_feeds_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_private_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_private_feeds_token_hash")),
    )
    op.create_index("ix_private_feeds_subscriber_id", "private_feeds", ["subscriber_id"], unique=False)
