"""F1, F2, F17, F21 with real processes: killed, doubled, asked to stop. The sink's own log is the judge."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_rows import change, message_id, release, states
from many_senders import Killer, Processes, judge, kill_often
from scripted_smtp import ScriptedSmtp

from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.tables import editions

SENT, UNKNOWN, QUEUED = DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.QUEUED


@pytest.fixture(scope="module")
def senders() -> Iterator[Processes]:
    with Processes() as senders:
        yield senders


def test_ten_kills_lose_nobody_and_double_nobody(store: Store, senders: Processes) -> None:
    edition_id = release(store, 300, chunk=70)

    server = kill_often(senders, store.path, edition_id, [], kills=10, most=25)

    found = judge(store, edition_id, server.message_ids)
    assert found.doubled == 0
    assert found.doubted <= 10
    assert len(states(store, edition_id)) == 300


def test_ten_kills_under_resend_reach_everybody(store: Store, senders: Processes) -> None:
    edition_id = release(store, 200, chunk=70)

    server = kill_often(senders, store.path, edition_id, ["resend"], kills=10, most=25)

    found = judge(store, edition_id, server.message_ids)
    assert found.doubted == 0
    assert found.doubled <= 10
    assert len(set(server.message_ids)) == 200


def test_kills_while_a_maildir_is_written_leave_whole_files_and_honest_rows(
    store: Store, senders: Processes, tmp_path: Path
) -> None:
    edition_id, chance = release(store, 150, chunk=40), random.Random(20261124)
    order = (store.path, tmp_path / "outbox", edition_id)
    new = tmp_path / "outbox" / "new"
    for round_ in range(1, 6):
        [pid] = senders.start(order)
        while len(list(new.glob("*"))) < round_ * 20:
            threading.Event().wait(chance.random() / 1_000)
        os.kill(pid, signal.SIGKILL)
        assert senders.end() == [-signal.SIGKILL]
    senders.start(order)
    assert senders.end() == [0]

    ended = states(store, edition_id)
    written = [path.read_bytes() for path in new.iterdir()]
    names = Counter(message.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode() for message in written)
    sent = {message_id(f"s{number}") for number, state in ended.items() if state is SENT}
    doubted = {message_id(f"s{number}") for number, state in ended.items() if state is UNKNOWN}
    assert all(message.endswith(b"\r\n.hidden\r\n") for message in written)
    assert max(names.values()) == 1
    assert sent <= set(names) <= sent | doubted
    assert (len(sent | doubted), len(doubted) <= 5) == (150, True)


@pytest.mark.faults
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("words", ["", "resend"])
def test_two_hundred_kills(store: Store, senders: Processes, words: str) -> None:
    edition_id = release(store, 4_000)

    server = kill_often(senders, store.path, edition_id, words.split(), kills=200, most=25)

    found = judge(store, edition_id, server.message_ids)
    assert found.doubled <= (200 if words else 0)
    assert found.doubted <= (0 if words else 200)


@pytest.mark.parametrize("round_", range(2))
def test_two_senders_share_the_queue(store: Store, senders: Processes, round_: int) -> None:
    edition_id = release(store, 120, chunk=10)
    with ScriptedSmtp() as server:
        order = (store.path, server.port, edition_id)
        senders.start(order, order)
        assert senders.end() == [0, 0]

    found = judge(store, edition_id, server.message_ids)
    assert (found.doubled, found.doubted) == (0, 0)
    assert len(server.message_ids) == 120


def test_a_killed_sender_leaves_its_work_to_the_one_beside_it(store: Store, senders: Processes) -> None:
    edition_id = release(store, 120, chunk=10)
    killer = Killer(step="dot", left=30)
    with ScriptedSmtp(killer.script()) as server:
        order = (store.path, server.port, edition_id)
        # The thirtieth dot, of whichever sender: one of the two may lose its connection, too.
        killer.pid = senders.start(order, order)[0]
        ended = senders.end()

    assert ended == [-signal.SIGKILL, 0]
    found = judge(store, edition_id, server.message_ids)
    assert (found.doubled, found.doubted <= 2) == (0, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", ["mail", "data", "dot"])
def test_a_signal_lets_the_message_in_flight_end(
    store: Store, senders: Processes, number: signal.Signals, step: str
) -> None:
    edition_id = release(store, 60, chunk=25)
    pids: list[int] = []
    started, seen = threading.Event(), []

    def interrupt(_command: str) -> None:
        seen.append(step)
        if len(seen) == 20 and started.wait(10):
            os.kill(pids[0], number)

    with ScriptedSmtp({step: interrupt}) as server:
        order = (store.path, server.port, edition_id)
        pids += senders.start(order)
        started.set()
        assert senders.end() == [0]

        # A signal is heard by the first thread, while another one may go on for a few thousandths of a second.
        taken = len(server.accepted)
        assert 20 <= taken <= 25
        assert Counter(states(store, edition_id).values()) == {SENT: taken, QUEUED: 60 - taken}

        senders.start(order)
        assert senders.end() == [0]

    found = judge(store, edition_id, server.message_ids)
    assert (found.doubled, found.doubted) == (0, 0)


def test_an_edition_paused_from_outside_stops_a_running_process(store: Store, senders: Processes) -> None:
    edition_id = release(store, 60)
    seen: list[int] = []

    def pause(_command: str) -> None:
        seen.append(1)
        if len(seen) == 20:
            change(store, editions, edition_id, state="paused")

    with ScriptedSmtp({"dot": pause}) as server:
        senders.start((store.path, server.port, edition_id))
        assert senders.end() == [0]

    assert len(server.accepted) == 20
    assert Counter(states(store, edition_id).values()) == {SENT: 20, QUEUED: 40}
