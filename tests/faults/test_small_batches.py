"""F3 with batches smaller than a chunk: the same chunk is leased again by the same sender, under the same name."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dying import Died, Fate, MortalTransport, mortal_journals, moving_store
from ledger_rows import Hands, address_of, make_store, release, states

from newsletter.delivery import OnUnknown, send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionId
from newsletter.store import Store

READERS = 5
SENT, UNKNOWN = DeliveryState.SENT, DeliveryState.UNKNOWN
EDITION = EditionId(1)


@dataclass(frozen=True)
class Case:
    """What was taken of whom, and where the rows ended, after a death at step `at` and a second run."""

    at: int
    taken: Counter[str]
    ended: dict[int, DeliveryState]

    @property
    def doubted(self) -> int:
        return list(self.ended.values()).count(UNKNOWN)

    @property
    def wrong(self) -> list[str]:
        """Readers who were mailed twice, or never though their row says so."""
        return [
            address
            for number, state in self.ended.items()
            if self.taken[address := address_of(number)] > 1 or (state is SENT) > self.taken[address]
        ]


def deaths(folder: Path, fate: Fate, mortal: Store, heir: Store, path: list[Path]) -> Iterator[Case]:
    """Every death in turn, with two rows to a batch in a chunk of five, until a run comes to its end alive."""
    released, alive, at = path[0], False, 0
    while not alive:
        at += 1
        mortal.close()
        heir.close()
        path[0] = Path(shutil.copy(released, folder / f"{at}.db"))
        fate.begin(at)
        transport, second = MortalTransport(fate), MemoryTransport()
        with mortal_journals(fate):
            try:
                send_edition(mortal, EDITION, Hands(transport).run(batch=2))
                alive = True
            except Died:
                alive = False
        mortal.close()
        hands = Hands(second, token="here.2.2.b", gone=lambda token: token == "here.1.1.a")
        send_edition(heir, EDITION, hands.run(batch=2, on_unknown=OnUnknown.HOLD))
        taken = Counter(each.envelope.recipient for each in transport.accepted + second.accepted)
        yield Case(at=at, taken=taken, ended=states(heir, EDITION))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    folder, fate = tmp_path_factory.mktemp("small"), Fate()
    store = make_store(folder)
    release(store, READERS, chunk=READERS)
    store.checkpoint()
    store.close()
    path = [folder / "newsletter.db"]
    mortal, heir = moving_store(lambda: path[0], fate), moving_store(lambda: path[0])
    found = list(deaths(folder, fate, mortal, heir, path))
    mortal.close()
    heir.close()
    return found


def test_every_step_was_an_end_once(cases: list[Case]) -> None:
    assert len(cases) > 100
    assert cases[-1].taken == Counter(address_of(number) for number in range(1, READERS + 1))
    assert cases[-1].doubted == 0


def test_a_chunk_leased_again_doubles_nobody(cases: list[Case]) -> None:
    assert [case for case in cases if case.wrong] == []


def test_a_chunk_leased_again_leaves_one_in_doubt_at_most(cases: list[Case]) -> None:
    assert [case for case in cases if case.doubted > 1] == []
