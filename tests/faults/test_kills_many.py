"""F1, F17, F18, F21 with four connections to each process. The server's own log is the judge."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from ledger_rows import release, states
from many_senders import SENT, Processes, Verdict, judge, kill_often
from scripted_smtp import ScriptedSmtp

from newsletter.model import DeliveryState
from newsletter.store import Store

CONNECTIONS = 4


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes() as processes:
        yield processes


@pytest.fixture(scope="module")
def choosy() -> Iterator[Processes]:
    with Processes("choosy_process.py") as processes:
        yield processes


def test_ten_kills_leave_four_in_doubt_each_and_double_nobody(store: Store, processes: Processes) -> None:
    edition_id = release(store, 400, chunk=90)

    server = kill_often(processes, store.path, edition_id, [CONNECTIONS], kills=10, most=25)

    found = judge(store, edition_id, server.message_ids)
    assert (found.readers, found.doubled) == (400, 0)
    assert found.doubted <= 10 * CONNECTIONS


def test_ten_kills_under_resend_repeat_four_each_and_reach_everybody(store: Store, processes: Processes) -> None:
    edition_id = release(store, 400, chunk=90)

    server = kill_often(processes, store.path, edition_id, [CONNECTIONS, "resend"], kills=10, most=25)

    found = judge(store, edition_id, server.message_ids)
    assert (found.readers, found.doubted) == (400, 0)
    assert found.doubled <= 10 * CONNECTIONS
    assert len(set(server.message_ids)) == 400


@pytest.mark.faults
@pytest.mark.timeout(2_400)
@pytest.mark.parametrize("words", [[CONNECTIONS], [CONNECTIONS, "resend"]])
def test_two_hundred_kills_of_a_large_list(
    store: Store, processes: Processes, words: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    edition_id, limit = release(store, 34_000), 200 * CONNECTIONS

    server = kill_often(processes, store.path, edition_id, words, kills=200, most=150)

    found = judge(store, edition_id, server.message_ids)
    with capsys.disabled():
        print(f"200 kills, {words}: {found}")  # noqa: T201  # the figures are told to people
    assert found.readers == 34_000
    assert found.doubled <= (limit if "resend" in words else 0)
    assert found.doubted <= (0 if "resend" in words else limit)


def test_without_lines_before_the_wire_kills_double(store: Store) -> None:
    # The control: the same kills, and no word in the journal before the content leaves.
    edition_id = release(store, 400, chunk=90)

    with Processes("choosy_process.py") as careless:
        server = kill_often(
            careless, store.url.render_as_string(), edition_id, ["connections=4", "without=journal"], kills=10, most=25
        )

    assert judge(store, edition_id, server.message_ids).doubled > 0


@pytest.mark.parametrize("senders", [2, 4])
@pytest.mark.parametrize("round_", [1, *(pytest.param(n, marks=pytest.mark.faults) for n in range(2, 26))])
def test_senders_with_four_connections_each_share_the_queue(
    store: Store, processes: Processes, senders: int, round_: int
) -> None:
    edition_id = release(store, 240, chunk=10 + round_)
    with ScriptedSmtp() as server:
        processes.start(*[(store.path, server.port, edition_id, CONNECTIONS)] * senders)
        assert processes.end() == [0] * senders

    assert judge(store, edition_id, server.message_ids) == Verdict(readers=240, doubted=0, doubled=0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", ["mail", "dot"])
def test_a_signal_lets_four_messages_in_flight_end(
    store: Store, processes: Processes, number: signal.Signals, step: str
) -> None:
    edition_id = release(store, 120, chunk=50)
    pids: list[int] = []
    started, seen = threading.Event(), []

    def interrupt(_command: str) -> None:
        seen.append(step)
        if len(seen) == 30 and started.wait(10):
            os.kill(pids[0], number)

    with ScriptedSmtp({step: interrupt}) as server:
        order = (store.path, server.port, edition_id, CONNECTIONS)
        pids += processes.start(order)
        started.set()
        assert processes.end() == [0]

        # What is told to the server is what the rows say: nobody in doubt, and few after the signal.
        taken = len(server.accepted)
        assert 30 - CONNECTIONS <= taken <= 30 + 2 * CONNECTIONS
        assert Counter(states(store, edition_id).values()) == {SENT: taken, DeliveryState.QUEUED: 120 - taken}

        processes.start(order)
        assert processes.end() == [0]

    assert judge(store, edition_id, server.message_ids) == Verdict(readers=120, doubted=0, doubled=0)


def sleep_past_the_lease(store: Store, processes: Processes, *rules: str) -> Verdict:
    """One sender is stopped in mid-send until another one has finished, then goes on."""
    edition_id = release(store, 120, chunk=120)
    pids: list[int] = []
    started, is_asleep, seen = threading.Event(), threading.Event(), list[str]()

    def stop(_command: str) -> None:
        seen.append("dot")
        if len(seen) == 40 and started.wait(10):
            os.kill(pids[0], signal.SIGSTOP)
            is_asleep.set()

    with ScriptedSmtp({"dot": stop}) as server:
        order = (store.url.render_as_string(), server.port, edition_id, "lease_s=0.3")
        pids += processes.start((*order, *rules))
        started.set()
        assert is_asleep.wait(20)
        threading.Event().wait(0.4)
        with Processes("choosy_process.py") as second:
            second.start(order)
            # It cannot write while the sleeper is stopped in the middle of a transaction (about 1 in 12).
            assert second.end() in ([0], [1])
            os.kill(pids[0], signal.SIGCONT)
            assert processes.end() == [0]
            second.start(order)
            assert second.end() == [0]
    return judge(store, edition_id, server.message_ids)


@pytest.mark.parametrize("round_", [1, *(pytest.param(n, marks=pytest.mark.faults) for n in range(2, 51))])
def test_a_sender_stopped_past_its_lease_doubles_nobody(store: Store, choosy: Processes, round_: int) -> None:
    found = sleep_past_the_lease(store, choosy)

    assert (found.readers, found.doubled) == (120, 0)
    assert found.doubted <= CONNECTIONS


def test_a_sender_that_never_looks_at_its_lease_doubles(store: Store, choosy: Processes) -> None:
    # The control.
    assert sleep_past_the_lease(store, choosy, "without=look").doubled > 0
