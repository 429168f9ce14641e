"""The engine: lease a chunk, hand its messages to the transport, settle, until nothing is due.

One connection to the database, one to the relay, one message in flight. Called by the desk; may
run in several threads, processes and machines at once, and be killed at any moment.
"""

from __future__ import annotations

from dataclasses import replace

from newsletter.delivery.balance import Balance, balance_of, verify
from newsletter.delivery.brake import Brake
from newsletter.delivery.ledger import Ledger
from newsletter.delivery.recover import recover, resend_unknown
from newsletter.delivery.retry import Decision, Try, decide
from newsletter.delivery.run import EditionStopped, LeaseLost, OnUnknown, Run, Withdrawn
from newsletter.delivery.words import fit_for_books
from newsletter.errors import ConfigError, StoreError, TransportError
from newsletter.model import DeliveryState, EditionId, EditionState, Outcome, Receipt, Recipient
from newsletter.store.deliveries import (
    DueRow,
    cancel_open,
    cancel_rows,
    due_rows,
    lease_rows,
    put_back,
    unmark_bounced,
)
from newsletter.store.engine import Store
from newsletter.store.held import Held, hold
from newsletter.store.leases import Holder, Lease, take_chunk
from newsletter.store.progress import edition_row, finish_edition, pause_edition

OUTAGES = 3  # tries in a row at a transport that does not work, before the run gives up


def send_edition(store: Store, edition_id: EditionId, run: Run) -> Balance:
    """Send what is due of an edition, and give its balance afterwards.

    Takes up what dead senders left, then works until nothing is due, the edition is paused or
    cancelled, or `run.stop` says so. Deferred rows wait for a later call. The edition becomes
    `sent` when no row is queued, leased or deferred. Safe to repeat and to run beside others.

    Raises TransportError when the transport does not work at all; a permanent one has paused the
    edition. Raises StoreError before the first message if the edition's numbers do not add up.
    Whatever is raised, rows that had not begun are queued again.
    """
    recover(store, edition_id, sender=run.sender, now=run.clock())
    if run.on_unknown is OnUnknown.RESEND:
        resend_unknown(store, edition_id, now=run.clock())
    with store.reading() as connection:
        before = balance_of(connection, edition_id)
    verify(before)
    with hold(store) as held:
        if before.state is EditionState.SENDING:
            _Engine(held, edition_id, run, before).send()
        _conclude(held, edition_id, run)
    with store.reading() as connection:
        return balance_of(connection, edition_id)


def _conclude(held: Held, edition_id: EditionId, run: Run) -> None:
    """Mark the edition as sent if it is; cancel what is left of a cancelled one."""
    now = run.clock()
    with held.writing() as connection:
        edition = edition_row(connection, edition_id)
        if edition is not None and edition.state == EditionState.CANCELLED:
            cancel_open(connection, edition_id, reason=edition.reason or "the edition was cancelled", now=now)
        finish_edition(connection, edition_id, now=now, waits_for_unknown=run.on_unknown is OnUnknown.RESEND)


