"""How a reader leaves, and how nobody leaves by accident."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from newsletter.errors import StoreBusy
from newsletter.model import SubscriberState
from newsletter.subscribers import ReaderOfToken

Browser = Any
Newsroom = Any
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx-_"
LINK = f"/u/{TOKEN}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Barracuda Sentinel)",
        "Mimecast-URL-Protect",
        "Proofpoint URL Defense",
        "Outlook-Safelinks",
        "Slackbot-LinkExpanding 1.0",
        "curl/8.5.0",
    ],
)
def test_get_never_writes(browser: Browser, newsroom: Newsroom, method: str, agent: str) -> None:
    before = dict(newsroom.readers.known)

    for _ in range(50):
        assert browser.request(method, LINK, headers={"User-Agent": agent}).status_code == 200

    assert newsroom.readers.left == []
    assert newsroom.readers.known == before


def test_page_shows_the_masked_address_and_one_button_to_this_address(browser: Browser) -> None:
    page = browser.get(LINK).text

    assert "a…\u2060@example.org" in page
    assert page.count("<form") == page.count("<button") == 1
    assert f'<form method="post" action="{LINK}">' in page


@pytest.mark.parametrize(
    ("body", "media_type", "source"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded", "one-click"),
        (
            b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "one-click",
        ),
        (b"", "application/x-www-form-urlencoded", "page"),
        (b"", "", "page"),
        (b"\xff\x00--", "multipart/form-data", "page"),
        (b"List-Unsubscribe=One-Click", "text/plain", "one-click"),
    ],
)
def test_post_unsubscribes_at_once(
    browser: Browser, newsroom: Newsroom, body: bytes, media_type: str, source: str
) -> None:
    response = browser.post(LINK, content=body, headers={"Content-Type": media_type} if media_type else {})

    assert response.status_code == 200
    assert "You are unsubscribed" in response.text
    assert "set-cookie" not in response.headers
    assert newsroom.readers.left == [(TOKEN, source)]
    assert newsroom.readers.known[TOKEN].state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_slash_at_the_end_changes_nothing(browser: Browser, method: str) -> None:
    assert browser.request(method, f"{LINK}/").text == browser.request(method, LINK).text


def test_second_post_answers_like_the_first(browser: Browser) -> None:
    first, second = browser.post(LINK), browser.post(LINK)

    assert (first.status_code, first.text) == (second.status_code, second.text) == (200, second.text)


def test_reader_who_has_left_sees_only_the_way_back(browser: Browser) -> None:
    browser.post(LINK)

    page = browser.get(LINK).text

    assert "You are unsubscribed" in page
    assert page.count("<form") == 1
    assert f'action="{LINK}/return"' in page


@pytest.mark.parametrize("state", [SubscriberState.PENDING, SubscriberState.BOUNCED, SubscriberState.COMPLAINED])
def test_any_other_reader_may_leave_too(browser: Browser, newsroom: Newsroom, state: SubscriberState) -> None:
    newsroom.readers.known[TOKEN] = ReaderOfToken(address="b…@example.org", language="en", state=state)

    assert "<button" in browser.get(LINK).text


@pytest.mark.parametrize(
    "token",
    [
        TOKEN[:-1] + "A",
        TOKEN.lower(),
        TOKEN[:20],
        TOKEN + "AAAA",
        "x",
        "A" * 5000,
        "..%2f" + TOKEN,
        "",
        f"{TOKEN}/x",
        f"/{TOKEN}",
        f"{TOKEN}.",
        "' OR 1=1 --aaaaaaaaaaaa",
        "<script>alert(1)</script>",
        "ﬀ" * 26,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_token_gets_one_neutral_page(browser: Browser, newsroom: Newsroom, method: str, token: str) -> None:
    response = browser.request(method, f"/u/{token}")

    assert response.status_code == 404
    assert newsroom.readers.known[TOKEN].state is SubscriberState.ACTIVE
    assert response.text == browser.get("/u/" + "z" * 26).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Referer": "https://mail.example.com/"},
        {"Cookie": "session=x"},
    ],
)
def test_one_click_needs_nothing_but_the_token(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.post(LINK, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("language", "title"), [("fr", "Vous désabonner de"), ("ar", "هل تريد إلغاء اشتراكك"), ("de", "Unsubscribe from")]
)
def test_page_speaks_the_readers_language(browser: Browser, newsroom: Newsroom, language: str, title: str) -> None:
    ada = ReaderOfToken(address="a…@example.org", language=language, state=SubscriberState.ACTIVE)
    newsroom.readers.known[TOKEN] = ada

    assert title in browser.get(LINK, headers={"Accept-Language": "en"}).text


def test_page_is_personal(browser: Browser) -> None:
    for response in (browser.get(LINK), browser.post(LINK), browser.get("/u/" + "z" * 26)):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-robots-tag"] == "noindex"
        assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("template", ["{{ nonsense }}", "{% extends", "{{ text.__class__ }}"])
def test_broken_theme_keeps_nobody_from_leaving(browser: Browser, newsroom: Newsroom, template: str) -> None:
    newsroom.templates = {**newsroom.templates, "pages/message.html": template}

    page = browser.get(LINK)
    left = browser.post(LINK)

    assert f'<form method="post" action="{LINK}"><button>Unsubscribe</button></form>' in page.text
    assert left.status_code == 200
    assert "You are unsubscribed" in left.text


def test_busy_store_asks_to_try_again(browser: Browser, newsroom: Newsroom) -> None:
    newsroom.readers.failure = StoreBusy("newsletter.db: another process holds the database.")

    response = browser.post(LINK)

    assert (response.status_code, response.headers["retry-after"]) == (503, "60")
    assert "Please try again in a minute" in response.text
    assert "newsletter.db" not in response.text


def test_neither_token_nor_address_reaches_the_log(
    browser: Browser, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser.get(LINK)
    browser.get(f"/U/{TOKEN}?x={TOKEN}")
    browser.get(f"/u//{TOKEN}")
    browser.post(LINK)
    newsroom.readers.failure = RuntimeError(f"UPDATE … [parameters: ('ada@example.org', '{TOKEN}')]")

    response = browser.post(LINK)

    assert response.status_code == 500
    ours = "\n".join(
        f"{each.name} {each.getMessage()}" for each in caplog.records if each.name.startswith("newsletter")
    )
    assert "POST /u/… 500" in ours
    assert "RuntimeError" in ours
    assert TOKEN not in ours + response.text
    assert "ada@example.org" not in ours + response.text
