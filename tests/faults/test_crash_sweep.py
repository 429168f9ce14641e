"""F3 in the process: a send to six readers, ended at every single step, then taken up by another sender."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dying import Died, Fate, MortalTransport, mortal_journals, moving_store
from ledger_rows import Hands, make_store, release, states

from newsletter.delivery import OnUnknown, send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionState

READERS = 6
SENT, UNKNOWN = DeliveryState.SENT, DeliveryState.UNKNOWN


@dataclass(frozen=True)
class Case:
    """What is left after a death at step `at` and a second sender's run."""

    at: int
    taken: Counter[str]
    ended: dict[int, DeliveryState]


class Sweep:
    """A released edition that is brought back before each death; engines are kept, since compiling costs most."""

    def __init__(self, folder: Path) -> None:
        self._fate = Fate()
        self._released = self._path = folder / "newsletter.db"
        store = make_store(folder)
        self._edition_id = release(store, READERS, chunk=4)
        store.checkpoint()
        store.close()
        self._mortal = moving_store(lambda: self._path, self._fate)
        self._heir = moving_store(lambda: self._path)

    def close(self) -> None:
        self._mortal.close()
        self._heir.close()

    def cases(self, *, on_unknown: OnUnknown = OnUnknown.HOLD, opens_late: bool = False) -> Iterator[Case]:
        """Every death in turn, until a run comes to its end alive."""
        at, alive = 0, False
        while not alive:
            at += 1
            self.close()
            self._path = Path(shutil.copy(self._released, self._released.with_name(f"{at}.db")))
            taken, alive = self._die(at, on_unknown, opens_late)
            transport = MemoryTransport()
            hands = Hands(transport, token="here.2.2.b", gone=lambda token: token == "here.1.1.a")
            balance = send_edition(self._heir, self._edition_id, hands.run(on_unknown=on_unknown))
            assert balance.state is EditionState.SENT
            assert balance.adds_up
            taken.update(each.envelope.recipient for each in transport.accepted)
            yield Case(at=at, taken=taken, ended=states(self._heir, self._edition_id))

    def _die(self, at: int, on_unknown: OnUnknown, opens_late: bool) -> tuple[Counter[str], bool]:
        """What the other side took before the end, and whether there was none."""
        self._fate.begin(at)
        transport = MortalTransport(self._fate, opens_late=opens_late)
        try:
            with mortal_journals(self._fate):
                send_edition(self._mortal, self._edition_id, Hands(transport).run(on_unknown=on_unknown))
            alive = True
        except Died:
            alive = False
        # What the end of a process does: its open transaction is gone with its connection.
        self._mortal.close()
        return Counter(each.envelope.recipient for each in transport.accepted), alive


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Sweep]:
    sweep = Sweep(tmp_path)
    yield sweep
    sweep.close()


def test_a_death_at_any_step_loses_nobody_and_doubles_nobody(sweep: Sweep) -> None:
    in_doubt = Counter[int]()
    for case in sweep.cases():
        assert max(case.taken.values()) == 1, case
        for number, state in case.ended.items():
            address = ("ada", "ben", "cleo", "dan", "r5", "r6")[number - 1] + "@example.org"
            assert state in (SENT, UNKNOWN), case
            assert state is UNKNOWN or case.taken[address] == 1, case
        in_doubt[list(case.ended.values()).count(UNKNOWN)] += 1

    assert set(in_doubt) == {0, 1}
    assert sum(in_doubt.values()) > 100


@pytest.mark.faults
def test_under_resend_a_death_at_any_step_reaches_everybody(sweep: Sweep) -> None:
    for case in sweep.cases(on_unknown=OnUnknown.RESEND):
        assert set(case.ended.values()) == {SENT}, case
        assert len(case.taken) == READERS, case
        assert sum(case.taken.values()) <= READERS + 1, case


def test_a_sender_that_opens_the_attempt_after_the_wire_doubles(sweep: Sweep) -> None:
    # The control: with the order turned round a death soon finds a reader mailed twice in silence.
    assert any(max(case.taken.values()) > 1 for case in sweep.cases(opens_late=True) if case.taken)
