"""What comes back: bounces, complaints, and what a person has to read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# SQLite numbers rows by itself only in a column declared exactly INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_table(
        "bounces",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("report_key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("weight", sa.String(length=8), nullable=False),
        sa.Column("subscriber_id", KEY, nullable=True),
        sa.Column("edition_id", KEY, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sa.UniqueConstraint("report_key", name=op.f("uq_bounces_report_key")),
    )
    op.create_index("ix_bounces_subscriber_id_at", "bounces", ["subscriber_id", "at"], unique=False)
    op.create_index("ix_bounces_edition_id_weight", "bounces", ["edition_id", "weight"], unique=False)
    op.create_index("ix_bounces_outcome_at", "bounces", ["outcome", "at"], unique=False)
    _suppress_the_bounced()


def _suppress_the_bounced() -> None:
    """Whoever bounced before there was a row for it gets one, so that an import cannot revive them."""
    op.execute(
        sa.text(
            "INSERT INTO suppressions (address_key, reason, source, at) "
            "SELECT suppression_key, 'bounced', 'a bounce before this version', CURRENT_TIMESTAMP FROM subscribers "
            "WHERE state = 'bounced' AND suppression_key IS NOT NULL AND suppression_key NOT IN "
            "(SELECT address_key FROM suppressions)"
        )
    )
