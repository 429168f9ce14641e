"""Lists and counts for people: deliveries of an edition, what one reader got, numbers for `status`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from newsletter.model import DeliveryState, EditionId, Outcome, SubscriberId
from newsletter.store.retrying import Chosen, are_chosen
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
class TryLine:
    """One try of a delivery; `outcome` is None while nobody knows it, `code` 0 where the server gave none.

    `transport` is "" where the sender could not note it.
    """

    no: int
    transport: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None
    code: int
    enhanced: str
    reply: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderLine:
    """One edition as one reader met it, with its tries, the first first; `state` is None without a row for them."""

    edition_uid: str
    edition_state: str
    subject: str
    released_at: datetime | None
    state: DeliveryState | None
    reason: str | None
    settled_at: datetime | None
    joined_later: bool
    next_at: datetime | None = None
    tries: tuple[TryLine, ...] = ()

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
    wanted = [deliveries.c.edition_id == edition_id]
    if state is not None:
        wanted.append(deliveries.c.state == int(state))
    return _delivery_lines(connection, wanted, limit)


def chosen_deliveries(
    connection: Connection, chosen: Chosen, *, limit: int | None, bounced: bool = False
) -> list[DeliveryLine]:
    """The first `limit` of the chosen deliveries, or all, in order of sign-up (key range, or primary key)."""
    return _delivery_lines(connection, are_chosen(chosen, bounced=bounced), limit)


def _delivery_lines(
    connection: Connection, wanted: Iterable[ColumnElement[bool]], limit: int | None
) -> list[DeliveryLine]:
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
        .where(*wanted)
        .order_by(deliveries.c.subscriber_id)
        .limit(limit)
    )
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
            deliveries.c.next_at,
            editions.c.id,
            (subscribers.c.joined_at > editions.c.released_at).label("joined_later"),
        )
        .select_from(editions)
        .join(subscribers, subscribers.c.id == subscriber_id)
        .outerjoin(deliveries, mine)
        .where(editions.c.released_at.is_not(None))
        .order_by(editions.c.id.desc())
        .limit(limit)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    tries = _tries_of_reader(connection, subscriber_id, [row["id"] for row in rows])
    return [_reader_line(row, tuple(tries.get(row.pop("id"), ()))) for row in rows]


def _reader_line(row: Mapping[str, Any], tries: tuple[TryLine, ...]) -> ReaderLine:
    state = None if row["state"] is None else DeliveryState(row["state"])
    return ReaderLine(**{**row, "state": state}, tries=tries)


def _tries_of_reader(
    connection: Connection, subscriber_id: SubscriberId, edition_ids: Sequence[EditionId]
) -> Mapping[EditionId, list[TryLine]]:
    """The tries of these editions' deliveries to one reader, in order (primary key)."""
    query = (
        select(attempts)
        .where(attempts.c.edition_id.in_(edition_ids), attempts.c.subscriber_id == subscriber_id)
        .order_by(attempts.c.edition_id, attempts.c.no)
    )
    found: dict[EditionId, list[TryLine]] = {}
    for row in connection.execute(query):
        line = TryLine(
            no=row.no,
            transport=row.transport,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            code=row.code or 0,
            enhanced=row.enhanced or "",
            reply=row.reply or "",
        )
        found.setdefault(row.edition_id, []).append(line)
    return found


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
