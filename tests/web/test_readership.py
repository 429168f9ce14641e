"""Who reads the feeds: what their programs say, counted without keeping anybody's address."""

from __future__ import annotations

import itertools
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.errors import StoreBusy
from newsletter.store.feed_readers import FeedReaders
from newsletter.web import WebServer, create_app
from newsletter.web.agents import MAX_REPORTED, MAX_SERVICE_CHARS, FeedAgent, feed_agent
from newsletter.web.readership import MAX_COUNTS, FeedTally

Newsroom = Any

TODAY = date(2026, 11, 24)
FEEDLY = "Feedly/1.0 (+https://feedly.example/fetcher.html; {} subscribers; like FeedFetcher)"
REPORTING = {
    "Feedbin feed-id:4711 - 142 subscribers": ("Feedbin", "4711", 142),
    "Feedbin feed-id:4711 - 1 subscriber": ("Feedbin", "4711", 1),
    FEEDLY.format("1,642"): ("Feedly", "", 1642),
    "FeedlyBot/1.0 (http://feedly.com; 16 subscribers)": ("Feedly", "", 16),
    "NewsBlur Feed Fetcher - 54 subscribers - http://www.newsblur.com/site/12/harbour": ("NewsBlur", "", 54),
    "NewsBlur Page Fetcher - 7 subscribers - http://www.newsblur.com/site/12/harbour": ("NewsBlur", "", 7),
    "Mozilla/5.0 (compatible; Inoreader/1.0; +https://www.inoreader.com; 25 subscribers)": ("Inoreader", "", 25),
    "Mozilla/5.0 (compatible; theoldreader.com; 12 subscribers; feed-id=5a0fB2)": ("TheOldReader", "5a0fB2", 12),
    "BazQux/2.4 (+https://bazqux.com/fetcher; 3 subscribers)": ("BazQux", "", 3),
    "Dreamwidth Studios (https://www.dreamwidth.org; feedid: 815; 9 readers)": ("Dreamwidth", "815", 9),
    "LiveJournal.com (for https://syndicated.example/quay; 31 readers)": ("LiveJournal", "", 31),
    "Netvibes (http://www.netvibes.com/; 11 subscribers; feedID: 99)": ("Netvibes", "99", 11),
    "G2Reader-Bot/1.0 (+http://www.g2reader.com/; 15 subscribers)": ("G2Reader", "", 15),
    "Feed Wrangler/1.0 (5 subscribers; feed-id=23)": ("Feed Wrangler", "23", 5),
    "QuayReader/3.1 users 1": ("QuayReader", "", 1),
    "PierFetch/0.2 (1 user)": ("PierFetch", "", 1),
}
SILENT = {
    "Mozilla/5.0 (compatible; Miniflux/2.1.4; +https://miniflux.app)": "Miniflux",
    "FreshRSS/1.24.0 (Linux; https://freshrss.org)": "FreshRSS",
    "NetNewsWire (RSS Reader; https://netnewswire.com/)": "NetNewsWire",
    "Tiny Tiny RSS/23.11 (https://tt-rss.org/)": "Tiny Tiny RSS",
    "newsboat/2.34 (Linux x86_64)": "newsboat",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4": "Thunderbird",
    "Reeder/5050001 CFNetwork/1490 Darwin/23.2": "Reeder",
    "SpaceCowboys Android RSS Reader / 2.6.0(337)": "SpaceCowboys Android RSS Reader",
    "Liferea/1.15 (Linux; https://lzone.de/liferea/) AppleWebKit (KHTML, like Gecko)": "Liferea",
    "feedparser/6.0.11 +https://feedparser.example/": "feedparser",
}
NOBODY = [
    "",
    "   ",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.1; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1",
    "QuayCrawler/1.0",
    "W3C_Validator/1.3",
    "curl/8.5.0",
    "Wget/1.21",
    "python-requests/2.32",
    "Go-http-client/2.0",
    "newsletter-press/0.1",
    "ada@example.org",
    "192.0.2.7/1.0",
    "2001:db8::7",
    "ألف قارئ",
]
SILENT_READER = "FreshRSS/1.24.0 (Linux; https://freshrss.org)"


@pytest.mark.parametrize("header", REPORTING)
def test_service_is_believed_for_how_many_it_asks(header: str) -> None:
    service, feed_key, reported = REPORTING[header]

    assert feed_agent(header) == FeedAgent(service=service, feed_key=feed_key, reported=reported)


@pytest.mark.parametrize("header", SILENT)
def test_program_that_reports_nobody_is_known_by_its_name(header: str) -> None:
    assert feed_agent(header) == FeedAgent(service=SILENT[header])


@pytest.mark.parametrize("header", NOBODY)
def test_browsers_crawlers_tools_and_addresses_are_no_readers(header: str) -> None:
    assert feed_agent(header) is None


