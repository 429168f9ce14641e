"""The connections of a run: each has a transport of its own and one message in flight.

Comes in: parcels. Goes out: entries in the books. A connection that dies costs only its own message.
All of them take turns in one thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from newsletter.delivery.books import Books
from newsletter.delivery.brake import Brake
from newsletter.delivery.halt import Halt
from newsletter.delivery.parcels import Dispatch, Entry, Parcel
from newsletter.delivery.retry import Decision, Try, decide
from newsletter.delivery.run import EditionStopped, LeaseLost, Run, Withdrawn
from newsletter.delivery.transports.transport import Transport
from newsletter.delivery.transports.turns import Turns
from newsletter.delivery.words import fit_for_books
from newsletter.errors import ConfigError, StoreError, TransportError
from newsletter.model import DeliveryState, Envelope, Outcome, Receipt, Recipient

Composed = Callable[[Callable[[], tuple[Envelope, bytes]]], tuple[Envelope, bytes]]

OUTAGES = 3  # tries in a row at a transport that does not work, before the run gives up
GROUP = 100  # answers that are worth a transaction at once


class Carriers:
    """As many connections as the run may have, opened when there is work for them."""

    def __init__(self, run: Run, books: Books, brake: Brake, *, room: Callable[[str], int] | None = None) -> None:
        """Prepare; `room` gives how many messages to one domain may be in flight."""
        self._run, self._books, self._brake = run, books, brake
        self._dispatch = Dispatch(room)
        self._turns: Turns | None = None
        self._composers = ThreadPoolExecutor(run.composers, "composer") if run.composers else None
        self._thread = threading.Thread(target=self._give_turns, name="connections", daemon=True)
        self._started = threading.Event()
        self._is_closed = False
        self._in_hand = 0
        self._outages = 0
        self.halt = Halt()
        self.since = run.clock()
        # What came back without a try: lost with its lease or stopped, and those whose readers changed something.
        self.returned: deque[Parcel] = deque()
        self.withdrawn: deque[Parcel] = deque()
        self._news = threading.Event()

    def __len__(self) -> int:
        """How many parcels wait for a connection."""
        return len(self._dispatch)

    def carry(self, parcels: list[Parcel]) -> None:
        """Have these carried."""
        self._dispatch.put(parcels)
        if parcels and not self._started.is_set():
            self._thread.start()
            self._started.wait()
        self._wake()

    @property
    def is_idle(self) -> bool:
        """Whether no connection has a message in hand, and nothing that came back waits to be looked at."""
        return not (self._in_hand or self._books.waiting or self.returned or self.withdrawn)

    def wait(self, seconds: float) -> None:
        """Wait until there is something to write down, at most so long."""
        self._news.wait(seconds)
        self._news.clear()

    def take_back(self) -> list[Parcel]:
        """What no connection has begun."""
        return self._dispatch.take_back()

    def end(self, *, timeout_s: float | None = None) -> None:
        """Let the messages in flight end, and the connections after them."""
        self._is_closed = True
        self._wake()
        if self._started.is_set():
            self._thread.join(timeout_s)

    def _wake(self) -> None:
        if self._turns is not None:
            self._turns.wake()

    def _give_turns(self) -> None:
        try:
            self._turns = turns = Turns()
            for _ in range(self._run.connections):
                turns.start(self._work)
            self._started.set()
            turns.run()
        except BaseException as error:  # noqa: BLE001  # nobody is above it; the run raises it
            self.halt.call(error=_without_means(error))
        finally:
            if self._composers is not None:
                self._composers.shutdown(wait=False)
            self._started.set()
            self._news.set()

    def _next(self) -> Parcel | None:
        """The next parcel, as soon as there is one; None when no more will come."""
        while not self._is_closed:
            parcel = self._dispatch.take()
            if parcel is not None:
                return parcel
            if self._turns is not None:
                self._turns.rest()
        return None

    def _work(self) -> None:
        try:
            with self._run.open_transport() as transport:
                while (parcel := self._next()) is not None:
                    self._in_hand += 1
                    try:
                        self._carry(parcel, transport)
                    finally:
                        self._in_hand -= 1
                        if self._dispatch.done(parcel):
                            self._wake()
                        if len(self._books.waiting) >= GROUP or not len(self._dispatch):
                            self._news.set()
        except BaseException as error:  # noqa: BLE001  # nobody is above it; the run raises it
            self.halt.call(error=error)
        finally:
            self._news.set()

    def _carry(self, parcel: Parcel, transport: Transport) -> None:
        if self.halt or self._run.stop():
            self.returned.append(parcel)
            return
        trip = _Trip(parcel, transport, self._books, self._run, self._composed)
        try:
            receipt = trip.deliver()
        except Withdrawn:
            self.withdrawn.append(parcel)
        except LeaseLost:
            self.returned.append(parcel)
        except EditionStopped:
            self.returned.append(parcel)
            self.halt.call()
        except TransportError as error:
            self._give_up_for_now(trip, error)
        except BaseException as error:
            # The journal or the database refuses: nothing that is not written down may leave.
            self.halt.call(error=error)
            self.returned.append(parcel)
            raise
        else:
            self._outages = 0
            self._judge(trip, receipt)

    def _composed(self, work: Callable[[], tuple[Envelope, bytes]]) -> tuple[Envelope, bytes]:
        """What `work` composes; a signature takes its time, and lets other threads run meanwhile."""
        if self._composers is None or self._turns is None:
            return work()
        return self._turns.apart(work, self._composers.submit)

    def _judge(self, trip: _Trip, receipt: Receipt) -> None:
        parcel, now = trip.parcel, self._run.clock()
        reply = fit_for_books(receipt.reply, parcel.row.address)
        if reply != receipt.reply:
            receipt = replace(receipt, reply=reply)
        attempt = Try(
            number=parcel.no,
            since=self.since,
            now=now,
            jitter=self._run.jitter(),
            content=trip.opened_at is not None and not receipt.of_reader,
        )
        decision = decide(receipt, attempt)
        self._books.close(trip.entry(receipt, decision, now))
        if decision.state is DeliveryState.SENT:
            self._brake.accepted()
        if decision.pause is not None:
            self.halt.call(pause=decision.pause)
        elif decision.counts:
            self._brake.refused(parcel.row.subscriber_id)
            self._heed_brake(decision.reason or "")

    def _give_up_for_now(self, trip: _Trip, error: TransportError) -> None:
        """Hold nothing against the reader of a message that the transport could not even begin with."""
        receipt = Receipt(outcome=Outcome.DEFERRED, reply=fit_for_books(str(error), trip.parcel.row.address))
        self._books.close(trip.entry(receipt, Decision(state=DeliveryState.QUEUED), self._run.clock()))
        self._outages += 1
        self._brake.failed()
        if error.permanent:
            self.halt.call(pause=str(error), error=error)
        elif self._outages >= OUTAGES:
            self.halt.call(error=error)
        else:
            self._heed_brake(str(error))

    def _heed_brake(self, last: str) -> None:
        if self._brake.is_pulled:
            self.halt.call(pause=f"{self._brake.why}; the last was: {last}")


class _Trip:
    """One message from its composition to the answer."""

    def __init__(self, parcel: Parcel, transport: Transport, books: Books, run: Run, composed: Composed) -> None:
        self.parcel = parcel
        self._composed = composed
        self.opened_at: datetime | None = None
        self._transport, self._books, self._run = transport, books, run
        self._name = transport.name

    def deliver(self) -> Receipt:
        """The transport's answer. What breaks for one reader alone is an answer, too: the others go on."""
        row, run = self.parcel.row, self._run
        try:
            recipient = Recipient(
                subscriber_id=row.subscriber_id,
                uid=row.uid,
                address=row.address,
                name=row.name,
                token=run.token_of(row.subscriber_id),
                preferences=run.preferences_of(row.subscriber_id, row.token_version),
            )
            envelope, message = self._composed(lambda: run.compose(row.variant_id, recipient, run.clock()))
            return self._transport.deliver(envelope, message, opened=self._open)
        except (TransportError, StoreError, ConfigError, Withdrawn, LeaseLost, EditionStopped):
            raise
        except Exception as error:  # noqa: BLE001  # a poison reader may raise anything, and must not hold up the rest
            words = f"{type(error).__name__}: {error}"[:500]
            outcome = Outcome.REFUSED if self.opened_at is None else Outcome.UNKNOWN
            return Receipt(outcome=outcome, reply=f"poison: {words}")

    def entry(self, receipt: Receipt, decision: Decision, now: datetime) -> Entry:
        """How this ended."""
        return Entry(
            parcel=self.parcel,
            receipt=receipt,
            decision=decision,
            transport=self._name,
            at=now,
            opened_at=self.opened_at,
            has_row=self._books.has_rows and self.opened_at is not None,
        )

    def _open(self) -> None:
        now = self._run.clock()
        # Asked here: a transport that fails over has chosen by now.
        self._name = self._transport.name
        self._books.open(self.parcel, transport=self._name, now=now)
        self.opened_at = now


def _without_means(error: BaseException) -> BaseException:
    """What the machine refuses to a run that has hardly begun, in a sentence."""
    if not isinstance(error, OSError):
        return error
    return TransportError(
        f"This machine gives no more connections ({error.strerror}). Nothing was sent. Close some files."
    )
