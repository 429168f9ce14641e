"""The books of a run: leases rows in batches, settles what the connections bring back, gives leases back.

One connection to the database, used by one thread at a time. Comes in: answers. Goes out: rows that
say what became of each delivery, many to a commit.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.delivery.brake import Brake
from newsletter.delivery.canary import limit_trial
from newsletter.delivery.gate import Gate
from newsletter.delivery.journal import Journal
from newsletter.delivery.journals import journal_path
from newsletter.delivery.pace import Grant
from newsletter.delivery.parcels import Batch, Entry, Parcel
from newsletter.delivery.retry import Decision
from newsletter.delivery.run import EditionStopped, LeaseLost, Run, Withdrawn
from newsletter.delivery.settling import IN_DOUBT, ended, key_of, note_refusal, settle_late_entry, settled_of
from newsletter.model import DeliveryState, EditionId, EditionState, Outcome, Receipt
from newsletter.store.attempts import close_attempt, open_attempt, settle_delivery, settle_many, settle_one
from newsletter.store.deliveries import (
    DueRow,
    cancel_rows,
    doubt_rows,
    due_rows,
    lease_rows,
    put_off_rows,
    return_rows,
    withdrawn_reason,
)
from newsletter.store.held import Held
from newsletter.store.leases import Holder, Lease, end_lease, is_held, note_journal, renew_lease, take_chunk
from newsletter.store.progress import edition_row
from newsletter.store.revocations import last_revocation


class Clerk:
    """Leases and settles for one run over one edition."""

    def __init__(self, held: Held, edition_id: EditionId, run: Run, gate: Gate, brake: Brake) -> None:
        """Write through `held`, which is nobody else's; `gate` says how fast, `brake` hears of dead addresses."""
        self._held, self._edition_id, self.run = held, edition_id, run
        self._gate, self._brake = gate, brake
        self._lock = threading.RLock()
        self._number = 0
        self.returned = 0  # rows that came back without a try
        self.batches: list[Batch] = []
        self._settled: list[Entry] = []
        self.cancelled: list[DueRow] = []
        # Why less was leased than there may be, and when to ask again.
        self.wait: Grant | None = None

    @contextmanager
    def writing(self, waiting: deque[Entry]) -> Iterator[Connection]:
        """A transaction that first settles what is `waiting`; what it could not commit waits again."""
        with self._lock:
            entries = [waiting.popleft() for _ in range(len(waiting))]
            for entry in entries:
                entry.parcel.batch.left -= 1
            try:
                with self._held.writing() as connection:
                    self._look_for_thieves(connection)
                    self._write(connection, entries)
                    yield connection
            except BaseException:
                waiting.extendleft(reversed(entries))
                for entry in entries:
                    entry.parcel.batch.left += 1
                raise
            self._settled.extend(entries)

    def lease(self, waiting: deque[Entry], limit: int) -> list[Parcel] | None:
        """Up to `limit` due rows of the next chunk, in the run's hands now; None when no chunk has any.

        Whoever left since the release is cancelled in the same transaction. Raises EditionStopped.
        """
        now = self.run.clock()
        with self.writing(waiting) as connection:
            self._end_finished(connection)
            self._require_sending(connection)
            trial = limit_trial(connection, self._edition_id, self.run.canary, limit, now=now)
            granted = self._gate.grant(connection, trial.count, now=now) if trial.count else trial
            self.wait = granted if granted.count < trial.count or not granted.count else None
            if not granted.count:
                return None
            lease = take_chunk(connection, self._edition_id, self._holder(now), now=now)
            if lease is None:
                self.wait = None
                self._gate.give_back(connection, granted.count, now=now)
                return None
            rows = due_rows(connection, lease, now=now, limit=granted.count)
            gone = {row.subscriber_id: row.withdrawn for row in rows if row.withdrawn is not None}
            cancel_rows(connection, self._edition_id, gone, now=now)
            staying = self._put_off(connection, [row for row in rows if row.withdrawn is None], now)
            self._gate.give_back(connection, granted.count - len(staying), now=now)
            if rows:
                lease_rows(connection, lease, rows[-1].subscriber_id, now=now)
            batch = Batch(lease=lease, journal=self._begin_journal(connection, lease), left=len(staying))
            seen = last_revocation(connection)
            # Before the commit: whether it came through may stay unknown, and then the lease has to be given back.
            self.batches.append(batch)
        self._forget_finished()
        self.cancelled += [row for row in rows if row.withdrawn is not None]
        return [Parcel(row=row, batch=batch, seen=seen, domain=_domain(row)) for row in staying]

    def settle(self, waiting: deque[Entry]) -> None:
        """Write down what is waiting, renew leases, and give those back whose rows have all ended."""
        with self.writing(waiting) as connection:
            self._renew(connection)
            self._end_finished(connection)
        self._forget_finished()

    def reconsider(self, waiting: deque[Entry], parcels: Sequence[Parcel]) -> tuple[list[Parcel], list[Parcel]]:
        """Of parcels whose readers changed something: those that go out after all, and those cancelled now."""
        staying, gone, now = [], [], self.run.clock()
        with self.writing(waiting) as connection:
            seen = last_revocation(connection)
            for parcel in parcels:
                reader = parcel.row.subscriber_id
                reason = withdrawn_reason(connection, reader, now=now)
                if reason is None:
                    staying.append(replace(parcel, seen=seen))
                    continue
                if not parcel.batch.is_lost:
                    cancel_rows(connection, self._edition_id, {reader: reason}, now=now)
                parcel.batch.left -= 1
                gone.append(parcel)
        return staying, gone

    def give_back(self, parcels: Iterable[Parcel]) -> None:
        """Take note that these will not be tried in this run; their rows are queued when their lease ends."""
        with self._lock:
            for parcel in parcels:
                parcel.batch.left -= 1

    def take_settled(self) -> list[Entry]:
        """What was settled since the last call, for whoever follows the run."""
        with self._lock:
            entries, self._settled = self._settled, []
        return entries

    def open_row(self, connection: Connection, parcel: Parcel, transport: str, *, now: datetime) -> Exception | None:
        """Open a try in the tables, or say why it must not be."""
        row = parcel.row
        if parcel.batch.is_lost:
            return LeaseLost()
        if not self._is_sending(connection):
            return EditionStopped()
        # The reader's own row is read, not the notices of revocation: on PostgreSQL their numbers may
        # commit out of order, and one that was passed over would never be seen.
        reason = withdrawn_reason(connection, row.subscriber_id, now=now)
        if reason is not None:
            return Withdrawn(reason)
        key = key_of(parcel, self._edition_id)
        return None if open_attempt(self._held, key, transport=transport, at=now) else LeaseLost()

    def finish(self, waiting: deque[Entry]) -> None:
        """Give every lease back: what may have left and was not answered becomes `unknown`, the rest is queued."""
        now = self.run.clock()
        for batch in self.batches:
            # A connection that is still at work opens nothing from here on.
            batch.is_closing = True
            waiting.extend(
                _doubtful(parcel, transport, at, now) for parcel, transport, at in list(batch.opened.values())
            )
            batch.opened.clear()
        with self.writing(waiting) as connection:
            for batch in self.batches:
                batch.left = 0
            self._end_finished(connection)
        self._forget_finished()

    def _put_off(self, connection: Connection, rows: Sequence[DueRow], now: datetime) -> list[DueRow]:
        """Those of `rows` that may go now; the others wait for their domain, and no try is held against them."""
        waiting = self._gate.sort([(row.subscriber_id, _domain(row)) for row in rows], now=now, connection=connection)
        put_off_rows(connection, self._edition_id, [(each.subscriber_id, each.until, each.reason) for each in waiting])
        late = {each.subscriber_id for each in waiting}
        return [row for row in rows if row.subscriber_id not in late]

    def _begin_journal(self, connection: Connection, lease: Lease) -> Journal | None:
        """The lease's journal on disk before the lease names it: one that is missing puts every row in doubt."""
        self._number += 1
        path = journal_path(self._held.store, lease, self._number)
        if path is None:
            return None
        journal = Journal(path)
        note_journal(connection, lease, path.name)
        return journal

    def _holder(self, now: datetime) -> Holder:
        sender = self.run.sender
        return Holder(token=sender.token, boot_id=sender.boot_id, until=now + self.run.lease)

    def _look_for_thieves(self, connection: Connection) -> None:
        """Notice leases that another sender took over; exact, since nobody can commit between this and our commit."""
        if self.batches and self._held.has_news():
            for batch in self.batches:
                batch.is_lost = batch.is_lost or not is_held(connection, batch.lease)

    def _write(self, connection: Connection, entries: Sequence[Entry]) -> None:
        ours = [entry for entry in entries if not entry.parcel.batch.is_lost]
        for entry in entries:
            if entry.parcel.batch.is_lost:
                settle_late_entry(self._held, self._edition_id, entry)
        self._settle_whole([entry for entry in ours if entry.is_a_try and not entry.has_row])
        for entry in entries:
            if entry.decision.state is not DeliveryState.QUEUED:
                domain, jitter = entry.parcel.domain, self.run.jitter()
                self._gate.heard(domain, entry.receipt, now=entry.at, jitter=jitter, transport=entry.transport)
        if entries:
            self._gate.save(connection, self._edition_id, now=self.run.clock())
        for entry in ours:
            if entry.has_row:
                key = key_of(entry.parcel, self._edition_id)
                if settle_delivery(self._held, key, settled_of(entry.decision, at=entry.at), was_opened=True):
                    close_attempt(self._held, key, entry.receipt, at=entry.at)
            if entry.decision.state is DeliveryState.FAILED and self._is_dead(connection, entry):
                self._brake.bounced(entry.parcel.row.subscriber_id)

    def _is_dead(self, connection: Connection, entry: Entry) -> bool:
        return note_refusal(connection, ended(entry, self._edition_id), entry.decision)

    def _settle_whole(self, entries: Sequence[Entry]) -> None:
        rows = [ended(entry, self._edition_id) for entry in entries]
        with self._held.savepoint() as undo:
            if settle_many(self._held, rows):
                return
            undo()
        for row in rows:
            settle_one(self._held, row)

    def _end_finished(self, connection: Connection) -> None:
        for batch in self.batches:
            if batch.left > 0:
                continue
            batch.is_ended = True
            if batch.is_lost:
                continue
            if batch.journal is None:
                doubt_rows(connection, batch.lease, now=self.run.clock(), reason=IN_DOUBT)
            self.returned += return_rows(connection, batch.lease)
            end_lease(connection, batch.lease)

    def _forget_finished(self) -> None:
        """Once committed. The journal of a lost lease is its new holder's."""
        for batch in [each for each in self.batches if each.is_ended]:
            if batch.journal is not None:
                batch.journal.close() if batch.is_lost else batch.journal.delete()
            self.batches.remove(batch)

    def _renew(self, connection: Connection) -> None:
        now = self.run.clock()
        for batch in self.batches:
            if not batch.is_lost and batch.lease.until - now < self.run.lease / 2:
                batch.lease = replace(batch.lease, until=now + self.run.lease)
                renew_lease(connection, batch.lease)

    def _require_sending(self, connection: Connection) -> None:
        if not self._is_sending(connection):
            raise EditionStopped

    def _is_sending(self, connection: Connection) -> bool:
        edition = edition_row(connection, self._edition_id)
        return edition is not None and edition.state == EditionState.SENDING


def _domain(row: DueRow) -> str:
    return row.address.rpartition("@")[2].lower()


def _doubtful(parcel: Parcel, transport: str, at: datetime, now: datetime) -> Entry:
    receipt = Receipt(outcome=Outcome.UNKNOWN, reply=IN_DOUBT)
    decision = Decision(state=DeliveryState.UNKNOWN, reason=IN_DOUBT)
    has_row = parcel.batch.journal is None
    return Entry(
        parcel=parcel, receipt=receipt, decision=decision, transport=transport, at=now, opened_at=at, has_row=has_row
    )
