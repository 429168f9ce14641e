"""Attempts: one row per try on the wire, opened before the content and closed after the reply.

These statements run once or twice for every message, so they go through `Held.run`. All of them
reach a delivery by its primary key (edition, subscriber) and an attempt by hers (with the number).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update

from newsletter.model import DeliveryState, EditionId, Outcome, Receipt, SubscriberId
from newsletter.store.columns import sqlite_text
from newsletter.store.held import Held
from newsletter.store.tables import attempts, deliveries


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptKey:
    """One try of one delivery, numbered from 1. Numbers never come twice, so the key fences."""

    edition_id: EditionId
    subscriber_id: SubscriberId
    no: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """Where a delivery went after an attempt; `settled_at` is None while it may go further."""

    state: DeliveryState
    reason: str | None
    next_at: datetime | None
    settled_at: datetime | None


_THIS_DELIVERY = (deliveries.c.edition_id == bindparam("e"), deliveries.c.subscriber_id == bindparam("s"))
_THIS_ATTEMPT = (
    attempts.c.edition_id == bindparam("e"),
    attempts.c.subscriber_id == bindparam("s"),
    attempts.c.no == bindparam("n"),
)
_LEASED_AT = (deliveries.c.state == int(DeliveryState.LEASED), deliveries.c.attempts == bindparam("before"))

_COUNT = update(deliveries).where(*_THIS_DELIVERY, *_LEASED_AT).values(attempts=bindparam("n"))
_OPEN = insert(attempts).values(
    edition_id=bindparam("e"),
    subscriber_id=bindparam("s"),
    no=bindparam("n"),
    transport=bindparam("name"),
    opened_at=bindparam("at"),
)
_CLOSE = (
    update(attempts)
    .where(*_THIS_ATTEMPT, or_(attempts.c.closed_at.is_(None), attempts.c.outcome == str(Outcome.UNKNOWN)))
    .values(
        closed_at=bindparam("at"),
        outcome=bindparam("what"),
        code=bindparam("number"),
        enhanced=bindparam("extended"),
        reply=bindparam("words"),
    )
)
_SETTLE = (
    update(deliveries)
    .where(*_THIS_DELIVERY, *_LEASED_AT)
    .values(
        state=bindparam("state_to"),
        attempts=bindparam("n"),
        reason=bindparam("why"),
        next_at=bindparam("next"),
        settled_at=bindparam("at"),
    )
)
_SETTLE_LATE = (
    update(deliveries)
    .where(
        *_THIS_DELIVERY,
        deliveries.c.state == int(DeliveryState.UNKNOWN),
        deliveries.c.attempts == bindparam("n"),
    )
    .values(state=int(DeliveryState.SENT), reason=None, settled_at=bindparam("at"))
)


# The whole life of an attempt in one row, for a sender that noted its beginning elsewhere.
_RECORD = insert(attempts).values(
    edition_id=bindparam("e"),
    subscriber_id=bindparam("s"),
    no=bindparam("n"),
    transport=bindparam("name"),
    opened_at=bindparam("since"),
    closed_at=bindparam("at"),
    outcome=bindparam("what"),
    code=bindparam("number"),
    enhanced=bindparam("extended"),
    reply=bindparam("words"),
)


# The same for all tries of one settling at once, for SQLite: a statement for each of them hands the
# interpreter's lock back and forth with the thread that sends, which took a tenth of its time.
_EACH = func.json_each(bindparam("rows")).table_valued("value").alias("each")


def _field(at: int) -> ColumnElement[Any]:
    return func.json_extract(_EACH.c.value, f"$[{at}]")


_SETTLE_ALL = (
    update(deliveries)
    .where(
        deliveries.c.edition_id == _field(0),
        deliveries.c.subscriber_id == _field(1),
        deliveries.c.state == int(DeliveryState.LEASED),
        deliveries.c.attempts == _field(2) - 1,
    )
    .values(state=_field(3), attempts=_field(2), reason=_field(4), next_at=_field(5), settled_at=_field(6))
)
_RECORD_ALL = insert(attempts).from_select(
    [
        *("edition_id", "subscriber_id", "no", "transport", "opened_at", "closed_at"),
        *("outcome", "code", "enhanced", "reply"),
    ],
    select(*(_field(at) for at in (0, 1, 2, 7, 8, 9, 10, 11, 12, 13))),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A try that ended at `at`, and where its delivery went; `since` is when it was opened, or as good as."""

    key: AttemptKey
    settled: Settled
    receipt: Receipt
    transport: str
    since: datetime
    at: datetime


