from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from newsletter.model import Subscriber, SubscriberState
from newsletter.store import Store
from newsletter.store.subscribers import SubscriberFilter
from newsletter.store.tables import metadata
from newsletter.subscribers import (
    Arrival,
    Choices,
    Consent,
    ExportForm,
    Intake,
    Newcomer,
    add,
    erase,
    export_rows,
    import_rows,
    list_subscribers,
    open_spreadsheet,
    unsubscribe,
)

Add = Callable[..., Subscriber]


def exported(store: Store, **wishes: bool) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(export_rows(store, **wishes)), newline="")))


def test_the_export_says_everything_a_reader_chose(store: Store, added: Add) -> None:
    added("ada@example.org", name="Ada", hour="7", topics=("diplomacy",))

    (row,) = exported(store)

    assert row == {
        "address": "ada@example.org",
        "name": "Ada",
        "state": "active",
        "language": "en",
        "time_zone": "Europe/Paris",
        "rhythm": "each",
        "hour": "7",
        "topics": "diplomacy",
        "consent": "Signed the list at the harbour fair.",
        "joined_at": "2026-11-24T09:00:00+00:00",
    }


def test_json_lines_hold_the_same_with_types(store: Store, added: Add) -> None:
    added("ada@example.org", name="Adèle", hour="7", topics=("diplomacy",))
    added("wim@example.org")

    lines = [json.loads(line) for line in export_rows(store, form=ExportForm.JSON_LINES)]

    assert [line["address"] for line in lines] == ["ada@example.org", "wim@example.org"]
    assert (lines[0]["name"], lines[0]["hour"], lines[0]["topics"]) == ("Adèle", 7, ["diplomacy"])
    assert (lines[1]["hour"], lines[1]["topics"]) == (None, [])


def test_s21_no_cell_of_the_export_is_a_formula(store: Store, added: Add) -> None:
    added("+ada@example.org", name='=HYPERLINK("https://example.com")')

    (row,) = exported(store)
    assert row["address"] == "'+ada@example.org"
    assert row["name"] == '\'=HYPERLINK("https://example.com")'
    (raw,) = exported(store, raw=True)
    assert raw["address"] == "+ada@example.org"


def test_s21_a_formula_behind_a_semicolon_stays_inside_its_quotes(store: Store, added: Add) -> None:
    added("ada@example.org", name="Ada;=1+1")

    assert '"Ada;=1+1"' in "".join(export_rows(store))


def test_a_filter_narrows_the_export_and_the_erased_are_left_out(store: Store, added: Add, intake: Intake) -> None:
    for address, language in (("ada@example.org", "en"), ("farid@example.org", "fr"), ("dan@example.org", "fr")):
        added(address, language=language)
    erase(store, "dan@example.org", keys=intake.keys, source="cli", now=intake.now)

    lines = list(export_rows(store, SubscriberFilter(language="fr"), form=ExportForm.JSON_LINES))

    assert [json.loads(line)["address"] for line in lines] == ["farid@example.org"]


def test_an_export_longer_than_a_page_names_everybody_once(store: Store, intake: Intake, consent: Consent) -> None:
    sheet = "email\n" + "".join(f"reader{n}@example.org\n" for n in range(2_001))
    rows = open_spreadsheet(io.BytesIO(sheet.encode()), name="readers.csv").rows
    import_rows(store, rows, consent=consent, intake=intake)

    addresses = [row["address"] for row in exported(store)]

    assert addresses == [f"reader{n}@example.org" for n in range(2_001)]


def test_who_left_here_is_not_revived_by_importing_the_export_elsewhere(
    sqlite_store: Store, intake: Intake, consent: Consent
) -> None:
    for address in ("ada@example.org", "cleo@example.org"):
        add(sqlite_store, Newcomer(address=address), consent=consent, intake=intake)
    unsubscribe(sqlite_store, list_subscribers(sqlite_store)[1].id, source="cli", now=intake.now)
    sheet = "".join(export_rows(sqlite_store)).encode()
    with sqlite_store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))

    rows = open_spreadsheet(io.BytesIO(sheet), name="readers.csv").rows
    report = import_rows(sqlite_store, rows, consent=Consent(wording="", source="import"), intake=intake)

    assert (report.counts[Arrival.ADDED], report.counts[Arrival.WITHHELD]) == (1, 1)
    assert list_subscribers(sqlite_store, SubscriberFilter(state=SubscriberState.UNSUBSCRIBED)) == []


