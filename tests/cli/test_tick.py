"""`tick` from cron: quiet when nothing is due, once for what is, and loud about what could not be done."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import time_machine

from newsletter.cli.opening import the_world
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom

SPRING = "articles/spring.md"
TUESDAY = "2026-11-24 09:00+00:00"
SUNDAY = "2026-11-29 12:00+00:00"
MONDAY = "2026-11-30 08:00+00:00"
LATER = "2026-11-30 08:05+00:00"
WEEKLY = '\n[schedules.weekly]\nat = "mon 08:00"\nhour_of = "newsroom"\n'
DAILY = '\n[schedules.daily]\nat = "08:00"\nhour_of = "newsroom"\ntemplate = "mine"\n'


@pytest.fixture
def at(run):
    """Run a command at a moment that is named."""

    def run_then(moment: str, *words: str):
        with time_machine.travel(moment):
            return run(*words)

    return run_then


@pytest.fixture(scope="session")
def weekly_newsroom(fresh_newsroom: Path, audience: Callable[[str], Path], tmp_path_factory) -> Path:
    """The newsroom of `weekly`, to be copied."""
    folder = tmp_path_factory.mktemp("weekly") / "newsroom"
    shutil.copytree(fresh_newsroom, folder)
    shutil.copy(audience("few"), folder / "newsletter.db")
    set_schedules(folder, WEEKLY)
    newsroom = Newsroom(folder, replace(the_world(), environ={}, clock=lambda: datetime.fromisoformat(TUESDAY)))
    newsroom.tick()
    newsroom.publish(newsroom.plan([folder / SPRING], wishes=Wishes(), publish=PublishWishes()))
    newsroom.send_due()
    newsroom.close()
    shutil.rmtree(folder / "outbox")
    return folder


@pytest.fixture
def weekly(newsroom: Path, weekly_newsroom: Path) -> None:
    """The readers, and a weekly schedule that has begun, with one article for its first digest."""
    shutil.rmtree(newsroom)
    shutil.copytree(weekly_newsroom, newsroom)
    os.chdir(newsroom)


def set_schedules(newsroom: Path, sections: str) -> None:
    """Have these schedules and no others."""
    config = newsroom / "config.toml"
    text = re.sub(r"(?m)^\[schedules\..*\n(?:[^\[\n].*\n)*", "", config.read_text("utf-8"))
    config.write_text(text + sections, "utf-8")


def empty(newsroom: Path) -> None:
    """Take the mail out of the Maildir."""
    for path in (newsroom / "outbox" / "new").glob("*"):
        path.unlink()


def mailed(newsroom: Path) -> list[tuple[str, str]]:
    """(address, subject) of each message in the Maildir."""
    folder = newsroom / "outbox" / "new"
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in folder.glob("*")]
    return sorted((str(message["To"]), str(message["Subject"])) for message in found)


DIGEST = [("wim@example.org", "The Harbour Post, November 30, 2026: Spring tides")]


def test_is_quiet_when_nothing_is_due(at, newsroom: Path, weekly: None) -> None:
    result = at(SUNDAY, "tick")

    assert (result.code, result.out, result.err) == (0, "", "")
    assert mailed(newsroom) == []


def test_of_a_newsroom_without_anything_is_quiet_too(at, newsroom: Path) -> None:
    set_schedules(newsroom, "")

    results = [at(moment, "tick") for moment in (TUESDAY, MONDAY)]

    assert [(result.code, result.out, result.err) for result in results] == [(0, "", "")] * 2


def test_nothing_due_is_exit_3_for_those_who_ask(at, newsroom: Path, weekly: None) -> None:
    assert at(SUNDAY, "tick", "--exit-code").code == 3
    assert at(MONDAY, "tick", "--exit-code").code == 0


def test_makes_a_digest_sends_it_and_says_so(at, newsroom: Path, weekly: None) -> None:
    result = at(MONDAY, "tick")

    assert result.code == 0
    assert "weekly 2026-11-30: released" in result.err
    assert "audience 1 = 1 sent" in result.err
    assert mailed(newsroom) == DIGEST


def test_gives_what_it_did_as_json(at, weekly: None) -> None:
    data = at(MONDAY, "tick", "--json").data

    assert set(data) == {"paused", "published", "runs", "held", "faults", "editions", "notices"}
    assert [(run["schedule"], run["state"]) for run in data["runs"]] == [("weekly", "released")]
    assert set(data["runs"][0]) == {"schedule", "date", "state", "reason", "due_at"}
    assert (data["paused"], data["published"], data["held"], data["faults"]) == (None, [], [], [])
    assert data["editions"][0]["by_state"]["sent"] == 1
    assert data["notices"]["sent"] == 0


def test_second_tick_does_nothing_twice(at, newsroom: Path, weekly: None) -> None:
    at(MONDAY, "tick")

    again = [at(moment, "tick", "--exit-code") for moment in (MONDAY, LATER)]

    assert [(result.code, result.err) for result in again] == [(3, "")] * 2
    assert mailed(newsroom) == DIGEST


def test_run_without_news_is_said_and_mails_nobody(at, newsroom: Path, readers: None) -> None:
    set_schedules(newsroom, WEEKLY)
    at(TUESDAY, "tick")

    result = at(MONDAY, "tick")

    assert (result.code, result.err) == (0, "weekly 2026-11-30: skipped (nothing new)\n")
    assert mailed(newsroom) == []


def test_digest_that_comes_too_late_is_held_and_the_owner_is_told(at, newsroom: Path, weekly: None) -> None:
    result = at("2026-11-30 20:00+00:00", "tick")

    assert result.code == 0
    assert "weekly 2026-11-30: held (It was due at 2026-11-30 08:00 UTC and nothing ran here" in result.err
    assert mailed(newsroom) == [("owner@example.org", "Held, not sent: the weekly digest of 2026-11-30")]


def test_paused_newsroom_is_exit_75_and_its_mail_goes_out_when_it_is_resumed(at, newsroom, weekly: None) -> None:
    set_paused(newsroom)

    result = at(MONDAY, "tick")
    nobody = mailed(newsroom)
    at(LATER, "resume", "--yes")
    at(LATER, "tick")

    assert (result.code, nobody) == (75, [])
    assert result.err == "The newsroom is paused: restored from a backup. When you are sure: newsletter resume\n"
    assert mailed(newsroom) == DIGEST


def set_paused(newsroom: Path) -> None:
    """As a restore leaves it."""
    with closing(sqlite3.connect(newsroom / "newsletter.db")) as connection, connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('paused', 'restored from a backup')")


class TestBrokenTheme:
    """One schedule's template cannot be rendered: that digest waits, all else goes out."""

    @pytest.fixture(autouse=True)
    def broken(self, newsroom: Path, at, readers: None) -> Path:
        """A weekly digest, and a daily one for Ada whose template is broken; its path."""
        template = newsroom / "templates" / "email" / "mine.html"
        template.parent.mkdir(parents=True, exist_ok=True)
        template.write_text("{{ no.such.thing }}", "utf-8")
        template.with_suffix(".txt").write_text(theme("email/digest.txt"), "utf-8")
        set_schedules(newsroom, WEEKLY + DAILY)
        at(TUESDAY, "subscribers", "set", "ada@example.org", "--rhythm", "daily")
        at("2026-11-29 09:00+00:00", "tick")
        at(SUNDAY, "publish", SPRING, "--yes")
        empty(newsroom)
        return template

    def test_fault_is_exit_1_with_a_sentence_and_the_rest_is_done(self, at, newsroom: Path) -> None:
        result = at(MONDAY, "tick")

        assert result.code == 1
        assert "not done: the daily digest: " in result.err
        assert "mine.html" in result.err
        assert "Traceback" not in result.err
        assert DIGEST[0] in mailed(newsroom)
        assert "ada@example.org" not in dict(mailed(newsroom))

    def test_owner_is_told_once_a_day(self, at, newsroom: Path) -> None:
        at(MONDAY, "tick")
        at(LATER, "tick")

        assert mailed(newsroom) == [("owner@example.org", "Could not go out: the daily digest"), *DIGEST]

    def test_repaired_it_goes_out_with_the_next_tick_and_only_once(self, at, newsroom: Path, broken: Path) -> None:
        at(MONDAY, "tick")
        broken.write_text(theme("email/digest.html"), "utf-8")

        results = [at(moment, "tick") for moment in (LATER, "2026-11-30 08:10+00:00")]

        assert [result.code for result in results] == [0, 0]
        assert [address for address, _ in mailed(newsroom)].count("ada@example.org") == 1

    def test_fault_stands_in_the_json(self, at) -> None:
        data = at(MONDAY, "tick", "--json").data

        assert len(data["faults"]) == 1
        assert [run["schedule"] for run in data["runs"]] == ["weekly"]


def theme(name: str) -> str:
    """A template of the theme that comes with the program."""
    return (Path(__file__).parents[2] / "templates" / name).read_text("utf-8")


def test_relay_that_is_away_is_exit_75_and_the_digest_goes_out_later(at, newsroom: Path, weekly, no_relay) -> None:
    result = at(MONDAY, "tick")
    config = newsroom / "config.toml"
    config.write_text(config.read_text("utf-8").replace('transport = "relay"', 'transport = "outbox"'), "utf-8")

    later = at("2026-11-30 09:30+00:00", "tick")

    assert result.code == 75
    assert later.code == 0
    assert [address for address, _ in mailed(newsroom)] == ["wim@example.org"]
