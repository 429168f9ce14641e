"""Waves: the readers of an edition whose hour is the same. Named queries.

The wish ("08:00 in Europe/Paris on that day") is kept beside the instant it means, since the rules of a
time zone may change between the release and the hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from newsletter.model import EditionId
from newsletter.store.tables import chunks, editions, waves


@dataclass(frozen=True, kw_only=True, slots=True)
class Wave:
    """One row: `local_at` is the readers' own clock in `time_zone` ("2026-11-30T08:00"), `at` aware UTC."""

    edition_id: EditionId
    no: int
    time_zone: str
    local_at: str
    at: datetime
    readers: int


def insert_waves(connection: Connection, rows: Sequence[Wave]) -> None:
    """Write the waves of an edition."""
    names = Wave.__dataclass_fields__
    if rows:
        connection.execute(insert(waves), [{name: getattr(row, name) for name in names} for row in rows])


def waves_of(connection: Connection, edition_id: EditionId) -> list[Wave]:
    """The waves of an edition in order of their hours (primary key)."""
    query = select(waves).where(waves.c.edition_id == edition_id).order_by(waves.c.at, waves.c.no)
    return [Wave(**row) for row in connection.execute(query).mappings()]


def waiting_waves(connection: Connection, *, now: datetime) -> list[Wave]:
    """The waves of editions being sent, paused or held whose hour is still to come (index on editions.state)."""
    query = (
        select(waves)
        .join(editions, editions.c.id == waves.c.edition_id)
        .where(editions.c.state.in_(("sending", "paused", "held")), waves.c.at > now)
        .order_by(waves.c.at, waves.c.edition_id, waves.c.no)
    )
    return [Wave(**row) for row in connection.execute(query).mappings()]


def move_wave(connection: Connection, wave: Wave, at: datetime) -> None:
    """Give a wave another instant, also in its chunks (primary key; index on chunks.edition_id)."""
    connection.execute(update(waves).where(waves.c.edition_id == wave.edition_id, waves.c.no == wave.no).values(at=at))
    connection.execute(
        update(chunks).where(chunks.c.edition_id == wave.edition_id, chunks.c.wave == wave.no).values(wave_at=at)
    )


def bring_near(connection: Connection, edition_id: EditionId, *, after: datetime, at: datetime) -> None:
    """Let the waves of an edition that would come after `after` come `at` another moment instead."""
    connection.execute(update(waves).where(waves.c.edition_id == edition_id, waves.c.at > after).values(at=at))
    connection.execute(
        update(chunks).where(chunks.c.edition_id == edition_id, chunks.c.wave_at > after).values(wave_at=at)
    )
