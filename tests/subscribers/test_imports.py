from __future__ import annotations

import gc
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Column, insert, update

from newsletter.model import SubscriberState
from newsletter.store import Store
from newsletter.store.columns import Utc
from newsletter.store.subscribers import hold_sequence
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import (
    article_topics,
    articles,
    consents,
    counters,
    events,
    owed,
    publications,
    revisions,
    subscribers,
    wordings,
)
from newsletter.subscribers import (
    Arrival,
    BadRow,
    Consent,
    ImportReport,
    Intake,
    Outcome,
    Row,
    SuppressionReason,
    Wishes,
    counts,
    find,
    import_rows,
    open_spreadsheet,
    suppress,
    unsubscribe,
)
from newsletter.subscribers.import_report import MAX_PROBLEMS_KEPT
from newsletter.subscribers.imports import BATCH_ROWS

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
        return import_rows(store, rows, consent=consent, intake=intake, wishes=Wishes(dry_run=dry_run))

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
    foreseen = import_rows(
        store, [*many(BATCH_ROWS + 5), again], consent=consent, intake=intake, wishes=Wishes(dry_run=True)
    )
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


def test_a_fault_of_the_database_in_a_later_batch_leaves_whole_batches_before_it(
    store: Store, intake: Intake, consent: Consent
) -> None:
    uids = iter([f"reader-{n}" for n in range(BATCH_ROWS + 7)])
    heard: list[Outcome] = []
    spent, wishes = replace(intake, new_uid=lambda: next(uids)), Wishes(told=heard.append)

    with pytest.raises(StopIteration):
        import_rows(store, many(3 * BATCH_ROWS), consent=consent, intake=spent, wishes=wishes)

    assert sum(counts(store).values()) == len(heard) == BATCH_ROWS


def test_somebody_who_cannot_listen_any_more_ends_the_import_after_whole_batches(
    store: Store, intake: Intake, consent: Consent
) -> None:
    def told(_outcome: Outcome) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        import_rows(store, many(3 * BATCH_ROWS), consent=consent, intake=intake, wishes=Wishes(told=told))

    assert sum(counts(store).values()) == BATCH_ROWS


def test_a_file_that_breaks_off_is_told_up_to_the_last_whole_batch(
    store: Store, intake: Intake, consent: Consent
) -> None:
    heard: list[Outcome] = []

    def broken() -> Iterator[Row]:
        yield from many(2 * BATCH_ROWS + 5)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        import_rows(store, broken(), consent=consent, intake=intake, wishes=Wishes(told=heard.append))

    assert sum(counts(store).values()) == len(heard) == 2 * BATCH_ROWS
    assert [outcome.line for outcome in heard] == list(range(2, 2 * BATCH_ROWS + 2))


def test_known_and_suppressed_readers_are_found_in_whichever_batch_they_stand(
    store: Store, intake: Intake, consent: Consent
) -> None:
    import_rows(store, many(10), consent=consent, intake=intake)
    reason = Suppression(reason=SuppressionReason.BOUNCED, source="smtp", at=intake.now)
    for number in (11, BATCH_ROWS + 11):
        suppress(store, f"reader{number}@example.org", suppression=reason, keys=intake.keys)

    report = import_rows(store, many(BATCH_ROWS + 20), consent=consent, intake=intake)

    assert tally(report) == {"added": BATCH_ROWS + 8, "already there": 10, "suppressed": 2}


def test_python_tidies_up_as_usual_after_an_import_and_after_a_broken_one(
    store: Store, intake: Intake, consent: Consent
) -> None:
    usual, during = gc.get_threshold(), set()

    def broken() -> Iterator[Row]:
        during.add(gc.get_threshold())
        yield from many(5)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        import_rows(store, broken(), consent=consent, intake=intake)

    assert min(during) > usual
    assert gc.get_threshold() == usual


def test_problems_are_kept_up_to_a_limit_and_counted_after_it(store: Store, intake: Intake, consent: Consent) -> None:
    bad = (BadRow(line=n, message="unreadable") for n in range(2, MAX_PROBLEMS_KEPT + 12))

    report = import_rows(store, bad, consent=consent, intake=intake)

    assert report.counts[Arrival.INVALID] == MAX_PROBLEMS_KEPT + 10
    assert (len(report.problems), report.problems_left_out) == (MAX_PROBLEMS_KEPT, 10)


def test_an_empty_file_is_a_report_of_zeros(imported: Import) -> None:
    report = imported("email\n")

    assert set(report.counts) == set(Arrival)
    assert tally(report) == {}