@pytest.mark.parametrize(
    ("numbers", "reported"),
    [
        ("10,000,000 subscribers", MAX_REPORTED),
        ("10,000,001 subscribers", None),
        ("99999999999999999999999999 subscribers", None),
        ("٩٩ subscribers", None),
        ("-5 subscribers", 5),
        ("2.5 readers", None),
        ("v12x34 users", None),
        ("3 subscribers; 12 readers; 7 users", 12),
        ("0 subscribers", 0),
        ("5 subscribersonly", None),
    ],
)
def test_absurd_numbers_are_no_count(numbers: str, reported: int | None) -> None:
    found = feed_agent(f"QuayReader/1.0 ({numbers})")

    assert found is not None
    assert found.reported == reported


def test_header_of_64_kilobytes_costs_no_more_than_its_beginning() -> None:
    long = "QuayReader/1.0 (" + "9 " * 32_000 + "subscribers)"
    nested = "Mozilla/5.0 " + "(" * 64_000
    numbers = "QuayReader/1.0 " + "1 subscribers " * 4_000

    assert feed_agent(long) == FeedAgent(service="QuayReader")
    assert feed_agent(nested) is None
    assert feed_agent(numbers) == FeedAgent(service="QuayReader", reported=1)


@given(st.text(max_size=300), st.sampled_from(["", "Mozilla/5.0 (compatible; ", "Feedbin feed-id:", "A/1 9 readers "]))
def test_whatever_is_sent_gives_a_short_plain_name(text: str, before: str) -> None:
    found = feed_agent(before + text)

    if found is not None:
        assert found.service.isascii()
        assert found.service.isprintable()
        assert 0 < len(found.service) <= MAX_SERVICE_CHARS
        assert "@" not in found.service + found.feed_key
        assert len(found.feed_key) <= 64
        assert found.reported is None or 0 <= found.reported <= MAX_REPORTED


def ask(app: Any, agent: str, address: str = "192.0.2.7", path: str = "rss.xml", **headers: str) -> int:
    with TestClient(app, base_url="http://localhost", client=(address, 50_000)) as reader:
        return reader.get(f"/feeds/{path}", headers={"User-Agent": agent, **headers}).status_code


def counts(newsroom: Newsroom, app: Any) -> list[FeedReaders]:
    """What the newsroom has been handed when the process ends."""
    app.state.at_end()
    return sorted(newsroom.feed_readers, key=lambda row: (row.day, row.path, row.service, row.feed_key))


def test_highest_number_of_a_day_is_kept(newsroom: Newsroom, app: Any) -> None:
    for number in (12, 40, 31):
        ask(app, FEEDLY.format(number))

    assert counts(newsroom, app) == [FeedReaders(day=TODAY, path="rss.xml", service="Feedly", readers=40)]


def test_each_feed_file_and_number_of_a_service_is_counted_by_itself(newsroom: Newsroom, app: Any) -> None:
    ask(app, "Feedbin feed-id:1 - 5 subscribers")
    ask(app, "Feedbin feed-id:2 - 6 subscribers")
    ask(app, "Feedbin feed-id:3 - 7 subscribers", path="topics/diplomacy/rss.xml")

    found = [(row.path, row.feed_key, row.readers) for row in counts(newsroom, app)]

    assert found == [("rss.xml", "1", 5), ("rss.xml", "2", 6), ("topics/diplomacy/rss.xml", "3", 7)]


def test_silent_programs_are_told_apart_by_name_and_network(newsroom: Newsroom, app: Any) -> None:
    for address in ("192.0.2.7", "192.0.2.200", "198.51.100.7", "2001:db8:1::7", "2001:db8:1:ffff::8", "2001:db8:2::7"):
        ask(app, SILENT_READER, address)
        ask(app, SILENT_READER.replace("1.24.0", "1.25.0"), address)
    ask(app, "newsboat/2.34", "192.0.2.7")

    found = counts(newsroom, app)

    assert [(row.service, row.readers) for row in found] == [("FreshRSS", 4), ("newsboat", 1)]
    assert all(row.is_estimate for row in found)


def test_answer_that_nothing_changed_is_a_reader_and_a_page_in_a_window_is_not(newsroom: Newsroom, app: Any) -> None:
    with TestClient(app, base_url="http://localhost") as reader:
        etag = reader.get("/feeds/rss.xml", headers={"User-Agent": "curl/8"}).headers["etag"]
    unchanged = ask(app, SILENT_READER, **{"If-None-Match": etag})
    ask(app, "newsboat/2.34", **{"Sec-Fetch-Dest": "document"})
    missing = ask(app, "Liferea/1.15", path="topics/nothing/rss.xml")

    assert (unchanged, missing) == (304, 404)
    assert [row.service for row in counts(newsroom, app)] == ["FreshRSS"]


