"""Runs that end in a hurry, or with a broken thread: the clerk gives its leases back while others are still at work."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from ledger_rows import Clock, Hands, release, states

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, Envelope, Receipt
from newsletter.store import Store

SENT, QUEUED, UNKNOWN = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.UNKNOWN


class Stubborn(MemoryTransport):
    """Asks to open only when `may_open` is set, as while a relay thinks about RCPT; `asked` tells that it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_open, self.is_over = threading.Event(), threading.Event(), threading.Event()

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        self.asked.set()
        assert self.may_open.wait(20)
        try:
            return super().deliver(envelope, message, opened=opened)
        finally:
            self.is_over.set()


def test_a_run_that_ends_in_a_hurry_doubles_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # The clerk gives the leases back while a connection is still at RCPT: whoever opens after it has
    # counted the open tries, and before its commit, must be turned away.
    monkeypatch.setattr("newsletter.delivery.engine.HURRY_S", 0.05)
    edition_id = release(store, 1)
    slow, second = Stubborn(), MemoryTransport()
    is_locked = threading.Event()

    def hold_the_lock() -> None:
        with store.writing():
            is_locked.set()
            # By now the run has ended in a hurry, and waits for this very lock to give its leases back.
            threading.Event().wait(0.5)
            slow.may_open.set()
            slow.is_over.wait(5)

    holder = threading.Thread(target=hold_the_lock)

    def interrupt() -> bool:
        if threading.current_thread() is threading.main_thread() and slow.asked.is_set():
            holder.start()
            assert is_locked.wait(5)
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        send_edition(store, edition_id, Hands(slow).run(stop=interrupt))
    holder.join()
    send_edition(store, edition_id, Hands(second, token="here.2.2.b").run())

    assert len(slow.carried) + len(second.carried) <= 1


def test_a_thread_that_breaks_behind_the_answer_ends_the_run(store: Store) -> None:
    # As when memory runs out there (F22).
    edition_id, clock = release(store, 3), Clock()
    transport, ended = MemoryTransport(), list[object]()
    is_given_up = threading.Event()

    def broken() -> float:
        if threading.current_thread().name != "run" and len(transport.carried) == 2:
            raise MemoryError
        return 0.5

    def stop() -> bool:
        if is_given_up.is_set() and threading.current_thread().name == "run":
            raise KeyboardInterrupt
        return False

    def work() -> None:
        try:
            ended.append(send_edition(store, edition_id, Hands(transport, clock=clock).run(jitter=broken, stop=stop)))
        except BaseException as error:  # noqa: BLE001  # a thread's end has to be seen outside it
            ended.append(error)

    thread = threading.Thread(target=work, name="run")
    thread.start()
    thread.join(2)
    hung = thread.is_alive()
    is_given_up.set()
    thread.join(10)

    assert not hung
    assert isinstance(ended[0], MemoryError)
    assert states(store, edition_id) == {1: SENT, 2: UNKNOWN, 3: QUEUED}
