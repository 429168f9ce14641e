"""A channel, a way to publish articles into it, and the outside tools that judge the result."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from newsletter.feeds import Channel, Deleted, Feeds, FeedUrls, build_feeds
from newsletter.model import Article

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "media": "http://search.yahoo.com/mrss/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """The three files, and each of them read back."""

    feeds: Feeds
    rss: etree._Element
    atom: etree._Element
    json: dict[str, Any]

    def in_rss(self, path: str) -> list[Any]:
        return self.rss.xpath(path, namespaces=NAMES)

    def in_atom(self, path: str) -> list[Any]:
        return self.atom.xpath(path, namespaces=NAMES)

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.feeds.findings]


@pytest.fixture
def channel() -> Channel:
    def urls(folder: str) -> FeedUrls:
        start = f"https://news.example.org/feeds/{folder}"
        return FeedUrls(rss=f"{start}rss.xml", atom=f"{start}atom.xml", json=f"{start}feed.json")

    return Channel(
        uid="tag:news.example.org,2026-11-24:feed",
        title="The Harbour Post",
        description="News from the quay.",
        language="en",
        home_url="https://news.example.org/",
        rss_url=urls("").rss,
        atom_url=urls("").atom,
        json_url=urls("").json,
        authors_name="Harbour Press",
        started=datetime(2026, 11, 1, tzinfo=UTC),
        alternates={"fr": urls("fr/"), "ar": urls("ar/")},
    )


@pytest.fixture
def publish(channel: Channel) -> Callable[..., Published]:
    """Build the feeds of some articles, in `channel` or one like it, and read them back."""

    def build(
        *articles: Article, limits: dict[str, int] | None = None, deleted: Sequence[Deleted] = (), **changes: Any
    ) -> Published:
        feeds = build_feeds(replace(channel, **changes), articles, deleted=deleted, **(limits or {}))
        return Published(
            feeds=feeds, rss=etree.fromstring(feeds.rss), atom=etree.fromstring(feeds.atom), json=json.loads(feeds.json)
        )

    return build


@pytest.fixture
def external_tool() -> Callable[[str], str]:
    """Find a program that is not ours; without it the test says that it could not run."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{name} is not installed, and NEWSLETTER_REQUIRE_TOOLS=1 asks for it.")
        if path is None:
            pytest.skip(f"could not run: {name} is not installed.")
        return path

    return find