class _Engine:
    """One run over one edition."""

    def __init__(self, held: Held, edition_id: EditionId, run: Run, before: Balance) -> None:
        self._held = held
        self._edition_id = edition_id
        self._run = run
        self._since = run.clock()
        self._told = before
        self._brake = Brake(run.refusals)
        self._outages = 0

    def send(self) -> None:
        """Work through chunks until none is due."""
        with self._held.writing() as connection:
            edition = edition_row(connection, self._edition_id)
        if edition is not None and edition.released_at is not None:
            self._since = edition.released_at
        while not self._run.stop():
            lease = self._take()
            if lease is None:
                if self._recover():
                    continue
                return
            try:
                self._work(lease)
            except LeaseLost:
                continue
            except EditionStopped:
                return
            # SQLite's log grows by some 12 KB a message and is never folded by itself; writing over
            # a short log also syncs twice as fast as growing a long one.
            self._held.store.checkpoint()

    def _recover(self) -> bool:
        """Whether a sender beside us has died meanwhile and left work."""
        run = self._run
        return recover(self._held.store, self._edition_id, sender=run.sender, now=run.clock()).leases > 0

    def _take(self) -> Lease | None:
        now, sender = self._run.clock(), self._run.sender
        holder = Holder(token=sender.token, boot_id=sender.boot_id, until=now + self._run.lease)
        with self._held.writing() as connection:
            return take_chunk(connection, self._edition_id, holder, now=now)

    def _work(self, lease: Lease) -> None:
        ledger = Ledger(self._held, lease, transport=self._run.transport.name, lasts=self._run.lease)
        try:
            while rows := self._batch(lease, ledger):
                for row in rows:
                    if self._run.stop():
                        return
                    self._carry(row, ledger)
        finally:
            ledger.close(now=self._run.clock())

    def _batch(self, lease: Lease, ledger: Ledger) -> list[DueRow]:
        """Lease the next due rows; whoever left since the release is cancelled in the same transaction."""
        now = self._run.clock()
        with self._held.writing() as connection:
            ledger.begin_batch(connection)
            rows = due_rows(connection, lease, now=now, limit=self._run.batch)
            gone = {row.subscriber_id: row.withdrawn for row in rows if row.withdrawn is not None}
            cancel_rows(connection, self._edition_id, gone, now=now)
            if rows:
                lease_rows(connection, lease, rows[-1].subscriber_id, now=now)
        for row in rows:
            if row.withdrawn is not None:
                self._tell(row, DeliveryState.CANCELLED)
        return [row for row in rows if row.withdrawn is None]

    def _carry(self, row: DueRow, ledger: Ledger) -> None:
        """One message, from its composition to the books."""
        try:
            receipt = self._deliver(row, ledger)
        except Withdrawn:
            self._tell(row, DeliveryState.CANCELLED)
            return
        except TransportError as error:
            self._give_up_for_now(row, ledger, error)
            return
        self._outages = 0
        reply = fit_for_books(receipt.reply, row.address)
        if reply != receipt.reply:
            receipt = replace(receipt, reply=reply)
        now = self._run.clock()
        decision = decide(
            receipt,
            Try(
                number=row.attempts + 1,
                since=self._since,
                now=now,
                jitter=self._run.jitter(),
                content=ledger.is_open(row),
            ),
        )
        self._settle(row, ledger, receipt, decision)

    def _deliver(self, row: DueRow, ledger: Ledger) -> Receipt:
        """The transport's answer. What breaks for one reader alone is an answer, too: the others go on."""
        run, now = self._run, self._run.clock()
        try:
            recipient = Recipient(
                subscriber_id=row.subscriber_id,
                uid=row.uid,
                address=row.address,
                name=row.name,
                token=run.token_of(row.subscriber_id),
                preferences=run.preferences_of(row.subscriber_id, row.token_version),
            )
            envelope, message = run.compose(row.variant_id, recipient, now)
            return run.transport.deliver(envelope, message, opened=lambda: ledger.open(row, now=run.clock()))
        except (TransportError, StoreError, ConfigError, Withdrawn, LeaseLost, EditionStopped):
            raise
        except Exception as error:  # noqa: BLE001  # a poison reader may raise anything, and must not hold up the rest
            words = f"{type(error).__name__}: {error}"[:500]
            outcome = Outcome.UNKNOWN if ledger.is_open(row) else Outcome.REFUSED
            return Receipt(outcome=outcome, reply=f"poison: {words}")

    def _settle(self, row: DueRow, ledger: Ledger, receipt: Receipt, decision: Decision) -> None:
        bounced = ledger.settle(row, receipt, decision, now=self._run.clock())
        self._tell(row, decision.state)
        if decision.state is DeliveryState.SENT:
            self._brake.accepted()
        if decision.pause is not None:
            self._pause_edition(decision.pause)
            raise EditionStopped
        if decision.counts:
            self._brake.refused(row.subscriber_id, bounced=bounced)
            self._heed_brake(decision.reason or "")

    def _give_up_for_now(self, row: DueRow, ledger: Ledger, error: TransportError) -> None:
        """Hold nothing against the reader of a message that the transport could not even begin with."""
        if ledger.is_open(row):
            receipt = Receipt(outcome=Outcome.DEFERRED, reply=fit_for_books(str(error), row.address))
            ledger.settle(row, receipt, Decision(state=DeliveryState.QUEUED), now=self._run.clock())
        self._outages += 1
        self._brake.failed()
        if error.permanent:
            self._pause_edition(str(error))
        if error.permanent or self._outages >= OUTAGES:
            raise error
        self._heed_brake(str(error))

    def _heed_brake(self, last: str) -> None:
        """Stop after too many refusals in a row, and leave their readers as they were."""
        if not self._brake.is_pulled:
            return
        now = self._run.clock()
        with self._held.writing() as connection:
            put_back(connection, self._edition_id, self._brake.refused_ids)
            unmark_bounced(connection, self._brake.bounced_ids)
            reason = f"{self._run.refusals} refusals in a row; the last was: {last}"
            pause_edition(connection, self._edition_id, reason=fit_for_books(reason), now=now)
        raise EditionStopped

    def _pause_edition(self, reason: str) -> None:
        with self._held.writing() as connection:
            pause_edition(connection, self._edition_id, reason=fit_for_books(reason), now=self._run.clock())

    def _tell(self, row: DueRow, state: DeliveryState) -> None:
        """Report the balance as this sender sees it; counting rows each time would grow with the edition."""
        if self._run.progress is None:
            return
        by_state = dict(self._told.by_state)
        by_state[row.state] -= 1
        by_state[state] += 1
        self._told = replace(self._told, by_state=by_state)
        self._run.progress(self._told)
