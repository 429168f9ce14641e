"""Canaries: plain feedgen still has the defects we mend. When one fails, its remedy can go.

Each is also a control: it shows what a reader would get without the remedy.
"""

from __future__ import annotations

import locale
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import feedgen.entry
import feedgen.feed
import feedgen.util
import pytest
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from newsletter.feeds.corrected import CorrectedEntry, CorrectedFeed


@pytest.fixture
def plain(now):
    feed = FeedGenerator()
    feed.id("tag:example.org,2026:feed")
    feed.title("A & B")
    feed.description("D")
    feed.updated(now)
    feed.link(href="https://example.org/")
    feed.link(href="https://example.org/rss.xml", rel="self")
    return feed


def filled(entry, now):
    entry.id("tag:example.org,2026:1")
    entry.title("T & U")
    entry.updated(now)
    entry.link(href="https://example.org/1", rel="alternate", type="text/html")
    entry.enclosure("https://example.org/1.mp3", 5, "audio/mpeg")
    return entry


def test_plain_feedgen_loses_the_relation_of_links(now):
    links = [child for child in filled(FeedEntry(), now).atom_entry() if child.tag == "link"]

    assert [dict(link.attrib) for link in links] == [
        {"href": "https://example.org/1"},
        {"href": "https://example.org/1.mp3"},
    ]


def test_the_corrected_entry_keeps_the_relation_of_links(now):
    links = [child for child in filled(CorrectedEntry(), now).atom_entry() if child.tag == "link"]

    assert [link.get("rel") for link in links] == ["alternate", "enclosure"]
    assert (links[1].get("type"), links[1].get("length")) == ("audio/mpeg", "5")


def test_plain_feedgen_links_the_channel_to_whatever_came_last(plain):
    assert b"<link>https://example.org/rss.xml</link>" in plain.rss_str()


def test_plain_feedgen_puts_the_last_entry_first(plain, now):
    for number in "12":
        filled(plain.add_entry(), now).title(number)

    assert plain.rss_str().index(b"<title>2</title>") < plain.rss_str().index(b"<title>1</title>")


def test_plain_feedgen_escapes_titles_as_named_entities(plain):
    assert b"<title>A &amp; B</title>" in plain.rss_str()


def test_plain_feedgen_names_its_version(plain):
    assert b"version=" in plain.atom_str().partition(b"<generator")[2]


def test_plain_feedgen_shows_the_present_time(plain):
    before = datetime.now(UTC)

    assert before <= FeedGenerator().updated() <= datetime.now(UTC)


def test_plain_feedgen_loses_the_full_text_of_an_entry_without_description(plain, now):
    filled(plain.add_entry(), now).content("<p>Body</p>", type="html")

    assert b"content:encoded>" not in plain.rss_str().partition(b"<item>")[2]


@pytest.mark.parametrize("character", ["\x0b", "\ufffe", "\ud800"])
def test_plain_feedgen_dies_of_one_character(plain, now, character):
    filled(plain.add_entry(), now).title(f"A{character}")

    with pytest.raises((ValueError, UnicodeEncodeError)):
        plain.rss_str()


def test_plain_feedgen_formats_dates_by_changing_the_locale(now, monkeypatch):
    monkeypatch.setattr(locale, "setlocale", lambda *_: pytest.fail("touched"))

    with pytest.raises(pytest.fail.Exception, match="touched"):
        feedgen.util.formatRFC2822(now)


def test_the_formatter_is_replaced_in_both_modules():
    assert feedgen.feed.formatRFC2822 is feedgen.entry.formatRFC2822 is format_datetime


def test_the_corrected_feed_keeps_the_order_of_its_entries(now):
    feed = CorrectedFeed({})
    feed.title("T")
    feed.description("D")
    feed.link(href="https://example.org/")
    for number in "12":
        filled(feed.append(), now - timedelta(days=int(number))).title(number)

    assert feed.rss_bytes().index(b"<title>1</title>") < feed.rss_bytes().index(b"<title>2</title>")
