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
    store: Store, processes: Processes, words: list[object], record_property: pytest.RecordProperty
) -> None:
    edition_id = release(store, 34_000)

    server = kill_often(processes, store.path, edition_id, words, kills=200, most=150)

    found = judge(store, edition_id, server.message_ids)
    record_property("found", str(found))
    limit = 200 * CONNECTIONS
    assert found.readers == 34_000
    assert (found.doubled <= limit, found.doubted) == (True, 0) if "resend" in words else True
    assert (found.doubled, found.doubted <= limit) == (0, True) if "resend" not in words else True


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
