"""Who fetches one feed whole, again and again, waits; nobody else does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

Browser = Any
Newsroom = Any


def test_thirty_whole_feeds_a_minute_are_enough(browser: Browser, newsroom: Newsroom) -> None:
    answers = [browser.get("/feeds/rss.xml").status_code for _ in range(31)]
    refused = browser.get("/feeds/rss.xml")

    assert answers == [200] * 30 + [429]
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert "If-None-Match" in refused.text
    newsroom.now += timedelta(seconds=61)
    assert browser.get("/feeds/rss.xml").status_code == 200


def test_conditions_other_feeds_and_head_are_free(browser: Browser) -> None:
    first = browser.get("/feeds/rss.xml")
    for _ in range(30):
        browser.get("/feeds/rss.xml")

    since = {"If-None-Match": first.headers["etag"]}
    assert {browser.get("/feeds/rss.xml", headers=since).status_code for _ in range(50)} == {304}
    assert browser.get("/feeds/rss.xml", headers={"If-None-Match": '"older"'}).status_code == 200
    assert browser.head("/feeds/rss.xml").status_code == 200
    assert browser.get("/feeds/atom.xml").status_code == 200
    assert browser.get("/en/the-tide-tables/").status_code == 200
