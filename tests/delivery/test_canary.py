"""A trial with the first readers: it waits, goes on, or pauses the edition and says why; no restart forgets it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ledger_rows import NOW, TAKEN, Clock, Hands, release, rows, states, tally

from newsletter.delivery import send_edition
from newsletter.delivery.canary import CanaryRules
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionState, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.tables import editions

SENT, QUEUED, FAILED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.FAILED
RULES = CanaryRules(share=0.05, wait=timedelta(minutes=30), refused=0.1)
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="5.1.1 unknown")


def refused_first(number: int) -> Iterator[Receipt]:
    yield from [NOBODY] * number
    while True:
        yield TAKEN


def test_the_first_readers_are_tried_and_the_others_wait(store: Store) -> None:
    edition_id = release(store, 200, chunk=50)

    balance = send_edition(store, edition_id, Hands(MemoryTransport()).run(canary=RULES))

    assert tally(store, edition_id) == {SENT: 10, QUEUED: 190}
    assert {number for number, state in states(store, edition_id).items() if state is SENT} == set(range(1, 11))
    assert balance.state is EditionState.SENDING
    assert "first 10 readers have it" in balance.reason
    assert rows(store, editions)[0].canary_until == NOW + timedelta(minutes=30)


def test_after_the_wait_the_others_follow_also_in_another_process(store: Store) -> None:
    edition_id = release(store, 200, chunk=50)
    clock = Clock()
    transport = MemoryTransport()
    send_edition(store, edition_id, Hands(transport, clock=clock).run(canary=RULES))

    clock.move(minutes=29)
    hasty = Hands(transport, clock=clock, token="here.2.2.b").run(canary=RULES, patience=timedelta())
    send_edition(store, edition_id, hasty)
    assert len(transport.carried) == 10

    clock.move(minutes=1)
    balance = send_edition(store, edition_id, Hands(transport, clock=clock, token="here.3.3.c").run(canary=RULES))
    assert tally(store, edition_id) == {SENT: 200}
    assert (balance.state, balance.reason) == (EditionState.SENT, "")
    assert rows(store, editions)[0].canary == "passed"


def test_too_many_refusals_pause_the_edition_with_the_reason(store: Store) -> None:
    edition_id = release(store, 200)
    clock = Clock()
    transport = MemoryTransport(refused_first(2))
    send_edition(store, edition_id, Hands(transport, clock=clock).run(canary=RULES))

    clock.move(minutes=30)
    balance = send_edition(store, edition_id, Hands(transport, clock=clock).run(canary=RULES))

    assert balance.state is EditionState.PAUSED
    assert balance.reason == "the trial failed: 2 of the first 10 were refused, 10% at most are allowed"
    assert tally(store, edition_id) == {SENT: 8, FAILED: 2, QUEUED: 190}


def test_as_many_refusals_as_are_allowed_go_on(store: Store) -> None:
    edition_id = release(store, 200)
    clock = Clock()
    transport = MemoryTransport(refused_first(1))
    send_edition(store, edition_id, Hands(transport, clock=clock).run(canary=RULES))

    clock.move(minutes=30)
    send_edition(store, edition_id, Hands(transport, clock=clock).run(canary=RULES))

    assert tally(store, edition_id) == {SENT: 199, FAILED: 1}


def test_who_resumes_a_failed_trial_has_decided(store: Store) -> None:
    edition_id = release(store, 200)
    clock = Clock()
    transport = MemoryTransport(refused_first(2))
    for _ in range(2):
        send_edition(store, edition_id, Hands(transport, clock=clock).run(canary=RULES))
        clock.move(minutes=30)
    with store.writing() as connection:
        connection.execute(editions.update().values(state="sending", reason=""))

    send_edition(store, edition_id, Hands(transport, clock=clock).run(canary=RULES))

    assert tally(store, edition_id) == {SENT: 198, FAILED: 2}


def test_a_small_edition_has_no_trial(store: Store) -> None:
    edition_id = release(store, 99)

    send_edition(store, edition_id, Hands(MemoryTransport()).run(canary=RULES))

    assert tally(store, edition_id) == {SENT: 99}


def test_seeds_get_it_once_and_before_anybody(store: Store) -> None:
    edition_id = release(store, 3)
    transport = MemoryTransport()
    hands = Hands(transport)

    for _ in range(2):
        send_edition(store, edition_id, hands.run(seeds=("me@example.org", "us@example.org")))

    order = [each.envelope.recipient for each in transport.carried]
    assert order == ["me@example.org", "us@example.org", "ada@example.org", "ben@example.org", "cleo@example.org"]
    assert tally(store, edition_id) == {SENT: 3}
