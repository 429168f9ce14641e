"""The engine: lease a chunk, hand its messages to the connections, settle what they bring back, until nothing is due.

Read this first. Of two threads one, the clerk's, does everything that touches the database, many rows to a
commit. In the other one the connections to the relay take turns, each with one message in flight. Called by the
desk; may run in several threads, processes and machines at once, and be killed at any moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from newsletter.delivery.balance import Balance, balance_of, verify
from newsletter.delivery.books import Books, JournalBooks, TableBooks
from newsletter.delivery.brake import Brake
from newsletter.delivery.carriers import Carriers
from newsletter.delivery.clerk import Clerk
from newsletter.delivery.gate import Gate, open_gate
from newsletter.delivery.journals import remove_orphans
from newsletter.delivery.pace import Grant
from newsletter.delivery.parcels import Entry, Parcel
from newsletter.delivery.recover import recover, resend_unknown
from newsletter.delivery.run import EditionStopped, OnUnknown, Run
from newsletter.delivery.seeds import send_seeds
from newsletter.delivery.settling import smtp_source
from newsletter.delivery.watch import Watch
from newsletter.delivery.words import fit_for_books
from newsletter.model import DeliveryState, EditionId, EditionState
from newsletter.store.bounces import take_back_bounces
from newsletter.store.deliveries import DueRow, cancel_open, put_back, unmark_bounced
from newsletter.store.engine import Store
from newsletter.store.held import Held, hold
from newsletter.store.progress import edition_row, finish_edition, note_wait, pause_edition

LOOK_S = 0.1  # how long an answer may wait for others to be written with it
HURRY_S = 2.0  # how long a second Ctrl-C waits for the threads


def send_edition(store: Store, edition_id: EditionId, run: Run) -> Balance:
    """Send what is due of an edition, and give its balance afterwards.

    Takes up what dead senders left, then works until nothing is due, the edition is paused or
    cancelled, or `run.stop` says so. Deferred rows wait for a later call. The edition becomes
    `sent` when no row is queued, leased or deferred. Safe to repeat and to run beside others.

    Raises TransportError when the transport does not work at all; a permanent one has paused the
    edition. Raises StoreError before the first message if the edition's numbers do not add up.
    Whatever is raised, rows that had not begun are queued again.
    """
    recover(store, edition_id, sender=run.sender, now=run.clock(), jitter=run.jitter)
    remove_orphans(store, is_gone=run.sender.is_gone)
    if run.on_unknown is OnUnknown.RESEND:
        resend_unknown(store, edition_id, now=run.clock())
    with store.reading() as connection:
        before, edition = balance_of(connection, edition_id), edition_row(connection, edition_id)
    verify(before)
    waits: Grant | None = None
    with hold(store) as held:
        if before.state is EditionState.SENDING:
            send_seeds(store, edition_id, run)
            brake, gate = Brake(run.refusals), _gate(held, run)
            clerk = Clerk(held, edition_id, run, gate, brake)
            with _books(store, edition_id, clerk) as books:
                room = None if run.pace.per_domain is None else gate.room
                carriers = Carriers(run, books, brake, room=room)
                if edition is not None and edition.released_at is not None:
                    carriers.since = edition.released_at
                _Engine(clerk, books, brake, carriers, gate, before).send(held, edition_id)
            waits = clerk.wait
        _conclude(held, edition_id, run, waits)
    with store.reading() as connection:
        return balance_of(connection, edition_id)


def _conclude(held: Held, edition_id: EditionId, run: Run, waits: Grant | None) -> None:
    """Mark the edition as sent if it is, or say what it waits for; cancel what is left of a cancelled one."""
    now = run.clock()
    with held.writing() as connection:
        edition = edition_row(connection, edition_id)
        if edition is not None and edition.state == EditionState.CANCELLED:
            cancel_open(connection, edition_id, reason=edition.reason or "the edition was cancelled", now=now)
        note_wait(connection, edition_id, reason="" if waits is None else waits.reason)
        finish_edition(connection, edition_id, now=now, waits_for_unknown=run.on_unknown is OnUnknown.RESEND)


def _gate(held: Held, run: Run) -> Gate:
    name = "" if run.circuits is None else run.circuits.names[0]
    with held.writing() as connection:
        return open_gate(connection, run.pace, transport=run.transport or name, now=run.clock(), circuits=run.circuits)


@contextmanager
def _books(store: Store, edition_id: EditionId, clerk: Clerk) -> Iterator[Books]:
    if store.path is None:
        yield TableBooks(clerk)
        return
    with Watch(store, edition_id) as watch:
        yield JournalBooks(watch)


class _Engine:
    """One run over one edition."""

    def __init__(
        self, clerk: Clerk, books: Books, brake: Brake, carriers: Carriers, gate: Gate, before: Balance
    ) -> None:
        self._clerk, self._books, self._brake, self._carriers, self._gate = clerk, books, brake, carriers, gate
        self._run = clerk.run
        self._told = before
        self._is_drained = False

    def send(self, held: Held, edition_id: EditionId) -> None:
        """Work through chunks until none is due; whatever happens, give every lease back."""
        try:
            while self._go_on(held, edition_id):
                pass
            self._carriers.end()
        except BaseException:
            self._carriers.halt.call()
            self._carriers.end(timeout_s=HURRY_S)
            raise
        finally:
            self._clerk.finish(self._books.waiting)
            self._tell()
            self._heed_halt(held, edition_id)
        if self._carriers.halt.error is not None:
            raise self._carriers.halt.error

    def _go_on(self, held: Held, edition_id: EditionId) -> bool:
        """One round: write down what came back, lease more; False when nothing is in hand and nothing is due."""
        carriers, waiting = self._carriers, self._books.waiting
        self._sort_returned()
        if self._is_over() or self._gate.has_moved():
            # What was granted for one transport must not outrun the limits of another.
            self._clerk.give_back(carriers.take_back())
            self._clerk.settle(waiting)
        elif not self._is_drained and not self._is_paced() and len(carriers) < 2 * self._run.connections:
            self._fill(held.store)
        else:
            self._clerk.settle(waiting)
        self._tell()
        if self._is_over() and carriers.is_idle:
            # What a broken connection left without an end is seen to when the leases are given back.
            return False
        if any(batch.left for batch in self._clerk.batches):
            carriers.wait(LOOK_S)
            return True
        if waiting or carriers.returned or carriers.withdrawn:
            return True
        self._clerk.settle(waiting)
        return not self._is_over() and self._finds_more(held.store, edition_id)

    def _finds_more(self, store: Store, edition_id: EditionId) -> bool:
        """Whether more may go out in this run: when the pace allows, or from a sender that died beside us."""
        if self._is_paced():
            left = self._left_to_wait()
            # Exactly so long: a limit by the second is worth little if it is asked ten times a second.
            self._carriers.wait(min(LOOK_S, left.total_seconds()))
            return left <= self._run.patience
        returned, self._clerk.returned = self._clerk.returned, 0
        if self._is_drained and not returned and not self._recover(store, edition_id):
            return False
        self._is_drained = False
        return True

    def _is_over(self) -> bool:
        return bool(self._carriers.halt) or self._run.stop()

    def _fill(self, store: Store) -> None:
        """Lease the next chunk."""
        # SQLite's log grows and is never folded by itself; writing over a short log also syncs
        # twice as fast as growing a long one.
        store.checkpoint()
        try:
            parcels = self._clerk.lease(self._books.waiting, self._run.batch)
        except EditionStopped:
            self._carriers.halt.call()
            return
        if parcels is None:
            self._is_drained = self._clerk.wait is None
            self._clerk.settle(self._books.waiting)
        else:
            self._carriers.carry(parcels)

    def _is_paced(self) -> bool:
        """Whether the pace lets nothing more leave for now."""
        return self._left_to_wait() > timedelta()

    def _left_to_wait(self) -> timedelta:
        """How long the pace lets nothing leave."""
        wait = self._clerk.wait
        if wait is None or wait.next_at is None:
            return timedelta()
        return max(wait.next_at - self._run.clock(), timedelta())

    def _sort_returned(self) -> None:
        """Look at what came back without a try: lost or stopped rows rest, changed readers are asked again."""
        carriers = self._carriers
        self._clerk.give_back(_taken(carriers.returned))
        withdrawn = _taken(carriers.withdrawn)
        if withdrawn:
            staying, gone = self._clerk.reconsider(self._books.waiting, withdrawn)
            self._clerk.cancelled += [parcel.row for parcel in gone]
            carriers.carry(staying)

    def _recover(self, store: Store, edition_id: EditionId) -> bool:
        """Whether a sender beside us has died meanwhile and left work."""
        run = self._run
        return recover(store, edition_id, sender=run.sender, now=run.clock(), jitter=run.jitter).leases > 0

    def _heed_halt(self, held: Held, edition_id: EditionId) -> None:
        """Pause the edition when the run ended for a reason, and leave the readers behind it as they were."""
        reason = self._carriers.halt.pause
        if reason is None:
            return
        now = self._run.clock()
        with held.writing() as connection:
            if self._brake.is_pulled:
                put_back(connection, edition_id, self._brake.refused_ids)
                unmark_bounced(connection, self._brake.bounced_ids)
                source = smtp_source(edition_id)
                take_back_bounces(connection, edition_id, self._brake.refused_ids, source=source)
            pause_edition(connection, edition_id, reason=fit_for_books(reason), now=now)

    def _tell(self) -> None:
        """Report the balance as this sender sees it; counting rows each time would grow with the edition."""
        entries = self._clerk.take_settled()
        cancelled, self._clerk.cancelled = self._clerk.cancelled, []
        if self._run.progress is None or not (entries or cancelled):
            return
        self._told = replace(self._told, by_state=_moved(self._told, entries, cancelled))
        self._run.progress(self._told)


def _taken(parcels: deque[Parcel]) -> list[Parcel]:
    """Everything a list holds by now, while threads go on filling it."""
    return [parcels.popleft() for _ in range(len(parcels))]


def _moved(before: Balance, entries: Sequence[Entry], cancelled: Sequence[DueRow]) -> dict[DeliveryState, int]:
    by_state = dict(before.by_state)
    for row, state in [
        *((entry.parcel.row, entry.decision.state) for entry in entries),
        *((row, DeliveryState.CANCELLED) for row in cancelled),
    ]:
        by_state[row.state] -= 1
        by_state[state] += 1
    return by_state
