"""What a browser sees at a feed's address."""

from __future__ import annotations

import json
from typing import Any

import pytest

Browser = Any
Newsroom = Any

WINDOW = {"Sec-Fetch-Dest": "document"}


@pytest.fixture
def feeds(newsroom: Newsroom) -> Newsroom:
    for folder, language in (("", "en"), ("fr", "fr"), ("ar", "ar")):
        feed = {
            "title": f"The Harbour Post {language} <b>",
            "language": language,
            "items": [
                {
                    "id": f"{number}",
                    "url": f"{newsroom.masthead.base_url}/{language}/tide-{number}/",
                    "title": f"Tide {number} <script>",
                    "date_published": "2026-11-24T08:00:00Z",
                }
                for number in range(12)
            ],
        }
        place = newsroom.feeds_folder / folder
        place.mkdir(exist_ok=True)
        (place / "feed.json").write_text(json.dumps(feed), "utf-8")
        (place / "rss.xml").write_text("<rss/>", "utf-8")
    return newsroom


def test_browser_gets_a_page_and_everybody_else_the_feed(browser: Browser, feeds: Newsroom) -> None:
    page = browser.get("/feeds/rss.xml", headers=WINDOW)
    feed = browser.get("/feeds/rss.xml", headers={"Sec-Fetch-Dest": "empty", "Accept": "text/html"})

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (feed.headers["content-type"], feed.text) == ("application/rss+xml; charset=utf-8", "<rss/>")
    assert page.headers["vary"] == feed.headers["vary"] == "Sec-Fetch-Dest, Accept-Encoding"
    assert page.headers["etag"].split('"')[1][:32] != feed.headers["etag"].strip('"')


def test_page_tells_the_address_the_ways_to_subscribe_and_the_latest_articles(
    browser: Browser, feeds: Newsroom
) -> None:
    text = browser.get("/feeds/rss.xml", headers=WINDOW).text

    assert f"<code>{feeds.masthead.base_url}/feeds/rss.xml</code>" in text
    assert 'href="/subscribe?lang=en"' in text
    assert text.count('<a href="/en/tide-') == 10
    assert "<script>" not in text
    assert "Post en &lt;b&gt;" in text


@pytest.mark.parametrize(
    ("path", "words", "direction"),
    [
        ("/feeds/fr/rss.xml", "Copiez cette adresse dans votre lecteur de flux", "ltr"),
        ("/feeds/ar/rss.xml", "انسخ هذا العنوان إلى قارئ الخلاصات", "rtl"),
        ("/feeds/feed.json", "Copy this address into your feed reader", "ltr"),
    ],
)
def test_page_speaks_the_language_of_the_feed(
    browser: Browser, feeds: Newsroom, path: str, words: str, direction: str
) -> None:
    text = browser.get(path, headers=WINDOW).text

    assert words in text
    assert f'dir="{direction}">' in text


def test_page_has_validators_of_its_own(browser: Browser, feeds: Newsroom) -> None:
    first = browser.get("/feeds/rss.xml", headers=WINDOW)
    same = browser.get("/feeds/rss.xml", headers={**WINDOW, "If-None-Match": first.headers["etag"]})
    feed = browser.get("/feeds/rss.xml", headers={"If-None-Match": first.headers["etag"]})

    assert (same.status_code, feed.status_code) == (304, 200)
    assert same.headers["etag"] == first.headers["etag"]


def test_page_follows_the_feed(browser: Browser, feeds: Newsroom) -> None:
    browser.get("/feeds/rss.xml", headers=WINDOW)
    file = feeds.feeds_folder / "feed.json"
    new = file.with_name("new")
    new.write_text(file.read_text("utf-8").replace("Tide 3", "Ebb 3"), "utf-8")
    new.replace(file)

    assert "Ebb 3" in browser.get("/feeds/rss.xml", headers=WINDOW).text


def test_page_can_be_switched_off(browser: Browser, feeds: Newsroom) -> None:
    feeds.feed_pages = False

    got = browser.get("/feeds/rss.xml", headers=WINDOW)

    assert got.text == "<rss/>"
    assert "Sec-Fetch-Dest" not in got.headers.get("vary", "")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"items": [{}]}', '{"title": "x", "items": 3}', "\x00"])
def test_feed_stands_in_where_no_page_can_be_made(browser: Browser, feeds: Newsroom, content: str) -> None:
    (feeds.feeds_folder / "feed.json").write_text(content, "utf-8")

    assert browser.get("/feeds/rss.xml", headers=WINDOW).text == "<rss/>"


def test_broken_theme_leaves_the_feed(browser: Browser, feeds: Newsroom) -> None:
    feeds.templates = {**feeds.templates, "pages/feed.html": "{% broken"}

    assert browser.get("/feeds/rss.xml", headers=WINDOW).text == "<rss/>"


def test_feed_that_is_not_there_has_no_page(browser: Browser, feeds: Newsroom) -> None:
    assert browser.get("/feeds/nothing/rss.xml", headers=WINDOW).status_code == 404
    assert browser.get("/feeds/fr/atom.xml", headers=WINDOW).status_code == 404
