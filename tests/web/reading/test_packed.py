"""Feeds and pages from memory, packed, with tags that keep what they promise."""

from __future__ import annotations

import gzip
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest

from newsletter.errors import StoreBusy
from newsletter.site import packed_copies
from newsletter.web.files import Shelf

Browser = Any
Newsroom = Any

FEED = b"<rss>" + b"The tide tables hang at the harbour office. " * 100 + b"</rss>"


def put(newsroom: Newsroom, path: str, content: bytes) -> None:
    for name, data in {path: content, **packed_copies(path, content)}.items():
        file = newsroom.feeds_folder.parent / name
        new = file.with_name(f".{file.name}.new")
        new.write_bytes(data)
        new.replace(file)


@pytest.fixture
def packed(newsroom: Newsroom) -> Newsroom:
    put(newsroom, "feeds/rss.xml", FEED)
    put(newsroom, "site/en/the-tide-tables/index.html", b"<h1>tides</h1>" * 100)
    return newsroom


def raw(browser: Browser, path: str, **headers: str) -> tuple[Any, bytes]:
    with browser.stream("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}) as got:
        return got, b"".join(got.iter_raw())


def lasting(response: Any) -> dict[str, str]:
    """The headers that two answers to the same question share."""
    return {name: value for name, value in response.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize("path", ["/feeds/rss.xml", "/en/the-tide-tables/"])
def test_each_coding_says_the_same_and_has_its_own_tag(browser: Browser, packed: Newsroom, path: str) -> None:
    plain, content = raw(browser, path, accept_encoding="identity")
    zipped, gz = raw(browser, path, accept_encoding="gzip")
    brotlied, br = raw(browser, path, accept_encoding="br, gzip")

    assert content == gzip.decompress(gz) == brotli.decompress(br)
    assert "content-encoding" not in plain.headers
    assert (zipped.headers["content-encoding"], brotlied.headers["content-encoding"]) == ("gzip", "br")
    tag = plain.headers["etag"]
    assert [zipped.headers["etag"], brotlied.headers["etag"]] == [f'{tag[:-1]}-gzip"', f'{tag[:-1]}-br"']
    assert {"Accept-Encoding" in got.headers["vary"] for got in (plain, zipped, brotlied)} == {True}


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_304_repeats_what_the_200_of_the_coding_said(browser: Browser, packed: Newsroom, coding: str) -> None:
    first, _ = raw(browser, "/feeds/rss.xml", accept_encoding=coding)
    again, body = raw(
        browser, "/feeds/rss.xml", accept_encoding=coding, if_none_match=f'W/{first.headers["etag"]}, "x"'
    )

    assert (again.status_code, body) == (304, b"")
    same = ("etag", "last-modified", "cache-control", "vary", "link", "access-control-allow-origin")
    assert [again.headers[name] for name in same] == [first.headers[name] for name in same]


def test_head_of_a_packed_feed_is_get_without_the_body(browser: Browser, packed: Newsroom) -> None:
    get, _ = raw(browser, "/feeds/rss.xml", accept_encoding="gzip")
    head = browser.head("/feeds/rss.xml", headers={"Accept-Encoding": "gzip"})

    assert lasting(head) == lasting(get)


def test_pictures_are_not_packed(browser: Browser, newsroom: Newsroom) -> None:
    got, body = raw(browser, "/media/abc.png", accept_encoding="gzip, br")

    assert ("content-encoding" in got.headers, "vary" in got.headers, body) == (False, False, b"PNG")


def test_packed_copies_have_no_address(browser: Browser, packed: Newsroom) -> None:
    for path in ("/feeds/rss.xml.gz", "/feeds/rss.xml.br", "/en/the-tide-tables/index.html.gz"):
        assert browser.get(path).status_code == 404


def test_copy_that_says_something_else_is_never_sent(browser: Browser, packed: Newsroom) -> None:
    (packed.feeds_folder / "rss.xml.br").write_bytes(brotli.compress(b"<rss>older</rss>"))
    (packed.feeds_folder / "rss.xml.gz").write_bytes(b"\x1f\x8bnot gzip")

    got, body = raw(browser, "/feeds/rss.xml", accept_encoding="gzip, br")

    assert ("content-encoding" in got.headers, body) == (False, FEED)


def test_copy_that_unpacks_without_end_is_not_unpacked_to_its_end(browser: Browser, packed: Newsroom) -> None:
    (packed.feeds_folder / "rss.xml.br").write_bytes(brotli.compress(bytes(200_000_000), quality=1))

    assert raw(browser, "/feeds/rss.xml", accept_encoding="br")[1] == FEED


def test_304_reads_no_file_and_asks_no_database(
    browser: Browser, packed: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = raw(browser, "/feeds/rss.xml", accept_encoding="gzip")
    packed.now += timedelta(hours=1)
    packed.failure = StoreBusy("The database is busy.")
    opened: list[str] = []
    open_again = os.open

    def counting(path: Any, *rest: Any, **options: Any) -> int:
        opened.append(str(path))
        return open_again(path, *rest, **options)

    monkeypatch.setattr(os, "open", counting)
    again, _ = raw(browser, "/feeds/rss.xml", accept_encoding="gzip", if_none_match=first.headers["etag"])

    assert (again.status_code, opened) == (304, [])
    # The control: a file that was swapped is opened, so the count does see it.
    put(packed, "feeds/rss.xml", FEED + b" ")
    opened.clear()
    assert raw(browser, "/feeds/rss.xml", if_none_match=first.headers["etag"])[0].status_code == 200
    assert opened != []


def test_query_strings_change_nothing(browser: Browser, packed: Newsroom) -> None:
    plain, content = raw(browser, "/feeds/rss.xml")
    asked, same = raw(browser, "/feeds/rss.xml?utm_source=x&v=../../newsletter.key")

    assert (lasting(asked), same) == (lasting(plain), content)


@pytest.mark.parametrize("asked", ["bytes=0-3", "bytes=" + ",".join("0-" for _ in range(2000)), "bytes=9-1", "x"])
def test_ranges_are_answered_with_the_whole(browser: Browser, packed: Newsroom, asked: str) -> None:
    got, body = raw(browser, "/feeds/rss.xml", range=asked, accept_encoding="identity")

    assert (got.status_code, body) == (200, FEED)


def test_feed_says_its_own_address_and_lets_scripts_read_it(browser: Browser, packed: Newsroom) -> None:
    headers = browser.get("/feeds/topics/diplomacy/rss.xml").headers

    base = packed.masthead.base_url
    assert headers["link"] == f'<{base}/feeds/topics/diplomacy/rss.xml>; rel="self"'
    assert headers["access-control-expose-headers"] == "ETag, Last-Modified, Link"


def test_memory_is_bounded_and_what_was_dropped_comes_back(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.txt").write_bytes(bytes(1000))
    shelf = Shelf(folder=lambda: tmp_path, max_octets=5_000)

    found = [shelf.find(f"{number}.txt") for number in range(20)]

    assert None not in found
    assert sum(shelf.known(f"{number}.txt") is not None for number in range(20)) == 5
    assert shelf.find("0.txt") == found[0]


def test_file_too_large_to_be_held_is_served_whole_with_its_tag(browser: Browser, newsroom: Newsroom) -> None:
    content = os.urandom(5 * 1024 * 1024)
    (newsroom.site_folder / "media/large.png").write_bytes(content)

    first, body = raw(browser, "/media/large.png")
    again, _ = raw(browser, "/media/large.png", if_none_match=first.headers["etag"])

    assert (body == content, again.status_code) == (True, 304)


def test_link_planted_after_the_first_read_is_not_followed(browser: Browser, packed: Newsroom) -> None:
    assert browser.get("/feeds/rss.xml").status_code == 200
    (packed.feeds_folder / "rss.xml").unlink()
    (packed.feeds_folder / "rss.xml").symlink_to(packed.feeds_folder.parent / "newsletter.key")

    assert browser.get("/feeds/rss.xml").status_code == 404
