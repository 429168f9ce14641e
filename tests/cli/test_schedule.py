"""`schedule …`: digests that come by themselves, looked at, tried, left out, stopped and made by hand."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import time_machine

from newsletter.cli.opening import the_world
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom

SPRING = "articles/spring.md"
WINTER = "---\ntitle: Winter\nlanguage: en\n---\nIce on the quay.\n"
BEGINNING = datetime(2026, 11, 24, 9, tzinfo=UTC)
TUESDAY = "2026-11-24 09:00 +0000"
MONDAY = "2026-11-30 08:00 +0000"
NEXT_MONDAY = "2026-12-07 08:00 +0000"
WEEKLY = '\n[schedules.weekly]\nat = "mon 08:00"\nhour_of = "newsroom"\n'

pytestmark = pytest.mark.usefixtures("weekly")


@pytest.fixture
def weekly(newsroom: Path, readers: None) -> None:
    """The readers, and one schedule: Mondays at eight on the newsroom's clock, UTC."""
    set_schedules(newsroom, WEEKLY)


@pytest.fixture
def at(run):
    """Run a command at a moment that is named."""

    def run_then(moment: str, *words: str):
        with time_machine.travel(moment):
            return run(*words)

    return run_then


@pytest.fixture(scope="session")
def begun_newsroom(fresh_newsroom: Path, audience: Callable[[str], Path], tmp_path_factory) -> Path:
    """A newsroom whose weekly schedule has begun, with two articles for its first digest; to be copied."""
    folder = tmp_path_factory.mktemp("begun") / "newsroom"
    shutil.copytree(fresh_newsroom, folder)
    shutil.copy(audience("few"), folder / "newsletter.db")
    set_schedules(folder, WEEKLY)
    (folder / "articles" / "winter.md").write_text(WINTER, "utf-8")
    newsroom = Newsroom(folder, replace(the_world(), environ={}, clock=lambda: BEGINNING))
    newsroom.tick()
    for name in (SPRING, "articles/winter.md"):
        newsroom.publish(newsroom.plan([folder / name], wishes=Wishes(), publish=PublishWishes()))
    newsroom.send_due()
    newsroom.close()
    shutil.rmtree(folder / "outbox")
    return folder


@pytest.fixture
def begun(newsroom: Path, weekly: None, begun_newsroom: Path) -> None:
    """The schedule has begun, and there are two articles for its first digest."""
    shutil.rmtree(newsroom)
    shutil.copytree(begun_newsroom, newsroom)
    os.chdir(newsroom)


def set_schedules(newsroom: Path, sections: str) -> None:
    """Have these schedules and no others."""
    config = newsroom / "config.toml"
    text = re.sub(r"(?m)^\[schedules\..*\n(?:[^\[\n].*\n)*", "", config.read_text("utf-8"))
    config.write_text(text + sections, "utf-8")


def emails(newsroom: Path) -> list[EmailMessage]:
    """What the Maildir holds."""
    folder = newsroom / "outbox" / "new"
    return [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.glob("*"))]


def addresses(newsroom: Path) -> list[str]:
    return sorted(str(message["To"]) for message in emails(newsroom))


def titles(text: str) -> list[str]:
    """The articles of a digest's plain text, in its order."""
    return re.findall(r"Winter|Spring tides", text)


