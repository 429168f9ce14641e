"""F18: a sender sleeps past its lease, and what it then writes touches nothing but its own attempt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from ledger_rows import Clock, Hands, attempts_of, delivery_of, release, states, tally

from newsletter.delivery import OnUnknown, send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionId, Envelope, Outcome, Receipt
from newsletter.store import Store

SENT, UNKNOWN, QUEUED = DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.QUEUED
ACCEPTED = Receipt(outcome=Outcome.ACCEPTED, code=250, reply="kept")
REFUSED = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="nobody")


class Sleeper(MemoryTransport):
    """Takes the first message, sleeps while `meanwhile` happens, then gives `answer`."""

    def __init__(self, meanwhile: Callable[[], None], answer: Receipt) -> None:
        super().__init__()
        self._meanwhile: Callable[[], None] | None = meanwhile
        self._answer = answer

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Any) -> Receipt:
        receipt = super().deliver(envelope, message, opened=opened)
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
            return self._answer
        return receipt


@dataclass
class Night:
    """A first sender that sleeps ten minutes over its first message, and a second one awake."""

    store: Store
    edition_id: EditionId
    answer: Receipt
    on_unknown: OnUnknown

    def pass_by(self) -> tuple[MemoryTransport, MemoryTransport]:
        clock, second = Clock(), MemoryTransport()

        def meanwhile() -> None:
            clock.now += timedelta(minutes=10)
            hands = Hands(second, clock=clock, token="here.2.2.b")
            send_edition(self.store, self.edition_id, hands.run(on_unknown=self.on_unknown))

        first = Sleeper(meanwhile, self.answer)
        # Who sleeps does not see the hours go by: no thread of it renews the lease meanwhile.
        send_edition(self.store, self.edition_id, Hands(first).run())
        return first, second


@pytest.fixture
def night(store: Store) -> Night:
    return Night(store, release(store, 4), ACCEPTED, OnUnknown.HOLD)


def test_a_late_acceptance_turns_its_own_unknown_into_sent(night: Night) -> None:
    first, second = night.pass_by()

    assert tally(night.store, night.edition_id) == {SENT: 4}
    assert [len(first.carried), len(second.carried)] == [1, 3]
    assert delivery_of(night.store, 1).reason is None
    assert [attempt.outcome for attempt in attempts_of(night.store, 1)] == ["accepted"]


def test_a_late_refusal_leaves_unknown_as_it_is(night: Night) -> None:
    night.answer = REFUSED

    night.pass_by()

    assert states(night.store, night.edition_id)[1] is UNKNOWN
    assert [attempt.outcome for attempt in attempts_of(night.store, 1)] == ["refused"]


@pytest.mark.parametrize("answer", [ACCEPTED, REFUSED])
def test_a_late_answer_touches_no_newer_attempt(night: Night, answer: Receipt) -> None:
    night.answer, night.on_unknown = answer, OnUnknown.RESEND

    _first, second = night.pass_by()

    assert len(second.carried) == 4
    assert states(night.store, night.edition_id)[1] is SENT
    assert delivery_of(night.store, 1).attempts == 2
    assert [attempt.outcome for attempt in attempts_of(night.store, 1)] == [str(answer.outcome), "accepted"]


def test_a_sender_that_lost_its_lease_sends_nothing_more_from_it(night: Night) -> None:
    first, second = night.pass_by()

    addresses = [each.envelope.recipient for each in first.carried + second.carried]
    assert len(addresses) == len(set(addresses)) == 4


def test_two_senders_in_one_process_share_an_edition(store: Store) -> None:
    # While three of its four wait for the connection, the first sender leases no further chunk.
    edition_id = release(store, 20, chunk=4)
    second = MemoryTransport()
    hands = Hands(second, token="here.2.2.b")

    first = Sleeper(lambda: void(send_edition(store, edition_id, hands.run())), ACCEPTED)
    send_edition(store, edition_id, Hands(first).run())

    assert tally(store, edition_id) == {SENT: 20}
    assert [len(first.carried), len(second.carried)] == [4, 16]


def void(_result: object) -> None:
    """Nothing of it."""
