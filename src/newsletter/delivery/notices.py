"""Notices on their way: a lane of their own, beside the mailings and never behind them.

Comes in: rows that the desk wrote, and a transport. Goes out: what became of them. A crash sends a
notice again: reading "confirm your address" twice does no harm, never reading it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.delivery.retry import Decision, Try, decide
from newsletter.delivery.run import never
from newsletter.delivery.senders import Sender
from newsletter.delivery.transports.transport import Transport
from newsletter.delivery.words import fit_for_books
from newsletter.errors import ConfigError, StoreError, TransportError
from newsletter.model import DeliveryState, Envelope, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.notices import (
    LeasedNotice,
    close_notice,
    defer_notice,
    expire_notices,
    free_notices,
    has_due_notice,
    notice_holders,
    put_back_notice,
    take_notice,
)

# Longer than the slowest server may take over one message, so that no living sender loses its notice.
NOTICE_LEASE = timedelta(minutes=20)
# RFC 5321 §4.5.5 and RFC 3834 §3.3: what a machine sends by itself asks for no bounce.
NULL_RETURN_PATH = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeRun:
    """One sender's tools: `transport` has been entered, `clock` gives aware UTC, `jitter` a number in [0, 1).

    `stop` is asked before each notice; the one in flight is finished. `sign` puts DKIM signatures of an hour
    before finished octets.
    """

    transport: Transport
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    sender: Sender
    stop: Callable[[], bool] = never
    lease: timedelta = NOTICE_LEASE
    sign: Callable[[bytes, datetime], bytes] = lambda message, _: message


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeCounts:
    """What became of the notices of one call; `expired` ones were not tried any more."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    expired: int = 0


def notices_are_due(store: Store, *, sender: Sender, now: datetime) -> bool:
    """Whether there is anything to send; where nothing waits, one indexed SELECT (and one for dead senders)."""
    with store.reading() as connection:
        if has_due_notice(connection, now):
            return True
        return any(_may_take_from(token, store, sender) for token in notice_holders(connection))


def send_notices(store: Store, run: NoticeRun) -> NoticeCounts:
    """Send every notice that is due, the longest waiting first; gives what became of them.

    Safe to repeat and beside other senders: each notice is leased first. A temporary refusal is
    tried again later, until the notice expires; a permanent one is the end of it. Raises
    TransportError when the transport does not work at all, and StoreError; the notice at hand is
    then queued, or its lease ends.
    """
    if not notices_are_due(store, sender=run.sender, now=run.clock()):
        return NoticeCounts()
    with store.writing() as connection:
        gone = [token for token in notice_holders(connection) if _may_take_from(token, store, run.sender)]
        free_notices(connection, gone)
        counts = NoticeCounts(expired=expire_notices(connection, run.clock()))
    while not run.stop():
        now = run.clock()
        with store.writing() as connection:
            notice = take_notice(connection, token=run.sender.token, until=now + run.lease, now=now)
        if notice is None:
            break
        counts = _counted(counts, _carry(store, notice, run))
    store.checkpoint()
    return counts


def _may_take_from(token: str, store: Store, sender: Sender) -> bool:
    """Whether the holder carries nothing: it is dead, or we ourselves and could not write down how it ended."""
    # Process numbers say nothing of another machine's senders; their leases have to end.
    return token == sender.token or (store.is_sqlite and sender.is_gone(token))


def _carry(store: Store, notice: LeasedNotice, run: NoticeRun) -> DeliveryState | None:
    """One notice to the wire and back into the books; None if another sender took it over meanwhile."""
    if notice.expires_at is not None and notice.expires_at <= run.clock():
        decision = Decision(state=DeliveryState.FAILED, reason="expired before it could be sent")
        return _settle(store, notice, decision)
    try:
        receipt = _deliver(notice, run)
    except TransportError:
        with store.writing() as connection:
            put_back_notice(connection, notice)
        raise
    return _settle(store, notice, _judge(receipt, notice, run))


def _deliver(notice: LeasedNotice, run: NoticeRun) -> Receipt:
    envelope = Envelope(sender=NULL_RETURN_PATH, recipient=notice.to_address)
    try:
        message = run.sign(notice.message, run.clock())
        return run.transport.deliver(envelope, message, opened=lambda: None)
    except (TransportError, StoreError, ConfigError):
        raise
    except Exception as error:  # noqa: BLE001  # one odd notice must not hold up those behind it
        return Receipt(outcome=Outcome.DEFERRED, reply=f"poison: {type(error).__name__}: {error}"[:500])


def _judge(receipt: Receipt, notice: LeasedNotice, run: NoticeRun) -> Decision:
    """The rules of mailings, but for two: an unsure end is tried again, and nothing waits past its expiry."""
    if receipt.outcome is Outcome.UNKNOWN:
        receipt = replace(receipt, outcome=Outcome.DEFERRED)
    now = run.clock()
    receipt = replace(receipt, reply=fit_for_books(receipt.reply, notice.to_address))
    # Content is never blamed here: there is no edition to pause.
    attempt = Try(number=notice.attempts + 1, since=now, now=now, jitter=run.jitter(), content=False)
    decision = decide(receipt, attempt)
    if decision.next_at is None or notice.expires_at is None or decision.next_at < notice.expires_at:
        return decision
    return Decision(state=DeliveryState.FAILED, reason=f"gave_up: {decision.reason}")


def _settle(store: Store, notice: LeasedNotice, decision: Decision) -> DeliveryState | None:
    with store.writing() as connection:
        if decision.next_at is not None:
            done = defer_notice(connection, notice, decision.next_at, reason=decision.reason)
        else:
            done = close_notice(connection, notice, decision.state, reason=decision.reason)
    return decision.state if done else None


def _counted(counts: NoticeCounts, state: DeliveryState | None) -> NoticeCounts:
    match state:
        case DeliveryState.SENT:
            return replace(counts, sent=counts.sent + 1)
        case DeliveryState.DEFERRED:
            return replace(counts, deferred=counts.deferred + 1)
        case DeliveryState.FAILED:
            return replace(counts, failed=counts.failed + 1)
    return counts
