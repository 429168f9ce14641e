"""Deliveries: one row per edition and reader. Named queries for the engine and the balance.

Rows are reached by primary key (edition, subscriber), mostly by key range: the state stands in no
index. The same statements run on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, func, literal, null, select, update

from newsletter.model import DeliveryState, EditionId, Outcome, SubscriberId, VariantId
from newsletter.store.leases import OPEN_STATES, Lease, is_due, reopen_chunks
from newsletter.store.owed import owe_cancelled
from newsletter.store.tables import (
    attempts,
    deliveries,
    private_feeds,
    subscribers,
    suppressions,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueRow:
    """A delivery that may be tried now, with what its message needs of the reader.

    `withdrawn` says why the reader must not get it any more, or is None.
    """

    subscriber_id: SubscriberId
    variant_id: VariantId
    state: DeliveryState
    attempts: int
    uid: str
    address: str
    name: str
    token_version: int
    withdrawn: str | None


def due_rows(connection: Connection, lease: Lease, *, now: datetime, limit: int) -> list[DueRow]:
    """The first `limit` due rows of a leased chunk by subscriber, each with the reader as of this instant.

    Key range of deliveries, primary key of subscribers, primary key of suppressions.
    """
    query = (
        select(
            deliveries.c.subscriber_id,
            deliveries.c.variant_id,
            deliveries.c.state,
            deliveries.c.attempts,
            func.coalesce(subscribers.c.uid, "").label("uid"),
            func.coalesce(subscribers.c.address, "").label("address"),
            func.coalesce(subscribers.c.name, "").label("name"),
            func.coalesce(subscribers.c.token_version, 0).label("token_version"),
            _withdrawn(now).label("withdrawn"),
        )
        .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(*_in_chunk(lease), is_due(now))
        .order_by(deliveries.c.subscriber_id)
        .limit(limit)
        .with_for_update(of=deliveries)
    )
    return [DueRow(**{**row, "state": DeliveryState(row["state"])}) for row in connection.execute(query).mappings()]


def lease_rows(connection: Connection, lease: Lease, last_id: SubscriberId, *, now: datetime) -> int:
    """Mark the chunk's due rows up to `last_id` as leased; gives their number (key range)."""
    done = connection.execute(
        update(deliveries)
        .where(*_in_chunk(lease), deliveries.c.subscriber_id <= last_id, is_due(now))
        .values(state=int(DeliveryState.LEASED))
    )
    return done.rowcount


def withdrawn_reason(connection: Connection, subscriber_id: SubscriberId, *, now: datetime) -> str | None:
    """Why this reader must not be mailed, or None; on PostgreSQL the row stays as it is until we commit."""
    query = select(_withdrawn(now)).where(subscribers.c.id == subscriber_id).with_for_update(read=True, of=subscribers)
    row = connection.execute(query).first()
    return "erased" if row is None else row[0]


def cancel_rows(
    connection: Connection, edition_id: EditionId, reasons: Mapping[SubscriberId, str], *, now: datetime
) -> None:
    """Cancel unfinished deliveries, each with its reason; a pause that is made up for owes their articles.

    Primary key.
    """
    for reason in sorted(set(reasons.values())):
        ids = [subscriber_id for subscriber_id, why in reasons.items() if why == reason]
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.edition_id == edition_id,
                deliveries.c.subscriber_id.in_(ids),
                deliveries.c.state.in_(OPEN_STATES),
            )
            .values(state=int(DeliveryState.CANCELLED), reason=reason, next_at=None, settled_at=now)
        )
        if reason == "paused":
            owe_cancelled(connection, edition_id, ids)


def cancel_open(connection: Connection, edition_id: EditionId, *, reason: str, now: datetime) -> int:
    """Cancel the edition's queued and deferred rows; gives their number (key range of the edition)."""
    done = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.state.in_((int(DeliveryState.QUEUED), int(DeliveryState.DEFERRED))),
        )
        .values(state=int(DeliveryState.CANCELLED), reason=reason, next_at=None, settled_at=now)
    )
    return done.rowcount


def doubt_rows(connection: Connection, lease: Lease, *, now: datetime, reason: str) -> int:
    """Turn the chunk's leased rows whose attempt stands open into `unknown`; gives their number (key ranges)."""
    is_open = exists().where(
        attempts.c.edition_id == deliveries.c.edition_id,
        attempts.c.subscriber_id == deliveries.c.subscriber_id,
        attempts.c.no == deliveries.c.attempts,
        attempts.c.closed_at.is_(None),
    )
    done = connection.execute(
        update(deliveries)
        .where(*_in_chunk(lease), deliveries.c.state == int(DeliveryState.LEASED), is_open)
        .values(state=int(DeliveryState.UNKNOWN), reason=reason, next_at=None, settled_at=now)
    )
    if done.rowcount:
        connection.execute(
            update(attempts)
            .where(
                attempts.c.edition_id == lease.edition_id,
                # Not the whole range: another wave's sender has its open attempts between ours.
                attempts.c.subscriber_id.in_(select(deliveries.c.subscriber_id).where(*_in_chunk(lease))),
                attempts.c.closed_at.is_(None),
            )
            .values(closed_at=now, outcome=str(Outcome.UNKNOWN), code=0, enhanced="", reply=reason)
        )
    return done.rowcount


@dataclass(frozen=True, kw_only=True, slots=True)
class LeasedRow:
    """A delivery in a sender's hands, and how many tries it had before."""

    edition_id: EditionId
    subscriber_id: SubscriberId
    attempts: int


