"""Chunks and who holds them: a lease is taken by a conditional UPDATE, and its token fences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select, update

from newsletter.model import ChunkId, DeliveryState, EditionId
from newsletter.store.tables import chunks, deliveries

OPEN_STATES = (int(DeliveryState.QUEUED), int(DeliveryState.LEASED), int(DeliveryState.DEFERRED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A chunk held by one sender: the deliveries of `edition_id` in one `wave` from `first_id` to `last_id`.

    `token` names the holder, `boot_id` the start of the machine it runs on; `until` is aware UTC. `journal` is the
    name of the file in which the holder notes what it does, None where the attempts themselves say it.
    """

    chunk_id: ChunkId
    edition_id: EditionId
    first_id: int
    last_id: int
    token: str
    until: datetime
    boot_id: str
    wave: int = 0
    journal: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who takes a lease, on which start of which machine, and until when (aware UTC)."""

    token: str
    boot_id: str
    until: datetime


def is_due(now: datetime) -> ColumnElement[bool]:
    """Queued, or deferred and its time has come."""
    return or_(
        deliveries.c.state == int(DeliveryState.QUEUED),
        and_(deliveries.c.state == int(DeliveryState.DEFERRED), deliveries.c.next_at <= now),
    )


def take_chunk(connection: Connection, edition_id: EditionId, holder: Holder, *, now: datetime) -> Lease | None:
    """Lease the edition's first open chunk with a due row, or None when there is none; a wave waits for its hour.

    Not exactly one row changed means that another sender was faster: the next chunk is tried.
    Index on (edition_id, state); rows of a chunk by key range. On PostgreSQL chunks that another
    sender is taking are skipped.
    """
    query = _first_due(edition_id, now)
    while (row := connection.execute(query).first()) is not None:
        taken = connection.execute(
            update(chunks)
            .where(chunks.c.id == row.id, chunks.c.state == "open")
            .values(state="leased", lease_token=holder.token, lease_until=holder.until, boot_id=holder.boot_id)
        )
        if taken.rowcount == 1:
            return Lease(
                chunk_id=ChunkId(row.id),
                edition_id=edition_id,
                first_id=row.first_id,
                last_id=row.last_id,
                token=holder.token,
                until=holder.until,
                boot_id=holder.boot_id,
                wave=row.wave,
            )
    return None


def is_held(connection: Connection, lease: Lease) -> bool:
    """Whether the chunk still carries this lease's token; locked until the transaction ends (primary key)."""
    query = select(chunks.c.lease_token).where(chunks.c.id == lease.chunk_id).with_for_update()
    return connection.execute(query).scalar() == lease.token


def renew_lease(connection: Connection, lease: Lease) -> None:
    """Write the end of a lease that is still held (primary key)."""
    connection.execute(
        update(chunks)
        .where(chunks.c.id == lease.chunk_id, chunks.c.lease_token == lease.token)
        .values(lease_until=lease.until)
    )


def end_lease(connection: Connection, lease: Lease) -> bool:
    """Give a chunk back: `open` while it has unfinished rows, else `done`. False if it is not held any more."""
    unfinished = connection.execute(select(_has_open_row(chunks.c.id == lease.chunk_id))).scalar()
    done = connection.execute(
        update(chunks)
        .where(chunks.c.id == lease.chunk_id, chunks.c.lease_token == lease.token, chunks.c.state == "leased")
        .values(state="open" if unfinished else "done", lease_token=None, lease_until=None, boot_id=None, journal=None)
    )
    return done.rowcount == 1


def note_journal(connection: Connection, lease: Lease, name: str) -> None:
    """Write down which file says what becomes of the leased rows (primary key)."""
    connection.execute(
        update(chunks).where(chunks.c.id == lease.chunk_id, chunks.c.lease_token == lease.token).values(journal=name)
    )


def take_over(connection: Connection, lease: Lease, *, token: str, until: datetime) -> bool:
    """Take a lease away from its holder, who finds out at its next look; False if somebody else was faster.

    The boot id stays that of the holder: whether the power failed meanwhile must not be forgotten.
    """
    done = connection.execute(
        update(chunks)
        .where(chunks.c.id == lease.chunk_id, chunks.c.lease_token == lease.token, chunks.c.state == "leased")
        .values(lease_token=token, lease_until=until)
    )
    return done.rowcount == 1


def journals_in_use(connection: Connection) -> set[str]:
    """The journals that leases of any edition name (scan of chunks by state)."""
    query = select(chunks.c.journal).where(chunks.c.state == "leased", chunks.c.journal.is_not(None))
    return set(connection.execute(query).scalars())


def leases(connection: Connection, edition_id: EditionId) -> list[Lease]:
    """The leases on this edition's chunks, dead or alive, in order of chunks (index on edition_id, state)."""
    query = select(chunks).where(chunks.c.edition_id == edition_id, chunks.c.state == "leased").order_by(chunks.c.id)
    return [
        Lease(
            chunk_id=ChunkId(row.id),
            edition_id=edition_id,
            first_id=row.first_id,
            last_id=row.last_id,
            token=row.lease_token,
            until=row.lease_until,
            boot_id=row.boot_id,
            wave=row.wave,
            journal=row.journal,
        )
        for row in connection.execute(query)
    ]


def reopen_chunks(connection: Connection, edition_id: EditionId) -> int:
    """Open the edition's finished chunks that have unfinished rows again; gives their number."""
    done = connection.execute(
        update(chunks)
        .where(
            chunks.c.edition_id == edition_id,
            chunks.c.state == "done",
            exists().where(*_of_chunk(), deliveries.c.state.in_(OPEN_STATES)),
        )
        .values(state="open")
    )
    return done.rowcount


def _first_due(edition_id: EditionId, now: datetime) -> Select[Any]:
    return (
        select(chunks.c.id, chunks.c.first_id, chunks.c.last_id, chunks.c.wave)
        .where(chunks.c.edition_id == edition_id, chunks.c.state == "open", has_due_row(now))
        .order_by(chunks.c.wave_at, chunks.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def has_due_row(now: datetime) -> ColumnElement[bool]:
    """Whether a chunk's hour has come and one of its rows is due (key range of deliveries)."""
    is_its_hour = or_(chunks.c.wave_at.is_(None), chunks.c.wave_at <= now)
    return and_(is_its_hour, exists().where(*_of_chunk(), is_due(now)))


def _has_open_row(which_chunk: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(which_chunk, *_of_chunk(), deliveries.c.state.in_(OPEN_STATES))


def _of_chunk() -> tuple[ColumnElement[bool], ...]:
    """The deliveries of a chunk: those of its wave in its range; ranges of different waves overlap."""
    return (
        deliveries.c.edition_id == chunks.c.edition_id,
        deliveries.c.subscriber_id.between(chunks.c.first_id, chunks.c.last_id),
        deliveries.c.wave == chunks.c.wave,
    )
