"""F27: readers leave while an edition is being sent; nobody is handed over after the answer to them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from ledger_rows import NOW, Hands, change, compose, interrupted, make_store, release, states

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, Envelope, Receipt, Recipient, SubscriberId
from newsletter.store import Store
from newsletter.store.deliveries import due_rows
from newsletter.store.leases import Holder, take_chunk
from newsletter.store.tables import subscribers
from newsletter.subscribers import unsubscribe

READERS = 400
MANY = 2_008  # of whom 1,000 leave


class Diary:
    """Everything in the order in which it happened: (what, address)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def late(self) -> list[str]:
        """Readers whose attempt began after they had been told that they are unsubscribed."""
        place = {line: number for number, line in enumerate(self.lines)}
        return [
            address
            for what, address in self.lines
            if what == "taken" and place.get(("gone", address), len(place)) < place["opening", address]
        ]


class Pace:
    """Keeps sender and leavers side by side: SQLite lets whoever is quicker go on and on."""

    def __init__(self) -> None:
        self.sent, self.left = threading.Semaphore(1), threading.Semaphore(0)
        self.number = 0

    def before_opening(self) -> None:
        """Let one more reader leave for every second message, and wait only for the one before."""
        self.number += 1
        if self.number % 2 == 0:
            self.sent.release()
            if self.number > 2:
                self.left.acquire(timeout=1)


class Watched(MemoryTransport):
    """Writes down when an attempt is about to be opened and when the content was taken."""

    def __init__(self, diary: Diary, pace: Pace | None = None, script: Iterable[Receipt] = ()) -> None:
        super().__init__(script)
        self._diary, self._pace = diary, pace

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        def open_and_tell() -> None:
            if self._pace is not None:
                self._pace.before_opening()
            self._diary.lines.append(("opening", envelope.recipient))
            opened()

        receipt = super().deliver(envelope, message, opened=open_and_tell)
        self._diary.lines.append(("taken", envelope.recipient))
        return receipt


def leave_one_by_one(path: Path, diary: Diary, leaving: threading.Event, pace: Pace, readers: int) -> None:
    """Unsubscribe every second reader as the web door does, from a connection of its own; answer after the commit."""
    store = Store(f"sqlite:///{path}")
    leavers = list(range(10, readers + 1, 2))
    # In no order, so that they go before, while and after their own message is at the wire.
    random.Random(27).shuffle(leavers)
    for number in leavers:
        pace.sent.acquire(timeout=10)
        unsubscribe(store, SubscriberId(number), source="one-click", now=NOW)
        diary.lines.append(("gone", f"r{number}@example.org"))
        pace.left.release()
        leaving.set()
    # Nobody is left to wait for.
    pace.left.release(readers)
    store.close()


@pytest.mark.parametrize("readers", [READERS, pytest.param(MANY, marks=pytest.mark.faults)])
def test_nobody_is_handed_over_after_their_unsubscribe_was_answered(tmp_path: Path, readers: int) -> None:
    store, diary, leaving = make_store(tmp_path), Diary(), threading.Event()
    edition_id = release(store, readers)
    pace = Pace()
    thread = threading.Thread(target=leave_one_by_one, args=(tmp_path / "newsletter.db", diary, leaving, pace, readers))

    def begin() -> None:
        # After the batch was leased, and not before the first reader has left.
        thread.start()
        leaving.wait(10)

    send_edition(store, edition_id, Hands(Watched(diary, pace, interrupted(begin, before=2))).run())
    pace.sent.release(readers)
    thread.join()

    ended = states(store, edition_id)
    store.close()
    assert diary.late() == []
    assert set(ended.values()) == {DeliveryState.SENT, DeliveryState.CANCELLED}
    # A race, and no walk-over: many left before their message went, and many after.
    assert readers // 10 < list(ended.values()).count(DeliveryState.CANCELLED) < readers // 2 - readers // 20
    assert sum(what == "taken" for what, _ in diary.lines) == list(ended.values()).count(DeliveryState.SENT)
    assert sum(what == "gone" for what, _ in diary.lines) == (readers - 8) // 2


def test_a_sender_that_reads_its_batch_and_never_looks_again_is_late(tmp_path: Path) -> None:
    # The control: the same readers, the same departures, and no look before the wire.
    store, diary = make_store(tmp_path), Diary()
    edition_id = release(store, READERS)
    transport = Watched(diary)
    with store.writing() as connection:
        lease = take_chunk(connection, edition_id, Holder(token="t", until=NOW, boot_id="b"), now=NOW)
        assert lease is not None
        batch = due_rows(connection, lease, now=NOW, limit=500)

    change(store, subscribers, 300, state="unsubscribed")
    diary.lines.append(("gone", "r300@example.org"))
    for row in batch:
        reader = Recipient(subscriber_id=row.subscriber_id, uid=row.uid, address=row.address, name=row.name, token="t")
        transport.deliver(*compose(row.variant_id, reader, NOW), opened=lambda: None)
    store.close()

    assert diary.late() == ["r300@example.org"]
