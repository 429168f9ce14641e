"""Hubs and archives: where a feed is told from, and where its older entries are, in each format's own words."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from newsletter.feeds import ArchivePage, Channel, Feeds, FeedUrls, History, build_archive_page, build_feeds
from newsletter.model import Article

HERE = Path(__file__).parent
HUBS = ("https://news.example.org/hub", "https://hub.example.org/?a=1&b=2")
NAMES = {"a": "http://www.w3.org/2005/Atom", "fh": "http://purl.org/syndication/history/1.0"}


def urls(name: str) -> FeedUrls:
    start = f"https://news.example.org/feeds/archive/{name}/"
    return FeedUrls(rss=f"{start}rss.xml", atom=f"{start}atom.xml", json=f"{start}feed.json")


OPEN, FULL = urls("0002-0123456789ab"), urls("0001-0123456789ab")

LEADS_TO_OPEN = History(previous=OPEN)


@pytest.fixture
def articles(article: Article) -> list[Article]:
    """Five, the last published first."""
    return [
        replace(
            article,
            uid=f"tag:news.example.org,2026-11-24:{number}",
            published_at=article.published_at - timedelta(days=number),
            updated_at=article.published_at - timedelta(days=number),
        )
        for number in range(5)
    ]


def pages(articles: list[Article]) -> list[ArchivePage]:
    """An archive whose last full page holds the two oldest articles."""
    uids = [article.uid for article in articles]
    return [ArchivePage(urls=OPEN, uids=frozenset(uids[:3])), ArchivePage(urls=FULL, uids=frozenset(uids[3:]))]


def test_hubs_are_named_and_the_channel_still_links_to_the_site(publish, articles: list[Article]) -> None:
    made = publish(articles[0], hubs=HUBS)

    assert made.in_rss("channel/link/text()") == ["https://news.example.org/"]
    assert made.in_rss("channel/a:link[@rel='hub']/@href") == list(HUBS)
    assert made.in_atom("a:link[@rel='hub']/@href") == list(HUBS)
    assert made.json["hubs"] == [{"type": "WebSub", "url": hub} for hub in HUBS]


def test_what_feeds_lead_to_comes_before_their_items(publish, articles: list[Article]) -> None:
    made = publish(*articles, hubs=HUBS)

    names = [child.tag for child in made.rss[0]]

    assert names.index("item") == len(names) - 5


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (5, History(is_complete=True)),
        (4, History(previous=FULL)),
        (3, History(previous=FULL)),
        (2, History(previous=OPEN)),
    ],
)
def test_a_feed_leads_to_the_newest_page_it_needs(
    channel: Channel, articles: list[Article], limit: int, expected: History
) -> None:
    assert build_feeds(channel, articles, archive=pages(articles), max_entries=limit).history == expected


def test_a_feed_without_archive_says_nothing_of_older_entries(channel: Channel, articles: list[Article]) -> None:
    made = build_feeds(channel, articles, max_entries=2)

    assert made.history == History()
    assert b"purl.org/syndication/history" not in made.rss + made.atom
    assert b"next_url" not in made.json


def test_the_links_are_in_every_format(channel: Channel, articles: list[Article], publish) -> None:
    history = History(previous=FULL, current=urls("current"))

    made = publish(*articles, history=history)

    for read, kind in ((made.in_rss, "rss"), (made.in_atom, "atom")):
        start = "channel/" if kind == "rss" else ""
        for relation, led_to in (("prev-archive", FULL), ("current", urls("current"))):
            links = read(f"{start}a:link[@rel='{relation}']")
            assert [(link.get("href"), link.get("type")) for link in links] == [
                (getattr(led_to, kind), f"application/{kind}+xml")
            ]
    assert made.json["next_url"] == FULL.json


def test_changed_articles_come_last_and_take_a_quarter_at_most(channel: Channel, articles: list[Article]) -> None:
    made = build_feeds(channel, articles[:3], revived=articles[3:], max_entries=4)

    uids = [entry.id for entry in feedparser.parse(made.atom).entries]

    assert uids == [articles[0].uid, articles[1].uid, articles[2].uid, articles[3].uid]


def test_an_article_is_not_in_a_feed_twice(channel: Channel, articles: list[Article]) -> None:
    made = build_feeds(channel, articles[:3], revived=[articles[0], articles[4]], max_entries=50)

    assert [entry.id for entry in feedparser.parse(made.rss).entries] == [articles[at].uid for at in (0, 1, 2, 4)]


def test_a_page_holds_more_than_a_feed_may(channel: Channel, article: Article, articles: list[Article]) -> None:
    long = [replace(one, body_html=f"<p>{'&amp;' * 40_000}</p>") for one in articles]

    made = build_archive_page(replace(channel, history=History(current=urls("current"))), long)

    assert len(feedparser.parse(made.rss).entries) == 5
    assert 1_000_000 < len(made.rss) < 5_000_000


@pytest.mark.parametrize("kind", ["complete", "leading", "page"])
def test_the_grammar_of_atom_takes_it(
    kind: str, channel: Channel, articles: list[Article], tmp_path: Path, external_tool: Callable[[str], str]
) -> None:
    heard = replace(channel, hubs=HUBS)
    made: Feeds = {
        "complete": lambda: build_feeds(heard, articles, archive=[]),
        "leading": lambda: build_feeds(heard, articles, archive=pages(articles), max_entries=2),
        "page": lambda: build_archive_page(replace(heard, history=History(previous=OPEN, current=FULL)), articles),
    }[kind]()
    file = tmp_path / "atom.xml"
    file.write_bytes(made.atom)

    judged = subprocess.run(
        [external_tool("jing"), "-c", HERE / "atom.rnc", file], capture_output=True, text=True, check=False
    )

    assert (judged.stdout, judged.returncode) == ("", 0)
