"""Only what is new: programs that name the version they have get the other entries (RFC 3229)."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import feedparser
import pytest

from newsletter.errors import StoreBusy
from newsletter.feeds import take_apart

Browser = Any
Newsroom = Any

RSS = "<?xml version='1.0'?>\n<rss version=\"2.0\"><channel><title>Post</title>{}</channel></rss>"
ITEM = "<item><title>{0}</title><guid>tag:{0}</guid></item>"
ASKING = {"A-IM": "feed", "Accept-Encoding": "identity"}


def written(newsroom: Newsroom, *titles: str) -> bytes:
    """The feed with these items, as it lies there now; the one before is remembered."""
    file = newsroom.feeds_folder / "rss.xml"
    if file.exists():
        former = file.read_bytes()
        newsroom.versions[hashlib.sha256(former).hexdigest()[:32]] = former
        file.unlink()
    file.write_text(RSS.format("".join(map(ITEM.format, titles))), encoding="utf-8")
    return file.read_bytes()


@pytest.fixture
def tag(newsroom: Newsroom, browser: Browser) -> str:
    """The tag of a version with two items, before a third came."""
    written(newsroom, "quay", "tides")
    etag = browser.get("/feeds/rss.xml", headers={"Accept-Encoding": "identity"}).headers["etag"]
    written(newsroom, "ferry", "quay", "tides")
    return etag


def titles(content: bytes) -> list[str]:
    return [entry.title for entry in feedparser.parse(content).entries]


def test_who_has_the_last_version_gets_what_came_since(browser: Browser, tag: str) -> None:
    whole = browser.get("/feeds/rss.xml", headers={"Accept-Encoding": "identity"})

    answer = browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": tag})

    assert (answer.status_code, answer.headers["im"]) == (226, "feed")
    assert titles(answer.content) == ["ferry"]
    assert answer.headers["etag"] == whole.headers["etag"]
    assert answer.headers["last-modified"] == whole.headers["last-modified"]
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["vary"] == "A-IM, If-None-Match, Accept-Encoding"
    assert answer.headers["content-type"] == whole.headers["content-type"]


def test_the_new_tag_is_answered_304_the_next_time(browser: Browser, tag: str) -> None:
    etag = browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": tag}).headers["etag"]

    assert browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"A-IM": "feed"},
        {"A-IM": "vcdiff", "If-None-Match": "TAG"},
        {"A-IM": "feed;q=0", "If-None-Match": "TAG"},
        {"A-IM": "feeds", "If-None-Match": "TAG"},
        {"If-None-Match": "TAG"},
        {"A-IM": "feed", "If-None-Match": '"0123456789abcdef0123456789abcdef"'},
        {"A-IM": "feed", "If-None-Match": "no tag at all"},
        {"A-IM": "feed", "If-None-Match": '"' + "%" * 40 + '"'},
        {"A-IM": "x," * 400 + "feed", "If-None-Match": "TAG"},
    ],
)
def test_everybody_else_gets_the_whole_feed(browser: Browser, tag: str, headers: dict[str, str]) -> None:
    sent = {name: value.replace("TAG", tag) for name, value in headers.items()}

    answer = browser.get("/feeds/rss.xml", headers=sent)

    assert (answer.status_code, titles(answer.content)) == (200, ["ferry", "quay", "tides"])


@pytest.mark.parametrize("manipulation", ["feed", "FEED", "gzip, feed", "feed, vcdiff;q=0.5", "feed;q=0.8", " feed "])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "{} , W/{}"])
def test_the_wish_is_understood_however_it_is_written(browser: Browser, tag: str, manipulation: str, form: str) -> None:
    asked = {"A-IM": manipulation, "If-None-Match": form.replace("{}", tag)}

    assert browser.get("/feeds/rss.xml", headers=asked).status_code == 226


def test_a_packed_delta_says_the_same(browser: Browser, tag: str) -> None:
    plain = browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": tag})
    with browser.stream("GET", "/feeds/rss.xml", headers={"A-IM": "feed", "If-None-Match": tag}) as packed:
        raw = b"".join(packed.iter_raw())

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content


def test_a_tag_of_a_packed_form_names_the_same_version(browser: Browser, tag: str) -> None:
    packed = f'"{tag[1:33]}-gzip"'

    assert browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": packed}).status_code == 226


def test_head_is_answered_like_get(browser: Browser, tag: str) -> None:
    head = browser.head("/feeds/rss.xml", headers={**ASKING, "If-None-Match": tag})

    assert (head.status_code, head.content) == (226, b"")


def test_a_changed_entry_is_new_and_a_vanished_one_is_not_missed(newsroom: Newsroom, browser: Browser) -> None:
    written(newsroom, "quay", "tides")
    tag = browser.get("/feeds/rss.xml", headers={"Accept-Encoding": "identity"}).headers["etag"]
    written(newsroom, "quay mended")

    answer = browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": tag})

    assert titles(answer.content) == ["quay mended"]


def test_where_all_is_new_the_whole_feed_is_sent(newsroom: Newsroom, browser: Browser) -> None:
    written(newsroom, "quay")
    tag = browser.get("/feeds/rss.xml", headers={"Accept-Encoding": "identity"}).headers["etag"]
    written(newsroom, "tides")

    assert browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": tag}).status_code == 200


def test_without_the_database_the_whole_feed_is_sent(newsroom: Newsroom, browser: Browser, tag: str) -> None:
    newsroom.failure = StoreBusy("The database is busy. Try again.")

    answer = browser.get("/feeds/rss.xml", headers={**ASKING, "If-None-Match": tag})

    assert (answer.status_code, titles(answer.content)) == (200, ["ferry", "quay", "tides"])


def test_feeds_name_their_hubs_and_pages_of_archives_do_not(newsroom: Newsroom, browser: Browser) -> None:
    newsroom.hubs = ("https://news.example.org/hub", "https://hub.example.org/")
    written(newsroom, "quay")
    page = newsroom.feeds_folder / "archive" / "0001-0123456789ab" / "rss.xml"
    page.parent.mkdir(parents=True)
    page.write_bytes(b"<rss/>")

    feed = browser.get("/feeds/rss.xml").headers
    archived = browser.get("/feeds/archive/0001-0123456789ab/rss.xml").headers

    own = '<https://news.example.org/feeds/rss.xml>; rel="self"'
    assert feed["link"] == f'<https://news.example.org/hub>; rel="hub", <https://hub.example.org/>; rel="hub", {own}'
    assert 'rel="hub"' not in archived["link"]
    assert archived["cache-control"] == "public, max-age=31536000, immutable"


def test_a_json_feed_has_deltas_as_well() -> None:
    def feed(*ids: str) -> bytes:
        items = [{"id": each, "content_html": "<p>[é], {}</p>"} for each in ids]
        return json.dumps({"title": "Post", "items": items}, ensure_ascii=False, separators=(",", ":")).encode()

    former, present = take_apart(feed("b", "a")), take_apart(feed("c", "b", "a"))

    assert former is not None
    assert present is not None
    assert present.without(former.marks) == feed("c")
    assert present.without(()) == feed("c", "b", "a")