def test_page_of_an_archive_is_no_feed_of_its_own(newsroom: Newsroom, app: Any) -> None:
    page = "archive/0001-0123456789ab/rss.xml"
    (newsroom.feeds_folder / page).parent.mkdir(parents=True)
    (newsroom.feeds_folder / page).write_text("<rss/>", "utf-8")

    assert ask(app, FEEDLY.format(12), path=page) == 200
    assert counts(newsroom, app) == []


def test_midnight_begins_a_new_day_and_keeps_the_old_one(newsroom: Newsroom, app: Any) -> None:
    newsroom.now = newsroom.now.replace(hour=23, minute=58)
    ask(app, FEEDLY.format(40))
    ask(app, SILENT_READER)
    newsroom.now += timedelta(minutes=3)
    ask(app, FEEDLY.format(12))
    ask(app, SILENT_READER)

    found = [(row.day.day, row.service, row.readers) for row in counts(newsroom, app)]

    assert found == [(24, "Feedly", 40), (24, "FreshRSS", 1), (25, "Feedly", 12), (25, "FreshRSS", 1)]


def test_numbers_are_handed_over_every_five_minutes_and_only_when_they_changed(newsroom: Newsroom, app: Any) -> None:
    ask(app, FEEDLY.format(12))
    newsroom.now += timedelta(minutes=4)
    ask(app, FEEDLY.format(13))
    early = list(newsroom.feed_readers)
    newsroom.now += timedelta(minutes=1)
    ask(app, FEEDLY.format(11))
    newsroom.now += timedelta(minutes=10)
    ask(app, FEEDLY.format(11))

    assert early == []
    assert [row.readers for row in newsroom.feed_readers] == [13]
    assert [row.readers for row in counts(newsroom, app)] == [13]


def test_no_feed_waits_for_a_busy_database_and_nothing_is_lost(newsroom: Newsroom, app: Any) -> None:
    ask(app, FEEDLY.format(12))
    newsroom.failure = StoreBusy("newsletter.db: another process holds the database.")
    newsroom.now += timedelta(minutes=6)
    status = ask(app, FEEDLY.format(11))
    newsroom.failure = None

    assert (status, newsroom.feed_readers) == (200, [])
    assert [row.readers for row in counts(newsroom, app)] == [12]


def test_served_process_hands_over_its_counts_when_it_ends(newsroom: Newsroom) -> None:
    app = create_app(newsroom, dev_inbox=True)
    server = WebServer(app, "127.0.0.1", 0)
    ask(app, FEEDLY.format(12))
    serving = threading.Thread(target=server.run)

    server.stop()
    serving.start()
    serving.join(15)

    assert [row.readers for row in newsroom.feed_readers] == [12]


def test_reported_number_takes_the_place_of_an_estimate(newsroom: Newsroom, now: Any) -> None:
    tally = FeedTally()
    for number in range(3):
        tally.note("rss.xml", FeedAgent(service="Feedly"), f"198.51.{number}.7", now)
    tally.note("rss.xml", FeedAgent(service="Feedly", reported=2), "192.0.2.7", now)
    tally.note("rss.xml", FeedAgent(service="Feedly"), "203.0.113.7", now)

    tally.flush(newsroom)

    assert newsroom.feed_readers == [FeedReaders(day=TODAY, path="rss.xml", service="Feedly", readers=2)]


def test_stranger_cannot_fill_the_memory_with_names(newsroom: Newsroom, now: Any) -> None:
    tally = FeedTally()

    for number in range(MAX_COUNTS + 50):
        tally.note("rss.xml", FeedAgent(service=f"Reader{number}", reported=5), "192.0.2.7", now)
    tally.flush(newsroom)

    assert len(newsroom.feed_readers) == MAX_COUNTS


def test_networks_are_told_apart_for_a_day_by_a_key_that_is_drawn_anew(now: Any) -> None:
    drawn = itertools.count(1)
    tally = FeedTally(random=lambda octets: bytes([next(drawn)]) * octets)
    marks = []
    for day in range(2):
        tally.note("rss.xml", FeedAgent(service="FreshRSS"), "192.0.2.7", now + timedelta(days=day))
        marks.append(set(tally._programs))

    assert [len(each) for each in marks] == [1, 1]
    assert marks[0].isdisjoint(marks[1])


def test_counts_of_threads_are_not_lost(newsroom: Newsroom, now: Any) -> None:
    tally = FeedTally()

    def note(part: int) -> None:
        for number in range(200):
            tally.note("rss.xml", FeedAgent(service="FreshRSS"), f"10.{part}.{number}.1", now)
            tally.flush(newsroom) if number % 50 == 0 else None

    threads = [threading.Thread(target=note, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    tally.flush(newsroom)

    assert max(row.readers for row in newsroom.feed_readers) == 800
