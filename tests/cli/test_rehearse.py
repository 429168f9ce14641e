"""`rehearse`: the script on stdout, the emails in a folder, what is different, and nothing else touched."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from newsletter.cli.opening import the_world
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom

BEGINNING = datetime(2026, 11, 24, 9, tzinfo=UTC)
SUNDAY = "2026-11-29 12:00 +0000"
MONDAY = "2026-11-30 08:00 +0000"
WEEKLY = '\n[schedules.weekly]\nat = "mon 08:00"\nhour_of = "newsroom"\n'


@pytest.fixture(scope="session")
def begun_newsroom(fresh_newsroom: Path, audience: Callable[[str], Path], tmp_path_factory) -> Path:
    """A newsroom whose weekly schedule has begun, with an article for its first digest; to be copied."""
    folder = tmp_path_factory.mktemp("rehearsed") / "newsroom"
    shutil.copytree(fresh_newsroom, folder)
    shutil.copy(audience("few"), folder / "newsletter.db")
    config = folder / "config.toml"
    text = re.sub(r"(?m)^\[schedules\..*\n(?:[^\[\n].*\n)*", "", config.read_text("utf-8"))
    config.write_text(text + WEEKLY, "utf-8")
    newsroom = Newsroom(folder, replace(the_world(), environ={}, clock=lambda: BEGINNING))
    newsroom.tick()
    newsroom.publish(newsroom.plan([folder / "articles" / "spring.md"], wishes=Wishes(), publish=PublishWishes()))
    newsroom.send_due()
    newsroom.close()
    return folder


@pytest.fixture(autouse=True)
def begun(newsroom: Path, begun_newsroom: Path) -> None:
    """One stands in a copy of that newsroom."""
    shutil.rmtree(newsroom)
    shutil.copytree(begun_newsroom, newsroom)
    os.chdir(newsroom)


@pytest.fixture
def at(run):
    """Run a command at a moment that is named."""

    def run_then(moment: str, *words: str):
        with time_machine.travel(moment):
            return run(*words)

    return run_then


def files(newsroom: Path) -> dict[str, bytes]:
    """What lies in the newsroom, but for its previews and SQLite's side files."""
    found = (path for path in newsroom.rglob("*") if path.is_file() and "preview" not in path.parts)
    return {str(path): path.read_bytes() for path in found if not path.name.startswith("newsletter.db")}


def rows(newsroom: Path) -> str:
    """Every row of the database, as SQL."""
    with closing(sqlite3.connect(newsroom / "newsletter.db")) as connection:
        return "\n".join(connection.iterdump())


def test_shows_the_coming_days_and_writes_each_email(at, newsroom: Path) -> None:
    result = at(SUNDAY, "rehearse", "--days", "8")

    assert result.code == 0
    assert result.out.splitlines()[1:] == [
        "2026-11-30 08:00  weekly: “The Harbour Post, November 30, 2026: Spring tides”, 1 email",
        "    1 in en: Spring tides",
        "    at 2026-11-30 08:00 UTC (30 08:00 UTC): 1",
        "2026-12-07 08:00  weekly 2026-12-07: skipped (nothing new)",
        "emails an hour",
        "    2026-11-30 08:00  1",
    ]
    assert "Nothing was sent, and nothing has changed." in result.err
    folder = newsroom / "preview" / "rehearsal"
    assert (folder / "rehearsal.txt").read_text("utf-8") == result.out
    assert "Spring tides" in (folder / "20261130T0800-weekly" / "email-1.html").read_text("utf-8")


def test_changes_no_row_and_no_file_outside_of_the_preview(at, newsroom: Path) -> None:
    before = files(newsroom), rows(newsroom)

    at(SUNDAY, "rehearse", "--days", "8")

    assert (files(newsroom), rows(newsroom)) == before


def test_gives_it_as_json(at, newsroom: Path) -> None:
    data = at(SUNDAY, "rehearse", "--days", "8", "--json").data

    assert set(data) == {
        "start", "end", "editions", "quiet", "emails_an_hour", "faults", "script", "differences",
    }  # fmt: skip
    (edition,) = data["editions"]
    assert set(edition) == {"at", "name", "subject", "audience", "variants", "waves"}
    assert set(edition["variants"][0]) == {"furniture", "subject", "articles", "readers"}
    assert set(edition["waves"][0]) == {"local", "time_zone", "at", "readers"}
    assert data["emails_an_hour"] == [{"hour": "2026-11-30T08:00:00Z", "emails": 1}]
    assert [slot["state"] for slot in data["quiet"]] == ["skipped"]
    assert (data["faults"], data["differences"]) == ([], [])


def test_second_one_says_what_is_different_from_the_first(at, newsroom: Path) -> None:
    at(SUNDAY, "rehearse", "--days", "8")
    (newsroom / "articles" / "winter.md").write_text(
        "---\ntitle: Winter\nlanguage: en\n---\nIce on the quay.\n", "utf-8"
    )
    at(SUNDAY, "publish", "articles/winter.md", "--yes")

    result = at(SUNDAY, "rehearse", "--days", "8", "--json")
    unchanged = at(SUNDAY, "rehearse", "--days", "8")

    assert "different from the rehearsal before:" in result.err
    assert {"-    1 in en: Spring tides", "+    1 in en: Winter, Spring tides"} <= set(result.data["differences"])
    assert "different" not in unchanged.err


def test_against_an_earlier_script_in_another_folder(at, newsroom: Path, tmp_path: Path) -> None:
    at(SUNDAY, "rehearse", "--days", "8", "--into", str(tmp_path / "look"))
    at(SUNDAY, "schedule", "skip", "weekly", "2026-11-30")

    script = tmp_path / "look" / "rehearsal.txt"
    differences = at(SUNDAY, "rehearse", "--days", "8", "--against", str(script), "--json").data["differences"]

    assert "-    2026-11-30 08:00  1" in differences
    assert any(line.startswith("+2026-12-07 08:00  weekly: “") for line in differences)


def test_against_a_file_that_is_none_is_refused(at, newsroom: Path) -> None:
    picture = next((newsroom / "articles").rglob("*.png"))

    results = [at(SUNDAY, "rehearse", "--against", name) for name in ("nowhere.txt", str(picture), "articles")]

    assert [result.code for result in results] == [2, 2, 2]
    assert results[0].err == "nowhere.txt: is no rehearsal that can be read. Name a rehearsal.txt.\n"


def test_brings_what_the_tick_then_sends(at, newsroom: Path) -> None:
    (rehearsed,) = at(SUNDAY, "rehearse", "--days", "2", "--json").data["editions"]

    ticked = at(MONDAY, "tick", "--json").data
    edition = at(MONDAY, "editions", "show", ticked["editions"][0]["uid"], "--json").data

    assert (edition["subject"], edition["articles"]) == (rehearsed["subject"], rehearsed["variants"][0]["articles"])
    assert edition["audience"] == rehearsed["audience"] == 1


def test_folder_that_cannot_be_written_is_told(at, newsroom: Path) -> None:
    result = at(SUNDAY, "rehearse", "--into", "config.toml")

    assert result.code != 0
    assert "cannot be written" in result.err
    assert "Pass --into another folder." in result.err


@pytest.mark.parametrize("days", ["0", "367", "many"])
def test_number_of_days_has_bounds(at, days: str) -> None:
    assert at(SUNDAY, "rehearse", "--days", days).code == 2