def published(store: Store, now: datetime, *days_ago: int) -> None:
    """One article for mail, published so many days ago, for each of `days_ago`; the present is the last."""
    with store.writing() as connection:
        hold_sequence(connection)
        for seq, days in enumerate(days_ago, start=1):
            uid = f"article-{seq}"
            row = {"uid": uid, "group_uid": uid, "slug": uid, "language": "en", "state": "published"}
            columns = {column.name: _filler(column, now) for column in articles.c if not column.nullable}
            article_id = connection.execute(
                insert(articles).values({**columns, **row, "id": seq}).returning(articles.c.id)
            ).scalar_one()
            columns = {column.name: _filler(column, now) for column in revisions.c if not column.nullable}
            columns |= {"id": seq, "article_id": article_id}
            connection.execute(insert(revisions).values(columns))
            moment = now - timedelta(days=days)
            publication = {"seq": seq, "article_id": article_id, "revision_id": seq, "kind": "publish"}
            connection.execute(insert(publications).values(**publication, mail=True, at=moment))
        connection.execute(update(counters).values(value=len(days_ago)))


def _filler(column: Column[object], now: datetime) -> object:
    kind = column.type.python_type if not isinstance(column.type, Utc) else datetime
    return {datetime: now, int: 0, bool: False, dict: {}, bytes: b""}.get(kind, "")


def test_readers_go_on_where_their_mail_elsewhere_ended(
    store: Store, intake: Intake, consent: Consent, now: datetime, rows: Rows
) -> None:
    published(store, now, 30, 20, 10, 1)
    sheet = [
        Row(line=2, cells={"address": "ada@example.org", "rhythm": "each"}),
        Row(line=3, cells={"address": "wim@example.org", "rhythm": "weekly"}),
        Row(line=4, cells={"address": "ben@example.org", "rhythm": "feed"}),
    ]

    wishes = Wishes(received_up_to=now - timedelta(days=15))
    import_rows(store, sheet, consent=consent, intake=intake, wishes=wishes)

    cursors = {row["address"]: row["covered_through"] for row in rows(subscribers)}
    assert cursors == {"ada@example.org": 4, "wim@example.org": 2, "ben@example.org": 4}
    assert [(row["subscriber_id"], row["article_id"], row["reason"]) for row in rows(owed)] == [
        (rows(subscribers)[0]["id"], 3, "import"),
        (rows(subscribers)[0]["id"], 4, "import"),
    ]


def test_without_a_word_nobody_is_mailed_what_came_out_before(
    store: Store, intake: Intake, consent: Consent, now: datetime, rows: Rows
) -> None:
    published(store, now, 30, 1)

    import_rows(store, many(2), consent=consent, intake=intake)

    assert ([row["covered_through"] for row in rows(subscribers)], rows(owed)) == ([2, 2], [])


def test_a_date_before_the_first_article_is_the_beginning(
    store: Store, intake: Intake, consent: Consent, now: datetime, rows: Rows
) -> None:
    published(store, now, 30)
    sheet = [Row(line=2, cells={"address": "wim@example.org", "rhythm": "weekly"})]

    wishes = Wishes(received_up_to=now - timedelta(days=99))
    import_rows(store, sheet, consent=consent, intake=intake, wishes=wishes)

    assert [row["covered_through"] for row in rows(subscribers)] == [0]


def test_only_topics_a_reader_chose_are_owed_after_an_import(
    store: Store, intake: Intake, consent: Consent, now: datetime, rows: Rows
) -> None:
    published(store, now, 2, 1)
    with store.writing() as connection:
        connection.execute(insert(article_topics).values(article_id=2, topic="diplomacy", position=0))
    sheet = [Row(line=2, cells={"address": "ada@example.org", "topics": "diplomacy"})]

    wishes = Wishes(received_up_to=now - timedelta(days=15))
    import_rows(store, sheet, consent=consent, intake=intake, wishes=wishes)

    assert [row["article_id"] for row in rows(owed)] == [2]


def test_somebody_hears_of_each_row_with_its_line(store: Store, imported: Import, intake: Intake) -> None:
    heard: list[Outcome] = []
    sheet = open_spreadsheet(io.BytesIO(FILE.encode()), name="readers.csv").rows
    consent = Consent(wording="Asked by letter.", source="import readers.csv")

    report = import_rows(store, sheet, consent=consent, intake=intake, wishes=Wishes(told=heard.append))

    assert [outcome.line for outcome in heard] == [2, 3, 4, 5, 6, 7, 8]
    assert sum(report.counts.values()) == len(heard)
    added = [outcome for outcome in heard if outcome.settings is not None]
    assert [(outcome.line, outcome.arrival) for outcome in added] == [(2, "added"), (3, "added"), (8, "added")]
