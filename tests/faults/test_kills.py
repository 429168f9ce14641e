"""F1, F2, F17, F21 with real processes: killed, doubled, asked to stop. The sink's own log is the judge."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ledger_rows import change, message_id, release, states
from scripted_smtp import DROP, ScriptedSmtp

from newsletter.model import DeliveryState, EditionId
from newsletter.store import Store
from newsletter.store.engine import integrity_faults
from newsletter.store.tables import editions

HARNESS = Path(__file__).parents[1] / "delivery" / "harness"
SENT, UNKNOWN, QUEUED = DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.QUEUED


class Senders:
    """A process that forks senders on demand; `start` gives their pids, `end` how they ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HARNESS / "sender_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *orders: tuple[object, ...]) -> list[int]:
        assert self._process.stdin is not None
        self._process.stdin.write(";".join(" ".join(map(str, order)) for order in orders) + "\n")
        self._process.stdin.flush()
        return self._numbers()

    def end(self) -> list[int]:
        return self._numbers()

    def close(self) -> None:
        self._process.communicate()

    def _numbers(self) -> list[int]:
        assert self._process.stdout is not None
        return [int(number) for number in self._process.stdout.readline().split()]


@pytest.fixture(scope="module")
def senders() -> Iterator[Senders]:
    senders = Senders()
    yield senders
    senders.close()


@dataclass
class Murder:
    """Kills the sender of the moment at the n-th occurrence of a step, or so many seconds after it."""

    step: str
    after: int
    delay_s: float
    pid: int = 0
    seen: int = 0

    def __call__(self, step: str) -> bool:
        """Whether this is the moment; then the process is dead, or will be at any time."""
        if step != self.step or self.pid == 0:
            return False
        self.seen += 1
        if self.seen != self.after:
            return False
        if self.delay_s:
            threading.Timer(self.delay_s, self._strike, [self.pid]).start()
            return False
        self._strike(self.pid)
        return True

    @staticmethod
    def _strike(pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def kill_often(senders: Senders, store: Store, edition_id: EditionId, *, kills: int, words: str = "") -> ScriptedSmtp:
    """Send with a kill at a random moment so many times, then once undisturbed; gives the sink."""
    chance = random.Random(20261124)
    murder = Murder("", 0, 0)

    def at(step: str) -> Callable[[str], str | None]:
        return lambda _command: DROP if murder(step) else None

    with ScriptedSmtp({step: at(step) for step in ("mail", "rcpt", "data", "dot")}) as server:
        order = (store.path, server.port, edition_id, words)
        for _ in range(kills):
            step, after = chance.choice(["mail", "rcpt", "data", "dot", "dot"]), chance.randint(1, 25)
            murder.pid, murder.step, murder.after, murder.seen = 0, step, after, 0
            murder.delay_s = chance.choice([0.0, chance.random() / 500])
            [murder.pid] = senders.start(order)
            assert senders.end() == [-signal.SIGKILL]
        murder.pid = 0
        senders.start(order)
        assert senders.end() == [0]
    return server


def judge(store: Store, edition_id: EditionId, server: ScriptedSmtp) -> tuple[int, int]:
    """The number of messages the sink has twice, and of rows in doubt, after I1, I2 and I4 were checked."""
    ended = states(store, edition_id)
    taken = Counter(server.message_ids)
    sent = {message_id(f"s{number}") for number, state in ended.items() if state is SENT}
    doubted = {message_id(f"s{number}") for number, state in ended.items() if state is UNKNOWN}
    assert set(ended.values()) <= {SENT, UNKNOWN}
    assert sent <= set(taken)
    assert set(taken) <= sent | doubted
    with store.reading() as connection:
        assert integrity_faults(connection) == []
    return sum(number - 1 for number in taken.values()), len(doubted)


def test_ten_kills_lose_nobody_and_double_nobody(store: Store, senders: Senders) -> None:
    edition_id = release(store, 300, chunk=70)

    server = kill_often(senders, store, edition_id, kills=10)

    doubled, doubted = judge(store, edition_id, server)
    assert doubled == 0
    assert doubted <= 10
    assert len(states(store, edition_id)) == 300


def test_ten_kills_under_resend_reach_everybody(store: Store, senders: Senders) -> None:
    edition_id = release(store, 200, chunk=70)

    server = kill_often(senders, store, edition_id, kills=10, words="resend")

    doubled, doubted = judge(store, edition_id, server)
    assert doubted == 0
    assert doubled <= 10
    assert len(set(server.message_ids)) == 200


def test_kills_while_a_maildir_is_written_leave_whole_files_and_honest_rows(
    store: Store, senders: Senders, tmp_path: Path
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
def test_two_hundred_kills(store: Store, senders: Senders, words: str) -> None:
    edition_id = release(store, 4_000)

    server = kill_often(senders, store, edition_id, kills=200, words=words)

    doubled, doubted = judge(store, edition_id, server)
    assert doubled <= (200 if words else 0)
    assert doubted <= (0 if words else 200)


@pytest.mark.parametrize("round_", range(2))
def test_two_senders_share_the_queue(store: Store, senders: Senders, round_: int) -> None:
    edition_id = release(store, 120, chunk=10)
    with ScriptedSmtp() as server:
        order = (store.path, server.port, edition_id)
        senders.start(order, order)
        assert senders.end() == [0, 0]

    assert judge(store, edition_id, server) == (0, 0)
    assert len(server.message_ids) == 120


def test_a_killed_sender_leaves_its_work_to_the_one_beside_it(store: Store, senders: Senders) -> None:
    edition_id = release(store, 120, chunk=10)
    murder = Murder("dot", 30, 0)
    with ScriptedSmtp({"dot": lambda _: DROP if murder("dot") else None}) as server:
        order = (store.path, server.port, edition_id)
        # The thirtieth dot, of whichever sender: one of the two may lose its connection, too.
        murder.pid = senders.start(order, order)[0]
        ended = senders.end()

    assert ended == [-signal.SIGKILL, 0]
    doubled, doubted = judge(store, edition_id, server)
    assert (doubled, doubted <= 2) == (0, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", ["mail", "data", "dot"])
def test_a_signal_lets_the_message_in_flight_end(
    store: Store, senders: Senders, number: signal.Signals, step: str
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

    assert judge(store, edition_id, server) == (0, 0)


def test_an_edition_paused_from_outside_stops_a_running_process(store: Store, senders: Senders) -> None:
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
