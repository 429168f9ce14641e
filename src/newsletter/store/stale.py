"""Editions that were being sent when everything stood still: found by what happened last, not by a clock alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, exists, or_, select

from newsletter.model import EditionId
from newsletter.store.leases import OPEN_STATES, has_due_row
from newsletter.store.tables import attempts, chunks, deliveries, editions


def stale_editions(connection: Connection, *, before: datetime) -> list[EditionId]:
    """The editions in `sending` with open rows that were due, and of which nothing was tried since `before`.

    Released before it, and with chunks of no wave or of a wave before it. Index on editions.state; reads the
    attempts of those editions only. Asked once after a gap.
    """
    is_open = exists().where(deliveries.c.edition_id == editions.c.id, deliveries.c.state.in_(OPEN_STATES))
    was_due = exists().where(
        chunks.c.edition_id == editions.c.id,
        chunks.c.state != "done",
        or_(chunks.c.wave_at.is_(None), chunks.c.wave_at < before),
    )
    was_tried = exists().where(attempts.c.edition_id == editions.c.id, attempts.c.opened_at >= before)
    query = select(editions.c.id).where(
        and_(editions.c.state == "sending", editions.c.released_at < before), is_open, was_due, ~was_tried
    )
    return [EditionId(number) for number in connection.execute(query.order_by(editions.c.id)).scalars()]


def editions_out_of_reach(connection: Connection, *, after: datetime) -> list[EditionId]:
    """The editions in `sending` with a wave that comes only after `after` (index on editions.state)."""
    is_far = exists().where(chunks.c.edition_id == editions.c.id, chunks.c.state == "open", chunks.c.wave_at > after)
    query = select(editions.c.id).where(editions.c.state == "sending", is_far).order_by(editions.c.id)
    return [EditionId(number) for number in connection.execute(query).scalars()]


def editions_to_send(connection: Connection, *, now: datetime) -> list[EditionId]:
    """The editions in `sending` in which something is due or left behind, oldest first (index on editions.state).

    A chunk whose hour has come, one that somebody leases (who may be dead), or none that is open any more.
    """
    mine = chunks.c.edition_id == editions.c.id
    due = exists().where(mine, chunks.c.state == "open", has_due_row(now))
    leased = exists().where(mine, chunks.c.state == "leased")
    waits = exists().where(mine, chunks.c.state == "open")
    query = select(editions.c.id).where(editions.c.state == "sending", or_(due, leased, ~waits))
    return [EditionId(number) for number in connection.execute(query.order_by(editions.c.id)).scalars()]
