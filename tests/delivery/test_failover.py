from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_rows import NOW, Clock, rows

from newsletter.config.pace_values import read_limit
from newsletter.delivery.gate import open_gate
from newsletter.delivery.pace import PaceRules, TransportPace
from newsletter.delivery.transports import AtDot, MemoryTransport
from newsletter.delivery.transports.failover import FAILURES, Circuit, Circuits, FailoverTransport
from newsletter.delivery.transports.memory import Answer
from newsletter.errors import TransportError
from newsletter.model import EditionId, Envelope, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.tables import lanes

EDITION = EditionId(1)
ENVELOPE = Envelope(sender="news@example.org", recipient="ada@example.org")
MESSAGE = b"Subject: Tides\r\n\r\nSpring tides come earlier.\r\n"
UNSURE = Receipt(outcome=Outcome.UNKNOWN, reply="no reply in time")
BROKEN = Receipt(outcome=Outcome.DEFERRED, reply="Before the content: the connection broke.")
TOO_FAST = Receipt(outcome=Outcome.DEFERRED, code=421, enhanced="4.7.0", reply="too fast")
DOWN = TransportError("relay: nobody listens there, ada@example.org. Nothing was sent.")
LOCKED = TransportError("relay: AUTH was answered with 535. Nothing was sent.", permanent=True)


class BreaksAfterOpening:
    """A transport that fails certainly, but only once content was about to leave."""

    name = "first"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        opened()
        raise DOWN


class Pair:
    """Two transports as one, with answers by script."""

    def __init__(self, first: Sequence[Answer] = (), second: Sequence[Answer] = ()) -> None:
        self.clock = Clock()
        self.first = MemoryTransport(first, name="first")
        self.second = MemoryTransport(second, name="second")
        self.circuits = Circuits(["first", "second"], clock=self.clock, jitter=lambda: 0.5)
        self.transport = FailoverTransport([self.first, self.second], self.circuits)
        self.openings = 0

    def deliver(self) -> Receipt:
        return self.transport.deliver(ENVELOPE, MESSAGE, opened=self.opened)

    def opened(self) -> None:
        self.openings += 1

    def carried(self) -> tuple[int, int]:
        return len(self.first.carried), len(self.second.carried)


def test_while_the_first_works_the_second_carries_nothing() -> None:
    pair = Pair()

    receipts = [pair.deliver() for _turn in range(3)]

    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert (pair.carried(), pair.transport.name, pair.openings) == ((3, 0), "first", 3)


def test_a_message_the_first_cannot_take_goes_by_the_second() -> None:
    pair = Pair([DOWN])

    receipt = pair.deliver()

    assert receipt.outcome is Outcome.ACCEPTED
    assert (pair.carried(), pair.transport.name, pair.openings) == ((0, 1), "second", 1)


def test_the_name_is_that_of_the_transport_that_has_the_message() -> None:
    pair = Pair([DOWN])
    names: list[str] = []

    for _turn in range(2):
        pair.transport.deliver(ENVELOPE, MESSAGE, opened=lambda: names.append(pair.transport.name))

    assert names == ["second", "first"]


@pytest.mark.parametrize("answer", [UNSURE, BROKEN, TOO_FAST, AtDot(receipt=TOO_FAST)])
def test_no_answer_sends_a_message_on(answer: Answer) -> None:
    pair = Pair([answer])

    receipt = pair.deliver()

    assert receipt.outcome in (Outcome.UNKNOWN, Outcome.DEFERRED)
    assert len(pair.second.carried) == 0


def test_an_attempt_is_opened_once_however_many_transports_try() -> None:
    second = MemoryTransport(name="second")
    circuits = Circuits(["first", "second"], clock=Clock(), jitter=lambda: 0.5)
    openings: list[int] = []

    receipt = FailoverTransport([BreaksAfterOpening(), second], circuits).deliver(
        ENVELOPE, MESSAGE, opened=lambda: openings.append(1)
    )

    assert receipt.outcome is Outcome.ACCEPTED
    assert openings == [1]


def test_what_the_engine_raises_passes_through_and_blames_nobody() -> None:
    pair = Pair()

    def refuse() -> None:
        raise KeyError("withdrawn")

    with pytest.raises(KeyError):
        pair.transport.deliver(ENVELOPE, MESSAGE, opened=refuse)

    assert pair.carried() == (0, 0)
    assert pair.circuits.take_changes() == []


