"""How long a set of feeds takes, beside plain feedgen in the same run: python benchmarks/bench_feeds.py

Prints a Markdown table of medians. Trust the ratios: both are measured in turn in one process. Ours writes
RSS, Atom and JSON and checks every article; plain feedgen writes RSS and Atom.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from feedgen.feed import FeedGenerator

from newsletter.feeds import Channel, build_feeds
from newsletter.model import Article, Topic

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SITE = "https://news.example.org"
UNLIMITED = 2**40
PARAGRAPH = (
    '<p>The <a href="https://news.example.org/tides?a=1&amp;b=2">tide tables</a> hang at the harbour '
    "office, “as every year”, beside the ferry’s hours &amp; the weather of the day.</p>\n"
)
CHANNEL = Channel(
    uid="tag:news.example.org,2026-11-24:feed",
    title="The Harbour Post",
    description="News from the quay.",
    language="en",
    home_url=f"{SITE}/",
    rss_url=f"{SITE}/feeds/rss.xml",
    atom_url=f"{SITE}/feeds/atom.xml",
    json_url=f"{SITE}/feeds/feed.json",
    authors_name="Harbour Press",
    started=NOW,
)


def make_articles(number: int, octets: int) -> list[Article]:
    body = PARAGRAPH * (octets // len(PARAGRAPH.encode()))
    return [
        Article(
            uid=f"tag:news.example.org,2026-11-24:{n:012}",
            group_uid="",
            slug=f"tide-{n}",
            language="en",
            title=f"The tide tables of week {n} are out",
            summary="Next year’s tide tables hang at the harbour office.",
            author="Ada Quay",
            body_html=body,
            url=f"{SITE}/en/tide-{n}/",
            published_at=NOW - timedelta(hours=n),
            updated_at=NOW - timedelta(hours=n),
            topics=(Topic(slug="harbour", names={"en": "Harbour"}),),
        )
        for n in range(number)
    ]


def plain_feedgen(articles: Sequence[Article]) -> None:
    feed = FeedGenerator()
    feed.id(CHANNEL.uid)
    feed.title(CHANNEL.title)
    feed.description(CHANNEL.description)
    feed.language(CHANNEL.language)
    feed.link(href=CHANNEL.home_url)
    for article in articles:
        entry = feed.add_entry(order="append")
        entry.id(article.uid)
        entry.title(article.title)
        entry.link(href=article.url)
        entry.description(article.summary)
        entry.content(article.body_html, type="html")
        entry.summary(article.summary)
        entry.author(name=article.author)
        entry.published(article.published_at)
        entry.updated(article.updated_at)
    feed.rss_str()
    feed.atom_str()


def medians(rounds: int, *tasks: Callable[[], object]) -> list[float]:
    """Milliseconds of each task, the tasks taken in turn so that a busy moment hits all of them."""
    taken: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for times, task in zip(taken, tasks, strict=True):
            started = time.perf_counter()
            task()
            times.append((time.perf_counter() - started) * 1_000)
    return [statistics.median(times) for times in taken]


def measure(number: int, octets: int, max_bytes: int, rounds: int) -> str:
    articles = make_articles(number, octets)

    def ours() -> object:
        return build_feeds(CHANNEL, articles, max_entries=number, max_bytes=max_bytes)

    feeds = build_feeds(CHANNEL, articles, max_entries=number, max_bytes=max_bytes)
    shown = feeds.rss.count(b"<item>")
    plain, own = medians(rounds, lambda: plain_feedgen(articles[:shown]), ours)
    size = max(len(feeds.rss), len(feeds.atom), len(feeds.json)) / 1_000
    cells = (f"{number:,} × {octets / 1_000:g} KB", f"{shown:,}", f"{size:,.0f}", f"{plain:.1f}", f"{own:.1f}")
    return f"| {' | '.join(cells)} | {own / plain:.2f} |"


def main() -> None:
    print("| articles | entries | largest file, KB | feedgen RSS + Atom, ms | ours RSS + Atom + JSON, ms | ratio |")
    print("|---|---|---|---|---|---|")
    print(measure(50, 7_500, 512_000, 31))
    print(measure(50, 20_000, 512_000, 31))
    for number, rounds in ((10, 31), (100, 9), (1_000, 3)):
        print(measure(number, 20_000, UNLIMITED, rounds))


if __name__ == "__main__":
    main()
