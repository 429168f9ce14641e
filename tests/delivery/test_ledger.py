"""When an answer gets into the books: at once, or with the next attempt where the relay is near."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ledger_rows import Clock, Hands, release, states

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionId, Envelope, Outcome, Receipt
from newsletter.store import Store

SENT, LEASED, DEFERRED = DeliveryState.SENT, DeliveryState.LEASED, DeliveryState.DEFERRED


class Far(MemoryTransport):
    """Answers after so many seconds of the test's clock."""

    def __init__(self, clock: Clock, seconds: float, script: tuple[Receipt, ...] = ()) -> None:
        super().__init__(script)
        self._clock, self._seconds = clock, seconds

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        receipt = super().deliver(envelope, message, opened=opened)
        self._clock.move(seconds=self._seconds)
        return receipt


def seen_after_the_first(store: Store, edition_id: EditionId, transport: Far, clock: Clock) -> DeliveryState:
    """Where the first reader's delivery stands for everybody else, when its answer has just come."""
    seen: list[DeliveryState] = []
    run = Hands(transport, clock=clock).run(progress=lambda _: seen.append(states(store, edition_id)[1]))
    send_edition(store, edition_id, run)
    assert states(store, edition_id)[2] is SENT
    return seen[0]


@pytest.mark.parametrize(("seconds", "state"), [(0.0, LEASED), (0.004, LEASED), (0.005, SENT), (0.08, SENT)])
def test_only_the_answer_of_a_near_relay_waits_for_the_next_attempt(
    store: Store, seconds: float, state: DeliveryState
) -> None:
    edition_id, clock = release(store, 2), Clock()

    assert seen_after_the_first(store, edition_id, Far(clock, seconds), clock) is state
    assert states(store, edition_id)[1] is SENT


def test_a_refusal_never_waits(store: Store) -> None:
    edition_id, clock = release(store, 2), Clock()
    greylisted = Receipt(outcome=Outcome.DEFERRED, code=451, reply="later")

    assert seen_after_the_first(store, edition_id, Far(clock, 0.0, (greylisted,)), clock) is DEFERRED
