"""Senders in processes of their own with several connections each, killed at random moments, and their judge."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ledger_rows import message_id, states
from scripted_smtp import DROP, ScriptedSmtp

from newsletter.model import DeliveryState, EditionId
from newsletter.store import Store
from newsletter.store.engine import integrity_faults

HARNESS = Path(__file__).parent
STEPS = ("mail", "rcpt", "data", "dot")
SENT, UNKNOWN = DeliveryState.SENT, DeliveryState.UNKNOWN


class Processes:
    """Runs a program of the harness that forks senders on demand; `start` gives their pids, `end` how they ended."""

    def __init__(self, program: str = "sender_process.py") -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HARNESS / program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, *orders: Sequence[object]) -> list[int]:
        assert self._process.stdin is not None
        self._process.stdin.write(";".join(" ".join(map(str, order)) for order in orders) + "\n")
        self._process.stdin.flush()
        return self._numbers()

    def end(self) -> list[int]:
        return self._numbers()

    def _numbers(self) -> list[int]:
        assert self._process.stdout is not None
        return [int(number) for number in self._process.stdout.readline().split()]


@dataclass
class Killer:
    """Kills the sender of the moment some steps after it began; the other conversations are at other steps then."""

    chance: random.Random = field(default_factory=lambda: random.Random(20261124))
    pid: int = 0
    left: int = 0
    step: str = ""
    delay_s: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def aim(self, most: int) -> None:
        """Choose the next moment, at most so many steps away."""
        with self._lock:
            self.step, self.left = self.chance.choice([*STEPS, "dot"]), self.chance.randint(1, most)
            self.delay_s = self.chance.choice([0.0, self.chance.random() / 500])

    def script(self) -> dict[str, Callable[[str], str | None]]:
        """What a server has to say for it to strike."""
        return {step: self._at(step) for step in STEPS}

    def _at(self, step: str) -> Callable[[str], str | None]:
        return lambda _command: DROP if self._is_now(step) else None

    def _is_now(self, step: str) -> bool:
        with self._lock:
            if step != self.step or not self.pid:
                return False
            self.left -= 1
            if self.left:
                return False
            pid, self.pid = self.pid, 0
        if self.delay_s:
            threading.Timer(self.delay_s, strike, [pid]).start()
            return False
        strike(pid)
        return True


def strike(pid: int) -> None:
    """End a process as the kernel does when memory runs out."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How many readers there are, who is in doubt, and how many messages the server has twice."""

    readers: int
    doubted: int
    doubled: int


def judge(store: Store, edition_id: EditionId, taken_ids: Sequence[str]) -> Verdict:
    """Compare rows with the server's own log, after I1, I2 and I4 were checked."""
    ended, taken = states(store, edition_id), Counter(taken_ids)
    sent = {message_id(f"s{number}") for number, state in ended.items() if state is SENT}
    doubted = {message_id(f"s{number}") for number, state in ended.items() if state is UNKNOWN}
    assert set(ended.values()) <= {SENT, UNKNOWN}
    assert sent <= set(taken)
    assert set(taken) <= sent | doubted
    with store.reading() as connection:
        assert integrity_faults(connection) == []
    return Verdict(readers=len(ended), doubted=len(doubted), doubled=sum(taken.values()) - len(taken))


def kill_often(
    processes: Processes, place: object, edition_id: EditionId, words: Sequence[object], *, kills: int, most: int = 60
) -> ScriptedSmtp:
    """Send with so many kills, then once undisturbed; gives the server. `place` is how a sender finds its store."""
    killer = Killer()
    with ScriptedSmtp(killer.script()) as server:
        order = (place, server.port, edition_id, *words)
        for _ in range(kills):
            killer.aim(most)
            [killer.pid] = processes.start(order)
            assert processes.end() == [-signal.SIGKILL]
        killer.pid = 0
        processes.start(order)
        assert processes.end() == [0]
    return server