def test_three_failures_in_a_row_let_a_transport_rest() -> None:
    pair = Pair([DOWN] * FAILURES)

    for _turn in range(FAILURES + 2):
        pair.deliver()

    assert pair.carried() == (0, FAILURES + 2)
    circuit = pair.circuits.take_changes()[0]
    assert (circuit.name, circuit.until) == ("first", NOW + timedelta(seconds=30))
    assert "ada@" not in circuit.reason


def test_an_answer_between_ends_the_row() -> None:
    pair = Pair([DOWN, DOWN, TOO_FAST, DOWN, DOWN])

    for _turn in range(6):
        pair.deliver()

    assert pair.carried() == (1, 4)


def test_a_broken_conversation_ends_no_row() -> None:
    pair = Pair([DOWN, DOWN, BROKEN, DOWN])

    for _turn in range(5):
        pair.deliver()

    assert pair.carried() == (0, 4)


def test_after_its_rest_one_message_tries_it_and_brings_it_back() -> None:
    pair = Pair([DOWN] * FAILURES)
    for _turn in range(FAILURES):
        pair.deliver()

    pair.clock.move(seconds=31)
    for _turn in range(2):
        pair.deliver()

    assert pair.carried() == (2, FAILURES)


def test_each_failed_try_doubles_the_rest() -> None:
    pair = Pair([DOWN] * 20)
    rests: list[float] = []

    for _turn in range(FAILURES - 1):
        pair.deliver()
    for _turn in range(8):
        pair.deliver()
        until = pair.circuits.take_changes()[0].until
        assert until is not None
        rests.append((until - pair.clock.now).total_seconds())
        pair.clock.now = until

    assert rests == [30, 60, 120, 240, 480, 900, 900, 900]


def test_what_was_under_way_when_a_rest_began_does_not_make_it_longer() -> None:
    circuits = Circuits(["first"], clock=Clock(), jitter=lambda: 0.5)

    for _connection in range(FAILURES + 10):
        circuits.failed("first", DOWN)

    assert [(each.rests, each.until) for each in circuits.take_changes()] == [(1, NOW + timedelta(seconds=30))]


def test_while_one_message_tries_the_others_go_by_the_second() -> None:
    circuits = Circuits(["first", "second"], clock=Clock(), jitter=lambda: 0.5)
    circuits.restore(Circuit(name="first", failures=3, rests=1, until=NOW))

    chosen = [circuits.choose() for _turn in range(3)]

    assert chosen == ["first", "second", "second"]
    circuits.gave_no_sign("first")
    assert circuits.choose() == "first"


def test_when_all_fail_the_last_error_tells_and_nothing_is_lost() -> None:
    pair = Pair([DOWN], [TransportError("second: down. Nothing was sent.")])

    with pytest.raises(TransportError, match="second: down") as raised:
        pair.deliver()

    assert not raised.value.permanent
    assert (pair.carried(), pair.openings) == ((0, 0), 0)


@pytest.mark.parametrize(
    ("first", "second", "permanent"),
    [(LOCKED, LOCKED, True), (LOCKED, DOWN, False), (DOWN, LOCKED, False), (DOWN, DOWN, False)],
)
def test_a_person_is_needed_only_when_every_transport_needs_one(
    first: TransportError, second: TransportError, permanent: bool
) -> None:
    pair = Pair([first], [second])

    with pytest.raises(TransportError) as raised:
        pair.deliver()

    assert raised.value.permanent is permanent


def test_when_all_rest_nothing_is_tried_and_the_error_says_until_when() -> None:
    pair = Pair([DOWN] * 3, [DOWN] * 3)
    for _turn in range(FAILURES):
        with pytest.raises(TransportError):
            pair.deliver()

    with pytest.raises(TransportError, match=r"first rests until 09:00:30 UTC\. Nothing was sent\.") as raised:
        pair.deliver()

    assert not raised.value.permanent
    assert "ada@" not in str(raised.value)


def test_a_spare_is_entered_only_when_it_is_needed_and_left_at_the_end() -> None:
    entered: list[str] = []

    class Counted(MemoryTransport):
        def __enter__(self) -> Self:
            entered.append(self.name)
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> None:
            entered.append(f"left {self.name}")

    circuits = Circuits(["first", "second"], clock=Clock(), jitter=lambda: 0.5)
    first, second = Counted([Receipt(outcome=Outcome.ACCEPTED), DOWN], name="first"), Counted(name="second")

    with FailoverTransport([first, second], circuits) as transport:
        transport.deliver(ENVELOPE, MESSAGE, opened=lambda: None)
        assert entered == ["first"]
        transport.deliver(ENVELOPE, MESSAGE, opened=lambda: None)

    assert entered == ["first", "second", "left second", "left first"]


