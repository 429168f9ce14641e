"""The map of the site, the list of feeds, the word to robots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.robotparser import RobotFileParser

from lxml import etree
from whole_site import site_pages

from newsletter.model import Article, Masthead, Topic
from newsletter.pages import maps
from newsletter.pages.maps import feed_list, robots, sitemaps

_NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def test_feed_list_names_every_feed_once(masthead: Masthead) -> None:
    masthead = replace(masthead, rhythms=("each", "weekly", "harbour-days", "feed"))

    root = etree.fromstring(feed_list(masthead, [Topic(slug="ships", names={"en": "Ships & <boats>\x00"})]))

    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert [each.get("xmlUrl") for each in root.iter("outline")] == [
        "https://news.example.org/feeds/rss.xml",
        "https://news.example.org/feeds/en/rss.xml",
        "https://news.example.org/feeds/fr/rss.xml",
        "https://news.example.org/feeds/ar/rss.xml",
        "https://news.example.org/feeds/topics/diplomacy/rss.xml",
        "https://news.example.org/feeds/topics/ships/rss.xml",
        "https://news.example.org/feeds/digest-weekly.xml",
        "https://news.example.org/feeds/digest-harbour-days.xml",
    ]
    assert {each.get("type") for each in root.iter("outline")} == {"rss"}
    assert [each.get("text") for each in root.iter("outline")][-3:] == [
        "The Harbour Post – Ships & <boats>",
        "The Harbour Post – Weekly digest",
        "The Harbour Post – Digest “harbour-days”",
    ]


def test_site_map_names_every_page_with_its_languages(
    templates: Mapping[str, str], masthead: Masthead, family: list[Article]
) -> None:
    root = etree.fromstring(site_pages(templates, family, masthead=masthead)["sitemap.xml"])

    addresses = root.xpath("//s:url/s:loc/text()", namespaces=_NAMES)
    assert len(addresses) == len(set(addresses)) == 3 + 3 + 5 + 5
    assert {each.url for each in family} <= set(addresses)
    tides = root.xpath("//s:url[s:loc='https://news.example.org/fr/les-marees/']", namespaces=_NAMES)[0]
    assert tides.xpath("x:link/@hreflang", namespaces=_NAMES) == ["ar", "en", "fr", "x-default"]
    assert tides.xpath("x:link/@href", namespaces=_NAMES)[3] == "https://news.example.org/en/the-tide-tables/"
    assert tides.xpath("s:lastmod/text()", namespaces=_NAMES)[0].endswith("Z")


def test_long_site_map_is_split_and_its_old_parts_stay(masthead: Masthead, article: Article, monkeypatch) -> None:
    monkeypatch.setattr(maps, "SITEMAP_LENGTH", 4)
    listed = [replace(article, slug=f"a{n}", url=f"https://news.example.org/en/a{n}/") for n in range(9)]

    files = sitemaps(masthead, listed, languages=["en"])
    before = sitemaps(masthead, listed[1:], languages=["en"])

    index = etree.fromstring(files["sitemap.xml"])
    parts = {url.rpartition("/")[2] for url in index.xpath("//s:loc/text()", namespaces=_NAMES)}
    assert parts == set(files) - {"sitemap.xml"} == {
        "sitemap-1.xml", "sitemap-2.xml", "sitemap-3.xml", "sitemap-lists.xml",
    }  # fmt: skip
    assert (files["sitemap-1.xml"], files["sitemap-2.xml"]) == (before["sitemap-1.xml"], before["sitemap-2.xml"])


def test_robots_may_read_everything_but_the_readers_own_pages(masthead: Masthead) -> None:
    rules = RobotFileParser()

    rules.parse(robots(masthead).decode().splitlines())

    assert rules.site_maps() == ["https://news.example.org/sitemap.xml"]
    for path in ("/", "/en/the-tide-tables/", "/feeds/rss.xml", "/subscribe"):
        assert rules.can_fetch("AnyBot", f"https://news.example.org{path}")
    for path in ("/u/token", "/c/token", "/p/token", "/search?q=tides"):
        assert not rules.can_fetch("AnyBot", f"https://news.example.org{path}")
