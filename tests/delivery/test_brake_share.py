"""The brake's second measure: a share of the latest answers, and whose refusals are taken back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest
from ledger_rows import Hands, release, rows, states, tally

from newsletter.delivery import send_edition
from newsletter.delivery.brake import Brake
from newsletter.delivery.transports import AtDot, MemoryTransport
from newsletter.model import DeliveryState, EditionState, Outcome, Receipt, SubscriberId
from newsletter.store import Store
from newsletter.store.tables import editions, subscribers

SENT, QUEUED, FAILED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.FAILED
TAKEN = Receipt(outcome=Outcome.ACCEPTED, code=250, reply="kept")
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="nobody")
LATER = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="later")


def answers(*numbers: int, brake: Brake) -> None:
    """A positive number is that reader's refusal, 0 an acceptance."""
    for number in numbers:
        if number:
            brake.refused(SubscriberId(number))
            brake.bounced(SubscriberId(number))
        else:
            brake.accepted()


def test_more_than_a_quarter_of_the_latest_answers_pulls_it() -> None:
    brake = Brake(window=8)

    answers(1, 0, 0, 2, 0, 0, 0, 0, brake=brake)
    assert not brake.is_pulled
    answers(0, 3, brake=brake)
    assert not brake.is_pulled
    answers(4, brake=brake)

    assert brake.why == "3 refusals among the last 8 answers"
    assert list(brake.refused_ids) == list(brake.bounced_ids) == [2, 3, 4]


def test_fewer_answers_than_the_window_prove_nothing() -> None:
    brake = Brake(window=8)

    answers(1, 0, 2, 0, 3, 0, 4, brake=brake)

    assert not brake.is_pulled


def test_deferrals_are_no_answers() -> None:
    brake = Brake(window=4)

    answers(1, 0, 0, brake=brake)
    brake.failed()

    assert not brake.is_pulled


def test_zero_switches_the_share_off_too() -> None:
    brake = Brake(0, window=4)

    answers(*range(1, 50), brake=brake)

    assert not brake.is_pulled


def test_an_acceptance_in_flight_changes_nothing_any_more() -> None:
    brake = Brake(window=4)
    answers(0, 0, 1, 2, brake=brake)
    assert brake.is_pulled

    answers(0, 0, 0, 0, brake=brake)

    assert list(brake.refused_ids) == [1, 2]


def test_a_refusal_in_flight_pushes_nobody_out() -> None:
    brake = Brake(window=4)
    answers(1, 2, 0, 3, brake=brake)
    assert brake.is_pulled

    answers(4, brake=brake)

    assert list(brake.bounced_ids) == [1, 2, 3, 4]


def dead_addresses(one_in: int) -> Iterator[Receipt]:
    return cycle([NOBODY, *[TAKEN] * (one_in - 1)])


def test_a_relay_that_refuses_every_third_reader_pauses_the_edition(store: Store) -> None:
    edition_id = release(store, 300)

    balance = send_edition(store, edition_id, Hands(MemoryTransport(dead_addresses(3))).run())

    assert balance.state is EditionState.PAUSED
    assert "67 refusals among the last 200 answers" in rows(store, editions)[0].reason
    # It is judged at a refusal: the 202nd answer, when the first one is out of the window again.
    assert [reader.id for reader in rows(store, subscribers, state="bounced")] == [1]
    assert tally(store, edition_id) == {FAILED: 1, SENT: 134, QUEUED: 165}


def test_a_list_with_some_dead_addresses_goes_through(store: Store) -> None:
    edition_id = release(store, 300)

    balance = send_edition(store, edition_id, Hands(MemoryTransport(dead_addresses(4))).run())

    assert balance.state is EditionState.SENT
    assert tally(store, edition_id) == {SENT: 225, FAILED: 75}
    assert sum(reader.state == "bounced" for reader in rows(store, subscribers)) == 75


@pytest.mark.parametrize("answer", [NOBODY, AtDot(receipt=NOBODY)])
def test_with_four_connections_nobody_stays_bounced_because_of_a_blocked_sender(
    store: Store, answer: Receipt | AtDot
) -> None:
    edition_id = release(store, 200)

    balance = send_edition(
        store,
        edition_id,
        Hands(MemoryTransport()).run(open_transport=lambda: MemoryTransport([answer] * 200), connections=4),
    )

    assert balance.state is EditionState.PAUSED
    assert {reader.state for reader in rows(store, subscribers)} == {"active"}
    assert set(states(store, edition_id).values()) == {QUEUED}
