"""Where a try is written down before its content leaves, and its answer before the next one begins.

Two ways with one promise, that a crash leaves at most one open try per connection: a journal beside
SQLite's file, and the tables themselves on PostgreSQL, where one commit serves every connection that
waits for it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsletter.delivery.clerk import Clerk
from newsletter.delivery.parcels import Entry, Parcel
from newsletter.delivery.run import LeaseLost, Withdrawn
from newsletter.delivery.transports.turns import Turns, turns_here
from newsletter.delivery.watch import Watch
from newsletter.errors import StoreError


class Books(Protocol):
    """Called by every connection; `waiting` holds the answers the database has not got yet."""

    waiting: deque[Entry]
    has_rows: bool

    def open(self, parcel: Parcel, *, transport: str, now: datetime) -> None:
        """Write down that content is about to leave, so that a crash does not forget it.

        Raises Withdrawn, EditionStopped or LeaseLost, or StoreError; then nothing may leave.
        """
        ...

    def close(self, entry: Entry) -> None:
        """Write down how a try ended, or have it written before this connection opens another."""
        ...


class JournalBooks:
    """For SQLite on disk: a line in the lease's journal, then a look at what others have committed."""

    has_rows = False

    def __init__(self, watch: Watch) -> None:
        """Look through `watch`."""
        self._watch = watch
        self.waiting: deque[Entry] = deque()

    def open(self, parcel: Parcel, *, transport: str, now: datetime) -> None:
        """Write the line, then look: whatever is committed before the look is heard."""
        row, batch = parcel.row, parcel.batch
        if batch.journal is None:
            raise AssertionError("a lease on SQLite has a journal")
        batch.journal.opened(row.subscriber_id, parcel.no, transport, now)
        # Before the look: whoever closes the batch meanwhile finds it here, or is found by the look.
        batch.opened[row.subscriber_id] = (parcel, transport, now)
        try:
            self._watch.look(parcel)
            if batch.is_closing:
                raise LeaseLost
        except BaseException:
            batch.opened.pop(row.subscriber_id, None)
            batch.journal.withdrew(row.subscriber_id, parcel.no)
            raise

    def close(self, entry: Entry) -> None:
        """Write the line, and leave the rest to the next transaction of the clerk."""
        parcel = entry.parcel
        try:
            if parcel.batch.journal is not None and entry.is_a_try:
                answer = (entry.receipt, entry.at)
                parcel.batch.journal.ended(parcel.row.subscriber_id, parcel.no, entry.transport, answer)
        finally:
            _leave_to_clerk(entry, self.waiting)


def _leave_to_clerk(entry: Entry, waiting: deque[Entry]) -> None:
    # In this order: what is neither open nor waiting would be taken for not sent.
    waiting.append(entry)
    entry.parcel.batch.opened.pop(entry.parcel.row.subscriber_id, None)


@dataclass(kw_only=True, slots=True, eq=False)
class _Ticket:
    """A connection's wish to send; `fault` says why it must not."""

    parcel: Parcel
    transport: str
    now: datetime
    is_done: bool = False
    fault: BaseException | None = None


class TableBooks:
    """For PostgreSQL: whoever comes first commits for all who wait, answers first, then beginnings."""

    has_rows = True

    def __init__(self, clerk: Clerk) -> None:
        """Write through `clerk`."""
        self._clerk = clerk
        self.waiting: deque[Entry] = deque()
        self._tickets: deque[_Ticket] = deque()
        self._is_writing = False

    def open(self, parcel: Parcel, *, transport: str, now: datetime) -> None:
        """Return once a commit holds this beginning."""
        ticket = _Ticket(parcel=parcel, transport=transport, now=now)
        self._tickets.append(ticket)
        while not ticket.is_done:
            self._take_part(turns_here())
        if ticket.fault is not None:
            raise ticket.fault
        parcel.batch.opened[parcel.row.subscriber_id] = (parcel, transport, now)

    def close(self, entry: Entry) -> None:
        """Leave it to the next commit, which comes before this connection's next message."""
        _leave_to_clerk(entry, self.waiting)

    def _take_part(self, turns: Turns | None) -> None:
        """Commit for everybody, or rest while somebody else does; alone in its thread, just commit."""
        if turns is None:
            self._write()
        elif self._is_writing:
            turns.rest()
        else:
            self._is_writing = True
            try:
                turns.apart(self._write)
            except OSError as error:
                raise StoreError(
                    f"The attempt could not be written down: {error.strerror}. Nothing was sent."
                ) from error
            finally:
                self._is_writing = False
                turns.wake()

    def _write(self) -> None:
        tickets = [self._tickets.popleft() for _ in range(len(self._tickets))]
        try:
            with self._clerk.writing(self.waiting) as connection:
                for ticket in tickets:
                    ticket.fault = self._clerk.open_row(connection, ticket.parcel, ticket.transport, now=ticket.now)
        except BaseException as error:  # noqa: BLE001  # each thread raises it from its own ticket
            for ticket in tickets:
                if not isinstance(ticket.fault, Withdrawn):
                    ticket.fault = error
        for ticket in tickets:
            ticket.is_done = True
