"""The books of one sender: each attempt is opened durably before the wire and closed after it.

With a relay nearby an accepted message is settled in the transaction that opens the next attempt, so
that a message costs one commit instead of two. A crash leaves one open attempt either way, but then it
may be one whose acceptance was heard already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.delivery.retry import Decision
from newsletter.delivery.run import EditionStopped, LeaseLost, Withdrawn
from newsletter.model import DeliveryState, EditionState, Outcome, Receipt
from newsletter.store.attempts import (
    AttemptKey,
    Settled,
    close_attempt,
    open_attempt,
    record_attempt,
    settle_delivery,
    settle_late,
)
from newsletter.store.deliveries import (
    DueRow,
    cancel_rows,
    doubt_rows,
    mark_bounced,
    return_rows,
    withdrawn_reason,
)
from newsletter.store.held import Held
from newsletter.store.leases import Lease, end_lease, is_held, renew_lease
from newsletter.store.progress import edition_row

IN_DOUBT = "the sender stopped between content and reply"
# A relay that takes longer than this for its answer is not slowed down by a commit of its own.
_NEARBY = timedelta(milliseconds=5)
_FINAL = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An answer that waits to be written: `was_opened` says whether the attempt has its row already."""

    key: AttemptKey
    receipt: Receipt
    decision: Decision
    at: datetime
    was_opened: bool


class Ledger:
    """Writes what happens to the rows of one lease; one thread, one held connection."""

    def __init__(self, held: Held, lease: Lease, *, transport: str, lasts: timedelta) -> None:
        """Keep the books of `lease`, which lasts so long from each renewal."""
        self._held = held
        self._lease = lease
        self._transport = transport
        self._lasts = lasts
        self._waiting: Entry | None = None
        self._opened: AttemptKey | None = None
        self._opened_at: datetime | None = None
        self._is_lost = False
        # Once anybody else has written, each later row of the batch has to be looked at again.
        self._has_news = True

    def key_of(self, row: DueRow) -> AttemptKey:
        """The key of the next attempt of this row."""
        return AttemptKey(edition_id=self._lease.edition_id, subscriber_id=row.subscriber_id, no=row.attempts + 1)

    def is_open(self, row: DueRow) -> bool:
        """Whether the attempt of this row was opened: its content may have left."""
        return self._opened == self.key_of(row)

    def begin_batch(self, connection: Connection) -> None:
        """Say that rows are read afresh in this transaction. Raises LeaseLost or EditionStopped."""
        self._held.has_news()
        self._is_lost = self._is_lost or not is_held(connection, self._lease)
        if self._is_lost:
            raise LeaseLost
        if not self._is_sending(connection):
            raise EditionStopped
        self._has_news = False

    def open(self, row: DueRow, *, now: datetime) -> None:
        """Record durably that the content of `row` is about to leave; returns after the commit.

        Raises Withdrawn (the row is cancelled), EditionStopped or LeaseLost; then nothing may leave.
        """
        stop: Exception | None = None
        with self._held.writing() as connection:
            stop = self._look(connection, row, now)
            self._write_waiting(is_ours=not isinstance(stop, LeaseLost))
            if isinstance(stop, Withdrawn):
                cancel_rows(connection, self._lease.edition_id, {row.subscriber_id: str(stop)}, now=now)
            elif stop is None and not open_attempt(self._held, self.key_of(row), transport=self._transport, at=now):
                stop = Withdrawn("the row was settled by somebody else")
        self._waiting = None
        if stop is not None:
            raise stop
        self._opened, self._opened_at = self.key_of(row), now

    def settle(self, row: DueRow, receipt: Receipt, decision: Decision, *, now: datetime) -> bool:
        """Take down an answer; gives whether the reader was marked as bounced.

        Quick acceptances wait for the next `open` or `close`; everything else is committed at once.
        """
        was_opened = self.is_open(row)
        entry = Entry(key=self.key_of(row), receipt=receipt, decision=decision, at=now, was_opened=was_opened)
        if decision.state is DeliveryState.SENT and self._opened_at is not None and now - self._opened_at < _NEARBY:
            self._waiting = entry
            return False
        with self._held.writing() as connection:
            is_ours = self._is_ours(connection)
            self._write_waiting(is_ours=is_ours)
            self._write(entry, is_ours=is_ours)
            bounced = is_ours and decision.bounced and mark_bounced(connection, row.subscriber_id)
        self._waiting = None
        return bounced

    def close(self, *, now: datetime) -> None:
        """Give the lease back: what waits is written, open attempts become `unknown`, the rest is queued."""
        with self._held.writing() as connection:
            is_ours = self._is_ours(connection)
            self._write_waiting(is_ours=is_ours)
            if is_ours:
                doubt_rows(connection, self._lease, now=now, reason=IN_DOUBT)
                return_rows(connection, self._lease)
                end_lease(connection, self._lease)
        self._waiting = None

    def _look(self, connection: Connection, row: DueRow, now: datetime) -> Exception | None:
        """Why this row must not go out after all, read in the transaction that would open it."""
        if not self._is_ours(connection):
            return LeaseLost()
        if self._has_news and not self._is_sending(connection):
            return EditionStopped()
        if self._lease.until - now < self._lasts / 2:
            self._lease = replace(self._lease, until=now + self._lasts)
            renew_lease(connection, self._lease)
        # The reader's own rows are read, not the notices of revocation: on PostgreSQL their numbers
        # may commit out of order, and one that was passed over would never be seen.
        reason = withdrawn_reason(connection, row.subscriber_id, now=now) if self._has_news else None
        return None if reason is None else Withdrawn(reason)

    def _is_sending(self, connection: Connection) -> bool:
        edition = edition_row(connection, self._lease.edition_id)
        return edition is not None and edition.state == EditionState.SENDING

    def _is_ours(self, connection: Connection) -> bool:
        if self._held.has_news():
            self._has_news = True
            self._is_lost = self._is_lost or not is_held(connection, self._lease)
        return not self._is_lost

    def _write_waiting(self, *, is_ours: bool) -> None:
        if self._waiting is not None:
            self._write(self._waiting, is_ours=is_ours)

    def _write(self, entry: Entry, *, is_ours: bool) -> None:
        """Settle under our lease, else late: an own attempt may turn its `unknown` into `sent`."""
        decision = entry.decision
        if not is_ours:
            if entry.was_opened:
                close_attempt(self._held, entry.key, entry.receipt, at=entry.at)
                if entry.receipt.outcome is Outcome.ACCEPTED:
                    settle_late(self._held, entry.key, at=entry.at)
            return
        settled = Settled(
            state=decision.state,
            reason=decision.reason,
            next_at=decision.next_at,
            settled_at=entry.at if decision.state in _FINAL else None,
        )
        moved = settle_delivery(self._held, entry.key, settled, was_opened=entry.was_opened)
        if not moved:
            return
        if not entry.was_opened:
            record_attempt(self._held, entry.key, transport=self._transport, at=entry.at)
        close_attempt(self._held, entry.key, entry.receipt, at=entry.at)
