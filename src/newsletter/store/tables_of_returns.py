"""The table of what came back: bounces, complaints, answers of machines, and what nobody could read."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table, Text

from newsletter.store.columns import Key, Utc, id_column, metadata

# One row for each report; `subscriber_id` is set only where a signature proved whose it is. An erased reader's
# rows go, so nothing points at subscribers.
bounces = Table(
    "bounces",
    metadata,
    id_column(),
    Column("report_key", String(64), nullable=False, unique=True),  # of its octets, or the provider's own id
    Column("kind", String(16), nullable=False),  # bounce | delayed | complaint | auto_reply | leaving | unclear
    Column("weight", String(8), nullable=False),  # hard | soft | policy, "" for what is no bounce
    Column("subscriber_id", Key),
    Column("edition_id", Key),
    Column("status", String(16), nullable=False),  # RFC 3463
    Column("diagnostic", Text, nullable=False),
    Column("source", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("at", Utc, nullable=False),
    Column("message", LargeBinary),  # kept for a person where nothing could be done
    Index("ix_bounces_subscriber_id_at", "subscriber_id", "at"),
    Index("ix_bounces_edition_id_weight", "edition_id", "weight"),
    Index("ix_bounces_outcome_at", "outcome", "at"),
)