@given(
    script=st.lists(st.sampled_from([DOWN, LOCKED, UNSURE, BROKEN, TOO_FAST]), max_size=30), seconds=st.integers(0, 60)
)
def test_each_message_leaves_by_one_transport_at_most(script: list[Answer], seconds: int) -> None:
    pair = Pair(script, script[::-1])

    for _turn in range(len(script) + 3):
        before = sum(pair.carried())
        try:
            pair.deliver()
        except TransportError:
            assert sum(pair.carried()) == before
        assert sum(pair.carried()) - before <= 1
        pair.clock.move(seconds=seconds)

    assert sum(pair.carried()) == pair.openings


def test_connections_share_what_they_know() -> None:
    circuits = Circuits(["first", "second"], clock=Clock(), jitter=lambda: 0.5)
    firsts = [MemoryTransport([DOWN] * 100, name="first") for _number in range(4)]
    seconds = [MemoryTransport(name="second") for _number in range(4)]

    def carry(number: int) -> None:
        with FailoverTransport([firsts[number], seconds[number]], circuits) as transport:
            for _turn in range(50):
                transport.deliver(ENVELOPE, MESSAGE, opened=lambda: None)

    threads = [threading.Thread(target=carry, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(len(second.accepted) for second in seconds) == 200
    assert [circuit.rests for circuit in circuits.take_changes()] == [1]


RULES = PaceRules(transports={"second": TransportPace(limits=(read_limit("1/minute"),))})


def fail(circuits: Circuits, *names: str) -> None:
    for name in names:
        for _turn in range(FAILURES):
            circuits.failed(name, DOWN)


def test_a_restart_does_not_forget_who_rests(store: Store) -> None:
    clock = Clock()
    circuits = Circuits(["first", "second"], clock=clock, jitter=lambda: 0.5)
    with store.writing() as connection:
        gate = open_gate(connection, PaceRules(), transport="first", now=NOW, circuits=circuits)
        fail(circuits, "first", "second")
        gate.save(connection, EDITION, now=NOW)

    clock.move(seconds=10)
    restarted = Circuits(["first", "second"], clock=clock, jitter=lambda: 0.5)
    with store.writing() as connection:
        gate = open_gate(connection, PaceRules(), transport="first", now=clock.now, circuits=restarted)
        granted = gate.grant(connection, 500, now=clock.now)

    assert restarted.choose() is None
    assert (granted.count, granted.next_at) == (0, NOW + timedelta(seconds=30))
    assert granted.reason.startswith("first rests: relay: nobody listens there")
    assert len(rows(store, lanes)) == 2


def test_the_limits_are_those_of_the_transport_in_use(store: Store) -> None:
    circuits = Circuits(["first", "second"], clock=Clock(), jitter=lambda: 0.5)
    with store.writing() as connection:
        gate = open_gate(connection, RULES, transport="first", now=NOW, circuits=circuits)
        freely = gate.grant(connection, 500, now=NOW)
        fail(circuits, "first")
        limited = gate.grant(connection, 500, now=NOW)

    assert (freely.count, limited.count) == (500, 1)
    assert limited.reason == "second: the limit is 1/minute"


def test_after_a_rest_one_message_is_granted(store: Store) -> None:
    clock = Clock()
    circuits = Circuits(["first"], clock=clock, jitter=lambda: 0.5)
    with store.writing() as connection:
        gate = open_gate(connection, PaceRules(), transport="first", now=NOW, circuits=circuits)
        fail(circuits, "first")
        clock.move(seconds=31)
        granted = gate.grant(connection, 500, now=clock.now)
        chosen = circuits.choose()
        meanwhile = gate.grant(connection, 500, now=clock.now)

    assert (granted.count, chosen) == (1, "first")
    assert granted.reason == "one message tries whether first works again"
    assert meanwhile.count == 0
    assert meanwhile.next_at is not None
    assert meanwhile.next_at > clock.now


def test_a_rest_from_a_wrong_clock_is_cut_short() -> None:
    clock = Clock()
    circuits = Circuits(["first"], clock=clock, jitter=lambda: 0.5)

    circuits.restore(Circuit(name="first", failures=3, rests=1, until=NOW + timedelta(days=365)))

    assert circuits.choose() is None
    clock.move(minutes=20)
    assert circuits.choose() == "first"
