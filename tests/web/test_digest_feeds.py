"""The feeds of digests as the door serves them: by their names, and with a page for people."""

from __future__ import annotations

import os
from typing import Any

import pytest

from newsletter.site import DigestIssue, Press, digest_feed_files, packed_copies

Browser = Any
Newsroom = Any


@pytest.fixture(autouse=True)
def _feeds(newsroom: Newsroom, article: Any, now: Any) -> None:
    press = Press(
        masthead=newsroom.masthead, tag="news.example.org,2026", templates={}, max_entries=9, max_bytes=99_999
    )
    issue = DigestIssue(
        uid="w48",
        title="Week 48",
        url="https://news.example.org/editions/w48/",
        language="en",
        released_at=now,
        articles=(article, article),
    )
    for path, data in digest_feed_files({"weekly": [issue], "le-port-2": []}, press).items():
        for name, content in {path: data, **packed_copies(path, data)}.items():
            file = newsroom.feeds_folder.parent / name
            file.write_bytes(content)
            os.utime(file, (now.timestamp() - 60, now.timestamp() - 60))


@pytest.mark.parametrize("name", ["weekly", "le-port-2"])
@pytest.mark.parametrize(
    ("ending", "media_type"),
    [("xml", "application/rss+xml"), ("atom.xml", "application/atom+xml"), ("json", "application/feed+json")],
)
def test_each_format_has_its_type(browser: Browser, name: str, ending: str, media_type: str) -> None:
    response = browser.get(f"/feeds/digest-{name}.{ending}")

    assert (response.status_code, response.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")
    assert response.headers["link"] == f'<https://news.example.org/feeds/digest-{name}.{ending}>; rel="self"'


@pytest.mark.parametrize("ending", ["xml", "atom.xml", "json"])
def test_an_unchanged_one_is_not_sent_again_and_a_changed_one_is_packed(browser: Browser, ending: str) -> None:
    first = browser.get(f"/feeds/digest-weekly.{ending}", headers={"Accept-Encoding": "gzip"})
    again = browser.get(
        f"/feeds/digest-weekly.{ending}", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]}
    )

    assert (first.status_code, first.headers["content-encoding"]) == (200, "gzip")
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("ending", ["xml", "atom.xml", "json"])
def test_a_person_gets_a_page_about_this_very_feed(browser: Browser, ending: str) -> None:
    response = browser.get(f"/feeds/digest-weekly.{ending}", headers={"Sec-Fetch-Dest": "document"})

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "The Harbour Post – Weekly digest" in response.text
    assert f"https://news.example.org/feeds/digest-weekly.{ending}" in response.text
    assert 'href="/editions/w48/"' in response.text


def test_without_the_json_file_a_person_gets_the_feed_itself(browser: Browser, newsroom: Newsroom) -> None:
    (newsroom.feeds_folder / "digest-weekly.json").unlink()

    response = browser.get("/feeds/digest-weekly.xml", headers={"Sec-Fetch-Dest": "document"})

    assert (response.status_code, response.headers["content-type"]) == (200, "application/rss+xml; charset=utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "digest-.xml",
        "digest-weekly.txt",
        "digest-weekly.xml.gz",
        "digest-we.ekly.xml",
        "fr/digest-weekly.xml",
        "digest-none.xml",
    ],
)
def test_what_is_not_the_feed_of_a_schedule_is_not_served(browser: Browser, path: str, newsroom: Newsroom) -> None:
    if path != "digest-none.xml":
        file = newsroom.feeds_folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text("x", encoding="utf-8")

    assert browser.get(f"/feeds/{path}").status_code == 404
