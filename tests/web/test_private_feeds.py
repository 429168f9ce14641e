"""A reader's own feed over HTTP: the address is the key, nobody on the way keeps it, and one button makes it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import lxml.html
import pytest

from newsletter.errors import StoreBusy
from newsletter.web import guard
from newsletter.web.private import UNKNOWN_AN_HOUR

from .conftest import FEED_TOKEN, TOKEN
from .test_preferring import wish

ADDRESS = f"/feeds/private/{FEED_TOKEN}"
CONTENT = b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>'


@pytest.fixture(autouse=True)
def feed(newsroom) -> None:
    newsroom.readers.feeds.contents |= {
        (FEED_TOKEN, "rss.xml"): CONTENT,
        (FEED_TOKEN, "atom.xml"): b"<feed/>",
        (FEED_TOKEN, "feed.json"): b"{}",
        ("e" * 43, "rss.xml"): None,
    }


# The address.


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
    ],
)
def test_feed_is_kept_by_nobody_and_open_to_no_other_site(browser, name: str, media_type: str) -> None:
    answer = browser.get(f"{ADDRESS}/{name}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert {"access-control-allow-origin", "link", "set-cookie", "last-modified"}.isdisjoint(answer.headers)


def test_head_is_get_without_the_body(browser) -> None:
    get, head = browser.get(f"{ADDRESS}/rss.xml"), browser.head(f"{ADDRESS}/rss.xml")

    assert (head.status_code, head.content) == (200, b"")
    for answer in (get, head):
        answer.headers.pop("x-request-id")
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_same_bytes_are_answered_304_and_other_bytes_are_not(browser, newsroom, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    first = browser.get(f"{ADDRESS}/rss.xml", headers=headers)
    headers["If-None-Match"] = first.headers["etag"]

    same = browser.get(f"{ADDRESS}/rss.xml", headers=headers)
    newsroom.readers.feeds.contents[FEED_TOKEN, "rss.xml"] = CONTENT + b" "
    other = browser.get(f"{ADDRESS}/rss.xml", headers=headers)

    assert (first.content, first.headers.get("content-encoding", "identity")) == (CONTENT, coding)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert same.headers["cache-control"] == "private, no-store"
    assert (other.status_code, other.headers["etag"] != first.headers["etag"]) == (200, True)


def test_packed_and_plain_forms_have_tags_of_their_own(browser) -> None:
    packed, plain = (
        browser.get(f"{ADDRESS}/rss.xml", headers={"Accept-Encoding": coding}) for coding in ("gzip", "identity")
    )

    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("since", ["Tue, 24 Nov 2026 09:00:00 GMT", "Fri, 31 Dec 2099 23:59:59 GMT"])
def test_date_alone_never_hides_what_is_new(browser, since: str) -> None:
    answer = browser.get(f"{ADDRESS}/rss.xml", headers={"If-Modified-Since": since})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"/feeds/private/{'u' * 43}/rss.xml",
        f"{ADDRESS}/",
        ADDRESS,
        f"{ADDRESS}/RSS.XML",
        f"{ADDRESS}/rss.xml/",
        f"{ADDRESS}/../rss.xml",
        f"{ADDRESS}/%2e%2e/%2e%2e/rss.xml",
        f"{ADDRESS}%2Frss.xml%00",
        "/feeds/private/",
        "/feeds/private//rss.xml",
        f"/feeds/private/{FEED_TOKEN.lower()}/rss.xml",
        f"/feeds/private/{FEED_TOKEN}x/rss.xml",
    ],
)
def test_s9_any_other_spelling_opens_nothing(browser, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code in (400, 404)
    assert CONTENT not in answer.content


def test_ended_feed_is_gone_and_says_so_in_the_readers_language(browser) -> None:
    answer = browser.get(f"/feeds/private/{'e' * 43}/rss.xml", headers={"Accept-Language": "ar"})

    assert (answer.status_code, answer.headers["cache-control"]) == (410, "private, no-store")
    assert 'dir="rtl"' in answer.text
    assert "انتهت هذه الخلاصة" in answer.text


def test_unknown_feed_is_not_found_and_kept_by_nobody(browser) -> None:
    answer = browser.get(f"/feeds/private/{'u' * 43}/rss.xml")

    assert (answer.status_code, answer.headers["cache-control"]) == (404, "private, no-store")
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "There is no such feed" in answer.text


def test_s10_guessing_ends_after_a_while_and_readers_are_served_all_the_same(browser, newsroom) -> None:
    guesses = [browser.get(f"/feeds/private/{number:043}/rss.xml") for number in range(UNKNOWN_AN_HOUR + 1)]

    assert [answer.status_code for answer in guesses] == [404] * UNKNOWN_AN_HOUR + [429]
    assert int(guesses[-1].headers["retry-after"]) <= 3601
    assert browser.get(f"{ADDRESS}/rss.xml").status_code == 200
    newsroom.now += timedelta(hours=1, seconds=1)
    assert browser.get(f"/feeds/private/{'u' * 43}/rss.xml").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_feed_can_only_be_read(browser, newsroom, method: str) -> None:
    assert browser.request(method, f"{ADDRESS}/rss.xml").status_code == 405
    assert newsroom.readers.feeds.done == []


def test_busy_database_is_said_and_kept_by_nobody(browser, newsroom) -> None:
    newsroom.readers.feeds.failure = StoreBusy("the database is busy")

    answer = browser.get(f"{ADDRESS}/rss.xml")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/feeds/private/", "/FEEDS/Private/", "/feeds//private/", "/x/feeds/private/"])
def test_s15_no_log_holds_the_token(browser, caplog: pytest.LogCaptureFixture, path: str) -> None:
    caplog.set_level(logging.DEBUG)

    browser.get(f"{path}{FEED_TOKEN}/rss.xml")
    browser.get(f"{path}{FEED_TOKEN}")

    lines = [f"{each.name} {each.getMessage()}" for each in caplog.records if each.name.startswith("newsletter")]
    assert lines
    assert FEED_TOKEN not in "\n".join(lines)


def test_s15_a_failure_keeps_the_token_to_itself(browser, newsroom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="newsletter")
    newsroom.readers.feeds.failure = RuntimeError(f"no {FEED_TOKEN}")

    answer = browser.get(f"{ADDRESS}/rss.xml")

    assert answer.status_code == 500
    assert FEED_TOKEN not in answer.text + caplog.text


def test_public_feeds_stay_in_the_log() -> None:
    assert guard.masked("/feeds/topics/private/rss.xml") == "/feeds/topics/private/rss.xml"


# The buttons.


def test_one_button_swaps_email_for_a_feed_and_shows_its_addresses_once(browser, newsroom) -> None:
    answer = wish(browser, "feed")
    again = browser.get(f"/p/{TOKEN}")

    assert newsroom.readers.feeds.done == [("feed", TOKEN)]
    for name in ("rss.xml", "atom.xml", "feed.json"):
        assert f'value="https://news.example.org/feeds/private/{FEED_TOKEN}/{name}"' in answer.text
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert FEED_TOKEN not in again.text
    assert "Back to email" in again.text


def test_one_button_goes_back_to_email(browser, newsroom) -> None:
    wish(browser, "feed")

    answer = wish(browser, "mail")

    assert newsroom.readers.feeds.done[1:] == [("mail", TOKEN)]
    assert "Emails come again" in answer.text
    assert "Swap email for my own feed" in answer.text


def test_new_address_is_shown_once(browser, newsroom) -> None:
    wish(browser, "feed")

    answer = wish(browser, "feed address")

    assert newsroom.readers.feeds.done[1:] == [("address", TOKEN)]
    assert f"/feeds/private/{FEED_TOKEN}/atom.xml" in answer.text
    assert "The old one does not work any more." in answer.text


def test_new_address_after_going_back_in_another_window_is_refused(browser) -> None:
    answer = wish(browser, "feed address")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_s7_form_of_another_site_swaps_nothing(browser, newsroom) -> None:
    answers = [browser.post(f"/p/{TOKEN}", data={"wish": each}) for each in ("feed", "feed address", "mail")]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert newsroom.readers.feeds.done == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_s13_link_scanner_swaps_nothing(browser, newsroom, method: str) -> None:
    for query in ("", "?wish=feed", "?wish=mail"):
        browser.request(method, f"/p/{TOKEN}{query}")
    for name in ("rss.xml", "atom.xml", "feed.json"):
        browser.request(method, f"{ADDRESS}/{name}")

    assert newsroom.readers.feeds.done == []


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("has_feed", [False, True])
def test_section_has_a_heading_labels_and_no_script(browser, newsroom, language: str, has_feed: bool) -> None:
    newsroom.readers.choosers[TOKEN] = replace(newsroom.readers.choosers[TOKEN], language=language)

    page = wish(browser, "feed").text if has_feed else browser.get(f"/p/{TOKEN}").text

    tree = lxml.html.fromstring(page)
    (section,) = tree.findall(".//section[@aria-labelledby='feed']")
    assert section.find("h2").get("id") == "feed"
    assert all(button.text_content().strip() for button in section.findall(".//button"))
    labelled = {label.get("for") for label in section.findall(".//label")}
    fields = [each for each in section.findall(".//input") if each.get("type") != "hidden"]
    assert {each.get("id") for each in fields} == labelled
    assert len(fields) == (3 if has_feed else 0)
    assert all(each.get("dir") == "ltr" and each.get("readonly") is not None for each in fields)
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    described = [each.get("aria-describedby") for each in section.findall(".//button") if each.get("aria-describedby")]
    assert set(described) <= set(ids)
    assert tree.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert tree.findall(".//script") == []
