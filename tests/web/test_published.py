"""Feeds, pages and pictures over HTTP."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Browser = Any
Newsroom = Any


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("/feeds/rss.xml", "application/rss+xml; charset=utf-8", "<rss/>"),
        ("/feeds/atom.xml", "application/atom+xml; charset=utf-8", "<feed/>"),
        ("/feeds/feed.json", "application/feed+json; charset=utf-8", "{}"),
        ("/feeds/topics/diplomacy/rss.xml", "application/rss+xml; charset=utf-8", "<rss>d</rss>"),
        ("/", "text/html; charset=utf-8", "<h1>front</h1>"),
        ("/en/the-tide-tables/", "text/html; charset=utf-8", "<h1>tides</h1>"),
        ("/ar/%D8%AC%D8%AF%D8%A7%D9%88%D9%84/", "text/html; charset=utf-8", "<h1>جداول</h1>"),
        ("/site.css?v=1", "text/css; charset=utf-8", "body {}"),
        ("/media/abc.png", "image/png", "PNG"),
    ],
)
def test_written_file_is_served_with_its_type(browser: Browser, path: str, media_type: str, body: str) -> None:
    response = browser.get(path)

    assert (response.status_code, response.headers["content-type"], response.text) == (200, media_type, body)


def test_head_is_get_without_the_body(browser: Browser) -> None:
    get, head = browser.get("/feeds/rss.xml"), browser.head("/feeds/rss.xml")

    assert head.content == b""
    for response in (get, head):
        response.headers.pop("x-request-id", None)
    assert (head.status_code, dict(head.headers)) == (200, dict(get.headers))


def test_feeds_are_open_to_programs_and_held_for_a_while(browser: Browser) -> None:
    headers = browser.get("/feeds/rss.xml").headers

    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "public, max-age=3600"
    assert "set-cookie" not in headers


def test_pictures_are_held_for_ever(browser: Browser) -> None:
    assert browser.get("/media/abc.png").headers["cache-control"] == "public, max-age=31536000, immutable"


def test_both_validators_come_with_200_and_304(browser: Browser) -> None:
    first = browser.get("/feeds/rss.xml")
    again = browser.get("/feeds/rss.xml", headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 304
    assert again.content == b""
    assert {name: again.headers[name] for name in ("etag", "last-modified", "cache-control")} == {
        name: first.headers[name] for name in ("etag", "last-modified", "cache-control")
    }
    assert first.headers["last-modified"] == "Tue, 24 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other", W/"TAG", "more"'}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": "TAG"}, 200),
        ({"If-None-Match": ""}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": "Tue, 24 Nov 2026 08:00:00 GMT"}, 200),
        ({"If-Modified-Since": "Tue, 24 Nov 2026 08:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Tue, 24 Nov 2026 08:00:01 GMT"}, 304),
        ({"If-Modified-Since": "Tue, 24 Nov 2026 07:59:59 GMT"}, 200),
        ({"If-Modified-Since": "Tuesday, 24-Nov-26 08:00:00 GMT"}, 304),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Modified-Since": "Tue, 24 Nov 99999999999 08:00:00 GMT"}, 200),
        ({"If-Modified-Since": "Tue, 24 Nov 2026 08:00:00 -0000"}, 304),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_condition_is_read_as_rfc_9110_says(
    browser: Browser, method: str, headers: dict[str, str], status: int
) -> None:
    tag = browser.get("/feeds/rss.xml").headers["etag"].strip('"')
    asked = {name: value.replace("TAG", tag) if '"TAG"' in value else value for name, value in headers.items()}

    assert browser.request(method, "/feeds/rss.xml", headers=asked).status_code == status


def test_tags_on_two_lines_are_one_list(browser: Browser) -> None:
    tag = browser.get("/feeds/rss.xml").headers["etag"]

    response = browser.get("/feeds/rss.xml", headers=[("If-None-Match", '"other"'), ("If-None-Match", tag)])

    assert response.status_code == 304


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(value=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_condition_of_any_shape_is_answered(browser: Browser, value: str) -> None:
    for name in ("If-None-Match", "If-Modified-Since"):
        assert browser.get("/feeds/rss.xml", headers={name: value}).status_code in (200, 304)


def test_tag_changes_with_the_bytes_alone(browser: Browser, newsroom: Newsroom) -> None:
    feed = newsroom.feeds_folder / "rss.xml"
    first = browser.get("/feeds/rss.xml").headers["etag"]
    os.utime(feed, (1_700_000_000, 1_700_000_000))
    touched = browser.get("/feeds/rss.xml").headers["etag"]
    written = feed.with_name("new")
    written.write_text("<rss>", "utf-8")
    written.replace(feed)

    assert touched == first
    assert browser.get("/feeds/rss.xml").headers["etag"] != first


def test_unchanged_feed_is_not_read_again(
    browser: Browser, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = browser.get("/feeds/rss.xml").headers["etag"]
    monkeypatch.setattr("newsletter.web.files.hashlib.sha256", None)

    assert browser.get("/feeds/rss.xml", headers={"If-None-Match": tag}).status_code == 304


def test_date_is_never_in_the_future(browser: Browser, newsroom: Newsroom) -> None:
    newsroom.now -= timedelta(days=1)

    assert browser.get("/feeds/rss.xml").headers["last-modified"] == "Mon, 23 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/en/the-tide-tables", "./the-tide-tables/"),
        ("/en/version-2.0", "./version-2.0/"),
        ("/ar/%D8%AC%D8%AF%D8%A7%D9%88%D9%84", "./%D8%AC%D8%AF%D8%A7%D9%88%D9%84/"),
    ],
)
def test_folder_without_its_slash_leads_to_it(browser: Browser, path: str, location: str) -> None:
    response = browser.get(path)

    assert (response.status_code, response.headers["location"]) == (301, location)
    assert browser.get(path, follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/README.md",
        "/feeds/",
        "/feeds",
        "/feeds/fr/rss.xml",
        "/feeds/rss.xml/",
        "/feeds//rss.xml",
        "/feeds/RSS.XML",
        "/feeds/../feeds/rss.xml/x",
        "/feeds/%2e%2e/newsletter.key",
        "/feeds/..%2fnewsletter.key",
        "/feeds/..%5cnewsletter.key",
        "/notes.md",
        "/.htaccess",
        "/%2ehtaccess",
        "/en//the-tide-tables/",
        "//en/the-tide-tables/",
        "//evil.example.com/%2e%2e",
        "/en/the-tide-tables/index.html/",
        "/%ff%fe",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/newsletter.key",
        "/\\..\\newsletter.key",
        "/newsletter.key",
        "/config.toml",
        "/en",
        "/EN/the-tide-tables/",
        "/media/",
        "/u",
        "/healthz/",
        "/dev/",
        "/dev/inbox/..%2f",
        "/" + "a" * 3000,
        "/" + "a/" * 1000,
    ],
)
def test_nothing_else_is_there(browser: Browser, path: str) -> None:
    response = browser.get(path)

    assert response.status_code == 404
    assert "private" not in response.text
    assert "secret" not in response.text
    assert "This page does not exist" in response.text


@pytest.mark.parametrize(
    "path", ["/en/%00", "/en/the-tide-tables%00.html", "/feeds/rss.xml%0a", "/u/AbCdEfGhIjKlMnOpQrStUvWx-_%0a", "/%7f"]
)
def test_control_characters_are_no_address(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 400


def test_link_out_of_the_folder_is_not_followed(browser: Browser, newsroom: Newsroom) -> None:
    (newsroom.site_folder / "key.html").symlink_to(newsroom.site_folder.parent / "newsletter.key")
    (newsroom.site_folder / "up").symlink_to(newsroom.site_folder.parent)
    (newsroom.feeds_folder / "fr").symlink_to(newsroom.site_folder)
    (newsroom.site_folder / "rss.xml").write_text("x", "utf-8")

    for path in ("/key.html", "/up/site/index.html", "/up/newsletter.key", "/feeds/fr/rss.xml"):
        assert browser.get(path).status_code == 404


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(parts=st.lists(st.sampled_from(["..", ".", "", "%2e%2e", "newsletter.key", "site", "%2f", "%5c", "en", "%00"])))
def test_no_path_reaches_the_key(browser: Browser, parts: list[str]) -> None:
    assert "secret" not in browser.get("/en/" + "/".join(parts)).text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/feeds/rss.xml", "/healthz", "/nothing-there"])
def test_published_things_can_only_be_read(browser: Browser, method: str, path: str) -> None:
    response = browser.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


def test_missing_page_speaks_the_language_of_its_address_or_of_the_browser(browser: Browser) -> None:
    assert "Cette page n’existe pas" in browser.get("/fr/rien/").text
    assert "هذه الصفحة غير موجودة" in browser.get("/x", headers={"Accept-Language": "de, ar-EG;q=0.8, fr;q=0.1"}).text


def test_styles_are_there_before_anything_was_published(browser: Browser, newsroom: Newsroom) -> None:
    (newsroom.site_folder / "site.css").unlink()

    response = browser.get("/site.css")

    assert response.text.startswith(newsroom.templates["pages/site.css"])
    assert response.headers["cache-control"] == "no-cache"


def test_folders_that_were_never_made_are_404(browser: Browser, newsroom: Newsroom) -> None:
    newsroom.site_folder = newsroom.site_folder / "missing"
    newsroom.feeds_folder = newsroom.feeds_folder / "missing"

    assert browser.get("/").status_code == 404
    assert browser.get("/feeds/rss.xml").status_code == 404


def test_health_is_one_word(browser: Browser) -> None:
    response = browser.get("/healthz", headers={"Host": "10.0.0.7:8000"})

    assert (response.status_code, response.text) == (200, "ok\n")
