"""What brings a run to its end: a person, the edition, a transport that is down, content that nobody takes."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_rows import (
    TAKEN,
    Hands,
    attempts_of,
    change,
    delivery_of,
    interrupted,
    release,
    rows,
    tally,
)

from newsletter.delivery import send_edition
from newsletter.delivery.transports import AtDot, MemoryTransport
from newsletter.errors import TransportError
from newsletter.model import DeliveryState, EditionState, Envelope, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.tables import chunks, editions, revocations

SENT, QUEUED, DEFERRED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.DEFERRED
FAILED, UNKNOWN, CANCELLED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED
GREYLISTED = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="4.7.1 later")
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="5.1.1 <ADA@example.org> unknown")
BLOCKED = Receipt(outcome=Outcome.REFUSED, code=554, enhanced="5.7.1", reply="5.7.1 blocked")
UNSURE = Receipt(outcome=Outcome.UNKNOWN, reply="After the content: no reply in time.")


def addresses(transport: MemoryTransport) -> list[str]:
    return [each.envelope.recipient for each in transport.carried]


@pytest.mark.parametrize(("state", "left"), [("paused", QUEUED), ("cancelled", CANCELLED)])
def test_a_stopped_edition_stops_at_once(store: Store, state: str, left: DeliveryState) -> None:
    edition_id = release(store, 5)
    transport = MemoryTransport(interrupted(lambda: change(store, editions, edition_id, state=state), before=3))

    balance = send_edition(store, edition_id, Hands(transport).run())

    assert len(transport.carried) == 2
    assert tally(store, edition_id) == {SENT: 2, left: 3}
    assert balance.state == state


def test_pause_and_resume_mail_each_reader_once(store: Store) -> None:
    edition_id = release(store, 9, chunk=4)
    transport = MemoryTransport()

    for _ in range(9):
        change(store, editions, edition_id, state="sending")
        send_edition(
            store,
            edition_id,
            Hands(transport).run(progress=lambda _: change(store, editions, edition_id, state="paused")),
        )

    assert sorted(addresses(transport)) == sorted({*addresses(transport)})
    assert tally(store, edition_id) == {SENT: 9}


@pytest.mark.parametrize("state", ["draft", "scheduled", "held", "paused", "cancelled", "sent"])
def test_only_a_sending_edition_is_sent(store: Store, state: str) -> None:
    edition_id = release(store, 1)
    change(store, editions, edition_id, state=state)
    transport = MemoryTransport()

    send_edition(store, edition_id, Hands(transport).run())

    assert transport.carried == []


def test_an_audience_of_nobody_is_sent_at_once(store: Store) -> None:
    edition_id = release(store, 0)

    assert send_edition(store, edition_id, Hands(MemoryTransport()).run()).state is EditionState.SENT


def test_a_stop_finishes_the_message_in_flight_and_keeps_the_rest(store: Store) -> None:
    edition_id = release(store, 5)
    transport = MemoryTransport()
    hands = Hands(transport)

    send_edition(store, edition_id, hands.run(stop=lambda: len(transport.carried) >= 2))
    assert tally(store, edition_id) == {SENT: 2, QUEUED: 3}
    assert {chunk.state for chunk in rows(store, chunks)} == {"open"}

    send_edition(store, edition_id, hands.run())
    assert len(addresses(transport)) == len({*addresses(transport)}) == 5


def test_a_transport_that_recovers_goes_on_in_the_same_run(store: Store) -> None:
    edition_id = release(store, 3)
    trouble = TransportError("relay: nobody listens there")

    send_edition(store, edition_id, Hands(MemoryTransport([trouble, trouble])).run())

    assert tally(store, edition_id) == {SENT: 3}
    assert delivery_of(store, 1).attempts == 1


def test_a_transport_that_stays_down_ends_the_run_and_blames_no_reader(store: Store) -> None:
    edition_id = release(store, 5)
    trouble = [TransportError("relay: nobody listens there")] * 9

    with pytest.raises(TransportError, match="nobody listens"):
        send_edition(store, edition_id, Hands(MemoryTransport(trouble)).run())

    assert tally(store, edition_id) == {QUEUED: 5}
    assert rows(store, editions)[0].state == "sending"
    assert attempts_of(store, 1) == []


def test_a_transport_that_needs_a_person_pauses_the_edition_at_once(store: Store) -> None:
    edition_id = release(store, 5)
    transport = MemoryTransport([TransportError("relay: AUTH was answered with 535 no", permanent=True)])

    with pytest.raises(TransportError, match="535"):
        send_edition(store, edition_id, Hands(transport).run())

    assert tally(store, edition_id) == {QUEUED: 5}
    assert (rows(store, editions)[0].state, rows(store, editions)[0].reason) == (
        "paused",
        "relay: AUTH was answered with 535 no",
    )
    assert [row.edition_id for row in rows(store, revocations)] == [edition_id]


def test_a_transport_that_fails_after_opening_blames_no_reader_either(store: Store) -> None:
    edition_id = release(store, 1)

    class FullDisk(MemoryTransport):
        def deliver(self, envelope: Envelope, message: bytes, *, opened: Any) -> Receipt:
            opened()
            raise TransportError("outbox: no space left")

    with pytest.raises(TransportError, match="no space"):
        send_edition(store, edition_id, Hands(FullDisk()).run())

    assert tally(store, edition_id) == {QUEUED: 1}
    assert [attempt.outcome for attempt in attempts_of(store, 1)] == ["deferred"] * 3


def test_refused_content_pauses_the_edition_after_one_reader(store: Store) -> None:
    edition_id = release(store, 5)
    too_big = Receipt(outcome=Outcome.REFUSED, code=552, enhanced="5.3.4", reply="5.3.4 too big")
    transport = MemoryTransport([AtDot(receipt=too_big)])

    balance = send_edition(store, edition_id, Hands(transport).run())

    assert tally(store, edition_id) == {DEFERRED: 1, QUEUED: 4}
    assert (balance.state, balance.reason) == (EditionState.PAUSED, "the relay refuses the content: 552 5.3.4 too big")


def test_a_reader_whose_connection_could_not_begin_is_tried_again_in_the_same_run(store: Store) -> None:
    edition_id = release(store, 3)
    transport = MemoryTransport([TAKEN, TransportError("relay: the connection broke. It is tried again later."), TAKEN])

    balance = send_edition(store, edition_id, Hands(transport).run())

    assert tally(store, edition_id) == {SENT: 3}
    assert balance.state is EditionState.SENT