names = st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf")), max_size=30)
newcomers = st.builds(
    Newcomer,
    address=st.from_regex(r"[a-z0-9+'_][a-z0-9+'_-]{0,12}@example\.(org|com)", fullmatch=True),
    choices=st.builds(
        Choices,
        name=names | st.from_regex(r"'?[=+@-][a-z;,\"']{0,9}", fullmatch=True),
        language=st.sampled_from(["en", "fr", "ar"]),
        time_zone=st.sampled_from(["Europe/Paris", "Asia/Tokyo", "UTC"]),
        rhythm=st.sampled_from(["each", "weekly", "feed"]),
        hour=st.sampled_from(["", "0", "23"]),
        topics=st.sampled_from([(), ("diplomacy",)]),
    ),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(newcomers, max_size=5, unique_by=lambda newcomer: newcomer.address))
def test_an_export_read_back_by_import_gives_the_same_readers(
    sqlite_store: Store, intake: Intake, consent: Consent, people: list[Newcomer]
) -> None:
    def empty() -> None:
        with sqlite_store.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))

    empty()
    for newcomer in people:
        add(sqlite_store, newcomer, consent=consent, intake=intake)
    before = [replace(reader, id=None, uid="") for reader in list_subscribers(sqlite_store)]
    sheet = "".join(export_rows(sqlite_store)).encode()

    empty()
    rows = open_spreadsheet(io.BytesIO(sheet), name="readers.csv").rows
    import_rows(sqlite_store, rows, consent=Consent(wording="", source="import"), intake=intake)

    assert [replace(reader, id=None, uid="") for reader in list_subscribers(sqlite_store)] == before


@pytest.mark.parametrize("form", list(ExportForm))
def test_an_empty_newsroom_exports_no_reader(store: Store, form: ExportForm) -> None:
    assert len(list(export_rows(store, form=form))) == (0 if form is ExportForm.JSON_LINES else 1)


FOR_PROGRAMS = [form for form in ExportForm if form not in (ExportForm.CSV, ExportForm.JSON_LINES)]


@pytest.mark.parametrize("form", FOR_PROGRAMS)
def test_what_another_program_gets_is_read_back_with_the_same_readers(
    sqlite_store: Store, intake: Intake, consent: Consent, form: ExportForm
) -> None:
    for address in ("ada@example.org", "cleo@example.org", "+wim@example.org"):
        choices = Choices(name=f"={address[:3]}", topics=("diplomacy",))
        add(sqlite_store, Newcomer(address=address, choices=choices), consent=consent, intake=intake)
    unsubscribe(sqlite_store, list_subscribers(sqlite_store)[1].id, source="cli", now=intake.now)
    before = {reader.address: reader for reader in list_subscribers(sqlite_store)}
    sheet = "".join(export_rows(sqlite_store, form=form)).encode()
    with sqlite_store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))

    rows = open_spreadsheet(io.BytesIO(sheet), name="readers.csv").rows
    report = import_rows(sqlite_store, rows, consent=consent, intake=intake)

    after = list_subscribers(sqlite_store)
    assert (report.counts[Arrival.ADDED], report.counts[Arrival.INVALID]) == (2, 0)
    assert [reader.address for reader in after] == ["ada@example.org", "+wim@example.org"]
    assert {reader.name for reader in after} <= {before[reader.address].name for reader in after} | {""}
    has_labels = form not in (ExportForm.SUBSTACK, ExportForm.LISTMONK)
    assert {reader.topics for reader in after} == ({("diplomacy",)} if has_labels else {()})


@pytest.mark.parametrize("form", [ExportForm.MAILCHIMP, ExportForm.SUBSTACK])
def test_who_left_goes_to_no_program_that_could_not_be_told(
    store: Store, added: Add, intake: Intake, form: ExportForm
) -> None:
    added("ada@example.org")
    unsubscribe(store, added("cleo@example.org").id, source="cli", now=intake.now)

    assert "cleo@" not in "".join(export_rows(store, form=form))
    left = SubscriberFilter(state=SubscriberState.UNSUBSCRIBED)
    assert "cleo@" in "".join(export_rows(store, left, form=form))
