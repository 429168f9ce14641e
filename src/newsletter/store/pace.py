"""How fast an edition goes, and what slows it: named queries for people who look on while it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from newsletter.model import DeliveryState, EditionId
from newsletter.store.lanes import Lane
from newsletter.store.tables import chunks, deliveries, lanes, traffic
from newsletter.store.traffic import Span


def has_traffic(connection: Connection, edition_id: EditionId) -> bool:
    """Whether any answer to the edition was counted by the minute (index on edition_id, minute)."""
    query = select(traffic.c.minute).where(traffic.c.edition_id == edition_id).limit(1)
    return connection.execute(query).first() is not None


def accepted_by_minute(connection: Connection, edition_id: EditionId, span: Span) -> Sequence[tuple[datetime, int]]:
    """How many of the edition's messages were accepted in each minute of `span` that had an answer, oldest first.

    Over all transports. Index on (edition_id, minute).
    """
    query = (
        select(traffic.c.minute, func.sum(traffic.c.accepted))
        .where(traffic.c.edition_id == edition_id, traffic.c.minute >= span.since, traffic.c.minute < span.until)
        .group_by(traffic.c.minute)
        .order_by(traffic.c.minute)
    )
    return [(minute, int(number)) for minute, number in connection.execute(query)]


def count_sent_since(connection: Connection, edition_id: EditionId, since: datetime) -> int:
    """How many of the edition's deliveries became `sent` after `since` (key range of the edition)."""
    query = select(func.count()).where(
        deliveries.c.edition_id == edition_id,
        deliveries.c.state == int(DeliveryState.SENT),
        deliveries.c.settled_at > since,
    )
    return connection.execute(query).scalar_one()


def last_hour(connection: Connection, edition_id: EditionId) -> datetime | None:
    """The hour of the last readers an edition waits for, or None (index on edition_id, state)."""
    query = select(func.max(chunks.c.wave_at)).where(chunks.c.edition_id == edition_id, chunks.c.state == "open")
    return connection.execute(query).scalar()


def narrow_lanes(connection: Connection, *, now: datetime) -> list[Lane]:
    """Transports that are closed at `now`, and domains that are closed or slowed; by transport and domain (scan)."""
    is_narrow = or_(lanes.c.closed_until > now, and_(lanes.c.domain != "", lanes.c.rate.is_not(None)))
    found = [Lane(**row) for row in connection.execute(select(lanes).where(is_narrow)).mappings()]
    return sorted(found, key=lambda lane: (lane.transport, lane.domain))


def reasons_by_state(connection: Connection, edition_id: EditionId) -> Iterator[tuple[DeliveryState, str, int]]:
    """Why deliveries are deferred, failed, unknown or cancelled: (state, reason, how many), in no order.

    "" where no reason is known. As many as there are different texts. Key range of the edition.
    """
    states = (DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED)
    reason = func.coalesce(deliveries.c.reason, "").label("why")
    query = (
        select(deliveries.c.state, reason, func.count())
        .where(deliveries.c.edition_id == edition_id, deliveries.c.state.in_(map(int, states)))
        .group_by(deliveries.c.state, reason)
    )
    for state, why, number in connection.execute(query):
        yield DeliveryState(state), why, number
