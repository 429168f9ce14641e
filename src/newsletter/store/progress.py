"""How far an edition has come: its own row, and its deliveries counted by state.

Counts are read from the rows each time; nothing keeps a second tally that could drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select, update

from newsletter.model import DeliveryState, EditionId
from newsletter.store.leases import OPEN_STATES
from newsletter.store.revocations import revoke_edition
from newsletter.store.tables import chunks, deliveries, editions, exclusions


@dataclass(frozen=True, kw_only=True, slots=True)
class EditionRow:
    """What the engine has to know of an edition."""

    state: str
    reason: str
    released_at: datetime | None
    considered: int
    audience: int


def edition_row(connection: Connection, edition_id: EditionId) -> EditionRow | None:
    """The edition's state and counts, or None (primary key)."""
    query = select(
        editions.c.state, editions.c.reason, editions.c.released_at, editions.c.considered, editions.c.audience
    ).where(editions.c.id == edition_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else EditionRow(**row)


def count_states(connection: Connection, edition_id: EditionId) -> Mapping[DeliveryState, int]:
    """How many of the edition's deliveries are in each state, zeros included (key range of the edition)."""
    query = (
        select(deliveries.c.state, func.count())
        .where(deliveries.c.edition_id == edition_id)
        .group_by(deliveries.c.state)
    )
    counted = {DeliveryState(state): number for state, number in connection.execute(query)}
    return {state: counted.get(state, 0) for state in DeliveryState}


def count_exclusions(connection: Connection, edition_id: EditionId) -> Mapping[str, int]:
    """Who was considered and left out at the release, by reason, sorted (primary key)."""
    query = (
        select(exclusions.c.reason, exclusions.c.count)
        .where(exclusions.c.edition_id == edition_id)
        .order_by(exclusions.c.reason)
    )
    return {row.reason: row[1] for row in connection.execute(query)}


def next_try_at(connection: Connection, edition_id: EditionId) -> datetime | None:
    """When the first deferred delivery comes due, or None (key range of the edition)."""
    query = select(func.min(deliveries.c.next_at)).where(
        deliveries.c.edition_id == edition_id, deliveries.c.state == int(DeliveryState.DEFERRED)
    )
    return connection.execute(query).scalar()


def next_due_at(connection: Connection, edition_id: EditionId) -> datetime | None:
    """When the first deferred row or the next wave comes due, or None (key range; index on edition_id, state)."""
    wave = select(func.min(chunks.c.wave_at)).where(chunks.c.edition_id == edition_id, chunks.c.state == "open")
    moments = [next_try_at(connection, edition_id), connection.execute(wave).scalar()]
    return min((moment for moment in moments if moment is not None), default=None)


def has_open_waves(connection: Connection, edition_id: EditionId) -> bool:
    """Whether a wave's chunk is still open (index on edition_id, state)."""
    query = select(chunks.c.id).where(
        chunks.c.edition_id == edition_id, chunks.c.state == "open", chunks.c.wave_at.is_not(None)
    )
    return connection.execute(query.limit(1)).first() is not None


def finish_edition(connection: Connection, edition_id: EditionId, *, now: datetime, waits_for_unknown: bool) -> bool:
    """Mark a sending edition as sent if none of its rows is unfinished; gives whether it was marked."""
    unfinished = (*OPEN_STATES, int(DeliveryState.UNKNOWN)) if waits_for_unknown else OPEN_STATES
    has_open_row = exists().where(deliveries.c.edition_id == edition_id, deliveries.c.state.in_(unfinished))
    done = connection.execute(
        update(editions)
        .where(editions.c.id == edition_id, editions.c.state == "sending", ~has_open_row)
        .values(state="sent", finished_at=now)
    )
    return done.rowcount == 1


def reopen_edition(connection: Connection, edition_id: EditionId) -> None:
    """Let a finished edition be sent again, for rows that were queued anew (primary key)."""
    connection.execute(
        update(editions)
        .where(editions.c.id == edition_id, editions.c.state == "sent")
        .values(state="sending", finished_at=None)
    )


def note_wait(connection: Connection, edition_id: EditionId, *, reason: str) -> None:
    """Say what a sending edition waits for, or "" when for nothing (primary key)."""
    connection.execute(
        update(editions)
        .where(editions.c.id == edition_id, editions.c.state == "sending", editions.c.reason != reason)
        .values(reason=reason)
    )


def pause_edition(connection: Connection, edition_id: EditionId, *, reason: str, now: datetime) -> bool:
    """Pause a sending edition and tell running senders so (primary key)."""
    done = connection.execute(
        update(editions)
        .where(editions.c.id == edition_id, editions.c.state == "sending")
        .values(state="paused", reason=reason)
    )
    if done.rowcount == 1:
        revoke_edition(connection, edition_id, now=now)
    return done.rowcount == 1