def leased_rows(connection: Connection, lease: Lease) -> list[LeasedRow]:
    """The leased rows of a chunk (key range)."""
    query = select(deliveries.c.edition_id, deliveries.c.subscriber_id, deliveries.c.attempts).where(
        *_in_chunk(lease), deliveries.c.state == int(DeliveryState.LEASED)
    )
    return [LeasedRow(**row) for row in connection.execute(query.order_by(deliveries.c.subscriber_id)).mappings()]


def return_rows(connection: Connection, lease: Lease) -> int:
    """Queue the chunk's leased rows again; gives their number (key range). `doubt_rows` comes first."""
    done = connection.execute(
        update(deliveries)
        .where(*_in_chunk(lease), deliveries.c.state == int(DeliveryState.LEASED))
        .values(state=int(DeliveryState.QUEUED), next_at=None)
    )
    return done.rowcount


def put_off_rows(connection: Connection, edition_id: EditionId, rows: Sequence[tuple[int, datetime, str]]) -> None:
    """Let due rows (subscriber, until, reason) wait without a try (primary key)."""
    if not rows:
        return
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.subscriber_id == bindparam("reader"),
            deliveries.c.state.in_((int(DeliveryState.QUEUED), int(DeliveryState.DEFERRED))),
        )
        .values(state=int(DeliveryState.DEFERRED), next_at=bindparam("until"), reason=bindparam("why")),
        [{"reader": reader, "until": until, "why": why} for reader, until, why in rows],
    )


def put_back(connection: Connection, edition_id: EditionId, subscriber_ids: Collection[SubscriberId]) -> int:
    """Queue refused or deferred deliveries again as if nothing had been said; gives their number (primary key)."""
    return requeue(
        connection,
        edition_id,
        deliveries.c.subscriber_id.in_(subscriber_ids),
        deliveries.c.state.in_((int(DeliveryState.FAILED), int(DeliveryState.DEFERRED))),
    )


def requeue_rows(connection: Connection, edition_id: EditionId, state: DeliveryState) -> int:
    """Queue the edition's rows in `state` again and open their chunks; gives their number (key range)."""
    return requeue(connection, edition_id, deliveries.c.state == int(state))


def requeue(connection: Connection, edition_id: EditionId, *which: ColumnElement[bool]) -> int:
    """Queue rows of the edition again as if nothing had been said, and open their chunks; gives their number."""
    done = connection.execute(
        update(deliveries)
        .where(deliveries.c.edition_id == edition_id, *which)
        .values(state=int(DeliveryState.QUEUED), reason=None, next_at=None, settled_at=None)
    )
    if done.rowcount:
        reopen_chunks(connection, edition_id)
    return done.rowcount


def fail_repeated_unknowns(connection: Connection, edition_id: EditionId, *, tries: int, now: datetime) -> int:
    """Fail the rows that ended `unknown` so many times, as poison; gives their number (key ranges)."""
    unsure = (
        select(func.count())
        .select_from(attempts)
        .where(
            attempts.c.edition_id == deliveries.c.edition_id,
            attempts.c.subscriber_id == deliveries.c.subscriber_id,
            attempts.c.outcome == str(Outcome.UNKNOWN),
        )
        .correlate(deliveries)
        .scalar_subquery()
    )
    done = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.state == int(DeliveryState.UNKNOWN),
            unsure >= tries,
        )
        .values(state=int(DeliveryState.FAILED), reason=f"poison: no answer came in {tries} tries", settled_at=now)
    )
    return done.rowcount


def mark_bounced(connection: Connection, subscriber_id: SubscriberId) -> bool:
    """Mark an active subscriber as bounced; gives whether it was active (primary key)."""
    done = connection.execute(
        update(subscribers)
        .where(subscribers.c.id == subscriber_id, subscribers.c.state == "active")
        .values(state="bounced")
    )
    return done.rowcount == 1


def unmark_bounced(connection: Connection, subscriber_ids: Collection[SubscriberId]) -> None:
    """Make bounced subscribers active again; whoever left meanwhile stays away (primary key)."""
    connection.execute(
        update(subscribers)
        .where(subscribers.c.id.in_(subscriber_ids), subscribers.c.state == "bounced")
        .values(state="active")
    )


def _in_chunk(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (
        deliveries.c.edition_id == lease.edition_id,
        deliveries.c.subscriber_id.between(lease.first_id, lease.last_id),
        deliveries.c.wave == lease.wave,
    )


def _withdrawn(now: datetime) -> ColumnElement[str | None]:
    """Why a subscriber must not be mailed now, or NULL; the first reason counts."""
    return case(
        (subscribers.c.id.is_(None), literal("erased")),
        (subscribers.c.state != "active", subscribers.c.state),
        (exists().where(suppressions.c.address_key == subscribers.c.suppression_key), literal("suppressed")),
        (subscribers.c.paused_until > now, literal("paused")),
        # Who chose the feed in the form lets queued mail come; a private feed holds it already, instead of mail.
        (and_(subscribers.c.rhythm == "feed", _has_private_feed()), literal("feed")),
        else_=null(),
    )


def _has_private_feed() -> ColumnElement[bool]:
    """Index on private_feeds.subscriber_id, asked for readers of the feed only."""
    mine = private_feeds.c.subscriber_id == subscribers.c.id
    return exists().where(mine, private_feeds.c.revoked_at.is_(None))