def settle_many(held: Held, ended: Sequence[Ended]) -> bool:
    """Settle leased deliveries of one lease and write their attempts; False, with some of it done, if any had moved.

    For attempts that have no row yet. The caller rolls back on False, or settles one by one.
    """
    if not ended:
        return True
    if not held.store.is_sqlite:
        moved = held.run_many(_SETTLE, [_moved(one) for one in ended])
        if moved == len(ended):
            held.run_many(_RECORD, [_recorded(one) for one in ended])
        return moved == len(ended)
    rows = json.dumps([_listed(one) for one in ended])
    if held.run(_SETTLE_ALL, rows=rows) != len(ended):
        return False
    held.run(_RECORD_ALL, rows=rows)
    return True


def _moved(one: Ended) -> Mapping[str, object]:
    return {
        "e": one.key.edition_id,
        "s": one.key.subscriber_id,
        "n": one.key.no,
        "before": one.key.no - 1,
        "state_to": int(one.settled.state),
        "why": one.settled.reason,
        "next": one.settled.next_at,
        "at": one.settled.settled_at,
    }


def _listed(one: Ended) -> list[object]:
    key, settled, receipt = one.key, one.settled, one.receipt
    return [
        key.edition_id,
        key.subscriber_id,
        key.no,
        int(settled.state),
        settled.reason,
        settled.next_at and sqlite_text(settled.next_at),
        settled.settled_at and sqlite_text(settled.settled_at),
        one.transport,
        sqlite_text(one.since),
        sqlite_text(one.at),
        receipt.outcome.value,
        receipt.code,
        receipt.enhanced,
        receipt.reply,
    ]


def settle_one(held: Held, ended: Ended) -> bool:
    """Like `settle_many` for a single try; nothing is written when it had moved."""
    done = settle_delivery(held, ended.key, ended.settled, was_opened=False)
    if done:
        held.run(_RECORD, **_recorded(ended))
    return done


def _recorded(ended: Ended) -> Mapping[str, object]:
    return {
        "e": ended.key.edition_id,
        "s": ended.key.subscriber_id,
        "n": ended.key.no,
        "name": ended.transport,
        "since": ended.since,
        "at": ended.at,
        "what": str(ended.receipt.outcome),
        "number": ended.receipt.code,
        "extended": ended.receipt.enhanced,
        "words": ended.receipt.reply,
    }


def open_attempt(held: Held, key: AttemptKey, *, transport: str, at: datetime) -> bool:
    """Record that content is about to leave; False, with nothing written, if the row is not ours any more."""
    done = held.run(_COUNT, e=key.edition_id, s=key.subscriber_id, n=key.no, before=key.no - 1)
    if done == 1:
        record_attempt(held, key, transport=transport, at=at)
    return done == 1


def record_attempt(held: Held, key: AttemptKey, *, transport: str, at: datetime) -> None:
    """Write the row of an attempt, still without an outcome."""
    held.run(_OPEN, e=key.edition_id, s=key.subscriber_id, n=key.no, name=transport, at=at)


def close_attempt(held: Held, key: AttemptKey, receipt: Receipt, *, at: datetime) -> None:
    """Record what the wire said; an answer that was given before stays, unless it was `unknown`."""
    held.run(
        _CLOSE,
        e=key.edition_id,
        s=key.subscriber_id,
        n=key.no,
        at=at,
        what=str(receipt.outcome),
        number=receipt.code,
        extended=receipt.enhanced,
        words=receipt.reply,
    )


def settle_delivery(held: Held, key: AttemptKey, settled: Settled, *, was_opened: bool) -> bool:
    """Move the leased delivery of this attempt on; False if it is not leased under this number."""
    done = held.run(
        _SETTLE,
        e=key.edition_id,
        s=key.subscriber_id,
        n=key.no,
        before=key.no if was_opened else key.no - 1,
        state_to=int(settled.state),
        why=settled.reason,
        next=settled.next_at,
        at=settled.settled_at,
    )
    return done == 1


def settle_late(held: Held, key: AttemptKey, *, at: datetime) -> bool:
    """Turn `unknown` into `sent`, if this attempt is still the delivery's last; nothing else."""
    done = held.run(_SETTLE_LATE, e=key.edition_id, s=key.subscriber_id, n=key.no, at=at)
    return done == 1