class TestList:
    def test_says_in_words_when_for_whom_and_what_comes_next(self, at) -> None:
        out = at(TUESDAY, "schedule", "list").out

        assert out.splitlines() == [
            "weekly: every Monday at 08:00, the hour of UTC",
            "  readers   1",
            *(f"  next      {day} 08:00 UTC" for day in ("2026-11-30", "2026-12-07", "2026-12-14", "2026-12-21")),
            "  next      2026-12-28 08:00 UTC",
        ]

    def test_gives_it_as_json(self, at, begun: None) -> None:
        at(MONDAY, "tick")

        (line,) = at(MONDAY, "schedule", "list", "--json").data

        assert set(line) == {"name", "words", "whose_hour", "readers", "paused", "latest", "next"}
        assert (line["name"], line["readers"], line["paused"]) == ("weekly", 1, False)
        assert line["latest"] == {
            "schedule": "weekly",
            "date": "2026-11-30",
            "state": "released",
            "reason": "",
            "due_at": "2026-11-30T08:00:00Z",
        }
        assert line["next"][0] == "2026-12-07T08:00:00Z"

    def test_without_schedules_says_how_to_make_one(self, at, newsroom: Path) -> None:
        set_schedules(newsroom, "")

        result = at(TUESDAY, "schedule", "list")

        assert (result.code, result.out) == (0, "")
        assert "A section switches one on: [schedules.weekly]" in result.err

    def test_warns_of_readers_whose_rhythm_no_schedule_serves(self, at, newsroom: Path) -> None:
        set_schedules(newsroom, WEEKLY.replace("weekly", "daily").replace("mon ", ""))

        result, status = at(TUESDAY, "schedule", "list"), at(TUESDAY, "status")

        assert "1 reader chose weekly, which no schedule serves. Add [schedules.weekly] to config.toml." in result.err
        assert "unserved      1 reader chose weekly" in status.out
        assert at(TUESDAY, "status", "--json").data["unserved"] == {"weekly": 1}


class TestNext:
    def test_has_a_line_for_each_coming_run_and_waiting_article_in_order(self, at, newsroom: Path) -> None:
        set_schedules(newsroom, WEEKLY + WEEKLY.replace("weekly", "monthly").replace("mon ", "1 "))
        at(TUESDAY, "publish", SPRING, "--at", "2026-11-30 09:00", "--yes")

        rows = at(TUESDAY, "schedule", "next", "--json").data
        lines = at(TUESDAY, "schedule", "next").out.splitlines()

        assert rows == [
            {"at": "2026-11-30T08:00:00Z", "what": "the weekly digest", "readers": 1},
            {"at": "2026-11-30T09:00:00Z", "what": SPRING, "readers": None},
            {"at": "2026-12-01T08:00:00Z", "what": "the monthly digest", "readers": 0},
        ]
        assert lines[0].split() == ["when", "what", "readers"]
        assert lines[1].startswith("2026-11-30 08:00 UTC")

    def test_with_nothing_to_come_says_so(self, at, newsroom: Path) -> None:
        set_schedules(newsroom, "")

        assert at(TUESDAY, "schedule", "next").err == "Nothing is scheduled.\n"


@pytest.mark.usefixtures("begun")
class TestPreview:
    def test_writes_each_variant_and_says_who_gets_it(self, at, newsroom: Path) -> None:
        result = at("2026-11-29 12:00 +0000", "schedule", "preview", "weekly")

        assert result.code == 0
        assert "1 reader: 2 articles, “The Harbour Post, November 30, 2026: " in result.err
        assert all(Path(path).is_file() for path in result.out.splitlines())
        assert {Path(path).parent.name for path in result.out.splitlines()} == {"digest-weekly"}

    def test_gives_it_as_json(self, at, newsroom: Path) -> None:
        look = at("2026-11-29 12:00 +0000", "schedule", "preview", "weekly", "--json").data

        assert set(look) == {"schedule", "date", "first_at", "variants", "nothing_new", "files"}
        assert (look["date"], look["first_at"]) == ("2026-11-30", "2026-11-30T08:00:00Z")
        assert [set(variant) for variant in look["variants"]] == [{"subject", "readers", "articles"}] * len(
            look["variants"]
        )
        assert sum(variant["readers"] for variant in look["variants"]) == 1

    def test_changes_nothing_and_mails_nobody(self, at, newsroom: Path) -> None:
        at("2026-11-29 12:00 +0000", "schedule", "preview", "weekly")

        assert emails(newsroom) == []
        assert at(MONDAY, "schedule", "list", "--json").data[0]["latest"] is None

    def test_is_what_is_sent_but_for_the_readers_own_values(self, at, newsroom: Path) -> None:
        look = at("2026-11-29 12:00 +0000", "schedule", "preview", "weekly", "--json").data
        page, text = (Path(path).read_text("utf-8") for path in look["files"][:2])
        at(MONDAY, "tick")
        (message,) = emails(newsroom)

        sent = {kind: str(message.get_body((kind,)).get_content()) for kind in ("html", "plain")}

        subject, _, shown = text.partition("\n\n")
        assert subject == f"Subject: {message['Subject']}"
        assert list(dict.fromkeys(titles(shown))) == ["Winter", "Spring tides"]
        assert impersonal(shown) == impersonal(sent["plain"])
        assert impersonal(page) == impersonal(sent["html"])

    def test_of_an_unknown_schedule_names_those_there_are(self, at) -> None:
        result = at(TUESDAY, "schedule", "preview", "hourly")

        assert result.code == 2
        assert result.err == "There is no schedule called “hourly”. There are: weekly.\n"

    def test_with_nothing_new_says_who_gets_nothing(self, at) -> None:
        at(MONDAY, "tick")

        assert "1 reader: nothing new" in at(MONDAY, "schedule", "preview", "weekly").err

    def test_into_another_folder(self, at, tmp_path: Path) -> None:
        result = at(TUESDAY, "schedule", "preview", "weekly", "--into", str(tmp_path / "look"))

        assert {Path(path).parent for path in result.out.splitlines()} == {tmp_path / "look"}


