"""Sending: journals of leases, the pace of transports and domains, and the trial with the first readers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# SQLite numbers rows by itself only in a column declared exactly INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward; there is no way back but a backup. Editions sent before had no trial."""
    op.add_column("chunks", sa.Column("journal", sa.String(length=128), nullable=True))
    op.add_column("editions", sa.Column("canary", sa.String(length=16), nullable=True))
    op.add_column("editions", sa.Column("canary_until", MOMENT, nullable=True))
    _make_lanes()
    _make_traffic()


def _make_lanes() -> None:
    op.create_table(
        "lanes",
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("refilled_at", MOMENT, nullable=False),
        sa.Column("concurrency", sa.SmallInteger(), nullable=True),
        sa.Column("streak", sa.SmallInteger(), nullable=False),
        sa.Column("closures", sa.SmallInteger(), nullable=False),
        sa.Column("closed_until", MOMENT, nullable=True),
        sa.Column("slowed_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transport", "domain", name=op.f("pk_lanes")),
    )


def _make_traffic() -> None:
    op.create_table(
        "traffic",
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("minute", MOMENT, nullable=False),
        sa.Column("edition_id", KEY, autoincrement=False, nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("deferred", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("transport", "minute", "edition_id", name=op.f("pk_traffic")),
    )
    op.create_index("ix_traffic_edition_id_minute", "traffic", ["edition_id", "minute"], unique=False)
