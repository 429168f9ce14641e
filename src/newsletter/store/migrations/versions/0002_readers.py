"""Readers at the web's door: wordings of consent, confirmations, pauses that are made up for, leases of notices."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite numbers rows by itself only in a column declared exactly INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ROWS_AT_A_TIME = 5_000


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    _make_tables()
    _widen_tables()
    _move_wordings()
    # Last, when each consent knows its wording: SQLite copies the table to be rid of a column.
    with op.batch_alter_table("consents") as batch:
        batch.drop_column("wording")
        batch.create_foreign_key(op.f("fk_consents_wording_id_wordings"), "wordings", ["wording_id"], ["id"])
        batch.create_index(op.f("ix_consents_ip_until"), ["ip_until"], unique=False)


def _make_tables() -> None:
    op.create_table(
        "wordings",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wordings")),
        sa.UniqueConstraint("hash", name=op.f("uq_wordings_hash")),
    )
    op.create_table(
        "confirmations",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("wording_id", KEY, nullable=True),
        sa.Column("page", sa.String(length=512), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_confirmations_subscriber_id_subscribers")
        ),
        sa.ForeignKeyConstraint(["wording_id"], ["wordings.id"], name=op.f("fk_confirmations_wording_id_wordings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_confirmations_subscriber_id"), "confirmations", ["subscriber_id"], unique=False)
    op.create_index(op.f("ix_confirmations_expires_at"), "confirmations", ["expires_at"], unique=False)
    op.create_table(
        "notice_counts",
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_notice_counts")),
    )


def _widen_tables() -> None:
    """Add columns where they are; other tables point at these, so none of them is copied."""
    op.add_column("subscribers", sa.Column("catch_up", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("notices", sa.Column("lease_token", sa.String(length=64), nullable=True))
    op.add_column("notices", sa.Column("lease_until", MOMENT, nullable=True))
    op.create_index("ix_notices_state_not_before", "notices", ["state", "not_before"], unique=False)
    op.add_column("consents", sa.Column("wording_id", KEY, nullable=True))
    op.add_column("consents", sa.Column("page", sa.String(length=512), server_default="", nullable=False))
    op.add_column("consents", sa.Column("ip", sa.String(length=45), nullable=True))
    op.add_column("consents", sa.Column("ip_until", MOMENT, nullable=True))


def _move_wordings() -> None:
    """Write each text people agreed to once, in no known language, and point their consents at it."""
    connection = op.get_bind()
    consents = sa.table("consents", sa.column("id"), sa.column("wording"), sa.column("wording_id"))
    known: dict[str, int] = {}
    point = sa.update(consents).where(consents.c.id == sa.bindparam("row")).values(wording_id=sa.bindparam("to"))
    last = 0
    while True:
        query = sa.select(consents.c.id, consents.c.wording).where(consents.c.id > last)
        rows = connection.execute(query.order_by(consents.c.id).limit(ROWS_AT_A_TIME)).all()
        if not rows:
            return
        last = rows[-1].id
        # No words at all are no wording: such a consent points at none.
        pairs = [{"row": row.id, "to": _wording_id(connection, row.wording, known)} for row in rows if row.wording]
        if pairs:
            connection.execute(point, pairs)


def _wording_id(connection: sa.Connection, text: str, known: dict[str, int]) -> int:
    """The row of `text`, written if need be; its hash is that of language, NUL and text."""
    digest = hashlib.sha256(f"\0{text}".encode()).hexdigest()
    if digest not in known:
        wordings = sa.table("wordings", sa.column("id", KEY), *map(sa.column, ("language", "text", "hash")))
        new = sa.insert(wordings).values(language="", text=text, hash=digest).returning(wordings.c.id)
        known[digest] = connection.execute(new).scalar_one()
    return known[digest]