def impersonal(text: str) -> str:
    """A digest without the reader's own links and address, and the edition's own address."""
    text = re.sub(r"https?://[^\s\"<>]*/(u|p|editions)/[^\s\"<>]*", "LINK", text)
    return re.sub(r"[\w.]+@example\.org", "READER", text).replace("\r\n", "\n").rstrip()


class TestPause:
    def test_paused_schedule_makes_no_run_and_says_so(self, at, newsroom: Path, begun: None) -> None:
        paused = at("2026-11-29 12:00 +0000", "schedule", "pause", "weekly", "--json")

        assert paused.data == {"schedule": "weekly", "paused": True}
        assert "Go on with: newsletter schedule resume weekly" in paused.err
        assert at(MONDAY, "tick", "--exit-code").code == 3
        assert "; PAUSED" in at(MONDAY, "schedule", "list").out
        assert emails(newsroom) == []

    def test_resumed_it_brings_with_its_next_run_what_was_published_meanwhile(
        self, at, newsroom: Path, begun: None
    ) -> None:
        at("2026-11-29 12:00 +0000", "schedule", "pause", "weekly")

        resumed = at("2026-12-01 12:00 +0000", "schedule", "resume", "weekly", "--json")
        at("2026-12-01 12:01 +0000", "tick")
        early = emails(newsroom)
        at(NEXT_MONDAY, "tick")

        assert resumed.data["next"] == ["2026-12-07T08:00:00Z"]
        assert "weekly runs again; next: 2026-12-07 08:00 UTC" in resumed.err
        assert (early, addresses(newsroom)) == ([], ["wim@example.org"])

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_twice_is_fine_and_an_unknown_name_is_refused(self, at, verb: str) -> None:
        assert [at(TUESDAY, "schedule", verb, "weekly").code for _ in range(2)] == [0, 0]
        assert "There is no schedule called “hourly”" in at(TUESDAY, "schedule", verb, "hourly").err


