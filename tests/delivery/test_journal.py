"""The journal: what was written comes back, and what is damaged says nothing at all."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_rows import NOW, TAKEN

from newsletter.delivery.journal import Journal, Noted, read_journal
from newsletter.errors import StoreError
from newsletter.model import Outcome, Receipt, SubscriberId

ADA, BEN, CLEO = SubscriberId(1), SubscriberId(2), SubscriberId(3)
LATER = NOW + timedelta(microseconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "newsletter.db-sending" / "7.here.1.1.a"


def written(path: Path) -> Journal:
    """Ada was answered, Ben's content is on its way."""
    journal = Journal(path)
    journal.opened(ADA, 1, "relay", NOW)
    journal.ended(ADA, 1, "relay", (TAKEN, LATER))
    journal.opened(BEN, 4, "relay", LATER)
    journal.close()
    return journal


def test_what_was_written_is_read_again(path: Path) -> None:
    written(path)

    assert read_journal(path) == {
        ADA: Noted(no=1, transport="relay", opened_at=NOW, receipt=TAKEN, at=LATER),
        BEN: Noted(no=4, transport="relay", opened_at=LATER),
    }


def test_it_is_made_empty_and_for_its_owner_alone(path: Path) -> None:
    written(path)

    Journal(path).close()

    assert read_journal(path) == {}
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_missing_journal_says_nothing(path: Path) -> None:
    assert read_journal(path) is None


def test_a_torn_last_line_was_not_written(path: Path) -> None:
    written(path)
    whole = path.read_bytes()

    for cut in range(1, len(whole.splitlines(keepends=True)[-1])):
        path.write_bytes(whole[:-cut])

        assert read_journal(path) == {ADA: Noted(no=1, transport="relay", opened_at=NOW, receipt=TAKEN, at=LATER)}


@pytest.mark.parametrize(
    "damage", [b"", b"x\t1\t1", b"o\t1", b"o\tada\t1\t0\trelay", b"e\t1\t1\t0\trelay\tmaybe\t250\t2.0.0\t", b"\xff\xfe"]
)
def test_a_damaged_line_in_the_middle_makes_the_whole_journal_worthless(path: Path, damage: bytes) -> None:
    written(path)
    lines = path.read_bytes().splitlines()
    lines[1] = damage

    path.write_bytes(b"\n".join(lines) + b"\n")

    assert read_journal(path) is None


def test_what_was_withdrawn_never_left(path: Path) -> None:
    journal = Journal(path)
    journal.opened(CLEO, 1, "relay", NOW)
    journal.opened(ADA, 1, "relay", NOW)
    journal.withdrew(CLEO, 1)
    journal.close()

    assert set(read_journal(path) or {}) == {ADA}


def test_the_latest_try_of_a_row_counts(path: Path) -> None:
    journal = Journal(path)
    journal.opened(ADA, 1, "relay", NOW)
    journal.ended(ADA, 1, "relay", (Receipt(outcome=Outcome.DEFERRED, code=451, reply="later"), NOW))
    journal.opened(ADA, 2, "second relay", LATER)
    journal.close()

    assert read_journal(path) == {ADA: Noted(no=2, transport="second relay", opened_at=LATER)}


def test_an_answer_is_not_laid_to_another_try(path: Path) -> None:
    journal = Journal(path)
    journal.opened(ADA, 1, "relay", NOW)
    journal.ended(ADA, 2, "relay", (TAKEN, LATER))
    journal.close()

    assert read_journal(path) == {ADA: Noted(no=2, transport="relay", receipt=TAKEN, at=LATER)}


def test_a_refusal_before_the_content_has_no_opening(path: Path) -> None:
    journal = Journal(path)
    refused = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="nobody")
    journal.ended(ADA, 1, "relay", (refused, NOW))
    journal.close()

    assert read_journal(path) == {ADA: Noted(no=1, transport="relay", receipt=refused, at=NOW)}


@pytest.mark.parametrize("reply", ["a\tb", "two\nlines", "carriage\r\nreturn", "e\t9\t9\n o\t9\t9"])
def test_a_reply_cannot_forge_lines(path: Path, reply: str) -> None:
    journal = Journal(path)
    journal.ended(ADA, 1, "relay", (Receipt(outcome=Outcome.DEFERRED, code=451, reply=reply), NOW))
    journal.close()

    noted = read_journal(path)

    assert noted is not None
    assert set(noted) == {ADA}
    assert noted[ADA].receipt is not None
    assert noted[ADA].receipt.reply.split() == reply.split()


@pytest.mark.parametrize(
    "reply", ["Briefkasten größer als gedacht", "ممتلئ", "line\u2028separator\x85next", "\ud800half"]
)
def test_a_reply_in_any_script_comes_back(path: Path, reply: str) -> None:
    journal = Journal(path)
    journal.ended(ADA, 1, "relay", (Receipt(outcome=Outcome.DEFERRED, code=451, reply=reply), NOW))
    journal.close()

    noted = read_journal(path)

    assert noted is not None
    assert noted[ADA].receipt is not None
    assert noted[ADA].receipt.reply == reply.replace("\ud800", "?")


def test_a_full_disk_is_a_sentence(path: Path) -> None:
    journal = Journal(path)
    # The kernel's own device that is always full takes the file's place.
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal._file)
    os.close(full)

    with pytest.raises(StoreError, match=r"7\.here\.1\.1\.a: the journal .* could not be written \(No space left"):
        journal.opened(ADA, 1, "relay", NOW)
    journal.delete()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="Check free space and permissions"):
        Journal(tmp_path / "file" / "7.here.1.1.a")


def test_a_closed_journal_takes_no_line(path: Path) -> None:
    journal = written(path)

    with pytest.raises(StoreError, match="could not be written"):
        journal.opened(CLEO, 1, "relay", NOW)


def test_deleting_what_somebody_else_deleted_does_no_harm(path: Path) -> None:
    journal = written(path)
    path.unlink()

    journal.delete()
    journal.delete()

    assert not path.exists()


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
MOMENTS = st.timedeltas(-timedelta(days=20_000), timedelta(days=30_000)).map(lambda away: NOW + away)
RECEIPTS = st.builds(
    Receipt,
    outcome=st.sampled_from(Outcome),
    code=st.integers(0, 599),
    enhanced=st.sampled_from(["", "2.0.0", "5.1.1"]),
    reply=WORDS,
)
NOTES = st.dictionaries(
    st.integers(1, 10**12).map(SubscriberId),
    st.builds(Noted, no=st.integers(1, 65), transport=WORDS, opened_at=MOMENTS),
    max_size=8,
)


@given(NOTES, st.lists(st.tuples(RECEIPTS, MOMENTS), max_size=8))
def test_any_notes_come_back(notes: dict[SubscriberId, Noted], answers: list[tuple[Receipt, datetime]]) -> None:
    expected = dict(notes)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "7.here.1.1.a")
        for key, noted in notes.items():
            assert noted.opened_at is not None
            journal.opened(key, noted.no, noted.transport, noted.opened_at)
        for (key, noted), (receipt, at) in zip(notes.items(), answers, strict=False):
            journal.ended(key, noted.no, noted.transport, (receipt, at))
            expected[key] = Noted(
                no=noted.no, transport=noted.transport, opened_at=noted.opened_at, receipt=receipt, at=at
            )
        journal.close()

        found = read_journal(journal.path)

    assert found == expected
