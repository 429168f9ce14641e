"""What is found of dead senders, and who is believed to be dead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from ledger_rows import (
    NOW,
    Clock,
    Hands,
    attempts_of,
    delivery_of,
    release,
    rows,
    tally,
)

from newsletter.delivery import Recovered, Sender, recover, send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionId, Envelope, Receipt
from newsletter.store import Store
from newsletter.store.attempts import AttemptKey, open_attempt
from newsletter.store.deliveries import due_rows, lease_rows
from newsletter.store.held import hold
from newsletter.store.leases import Holder, Lease, take_chunk
from newsletter.store.tables import chunks

SENT, QUEUED, UNKNOWN = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.UNKNOWN
ME = Sender(token="here.2.2.b", boot_id="boot-1", is_gone=lambda _token: False)


def abandon(store: Store, edition_id: EditionId, *, opened: int = 0, boot_id: str = "boot-1") -> Lease:
    """Do what a sender has done when it is killed: lease a chunk, and open one reader's attempt."""
    with hold(store) as held, held.writing() as connection:
        lease = take_chunk(
            connection,
            edition_id,
            Holder(token="here.1.1.a", until=NOW + timedelta(minutes=2), boot_id=boot_id),
            now=NOW,
        )
        assert lease is not None
        found = due_rows(connection, lease, now=NOW, limit=500)
        lease_rows(connection, lease, found[-1].subscriber_id, now=NOW)
        for row in found[:opened]:
            key = AttemptKey(edition_id=edition_id, subscriber_id=row.subscriber_id, no=1)
            assert open_attempt(held, key, transport="relay", at=NOW)
    return lease


def test_an_expired_lease_is_taken_apart(store: Store) -> None:
    edition_id = release(store, 3)
    abandon(store, edition_id, opened=1)

    found = recover(store, edition_id, sender=ME, now=NOW + timedelta(minutes=2))

    assert found == Recovered(leases=1, queued=2, unknown=1)
    assert tally(store, edition_id) == {UNKNOWN: 1, QUEUED: 2}
    assert attempts_of(store, 1)[0].outcome == "unknown"
    assert rows(store, chunks)[0].state == "open"


def test_open_attempt_is_unknown_not_sent(store: Store) -> None:
    edition_id = release(store, 1)
    abandon(store, edition_id, opened=1)

    recover(store, edition_id, sender=ME, now=NOW + timedelta(minutes=2))

    assert delivery_of(store, 1).state == int(UNKNOWN)
    assert delivery_of(store, 1).reason == "the sender stopped between content and reply"
    assert rows(store, chunks)[0].state == "done"


def test_a_living_sender_is_left_alone(store: Store) -> None:
    edition_id = release(store, 3)
    abandon(store, edition_id, opened=1)

    assert recover(store, edition_id, sender=ME, now=NOW + timedelta(seconds=119)) == Recovered()


def test_a_dead_process_is_not_waited_for(store: Store) -> None:
    edition_id = release(store, 3)
    abandon(store, edition_id, opened=1)
    me = Sender(token="here.2.2.b", boot_id="boot-1", is_gone=lambda token: token == "here.1.1.a")

    assert recover(store, edition_id, sender=me, now=NOW) == Recovered(leases=1, queued=2, unknown=1)


def test_a_lease_from_before_the_power_cut_is_dead(store: Store) -> None:
    edition_id = release(store, 2)
    abandon(store, edition_id, opened=1, boot_id="boot-0")

    assert recover(store, edition_id, sender=ME, now=NOW) == Recovered(leases=1, queued=1, unknown=1)


def test_recovering_twice_finds_nothing_more(store: Store) -> None:
    edition_id = release(store, 2)
    abandon(store, edition_id)
    later = NOW + timedelta(minutes=2)

    assert recover(store, edition_id, sender=ME, now=later).queued == 2
    assert recover(store, edition_id, sender=ME, now=later) == Recovered()


def test_kill_after_lease_loses_nobody(store: Store) -> None:
    edition_id = release(store, 5, chunk=2)
    abandon(store, edition_id)
    transport = MemoryTransport()

    send_edition(store, edition_id, Hands(transport, gone=lambda _: True).run())

    assert tally(store, edition_id) == {SENT: 5}


def test_a_cursor_moved_at_fetch_would_have_lost_them(store: Store) -> None:
    # The control: a sender that remembers only how far it has read, as mailing programs do. Here it
    # is killed after the second of five.
    edition_id = release(store, 5)
    cursor, mailed = 0, []
    with store.writing() as connection:
        lease = take_chunk(connection, edition_id, Holder(token="t", until=NOW, boot_id="b"), now=NOW)
        assert lease is not None
        batch = due_rows(connection, lease, now=NOW, limit=500)
    cursor = batch[-1].subscriber_id
    mailed += [row.subscriber_id for row in batch[:2]]

    mailed += [row.subscriber_id for row in batch if row.subscriber_id > cursor]

    assert sorted({row.subscriber_id for row in batch} - set(mailed)) == [3, 4, 5]


def test_a_sender_that_dies_beside_us_is_taken_over_in_the_same_run(store: Store) -> None:
    edition_id = release(store, 4, chunk=2)
    abandon(store, edition_id)
    clock = Clock()
    transport = MemoryTransport()

    def tick(_balance: object) -> None:
        clock.move(minutes=3)

    send_edition(store, edition_id, Hands(transport, clock=clock).run(progress=tick))

    assert tally(store, edition_id) == {SENT: 4}


def test_a_long_batch_renews_its_lease(store: Store) -> None:
    edition_id = release(store, 6)
    clock = Clock()

    class Slow(MemoryTransport):
        def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
            clock.move(seconds=100)
            renewed, tries = threading.Event(), 0
            while rows(store, chunks)[0].lease_until - clock.now < timedelta(seconds=60) and tries < 500:
                tries += 1
                renewed.wait(0.01)
            assert tries < 500
            return super().deliver(envelope, message, opened=opened)

    send_edition(store, edition_id, Hands(Slow(), clock=clock).run())

    assert tally(store, edition_id) == {SENT: 6}


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=3650), timedelta(days=-3650)])
def test_a_clock_that_jumps_loses_no_lease_and_nobody(store: Store, jump: timedelta) -> None:
    edition_id = release(store, 6)
    clock = Clock()
    transport = MemoryTransport()

    def leap(balance: object) -> None:
        if len(transport.carried) == 2:
            clock.now += jump

    send_edition(store, edition_id, Hands(transport, clock=clock).run(progress=leap))

    assert tally(store, edition_id) == {SENT: 6}
    assert len(transport.carried) == 6
