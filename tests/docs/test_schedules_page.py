"""docs/schedules.md shows what the program does: dates, hours, a rehearsal, commands and settings."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path

import pytest
from real_newsroom import Desk  # found through conftest.py

from newsletter.config.settings import ScheduleSettings
from newsletter.rehearsal import rehearsal_lines
from newsletter.site.digest_feeds import digest_feed_paths
from newsletter.store.schedules import SlotState
from newsletter.timetable import days, in_zone, instant_of, read_at, read_cron

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "schedules.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
FROM, TO = date(2026, 11, 30), date(2027, 12, 31)


def rows_of(head: str) -> list[list[str]]:
    """The cells of the table with this head, row by row."""
    lines = PAGE.partition(f"| {head} |\n")[2].partition("\n\n")[0].splitlines()[1:]
    assert lines, head
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def schedule_blocks() -> list[str]:
    """What this page and the README show of config.toml's schedules."""
    return re.findall(r"^```toml\n(\[schedules\..*?)^```", PAGE + README, flags=re.M | re.S)


@pytest.mark.parametrize(
    ("line", "dates"), [(row[0], row[2]) for row in rows_of("line | means | from 30 November 2026 on")]
)
def test_a_line_means_the_dates_that_stand_beside_it(line: str, dates: str) -> None:
    written = tomllib.loads(line.strip("`"))

    rule = read_at(written["at"]) if "at" in written else read_cron(written["cron"])

    assert ", ".join(map(str, islice(days(rule, FROM, TO), 3))) == dates


@pytest.mark.parametrize(
    "row",
    rows_of("zone | date and hour | what the clocks do | the digest leaves"),
    ids=lambda row: f"{row[0]} {row[1]}",
)
def test_a_digest_leaves_when_the_clocks_change_as_it_is_told(row: list[str]) -> None:
    zone, moment, _, told = row
    day, _, clock = moment.partition(" ")

    instant = instant_of(date.fromisoformat(day), time.fromisoformat(clock), zone)

    if instant is None:
        assert told == "not on this date"
    else:
        shown = datetime.strptime(told.partition(",")[0], "%Y-%m-%d %H:%M %z")
        assert in_zone(instant, zone).replace(fold=0).isoformat() == shown.isoformat()


def test_the_rehearsal_on_the_page_is_what_the_program_says(desk: Desk) -> None:
    topics = "[topics.diplomacy]\n"
    desk.configure(topics, f'[schedules.weekly]\nat = "mon 08:00"\n{topics}')
    desk.newsroom.tick()
    desk.add("wim@example.org", rhythm="weekly")
    desk.add("eve@example.org", rhythm="weekly", hour="7")
    desk.add("amal@example.org", rhythm="weekly", language="ar", topics=("harbour",))
    desk.add("joe@example.org", rhythm="weekly", time_zone="America/New_York")
    for name, title, topic in (
        ("tides", "The tide tables are out", "harbour"),
        ("quay", "The quay is mended", "harbour"),
        ("treaty", "The sea treaty is signed", "diplomacy"),
    ):
        front = f"---\ntitle: {title}\nlanguage: en\ntopics: [{topic}]\n---\n"
        desk.mail(desk.write(f"articles/{name}.md", f"{front}It was said at the quay.\n"))
    desk.pass_time(days=3)

    found = desk.newsroom.rehearse(days=7)

    shown = PAGE.partition("<!-- checked by tests/docs/test_schedules_page.py -->\n```\n")[2].partition("```\n")[0]
    assert "\n".join(rehearsal_lines(found, zone="Europe/Paris")) + "\n" == shown


@pytest.mark.parametrize("block", schedule_blocks())
def test_settings_that_are_shown_are_settings_there_are(block: str, desk: Desk) -> None:
    topics = "[topics.diplomacy]\n"

    desk.configure(topics, f"{block}{topics}")

    assert all(isinstance(one, ScheduleSettings) for one in desk.newsroom.config.schedules.values())
    assert set(desk.newsroom.config.schedules) == set(tomllib.loads(block)["schedules"])


def test_every_state_of_a_run_is_told() -> None:
    told = {row[0].strip("`") for row in rows_of("state | means")}

    assert told == {str(state) for state in SlotState}


@pytest.mark.parametrize("path", digest_feed_paths("weekly"))
def test_the_feeds_of_a_schedule_are_named(path: str) -> None:
    assert f"`{path}`" in PAGE
