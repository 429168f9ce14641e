"""F5 and F7 for the journal: cut at any octet by a power cut, or with damaged octets, it loses and doubles nobody.

The cut of the database file itself needs a file system that drops unsynced writes, and is not tested here.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from dying import moving_store
from ledger_rows import NOW, TAKEN, make_store, release, states
from parcel_rows import journal_of, leased_parcels

from newsletter.delivery import Sender, recover
from newsletter.model import DeliveryState, EditionId, Outcome, Receipt, SubscriberId

SENT, QUEUED = DeliveryState.SENT, DeliveryState.QUEUED
READERS = 14
ACCEPTED = range(1, 10)
TAKEN_UNHEARD = 10  # the relay took it, and nobody heard the answer
UNTAKEN_OPEN = 11
REFUSED, DEFERRED = 12, 13
REFUSAL = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="5.1.1 nobody")
GREYLISTING = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="4.7.1 later")
TAKEN_OF = {*ACCEPTED, TAKEN_UNHEARD}


class Wreck:
    """A database whose sender died in mid-lease, brought back for each try with another journal."""

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "kept.db"
        self._path = folder / "newsletter.db"
        store = make_store(folder)
        self._edition_id: EditionId = release(store, READERS)
        parcels = leased_parcels(store, self._edition_id)
        journal = journal_of(parcels)
        for number in (*ACCEPTED, TAKEN_UNHEARD, UNTAKEN_OPEN):
            journal.opened(SubscriberId(number), 1, "relay", NOW)
            if number in ACCEPTED:
                journal.ended(SubscriberId(number), 1, "relay", (TAKEN, NOW))
        journal.ended(SubscriberId(REFUSED), 1, "relay", (REFUSAL, NOW))
        journal.ended(SubscriberId(DEFERRED), 1, "relay", (GREYLISTING, NOW))
        journal.close()
        self._journal, self.whole = journal.path, journal.path.read_bytes()
        store.checkpoint()
        store.close()
        shutil.copy(self._path, self._kept)
        self._store = moving_store(lambda: self._path)

    def close(self) -> None:
        self._store.close()

    def wrong_with(self, octets: bytes, *, boot_id: str) -> list[str]:
        """Who would be mailed again, or never, after a recovery from this journal."""
        self._store.close()
        shutil.copy(self._kept, self._path)
        self._journal.write_bytes(octets)
        heir = Sender(token="here.2.2.b", boot_id=boot_id, is_gone=lambda token: token == "here.1.1.a")
        recover(self._store, self._edition_id, sender=heir, now=NOW)
        ended = states(self._store, self._edition_id)
        again = [f"reader {number} doubled" for number in TAKEN_OF if ended[number] in (QUEUED, DeliveryState.DEFERRED)]
        never = [f"reader {n} lost" for n, state in ended.items() if state is SENT and n not in TAKEN_OF]
        failed = [f"reader {n} lost" for n in (11, 13, 14) if ended[n] is DeliveryState.FAILED]
        return again + never + failed


@pytest.fixture(scope="module")
def wreck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wreck]:
    wreck = Wreck(tmp_path_factory.mktemp("wreck"))
    yield wreck
    wreck.close()


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.faults)])
def test_a_journal_cut_at_any_octet_by_a_power_cut_doubles_nobody(wreck: Wreck, step: int) -> None:
    cuts = range(0, len(wreck.whole) + 1, step)

    assert {cut: found for cut in cuts if (found := wreck.wrong_with(wreck.whole[:cut], boot_id="boot-2"))} == {}


def test_a_journal_of_zeros_behind_the_cut_doubles_nobody(wreck: Wreck) -> None:
    # What file systems leave where the length of a file was written and its octets were not.
    size = len(wreck.whole)
    for cut in range(0, size, 97):
        octets = wreck.whole[:cut] + bytes(size - cut)

        assert wreck.wrong_with(octets, boot_id="boot-2") == []


def test_a_whole_journal_of_a_killed_sender_doubles_nobody(wreck: Wreck) -> None:
    assert wreck.wrong_with(wreck.whole, boot_id="boot-1") == []


def test_a_cut_that_is_taken_for_a_kill_doubles(wreck: Wreck) -> None:
    # The control: a heir that does not compare the starts of the machine believes a journal without its end.
    cuts = range(0, len(wreck.whole), 97)

    assert any(wreck.wrong_with(wreck.whole[:cut], boot_id="boot-1") for cut in cuts)


def numbers_in(octets: bytes) -> list[int]:
    """Where the digits are that say whose line it is, and of which try."""
    places, place = list[int](), 0
    for line in octets.splitlines(keepends=True):
        head = b"\t".join(line.split(b"\t")[:3])
        places += [place + each for each, octet in enumerate(head) if chr(octet).isdigit()]
        place += len(line)
    return places


def after_flips(wreck: Wreck, places: Iterable[int], bits: int) -> list[str]:
    """What goes wrong when one bit at one of these places is another one."""
    wrong = list[str]()
    for place in places:
        for bit in range(bits):
            octets = bytearray(wreck.whole)
            octets[place] ^= 1 << bit
            wrong += wreck.wrong_with(bytes(octets), boot_id="boot-1")
    return wrong


def test_damaged_octets_double_nobody_and_lose_nobody(wreck: Wreck) -> None:
    chance = random.Random(7)

    assert after_flips(wreck, chance.sample(range(len(wreck.whole)), 10), 8) == []


def test_a_damaged_number_doubles_nobody_and_loses_nobody(wreck: Wreck) -> None:
    assert after_flips(wreck, numbers_in(wreck.whole), 3) == []


@pytest.mark.faults
def test_no_single_flip_anywhere_doubles_or_loses(wreck: Wreck) -> None:
    assert after_flips(wreck, range(len(wreck.whole)), 8) == []
