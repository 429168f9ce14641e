"""F5: the power is cut at any moment of a send; the database keeps its word.

A real process is recorded by strace. For each cut the disk is built as it may be left, with what was not
synced there, lost or torn by chance; then the program goes on from it after a new start of the machine.
"""

from __future__ import annotations

import random
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from disk import Disk, files_below, write_files
from dying import moving_store
from ledger_rows import NOW, Clock, Hands, address_of, make_store, release, states
from many_senders import HARNESS
from scripted_smtp import ScriptedSmtp
from system_calls import Deed, record, require_strace

from newsletter.delivery import OnUnknown, send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.errors import StoreError
from newsletter.model import DeliveryState, EditionId, EditionState
from newsletter.store.engine import integrity_faults

READERS, REFUSED = 24, 5
SENT, UNKNOWN, FAILED = DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.FAILED


@dataclass(frozen=True)
class Case:
    """What is left of a cut before step `at`, after another sender's run: by number of reader."""

    at: int
    told: int
    settled: int
    left: frozenset[int]
    again: frozenset[int]
    ended: dict[int, DeliveryState]


class Send:
    """A recorded send."""

    def __init__(self, folder: Path, synchronous: str) -> None:
        newsroom = folder / "newsroom"
        newsroom.mkdir()
        store = make_store(newsroom)
        self._edition_id: EditionId = release(store, READERS, chunk=10)
        store.close()
        found = files_below(newsroom)
        refusals = {"rcpt": lambda command: "550 5.1.1 nobody" if address_of(REFUSED) in command else None}
        with ScriptedSmtp(refusals) as server:
            program = (HARNESS / "power_process.py", newsroom / "newsletter.db")
            order = (sys.executable, program[0], synchronous, program[1], server.port, self._edition_id)
            steps = record(order, newsroom, folder / "strace.log")
        self.disk = Disk(found, (), steps)
        assert self.disk.after(len(steps)) == files_below(newsroom)
        self._image = folder / "image"
        self._heir = moving_store(lambda: self._image / "newsletter.db")

    def close(self) -> None:
        self._heir.close()

    def cases(self, number: int, seed: int, on_unknown: OnUnknown = OnUnknown.HOLD) -> Iterator[Case]:
        chance = random.Random(seed)
        for _ in range(number):
            yield self._cut(chance.randint(0, len(self.disk.steps)), chance, on_unknown)

    def _cut(self, at: int, chance: random.Random, on_unknown: OnUnknown) -> Case:
        self._heir.close()
        shutil.rmtree(self._image, ignore_errors=True)
        write_files(self.disk.after(at, chance), self._image)
        with self._heir.reading() as connection:
            assert integrity_faults(connection) == [], at
        settled = Counter(states(self._heir, self._edition_id).values())[SENT]
        transport = MemoryTransport()
        hands = Hands(transport, token="here.2.2.b", boot_id="boot-2", clock=Clock(NOW + timedelta(hours=1)))
        balance = send_edition(self._heir, self._edition_id, hands.run(on_unknown=on_unknown))
        assert (balance.state, balance.adds_up) == (EditionState.SENT, True), at
        said = b"\n".join(step.octets for step in self.disk.steps[:at] if step.deed is Deed.SAY)
        addresses = {address_of(number): number for number in range(1, READERS + 1)}
        return Case(
            at=at,
            told=max(map(int, re.findall(rb"settled (\d+)", said)), default=0),
            settled=settled,
            left=frozenset(map(int, re.findall(rb"Message-ID: <e1\.s(\d+)@", said))),
            again=frozenset(addresses[each.envelope.recipient] for each in transport.accepted),
            ended=states(self._heir, self._edition_id),
        )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Send]]:
    """A send recorded with that `PRAGMA synchronous`, once."""
    require_strace()
    sends: dict[str, Send] = {}

    def send_with(synchronous: str) -> Send:
        if synchronous not in sends:
            sends[synchronous] = Send(tmp_path_factory.mktemp(synchronous), synchronous)
        return sends[synchronous]

    yield send_with
    for send in sends.values():
        send.close()


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(8))
def test_a_power_cut_doubles_nobody_and_takes_back_nothing(recorded: Callable[[str], Send], seed: int) -> None:
    for case in recorded("FULL").cases(125, seed):
        assert not case.again & case.left, case
        assert case.settled >= case.told, case
        assert len(case.ended) == READERS
        assert set(case.ended.values()) <= {SENT, UNKNOWN, FAILED}, case


@pytest.mark.faults
def test_where_nothing_is_synced_the_same_cuts_show_it(recorded: Callable[[str], Send]) -> None:
    """The control: without it the test above might not bite."""
    send = recorded("OFF")

    assert any(_is_loss(send, seed) for seed in range(250))


def _is_loss(send: Send, seed: int) -> bool:
    """Whether a cut damages the database, takes back what was settled, or doubles somebody."""
    try:
        (case,) = send.cases(1, seed)
    except (AssertionError, StoreError):
        return True
    return case.settled < case.told or bool(case.again & case.left)
