"""`subscribers import` at the keyboard: other programs' exports, dry runs with a diff, the report, dates."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import pytest

CONSENT = ("--consent", "asked me at the harbour fair")
IMPORT = ("subscribers", "import")
GHOST = """\
id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers
1,ada@example.org,Ada Quay,,true,false,,2021-03-04T11:22:33.000Z,,"culture,Founders",
2,cleo@example.org,Cleo,,false,false,,2021-03-04T11:22:33.000Z,,,
3,nobody,,,true,false,,,,,
"""


def test_an_export_of_ghost_comes_in_and_says_what_it_left_out(run, newsroom: Path) -> None:
    (newsroom / "members.csv").write_text(GHOST, "utf-8")

    result = run(*IMPORT, "members.csv", *CONSENT)

    assert (result.code, result.out) == (0, "1 added\n1 withheld\n1 invalid\n")
    assert "Read as an export of Ghost; --from csv reads it as a plain list.\n" in result.err
    assert "Labels that are no topic here, left out: Founders (1)\n" in result.err
    assert "Suppressed, since the file says that they left or bounced: 1 address\n" in result.err
    assert (
        "members.csv:3: c…@example.org: the file says “unsubscribed”, so it is not added, now or later." in result.err
    )


def test_a_dry_run_shows_row_by_row_what_would_change(run, newsroom: Path, readers) -> None:
    (newsroom / "r.csv").write_text(
        "address,rhythm\namal@example.org,weekly\nada@example.org,\ncleo@example.org,\nx,\n", "utf-8"
    )

    result = run(*IMPORT, "r.csv", *CONSENT, "--dry-run")

    assert result.out.splitlines() == [
        "1 added",
        "2 already there",
        "1 invalid",
        "+ line 2: a…@example.org (en, weekly, all topics)",
        "= line 3: a…@example.org already there",
        "= line 4: c…@example.org already there",
        "? line 5: x… invalid",
    ]
    assert "Nothing was changed (--dry-run)." in result.err


def test_the_report_holds_every_row_for_the_owner_alone(run, newsroom: Path) -> None:
    (newsroom / "members.csv").write_text(GHOST, "utf-8")

    result = run(*IMPORT, "members.csv", *CONSENT, "--dry-run", "--report", "what.csv")

    assert result.code == 0
    assert (newsroom / "what.csv").stat().st_mode & 0o077 == 0
    with (newsroom / "what.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["line"], line["outcome"], line["address"]) for line in lines] == [
        ("2", "added", "ada@example.org"),
        ("3", "withheld", "cleo@example.org"),
        ("4", "invalid", "nobody"),
    ]
    assert (lines[0]["language"], lines[0]["rhythm"], lines[0]["topics"]) == ("en", "each", "culture")


def test_the_report_may_be_json_lines_and_overwrites_nothing(run, newsroom: Path) -> None:
    (newsroom / "r.csv").write_text("address\nada@example.org\n", "utf-8")

    first = run(*IMPORT, "r.csv", *CONSENT, "--report", "what.jsonl")
    second = run(*IMPORT, "r.csv", *CONSENT, "--report", "what.jsonl")

    assert (first.code, second.code) == (0, 2)
    assert "what.jsonl: exists already, and a report overwrites nothing." in second.err
    (line,) = (newsroom / "what.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["address"] == "ada@example.org"


def test_formulas_are_quiet_in_the_report(run, newsroom: Path) -> None:
    (newsroom / "r.csv").write_text("address\n=1+1\n", "utf-8")

    run(*IMPORT, "r.csv", *CONSENT, "--report", "what.csv")

    assert '"\'=1+1"' in (newsroom / "what.csv").read_text("utf-8")


def test_an_archive_as_json_names_files_lines_and_what_was_left_out(run, newsroom: Path) -> None:
    with zipfile.ZipFile(newsroom / "export.zip", "w") as archive:
        archive.writestr("members.csv", GHOST)

    report = run(*IMPORT, "export.zip", *CONSENT, "--json", "--dry-run").data

    assert (report["origin"], report["files"], report["refusals"]) == ("ghost", ["members.csv"], 1)
    assert report["labels_left_out"] == {"Founders": 1}
    assert [(problem["file"], problem["line"]) for problem in report["problems"]] == [
        ("members.csv", 3),
        ("members.csv", 4),
    ]
    assert "+ members.csv:2: a…@example.org (en, each, culture)" in report["first_rows"]


def test_a_problem_in_an_archive_is_told_with_its_file(run, newsroom: Path) -> None:
    with zipfile.ZipFile(newsroom / "export.zip", "w") as archive:
        archive.writestr("members.csv", "email\nnobody\n")

    assert 'export.zip/members.csv:2: "n…" cannot be mailed' in run(*IMPORT, "export.zip", *CONSENT).err


def test_a_file_that_is_not_utf_8_is_read_once_its_encoding_is_named(run, newsroom: Path) -> None:
    (newsroom / "r.csv").write_bytes("Courriel;Prénom\nada@example.org;Renée\n".encode("cp1252"))

    refused = run(*IMPORT, "r.csv", *CONSENT)
    read = run(*IMPORT, "r.csv", *CONSENT, "--encoding", "cp1252")

    assert (refused.code, "or name its encoding: --encoding cp1252." in refused.err) == (2, True)
    assert read.out == "1 added\n"
    assert run("subscribers", "list", "--json").data[0]["name"] == "Renée"


@pytest.mark.parametrize(
    ("date", "sentence"),
    [
        ("2999-01-01", "this is in the future, and nobody has that mail yet."),
        ("2026-13-01", "there is no such day. Write it like 2026-11-20"),
        ("soon", "there is no such day."),
        ("2026-11-20T25:00", "there is no such day."),
        ("9999-12-31", "there is no such day."),
    ],
)
def test_a_day_that_cannot_have_been_is_refused(run, newsroom: Path, date: str, sentence: str) -> None:
    (newsroom / "r.csv").write_text("address\nada@example.org\n", "utf-8")

    result = run(*IMPORT, "r.csv", *CONSENT, "--already-received-up-to", date)

    assert (result.code, sentence in result.err) == (2, True)
    assert run("subscribers", "list", "--json").data == []


@pytest.mark.parametrize("date", ["2020-01-01", "2020-01-01T18:00"])
def test_a_day_that_was_is_taken(run, newsroom: Path, date: str) -> None:
    (newsroom / "r.csv").write_text("address\nada@example.org\n", "utf-8")

    assert run(*IMPORT, "r.csv", *CONSENT, "--already-received-up-to", date).out == "1 added\n"


def test_refusals_are_forgotten_on_demand(run, newsroom: Path) -> None:
    (newsroom / "members.csv").write_text(GHOST, "utf-8")
    run(*IMPORT, "members.csv", *CONSENT, "--forget-refusals")
    (newsroom / "r.csv").write_text("address\ncleo@example.org\n", "utf-8")

    assert run(*IMPORT, "r.csv", *CONSENT).out == "1 added\n"


def test_a_program_nobody_knows_is_refused(run, newsroom: Path) -> None:
    (newsroom / "r.csv").write_text("address\nada@example.org\n", "utf-8")

    result = run(*IMPORT, "r.csv", *CONSENT, "--from", "pigeon")

    assert (result.code, "--from pigeon: there is no such origin." in result.err) == (2, True)


def test_the_page_about_moving_names_only_options_there_are(run) -> None:
    page = (Path(__file__).parents[2] / "docs" / "moving.md").read_text("utf-8")
    known = run("subscribers", "import", "--help").out + run("subscribers", "export", "--help").out

    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page))
    assert {"--from", "--report", "--already-received-up-to"} <= named
    assert [option for option in sorted(named) if option not in known] == []


@pytest.mark.parametrize("form", ["mailchimp", "substack", "ghost", "buttondown", "listmonk"])
def test_an_export_for_another_program_begins_with_its_titles(run, newsroom: Path, readers, form: str) -> None:
    lines = run("subscribers", "export", "--format", form).out.splitlines()

    assert "mail" in lines[0].casefold()
    assert "ada@example.org" in lines[1]
