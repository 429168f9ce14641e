"""Schedules: their slots and waves, articles that wait for their hour, deliveries that wait for a reader's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# SQLite numbers rows by itself only in a column declared exactly INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward; there is no way back but a backup. Every delivery there is belongs to no wave."""
    _make_schedules()
    _make_slots()
    _make_waves()
    _make_scheduled()
    op.add_column("editions", sa.Column("hold_until", MOMENT, nullable=True))
    op.add_column("chunks", sa.Column("wave", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("chunks", sa.Column("wave_at", MOMENT, nullable=True))
    op.add_column("deliveries", sa.Column("wave", sa.SmallInteger(), server_default="0", nullable=False))
    hours = ["rhythm", "state", "time_zone", "hour", "joined_at"]
    op.create_index("ix_subscribers_rhythm_hours", "subscribers", hours, unique=False)


def _make_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("days", sa.String(length=255), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("covered_through", KEY, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )


def _make_slots() -> None:
    op.create_table(
        "slots",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("schedule", sa.String(length=64), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cut", KEY, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("edition_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_slots_edition_id_editions")),
        sa.ForeignKeyConstraint(["schedule"], ["schedules.name"], name=op.f("fk_slots_schedule_schedules")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slots")),
        sa.UniqueConstraint("schedule", "local_date", name=op.f("uq_slots_schedule_local_date")),
    )
    op.create_index(op.f("ix_slots_edition_id"), "slots", ["edition_id"], unique=False)
    op.create_index("ix_slots_state", "slots", ["state"], unique=False)


def _make_waves() -> None:
    op.create_table(
        "waves",
        sa.Column("edition_id", KEY, nullable=False),
        sa.Column("no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("local_at", sa.String(length=16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_waves_edition_id_editions")),
        sa.PrimaryKeyConstraint("edition_id", "no", name=op.f("pk_waves")),
    )


def _make_scheduled() -> None:
    op.create_table(
        "scheduled",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=255), nullable=False),
        sa.Column("source_path", sa.String(length=1024), nullable=False),
        sa.Column("command", sa.String(length=64), nullable=False),
        sa.Column("edition_id", KEY, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("everyone", sa.Boolean(), nullable=False),
        sa.Column("article", sa.JSON(), nullable=False),
        sa.Column("held", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_scheduled_edition_id_editions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled")),
        sa.UniqueConstraint("uid", name=op.f("uq_scheduled_uid")),
        sa.UniqueConstraint("source_path", name=op.f("uq_scheduled_source_path")),
    )
    for column in ("command", "edition_id", "at"):
        op.create_index(op.f(f"ix_scheduled_{column}"), "scheduled", [column], unique=False)
