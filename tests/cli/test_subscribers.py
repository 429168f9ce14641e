"""`subscribers` and `why`: readers come in, are listed, change, leave, and are forgotten."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from pathlib import Path

import pytest

ADD = ("subscribers", "add")
CONSENT = ("--consent", "asked me at the harbour fair")


def test_added_reader_is_active_and_the_address_is_masked_on_screen(run, newsroom: Path) -> None:
    result = run(*ADD, "ada@example.org", *CONSENT)

    assert (result.code, result.out) == (0, "a…@example.org is an active subscriber.\n")


def test_add_as_json_tells_new_from_known(run, newsroom: Path) -> None:
    arrivals = [run(*ADD, "ada@example.org", *CONSENT, "--json").data["arrival"] for _ in range(2)]

    assert arrivals == ["added", "already_there"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("ada@example.org",), "Missing option '--consent'"),
        (("ada@example.org", "--consent", " "), "consent: say how this reader agreed"),
        (("ada", *CONSENT), "cannot be mailed"),
        (
            ("ada@example.org", *CONSENT, "--language", "de"),
            "language: no articles in “de” here. Choose one of: en, fr, ar.",
        ),
        (("ada@example.org", *CONSENT, "--rhythm", "hourly"), "rhythm: there is no “hourly”. Choose one of:"),
        (("ada@example.org", *CONSENT, "--hour", "25"), "hour: “25” is not a full hour."),
        (("ada@example.org", *CONSENT, "--time-zone", "Mars"), "time_zone: there is no “Mars”."),
        (("ada@example.org", *CONSENT, "--topic", "chess"), "topics: there is no “chess”. Choose among: culture."),
        (("ada@example.org\r\nBcc: e@example.org", *CONSENT), "cannot be mailed"),
    ],
)
def test_add_of_what_cannot_be_is_refused_in_a_sentence(run, newsroom: Path, words, sentence: str) -> None:
    result = run(*ADD, *words)

    assert result.code == 2
    assert sentence in result.err
    assert run("subscribers", "list", "--json").data == []


def test_list_as_table_and_as_json(run, newsroom: Path, readers) -> None:
    table = run("subscribers", "list").out.splitlines()
    ada = run("subscribers", "list", "--json").data[0]

    assert table[0].split()[:5] == ["address", "state", "language", "rhythm", "topics"]
    assert len(table) == 5
    assert " ".join(ada) == "uid address name state language rhythm topics time_zone hour joined_at"


def test_list_filters(run, newsroom: Path, readers) -> None:
    def addresses(*options: str) -> list[str]:
        return [row["address"].partition("@")[0] for row in run("subscribers", "list", "--json", *options).data]

    assert addresses("--language", "fr") == ["farid"]
    assert addresses("--rhythm", "weekly") == ["wim"]
    assert addresses("--state", "unsubscribed") == ["cleo"]
    assert addresses("--limit", "2") == ["ada", "farid"]
    assert run("subscribers", "list", "--state", "gone").code == 2


def test_import_takes_the_good_rows_and_names_the_bad_ones(run, newsroom: Path) -> None:
    (newsroom / "r.csv").write_text("address,shoe\nada@example.org,39\nnobody,40\n", "utf-8")

    result = run("subscribers", "import", "r.csv", *CONSENT)

    assert (result.code, result.out) == (0, "1 added\n1 invalid\n")
    assert "Columns that mean nothing here: shoe" in result.err
    assert 'r.csv:3: "n…" cannot be mailed' in result.err


def test_import_as_json(run, newsroom: Path) -> None:
    (newsroom / "r.csv").write_text("address\nada@example.org\nnobody\n", "utf-8")

    report = run("subscribers", "import", "r.csv", *CONSENT, "--json", "--dry-run").data

    assert set(report) == {"counts", "problems", "problems_left_out", "ignored_columns", "dry_run"}
    assert report["counts"] == {"added": 1, "already_there": 0, "suppressed": 0, "withheld": 0, "invalid": 1}
    assert [problem["line"] for problem in report["problems"]] == [3]
    assert run("subscribers", "list", "--json").data == []


def test_import_from_stdin(run, newsroom: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"address\nada@example.org\n"), "utf-8"))

    assert run("subscribers", "import", "-", *CONSENT).out == "1 added\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "r.csv: cannot be read (No such file or directory)."),
        (b"name\nAda\n", "r.csv:1: the first line names no column “address”."),
        (b"\xff\xfea\x00", "r.csv:1: the file is in UTF-16."),
    ],
)
def test_import_of_what_is_no_list_of_readers(run, newsroom: Path, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (newsroom / "r.csv").write_bytes(content)

    result = run("subscribers", "import", "r.csv", *CONSENT)

    assert (result.code, sentence in result.err) == (2, True)


def test_export_is_read_back_by_import(run, newsroom: Path, readers) -> None:
    (newsroom / "out.csv").write_text(run("subscribers", "export").out, "utf-8")

    report = run("subscribers", "import", "out.csv", *CONSENT, "--json").data

    assert (report["counts"]["already_there"], report["counts"]["withheld"]) == (3, 1)


def test_export_into_a_file_is_private_and_overwrites_nothing(run, newsroom: Path, readers) -> None:
    first = run("subscribers", "export", "--into", "out.csv")
    second = run("subscribers", "export", "--into", "out.csv")

    assert (first.code, second.code) == (0, 2)
    assert (newsroom / "out.csv").stat().st_mode & 0o077 == 0


def test_export_as_json_lines(run, newsroom: Path, readers) -> None:
    rows = [json.loads(line) for line in run("subscribers", "export", "--format", "jsonl").out.splitlines()]

    assert [row["address"] for row in rows][:2] == ["ada@example.org", "farid@example.org"]
    assert run("subscribers", "export", "--format", "xml").code == 2


def test_set_changes_what_was_asked_and_nothing_else(run, newsroom: Path, readers) -> None:
    changed = run("subscribers", "set", "ada@example.org", "--rhythm", "weekly", "--topic", "culture", "--json").data

    assert (changed["rhythm"], changed["topics"], changed["language"]) == ("weekly", ["culture"], "en")
    assert run("subscribers", "set", "ada@example.org", "--all-topics", "--json").data["topics"] == []
    assert run("subscribers", "set", "ada@example.org", "--all-topics", "--topic", "culture").code == 2
    assert run("subscribers", "set", "zoe@example.org", "--rhythm", "daily").code == 2


def test_unsubscribed_reader_stays_out_whoever_brings_them(run, newsroom: Path, readers) -> None:
    first = run("subscribers", "unsubscribe", "ada@example.org", "--json")
    second = run("subscribers", "unsubscribe", "ada@example.org")

    assert first.data == {"changed": True, "cancelled": 0}
    assert "had left before" in second.err
    assert run(*ADD, "ada@example.org", *CONSENT, "--json").data["arrival"] == "already_there"
    assert run("subscribers", "unsubscribe", "zoe@example.org").code == 2


def test_unsubscribing_also_stops_mail_that_waits(run, newsroom: Path, readers, no_relay) -> None:
    run("publish", "articles/spring.md", "--yes")

    result = run("subscribers", "unsubscribe", "ada@example.org")

    assert result.err == "a…@example.org is unsubscribed. 1 waiting email will not be sent.\n"


def test_data_holds_all_that_is_kept(run, published: Path) -> None:
    data = run("subscribers", "data", "ada@example.org").data

    assert set(data) == {
        "subscriber", "suppression", "consents", "confirmations", "deliveries", "attempts", "owed", "notices",
        "private_feeds", "bounces", "events",
    }  # fmt: skip
    assert [delivery["state"] for delivery in data["deliveries"]] == ["sent"]
    assert run("subscribers", "data", "zoe@example.org").code == 2


def test_erased_person_is_gone_and_stays_out(run, published: Path) -> None:
    result = run("subscribers", "erase", "ada@example.org", "--yes", "--json")

    assert result.data == {"found": True, "cancelled": 0, "compacted": True}
    assert b"ada@example.org" not in (published / "newsletter.db").read_bytes()
    assert run(*ADD, "ada@example.org", *CONSENT).code == 1


def test_erasing_beside_another_process_says_how_to_sweep_out_the_rest(run, published: Path, monkeypatch) -> None:
    other = sqlite3.connect(published / "newsletter.db", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM subscribers").fetchone()

    result = run("subscribers", "erase", "ada@example.org", "--yes", "--json")

    other.close()
    assert result.code == 0
    assert result.data["compacted"] is False
    assert "run this command once more" in result.err


def test_why_tells_what_a_reader_got_and_gets(run, published: Path) -> None:
    result = run("why", "ada@example.org")

    assert "reader        ada@example.org: active, en, each, all topics" in result.out
    assert "next article  yes, each article" in result.out
    assert "  sent  " in result.out


@pytest.mark.parametrize(
    ("address", "would_get", "became"),
    [
        ("wim@example.org", "not at once: wants the weekly digest", "not due"),
        ("cleo@example.org", "no: unsubscribed", "not due"),
    ],
)
def test_why_tells_the_reason_for_nothing(run, published: Path, address: str, would_get: str, became: str) -> None:
    why = run("why", address, "--json").data

    assert (why["would_get"], why["editions"][0]["became"]) == (would_get, became)


def test_why_as_json(run, published: Path) -> None:
    why = run("why", "ada@example.org", "--json").data

    assert set(why) == {"reader", "suppressed", "suppression", "would_get", "reports", "editions"}
    assert " ".join(why["reader"]) == "uid address state language rhythm topics time_zone hour joined_at"
    assert " ".join(why["editions"][0]) == ("edition_uid subject released_at became explained settled_at next_at tries")


def test_why_of_a_stranger(run, newsroom: Path) -> None:
    result = run("why", "zoe@example.org")

    assert (result.code, result.out, result.err) == (0, "next article  no: no subscriber has this address\n", "")
