"""Messages composed by threads of their own: the same messages, the same books, and one that breaks stops no other."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from ledger_rows import Hands, compose, release, rows, tally

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionState, Envelope, Recipient, VariantId
from newsletter.store import Store
from newsletter.store.tables import deliveries

SENT, FAILED = DeliveryState.SENT, DeliveryState.FAILED


@pytest.mark.parametrize("composers", [1, 2, 5])
def test_everybody_gets_their_own_message_once(store: Store, composers: int) -> None:
    edition_id = release(store, 50)
    transport = MemoryTransport()

    send_edition(store, edition_id, Hands(transport).run(composers=composers, connections=4))

    assert tally(store, edition_id) == {SENT: 50}
    assert len({one.envelope.recipient for one in transport.accepted}) == 50
    assert all(one.envelope.recipient.encode() in one.message for one in transport.accepted)


def test_composing_happens_beside_the_connections(store: Store) -> None:
    edition_id, names = release(store, 20), set[str]()

    def noting(variant: VariantId, reader: Recipient, now: datetime) -> tuple[Envelope, bytes]:
        names.add(threading.current_thread().name.partition("_")[0])
        return compose(variant, reader, now)

    send_edition(store, edition_id, Hands(MemoryTransport()).run(composers=2, compose=noting))

    assert names == {"composer"}


def test_a_message_that_cannot_be_composed_stops_no_other(store: Store) -> None:
    edition_id = release(store, 20)

    def choosy(variant: VariantId, reader: Recipient, now: datetime) -> tuple[Envelope, bytes]:
        if reader.subscriber_id == 7:
            raise KeyError("TOKEN")
        return compose(variant, reader, now)

    balance = send_edition(store, edition_id, Hands(MemoryTransport()).run(composers=2, compose=choosy, connections=4))

    assert balance.state is EditionState.SENT
    assert tally(store, edition_id) == {SENT: 19, FAILED: 1}
    (failed,) = rows(store, deliveries, state=int(FAILED))
    assert failed.subscriber_id == 7
    assert "poison: KeyError" in failed.reason


def test_no_thread_is_left_behind(store: Store) -> None:
    edition_id = release(store, 5)

    send_edition(store, edition_id, Hands(MemoryTransport()).run(composers=3))

    for thread in threading.enumerate():
        if thread.name.startswith("composer"):
            thread.join(timeout=10)
            assert not thread.is_alive()
