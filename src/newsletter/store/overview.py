"""Lists and counts for people: deliveries of an edition, what one reader got, numbers for `status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from newsletter.model import DeliveryState, EditionId, SubscriberId
from newsletter.store.tables import articles, attempts, deliveries, editions, subscribers


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryLine:
    """One delivery with its reader's address and the last word of the server, if there was one."""

    address: str
    state: DeliveryState
    attempts: int
    reason: str | None
    next_at: datetime | None
    settled_at: datetime | None
    reply: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderLine:
    """One edition as one reader met it; `state` is None when there is no row for them."""

    edition_uid: str
    edition_state: str
    subject: str
    released_at: datetime | None
    state: DeliveryState | None
    reason: str | None
    settled_at: datetime | None
    joined_later: bool

    @property
    def became(self) -> str:
        """What became of it for this reader, in a word."""
        return "not due" if self.state is None else self.state.name.lower()

    @property
    def explained(self) -> str:
        """Why, as far as it is known; an edition keeps counts of those left out, not their names."""
        if self.state is None:
            return "joined after it was released" if self.joined_later else "left out when it was released"
        return self.reason or (f"{self.settled_at:%Y-%m-%d %H:%M} UTC" if self.settled_at else "")


def deliveries_of_edition(
    connection: Connection, edition_id: EditionId, *, state: DeliveryState | None, limit: int
) -> list[DeliveryLine]:
    """The edition's deliveries in order of sign-up, at most `limit` (key range of deliveries)."""
    last = and_(
        attempts.c.edition_id == deliveries.c.edition_id,
        attempts.c.subscriber_id == deliveries.c.subscriber_id,
        attempts.c.no == deliveries.c.attempts,
    )
    query = (
        select(
            subscribers.c.address,
            deliveries.c.state,
            deliveries.c.attempts,
            deliveries.c.reason,
            deliveries.c.next_at,
            deliveries.c.settled_at,
            attempts.c.reply,
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(attempts, last)
        .where(deliveries.c.edition_id == edition_id)
        .order_by(deliveries.c.subscriber_id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(deliveries.c.state == int(state))
    rows = connection.execute(query).mappings()
    return [DeliveryLine(**{**row, "state": DeliveryState(row["state"])}) for row in rows]


def editions_for_reader(connection: Connection, subscriber_id: SubscriberId, *, limit: int) -> list[ReaderLine]:
    """The latest released editions, newest first, each with this reader's row if there is one (primary keys)."""
    mine = and_(deliveries.c.edition_id == editions.c.id, deliveries.c.subscriber_id == subscriber_id)
    query = (
        select(
            editions.c.uid.label("edition_uid"),
            editions.c.state.label("edition_state"),
            editions.c.subject,
            editions.c.released_at,
            deliveries.c.state,
            deliveries.c.reason,
            deliveries.c.settled_at,
            (subscribers.c.joined_at > editions.c.released_at).label("joined_later"),
        )
        .select_from(editions)
        .join(subscribers, subscribers.c.id == subscriber_id)
        .outerjoin(deliveries, mine)
        .where(editions.c.released_at.is_not(None))
        .order_by(editions.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).mappings()
    return [
        ReaderLine(**{**row, "state": None if row["state"] is None else DeliveryState(row["state"])}) for row in rows
    ]


def unknown_by_edition(connection: Connection) -> Mapping[str, int]:
    """Edition uid → deliveries nobody knows the end of. Scans the deliveries; for `status` only."""
    query = (
        select(editions.c.uid, func.count())
        .join(deliveries, deliveries.c.edition_id == editions.c.id)
        .where(deliveries.c.state == int(DeliveryState.UNKNOWN))
        .group_by(editions.c.uid)
        .order_by(editions.c.uid)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def article_counts(connection: Connection) -> Mapping[str, int]:
    """How many articles are in each state."""
    query = select(articles.c.state, func.count()).group_by(articles.c.state).order_by(articles.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}
