from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from newsletter.model import SubscriberState
from newsletter.store import Store
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import consents, events, subscribers, wordings
from newsletter.subscribers import (
    Arrival,
    BadRow,
    Consent,
    ImportReport,
    Intake,
    Row,
    SuppressionReason,
    counts,
    find,
    import_rows,
    open_spreadsheet,
    suppress,
    unsubscribe,
)
from newsletter.subscribers.imports import BATCH_ROWS, MAX_PROBLEMS_KEPT

Import = Callable[..., ImportReport]
Rows = Callable[..., list[dict[str, object]]]

FILE = """\
email,name,language,topics,consent,status
ada@example.org,Ada,en,diplomacy,Ticked the box on 1 May.,
farid@example.org,Farid,fr,,,subscribed
not an address,,,,,
wim@example.org,Wim,de,,,
ADA@example.org,Ada again,,,,
cleo@example.org,Cleo,,,,unsubscribed
amal@example.org,أمل,ar,Diplomatie; diplomacy,,active
"""


@pytest.fixture
def imported(store: Store, intake: Intake) -> Import:
    def run(text: str, *, wording: str = "Asked by letter.", dry_run: bool = False) -> ImportReport:
        rows = open_spreadsheet(io.BytesIO(text.encode()), name="readers.csv").rows
        consent = Consent(wording=wording, source="subscribers import readers.csv")
        return import_rows(store, rows, consent=consent, intake=intake, dry_run=dry_run)

    return run


def tally(report: ImportReport) -> dict[str, int]:
    return {arrival.value: number for arrival, number in report.counts.items() if number}


def many(number: int) -> Iterator[Row]:
    for n in range(number):
        yield Row(line=n + 2, cells={"address": f"reader{n}@example.org"})


def test_a_file_of_readers_comes_in_and_its_bad_rows_are_told(store: Store, imported: Import) -> None:
    report = imported(FILE)

    assert tally(report) == {"added": 3, "already there": 1, "withheld": 1, "invalid": 2}
    assert [(problem.line, problem.arrival.value) for problem in report.problems] == [
        (4, "invalid"),
        (5, "invalid"),
        (7, "withheld"),
    ]
    assert report.problems[1].message == "language: no articles in “de” here. Choose one of: en, fr, ar."
    amal = find(store, "amal@example.org")
    assert amal is not None
    assert (amal.state, amal.name, amal.language, amal.topics) == ("active", "أمل", "ar", ("diplomacy",))


def test_a_rows_own_consent_counts_before_the_commands(imported: Import, rows: Rows) -> None:
    imported(FILE)

    texts = {wording["id"]: wording["text"] for wording in rows(wordings)}
    assert [texts[proof["wording_id"]] for proof in rows(consents)] == [
        "Ticked the box on 1 May.",
        "Asked by letter.",
        "Asked by letter.",
    ]
    assert {proof["what"] for proof in rows(consents)} == {"import"}


def test_without_any_consent_a_row_is_invalid(imported: Import) -> None:
    report = imported(FILE, wording="")

    assert (
        tally(report) == {"added": 1, "already there": 1, "withheld": 1, "invalid": 4}
        or report.counts[Arrival.INVALID] == 5
    )
    assert any("consent: say how this reader agreed" in problem.message for problem in report.problems)


def test_importing_again_adds_what_is_missing_only(imported: Import, rows: Rows) -> None:
    imported(FILE)
    report = imported(FILE + "dan@example.org,Dan,,,,\n")

    assert tally(report) == {"added": 1, "already there": 4, "withheld": 1, "invalid": 2}
    assert [event["details"]["added"] for event in rows(events)] == [3, 1]  # type: ignore[index]  # JSON


def test_s36_an_import_shows_whom_it_would_revive_and_does_not(store: Store, imported: Import, intake: Intake) -> None:
    imported("email\ncleo@example.org\ndan@example.org\n")
    cleo = find(store, "cleo@example.org")
    assert cleo is not None
    unsubscribe(store, cleo.id, source="one-click", now=intake.now)
    for address in ("dan@example.org", "ben@example.org"):
        reason = Suppression(reason=SuppressionReason.BOUNCED, source="smtp", at=intake.now)
        suppress(store, address, suppression=reason, keys=intake.keys)

    report = imported("email\nCleo@example.org\nDan@example.org\nBen@example.org\nada@example.org\n")

    assert tally(report) == {"added": 1, "already there": 1, "suppressed": 2}
    assert [problem.line for problem in report.problems] == [2, 3, 4]
    assert report.problems[0].message.endswith("already there and unsubscribed. Only the reader can come back.")
    assert counts(store)[SubscriberState.ACTIVE] == 1


def test_a_dry_run_foresees_the_import_and_writes_nothing(imported: Import, rows: Rows) -> None:
    foreseen = imported(FILE, dry_run=True)

    assert [rows(table) for table in (subscribers, consents, events)] == [[], [], []]
    assert foreseen == replace(imported(FILE), dry_run=True)


def test_a_dry_run_finds_an_address_repeated_far_apart(store: Store, intake: Intake, consent: Consent) -> None:
    again = Row(line=9_999, cells={"address": "Reader0@example.org"})
    foreseen = import_rows(store, [*many(BATCH_ROWS + 5), again], consent=consent, intake=intake, dry_run=True)
    done = import_rows(store, [*many(BATCH_ROWS + 5), again], consent=consent, intake=intake)

    assert foreseen.counts == done.counts
    assert done.counts[Arrival.ALREADY] == 1


def test_an_interrupted_import_leaves_whole_batches_and_goes_on_when_repeated(
    store: Store, intake: Intake, consent: Consent
) -> None:
    def interrupted() -> Iterator[Row]:
        yield from many(BATCH_ROWS + 500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_rows(store, interrupted(), consent=consent, intake=intake)
    assert sum(counts(store).values()) == BATCH_ROWS

    report = import_rows(store, many(BATCH_ROWS + 500), consent=consent, intake=intake)
    assert tally(report) == {"added": 500, "already there": BATCH_ROWS}


def test_a_batch_that_cannot_be_finished_leaves_nothing(store: Store, intake: Intake, consent: Consent) -> None:
    uids = iter(["one", "two"])

    with pytest.raises(StopIteration):
        import_rows(store, many(3), consent=consent, intake=replace(intake, new_uid=lambda: next(uids)))

    assert sum(counts(store).values()) == 0


def test_problems_are_kept_up_to_a_limit_and_counted_after_it(store: Store, intake: Intake, consent: Consent) -> None:
    bad = (BadRow(line=n, message="unreadable") for n in range(2, MAX_PROBLEMS_KEPT + 12))

    report = import_rows(store, bad, consent=consent, intake=intake)

    assert report.counts[Arrival.INVALID] == MAX_PROBLEMS_KEPT + 10
    assert (len(report.problems), report.problems_left_out) == (MAX_PROBLEMS_KEPT, 10)


def test_an_empty_file_is_a_report_of_zeros(imported: Import) -> None:
    report = imported("email\n")

    assert set(report.counts) == set(Arrival)
    assert tally(report) == {}
