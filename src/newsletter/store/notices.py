"""Notices: messages about the service itself, each one row that is sent until somebody has it.

A row is leased by a conditional UPDATE, so that two senders never hold it at once. What a dead
sender left is taken up by the next when its lease ends: reading a notice twice does no harm.
The frozen bytes hold a secret link, and are emptied as soon as nobody will send them any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from newsletter.model import DeliveryState, SubscriberId
from newsletter.store.inserting import insert_into
from newsletter.store.tables import notices

_WAITING = (int(DeliveryState.QUEUED), int(DeliveryState.DEFERRED))


@dataclass(frozen=True, kw_only=True, slots=True)
class NewNotice:
    """A notice to be sent once: `message` is RFC 5322, and `dedupe_key` makes writing it again do nothing.

    It goes out from `not_before` on and is dropped at `expires_at` (aware UTC; None keeps it for good).
    """

    kind: str
    to_address: str
    subscriber_id: SubscriberId | None
    dedupe_key: str
    message: bytes
    not_before: datetime
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeasedNotice:
    """A notice in the hands of the sender called `token`; `attempts` counts the tries before this one."""

    id: int
    token: str
    kind: str
    to_address: str
    message: bytes
    attempts: int
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeLine:
    """A notice as people list it; the times are aware UTC, and the address is whole."""

    id: int
    kind: str
    to_address: str
    state: DeliveryState
    attempts: int
    not_before: datetime
    expires_at: datetime | None
    reason: str | None


def insert_notice(connection: Connection, notice: NewNotice) -> bool:
    """Write a notice to be sent; False, and nothing is written, if its key is there (unique index)."""
    done = connection.execute(
        insert_into(connection, notices)
        .values(
            kind=notice.kind,
            to_address=notice.to_address,
            subscriber_id=notice.subscriber_id,
            dedupe_key=notice.dedupe_key,
            message=notice.message,
            state=int(DeliveryState.QUEUED),
            attempts=0,
            not_before=notice.not_before,
            expires_at=notice.expires_at,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(notices.c.id)
    )
    return done.first() is not None


def forget_notice(connection: Connection, dedupe_key: str) -> None:
    """Delete a notice that was not sent yet and says what is no longer so (unique index)."""
    connection.execute(delete(notices).where(notices.c.dedupe_key == dedupe_key, notices.c.state.in_(_WAITING)))


def has_due_notice(connection: Connection, now: datetime) -> bool:
    """Whether there is a notice to take (index on state, not_before)."""
    return connection.execute(select(notices.c.id).where(_is_due(now)).limit(1)).first() is not None


def take_notice(connection: Connection, *, token: str, until: datetime, now: datetime) -> LeasedNotice | None:
    """Lease the notice that has waited longest, or None when none is due (index on state, not_before).

    No row changed means that another sender was faster: the next is tried. On PostgreSQL rows that
    another sender is taking are skipped.
    """
    query = (
        select(notices)
        .where(_is_due(now))
        .order_by(notices.c.not_before, notices.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while (row := connection.execute(query).first()) is not None:
        taken = connection.execute(
            update(notices)
            .where(notices.c.id == row.id, _is_due(now))
            .values(state=int(DeliveryState.LEASED), lease_token=token, lease_until=until)
        )
        if taken.rowcount == 1:
            return LeasedNotice(
                id=row.id,
                token=token,
                kind=row.kind,
                to_address=row.to_address,
                message=row.message,
                attempts=row.attempts,
                expires_at=row.expires_at,
            )
    return None


def close_notice(connection: Connection, notice: LeasedNotice, state: DeliveryState, *, reason: str | None) -> bool:
    """Write the last word on a notice and empty its bytes; False if another sender holds it (primary key)."""
    return _settle(connection, notice, state=int(state), attempts=notice.attempts + 1, reason=reason, message=b"")


def defer_notice(connection: Connection, notice: LeasedNotice, next_at: datetime, *, reason: str | None) -> bool:
    """Have a notice tried again from `next_at` on; False if another sender holds it (primary key)."""
    state, attempts = int(DeliveryState.DEFERRED), notice.attempts + 1
    return _settle(connection, notice, state=state, attempts=attempts, reason=reason, not_before=next_at)


def put_back_notice(connection: Connection, notice: LeasedNotice) -> bool:
    """Queue a notice that was not tried; False if another sender holds it (primary key)."""
    return _settle(connection, notice, state=int(DeliveryState.QUEUED))


def notice_holders(connection: Connection) -> list[str]:
    """The tokens of the senders that hold notices just now, dead or alive (index on state)."""
    query = select(notices.c.lease_token).where(notices.c.state == int(DeliveryState.LEASED)).distinct()
    return [token for token in connection.execute(query).scalars() if token is not None]


def free_notices(connection: Connection, tokens: Collection[str]) -> int:
    """Queue what senders that are gone held; gives the number (index on state)."""
    if not tokens:
        return 0
    done = connection.execute(
        update(notices)
        .where(notices.c.state == int(DeliveryState.LEASED), notices.c.lease_token.in_(tokens))
        .values(state=int(DeliveryState.QUEUED), lease_token=None, lease_until=None)
    )
    return done.rowcount


def expire_notices(connection: Connection, now: datetime) -> int:
    """Give up what nobody wants any more by now, and empty it; gives the number (index on state)."""
    done = connection.execute(
        update(notices)
        .where(notices.c.state.in_(_WAITING), notices.c.expires_at <= now)
        .values(state=int(DeliveryState.FAILED), reason="expired before it could be sent", message=b"")
    )
    return done.rowcount


def delete_settled_notices(connection: Connection, before: datetime) -> int:
    """Forget whom notices went to that were due before `before` and are over; gives the number (index on state)."""
    done = connection.execute(
        delete(notices).where(
            notices.c.state.not_in((*_WAITING, int(DeliveryState.LEASED))), notices.c.not_before < before
        )
    )
    return done.rowcount


def notice_counts_by_state(connection: Connection) -> Mapping[DeliveryState, int]:
    """How many notices are in each state, with 0 for those that hold none (index on state)."""
    counts = dict.fromkeys(DeliveryState, 0)
    query = select(notices.c.state, func.count()).group_by(notices.c.state)
    return counts | {DeliveryState(state): number for state, number in connection.execute(query)}


def list_notices(connection: Connection, *, limit: int = 100) -> list[NoticeLine]:
    """The newest `limit` notices, newest first, without their bytes (primary key)."""
    columns = [notices.c[name] for name in NoticeLine.__dataclass_fields__]
    query = select(*columns).order_by(notices.c.id.desc()).limit(limit)
    return [NoticeLine(**{**row, "state": DeliveryState(row["state"])}) for row in connection.execute(query).mappings()]


def _settle(connection: Connection, notice: LeasedNotice, **values: object) -> bool:
    done = connection.execute(
        update(notices)
        .where(notices.c.id == notice.id, notices.c.lease_token == notice.token)
        .values(lease_token=None, lease_until=None, **values)
    )
    return done.rowcount == 1


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Waiting and its time has come, or left behind by a sender that died."""
    return or_(
        and_(notices.c.state.in_(_WAITING), notices.c.not_before <= now),
        and_(notices.c.state == int(DeliveryState.LEASED), notices.c.lease_until <= now),
    )