class TestRun:
    def test_needs_now_and_says_why(self, at, newsroom: Path, begun: None) -> None:
        result = at("2026-11-26 12:00 +0000", "schedule", "run", "weekly", "--yes")

        assert result.code == 2
        assert "A run by hand goes to all its readers at once. Say so with --now" in result.err
        assert emails(newsroom) == []

    def test_asks_first(self, at, newsroom: Path, begun: None) -> None:
        result = at("2026-11-26 12:00 +0000", "schedule", "run", "weekly", "--now")

        assert result.code == 2
        assert "This mails 1 reader, and there is nobody to ask." in result.err
        assert emails(newsroom) == []

    def test_sends_what_the_next_digest_would_have_brought_and_that_one_comes_as_planned(
        self, at, newsroom: Path, begun: None
    ) -> None:
        result = at("2026-11-26 12:00 +0000", "schedule", "run", "weekly", "--now", "--yes", "--json")
        at(MONDAY, "tick")

        assert set(result.data) == {"run", "editions"}
        assert (result.data["run"]["date"], result.data["run"]["state"]) == ("2026-11-26", "released")
        assert result.data["editions"][0]["state"] == "sent"
        assert addresses(newsroom) == ["wim@example.org"]
        latest = at(MONDAY, "schedule", "list", "--json").data[0]["latest"]
        assert (latest["date"], latest["state"], latest["reason"]) == ("2026-11-30", "skipped", "nothing new")

    def test_second_run_of_a_day_is_refused_and_mails_nobody(self, at, newsroom: Path, begun: None) -> None:
        at("2026-11-26 12:00 +0000", "schedule", "run", "weekly", "--now", "--yes")

        again = at("2026-11-26 13:00 +0000", "schedule", "run", "weekly", "--now", "--yes")

        assert again.code == 2
        assert "The weekly run of 2026-11-26 is released already." in again.err
        assert len(emails(newsroom)) == 1

    def test_of_a_held_run_sends_that_one(self, at, newsroom: Path, begun: None) -> None:
        at("2026-11-30 20:00 +0000", "tick")
        status = at("2026-11-30 20:00 +0000", "status")

        result = at("2026-12-01 09:00 +0000", "schedule", "run", "weekly", "--now", "--yes", "--json")

        assert "newsletter schedule run weekly --now sends it" in status.out
        assert (result.data["run"]["date"], result.data["run"]["state"]) == ("2026-11-30", "released")
        assert "wim@example.org" in addresses(newsroom)

    def test_with_nothing_new_is_skipped_and_says_so(self, at, newsroom: Path) -> None:
        at(TUESDAY, "tick")

        result = at("2026-11-26 12:00 +0000", "schedule", "run", "weekly", "--now", "--yes")

        assert result.code == 0
        assert "weekly 2026-11-26: skipped (nothing new)" in result.err

    def test_of_an_unknown_schedule_is_refused(self, at) -> None:
        assert "There are: weekly." in at(TUESDAY, "schedule", "run", "hourly", "--now", "--yes").err


class TestSkip:
    def test_skipped_run_is_left_out_and_its_articles_come_with_the_next(self, at, newsroom: Path, begun: None) -> None:
        skipped = at("2026-11-26 12:00 +0000", "schedule", "skip", "weekly", "2026-11-30", "--json")
        coming = at("2026-11-26 12:00 +0000", "schedule", "list", "--json").data[0]["next"]
        at(MONDAY, "tick")
        nobody = emails(newsroom)
        at(NEXT_MONDAY, "tick")

        assert skipped.data == {"schedule": "weekly", "date": "2026-11-30", "skipped": True}
        assert "is left out; its articles wait for the next run" in skipped.err
        assert coming[0] == "2026-12-07T08:00:00Z"
        assert (nobody, addresses(newsroom)) == ([], ["wim@example.org"])

    def test_undone_it_runs_after_all(self, at, newsroom: Path, begun: None) -> None:
        at("2026-11-26 12:00 +0000", "schedule", "skip", "weekly", "2026-11-30")

        undone = at("2026-11-27 12:00 +0000", "schedule", "skip", "weekly", "2026-11-30", "--undo", "--json")
        at(MONDAY, "tick")

        assert undone.data["skipped"] is False
        assert addresses(newsroom) == ["wim@example.org"]

    def test_twice_is_fine_either_way(self, at) -> None:
        skip = ("schedule", "skip", "weekly", "2026-11-30")

        assert [at(TUESDAY, *skip, *undo).code for undo in [(), (), ("--undo",), ("--undo",)]] == [0] * 4

    @pytest.mark.parametrize(
        ("day", "sentence"),
        [
            ("2026-12-01", "weekly does not run on 2026-12-01: it runs every Monday at 08:00."),
            ("Monday", "“Monday” is no date. Write it as YYYY-MM-DD."),
            ("2026-02-30", "“2026-02-30” is no date. Write it as YYYY-MM-DD."),
        ],
    )
    def test_date_that_cannot_be_meant_is_refused(self, at, day: str, sentence: str) -> None:
        result = at(TUESDAY, "schedule", "skip", "weekly", day)

        assert (result.code, result.err) == (2, f"{sentence}\n")

    def test_run_that_was_made_cannot_be_skipped(self, at, begun: None) -> None:
        at(MONDAY, "tick")

        result = at(MONDAY, "schedule", "skip", "weekly", "2026-11-30")

        assert (result.code, "is released already" in result.err) == (2, True)
