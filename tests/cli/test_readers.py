"""`newsletter readers`: feeds and email side by side, and nothing in the database of who fetched a feed."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.cli.opening import the_world
from newsletter.cli.serving import Served
from newsletter.newsroom import Newsroom
from newsletter.readership import readership_of
from newsletter.store.feed_readers import FeedReaders, note_feed_readers
from newsletter.web import create_app

with warnings.catch_warnings():
    # The test client prefers httpx2 where it is installed and says so; both behave alike here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
FEEDLY = "Feedly/1.0 (+https://feedly.example/; {} subscribers)"


@pytest.fixture
def opened(newsroom: Path):
    """The newsroom opened at a fixed hour, as a process has it; each call opens it once more."""
    rooms: list[Newsroom] = []

    def open_at(now: datetime = NOW) -> Newsroom:
        rooms.append(Newsroom(newsroom, replace(the_world(), clock=lambda: now, environ={})))
        return rooms[-1]

    yield open_at
    for room in rooms:
        room.close()


@pytest.fixture
def count(opened):
    """Write counts: (day, path, service, number) and perhaps a feed's number; a negative number is an estimate."""

    def write(*rows: tuple[Any, ...]) -> None:
        with opened().store.writing() as connection:
            note_feed_readers(connection, [made(*row) for row in rows])

    return write


def made(day: date, path: str, service: str, number: int, feed_key: str = "") -> FeedReaders:
    return FeedReaders(
        day=day, path=path, service=service, feed_key=feed_key, readers=abs(number), is_estimate=number < 0
    )


def test_three_formats_of_a_feed_have_the_same_readers(opened, count) -> None:
    count(
        (TODAY, "rss.xml", "Feedly", 40),
        (TODAY, "atom.xml", "Feedly", 42),
        (TODAY, "feed.json", "Feedly", 1),
        (TODAY, "topics/culture/rss.xml", "Feedly", 5),
        (TODAY, "digest-weekly.xml", "Feedly", 3),
        (TODAY, "digest-weekly.atom.xml", "Feedly", 4),
        (TODAY, "digest-weekly.json", "Feedly", 2),
        (TODAY, "digest-daily.xml", "Feedly", 1),
    )

    found = readership_of(opened().store, days=1, now=NOW)

    assert [day.reported for day in found.days] == [42 + 5 + 4 + 1]


def test_numbers_of_a_service_for_several_addresses_of_a_feed_are_added(opened, count) -> None:
    count((TODAY, "rss.xml", "Feedbin", 11, "1"), (TODAY, "rss.xml", "Feedbin", 12, "2"))

    found = readership_of(opened().store, days=1, now=NOW)

    assert found.services.named == {"Feedbin": 23}


def test_service_that_reports_is_no_program_besides(opened, count) -> None:
    count(
        (TODAY, "rss.xml", "Feedbin", 11, "1"), (TODAY, "atom.xml", "Feedbin", -2), (TODAY, "rss.xml", "newsboat", -3)
    )

    (today,) = readership_of(opened().store, days=1, now=NOW).days

    assert (today.reported, today.programs, today.total) == (11, 3, 14)


def test_days_have_no_gap_and_the_last_whole_one_names_the_services(opened, count) -> None:
    count((YESTERDAY, "rss.xml", "Feedly", 40), (TODAY, "rss.xml", "Feedly", 7))
    count((TODAY - timedelta(days=3), "rss.xml", "Feedly", 99))

    found = readership_of(opened().store, days=3, now=NOW)

    assert [(line.day.day, line.total) for line in found.days] == [(24, 7), (23, 40), (22, 0)]
    assert (found.services_on, found.services.named) == (YESTERDAY, {"Feedly": 40})


def test_services_of_fewer_than_ten_are_not_named(run, newsroom, count) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    count((yesterday, "rss.xml", "Feedly", 1_040), (yesterday, "rss.xml", "Feedbin", 10))
    count((yesterday, "rss.xml", "BazQux", 9), (yesterday, "rss.xml", "newsboat", -2))

    out, data = run("readers", "--days", "3").out, run("readers", "--json").data

    assert "  Feedly  1,040\n  Feedbin  10\n  others (under 10 each)  11\n" in out
    assert re.search(rf"^{yesterday} +1,059 +2 +1,061$", out, flags=re.M)
    assert "BazQux" not in out
    assert "newsboat" not in str(data)
    assert data["services"] == {"named": {"Feedly": 1040, "Feedbin": 10}, "others": 11}
    assert data["days"][1] == {"reported": 1059, "programs": 2, "total": 1061, "day": str(yesterday)}
    assert len(data["days"]) == 14


def test_readers_of_email_stand_beside_those_of_feeds(run, newsroom, readers) -> None:
    result = run("readers", "--json")

    assert result.code == 0
    assert (result.data["email"], result.data["without_email"], result.data["private_feeds"]) == (3, 0, 0)
    assert result.data["services_on"] is None
    assert result.data["rhythms"] == {"named": {}, "others": 3}
    assert "No feed reader was counted yet." in run("readers").out


def test_help_says_what_the_numbers_are_and_are_not(run) -> None:
    text = " ".join(run("readers", "--help").out.split())

    assert "Nobody can check it." in text
    assert "These are people who may read, not people who did" in text
    assert "no address is kept of who fetches a feed" in text


def test_thousand_requests_leave_nothing_of_an_address_in_the_database(opened, newsroom, run) -> None:
    run("feeds", "build")
    served = [Served(opened()) for _ in range(2)]
    apps = [create_app(each, dev_inbox=False) for each in served]
    addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(500)]
    addresses += [f"2001:db8:{number:x}::7" for number in range(500)]

    for number, address in enumerate(addresses):
        with TestClient(apps[number % 2], base_url="http://localhost", client=(address, 50_000)) as reader:
            agent = FEEDLY.format(number) if number % 10 == 0 else "FreshRSS/1.24.0 (Linux; https://freshrss.org)"
            assert reader.get("/feeds/rss.xml", headers={"User-Agent": agent}).status_code in (200, 304, 429)
    for app in apps:
        app.state.at_end()

    found = readership_of(served[0]._newsroom.store, days=1, now=NOW)
    held = b"".join(file.read_bytes() for file in newsroom.glob("newsletter.db*"))
    assert found.services.named["Feedly"] > 900
    assert 200 <= found.services.named["FreshRSS"] < 500
    assert b"FreshRSS" in held
    assert not any(address.encode() in held for address in addresses)
    assert b"198.51." not in held
    assert b"2001:db8" not in held
