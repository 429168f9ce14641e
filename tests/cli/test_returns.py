"""`bounce`, `bounces` and `suppressions`: what came back is read, listed, settled, and explained."""

from __future__ import annotations

import io
import sqlite3
import sys
from pathlib import Path

import pytest

from newsletter.subscribers import bounce_token, parse_keys

ADA = "ada@example.org"
BECAUSE = ("--because", "asked at the fair")


def returned(newsroom: Path, *, status: str = "5.1.1", name: str = "returned.eml") -> Path:
    """A report about the first edition's copy to Ada, as a file."""
    keys = parse_keys((newsroom / "newsletter.key").read_text())
    with sqlite3.connect(newsroom / "newsletter.db") as database:
        (reader,) = database.execute("SELECT id FROM subscribers WHERE address = ?", (ADA,)).fetchone()
    token = bounce_token(keys, 1, reader)
    path = newsroom / name
    path.write_text(
        f"To: b+{token}@example.org\nFrom: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n'
        "Content-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; {ADA}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} \x1b[31mno such mailbox\n--b--\n",
        "utf-8",
    )
    return path


@pytest.fixture
def mailed(run, newsroom: Path, readers) -> Path:
    assert run("publish", "articles/spring.md", "--yes").code == 0
    return newsroom


def test_a_bounce_by_hand_ends_the_readers_mail_and_why_explains_it(run, mailed: Path) -> None:
    result = run("bounce", str(returned(mailed)))
    why = run("subscribers", "why", ADA)

    assert result.code == 0
    assert "bounce, suppressed (no 1)" in result.err
    assert "suppressed    bounced since" in why.out
    assert "bounce by file 5.1.1" in why.out
    assert "no such mailbox" in why.out
    assert "\x1b" not in why.out


def test_a_mail_servers_pipe_is_read_and_the_same_message_counts_once(run, mailed: Path, monkeypatch) -> None:
    octets = returned(mailed).read_bytes()
    answers = []
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets), encoding="utf-8"))
        answers.append(run("bounce", "-", "--json").data)

    assert [answer[0]["kind"] for answer in answers] == ["bounce", "bounce"]
    assert [answer[0]["id"] for answer in answers] == [1, None]


def test_an_unreadable_file_does_not_stop_the_others(run, mailed: Path) -> None:
    result = run("bounce", "missing.eml", str(returned(mailed)))

    assert result.code == 2
    assert "missing.eml: cannot be read" in result.err
    assert len(run("bounces", "list", "--json").data) == 1


def test_what_waits_for_a_person_is_listed_shown_and_settled(run, mailed: Path) -> None:
    (mailed / "odd.eml").write_bytes(b"Subject: parcel\r\n\r\n<script>\x1b[2Jwhere is it?\r\n")
    run("bounce", "odd.eml")

    listed = run("bounces", "list", "--kept", "--json").data
    shown = run("bounces", "show", "1")
    settled = run("bounces", "settle", "1")

    assert [(one["kind"], one["outcome"]) for one in listed] == [("unclear", "kept")]
    assert "where is it?" in shown.out
    assert "\x1b" not in shown.out
    assert settled.err == "1 report settled.\n"
    assert run("bounces", "list", "--kept").err == "Nothing waits for you.\n"


def test_a_report_there_is_not_gets_a_sentence(run, mailed: Path) -> None:
    result = run("bounces", "show", "7")

    assert (result.code, result.err) == (2, "There is no report 7. See: newsletter bounces list\n")


def test_suppressions_are_added_listed_and_removed(run, mailed: Path) -> None:
    run("suppressions", "add", ADA, *BECAUSE)
    run("suppressions", "add", "nobody@example.net", *BECAUSE)

    listed = run("suppressions", "list", "--json").data
    removed = run("suppressions", "remove", ADA, *BECAUSE, "--yes")

    assert sorted(one["address"] for one in listed) == ["", ADA]
    assert {one["source"] for one in listed} == {"newsletter suppressions add: asked at the fair"}
    assert removed.code == 0
    assert "gets mail once they sign up again" in removed.err
    assert len(run("suppressions", "list", "--json").data) == 1
    assert run("why", ADA, "--json").data["reader"]["state"] == "unsubscribed"


def test_nothing_revives_who_objected(run, mailed: Path) -> None:
    run("suppressions", "add", ADA, *BECAUSE)

    result = run("suppressions", "remove", ADA, *BECAUSE, "--yes", "--revive")

    assert result.code == 2
    assert "have to sign up again" in result.err
    assert len(run("suppressions", "list", "--json").data) == 1


def test_a_mended_mailbox_is_revived_by_hand(run, mailed: Path) -> None:
    run("bounce", str(returned(mailed)))

    result = run("suppressions", "remove", ADA, *BECAUSE, "--yes", "--revive")

    assert result.code == 0
    assert run("why", ADA, "--json").data["reader"]["state"] == "active"


def test_without_a_terminal_and_without_yes_nothing_is_removed(run, mailed: Path) -> None:
    run("suppressions", "add", ADA, *BECAUSE)

    assert run("--no-input", "suppressions", "remove", ADA, *BECAUSE).code == 2
    assert len(run("suppressions", "list", "--json").data) == 1


def test_a_reason_there_is_not_is_refused(run, newsroom: Path) -> None:
    result = run("suppressions", "list", "--reason", "boredom")

    assert result.code == 2
    assert "bounced, complained, objected, erased" in result.err
