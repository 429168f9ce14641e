"""What every request passes and every answer carries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette

from newsletter.web import create_app, guard

Browser = Any
Newsroom = Any
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx-_"


@pytest.mark.parametrize(
    "host",
    [
        "news.example.org",
        "NEWS.example.org:443",
        "news.example.org.",
        "localhost",
        "localhost:8000",
        "127.0.0.1:8000",
        "[::1]:8000",
    ],
)
def test_known_host_is_answered(browser: Browser, host: str) -> None:
    assert browser.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "news.example.org.evil.example.com",
        "news.example.org@evil.example.com",
        "evil.example.com:80:news.example.org",
        "",
        " ",
        "news.example.org/x",
        "[::1",
        "127.0.0.2",
        "news.example.org:port",
    ],
)
@pytest.mark.parametrize("path", ["/", f"/u/{TOKEN}", "/feeds/rss.xml", "/dev/inbox/", "/nothing"])
def test_unknown_host_is_refused(browser: Browser, host: str, path: str) -> None:
    response = browser.get(path, headers={"Host": host})

    assert response.status_code == 400
    assert "evil" not in response.text


def test_two_host_headers_are_refused(browser: Browser) -> None:
    response = browser.get("/", headers=[("Host", "localhost"), ("Host", "news.example.org")])

    assert response.status_code == 400


def test_configured_host_is_answered_as_well(newsroom: Newsroom, browser: Browser) -> None:
    other = type(browser)(create_app(newsroom, dev_inbox=False, hosts=["Mirror.example.com"]))

    assert other.get("/", headers={"Host": "mirror.example.com"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/feeds/rss.xml", "/media/abc.png", f"/u/{TOKEN}", "/u/x", "/nothing", "/healthz", "/dev/inbox/"]
)
def test_every_answer_carries_the_safe_headers(browser: Browser, path: str) -> None:
    headers = browser.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_refusals_and_failures_carry_them_too(browser: Browser, newsroom: Newsroom) -> None:
    newsroom.readers.failure = RuntimeError("x")

    for response in (
        browser.get("/", headers={"Host": "evil.example.com"}),
        browser.post("/"),
        browser.post("/", content=b"x" * 70_000),
        browser.get(f"/u/{TOKEN}"),
    ):
        assert response.status_code >= 400
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "script-src 'none'" in response.headers["content-security-policy"]


def test_edition_page_has_an_origin_of_its_own(browser: Browser) -> None:
    policy = browser.get("/editions/e1/").headers["content-security-policy"]

    assert "style-src 'unsafe-inline'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 413)])
def test_body_is_measured_on_both_sides_of_the_limit(
    browser: Browser, newsroom: Newsroom, size: int, status: int
) -> None:
    assert browser.post(f"/u/{TOKEN}", content=b"x" * size).status_code == status
    assert len(newsroom.readers.left) == (1 if status == 200 else 0)


def test_endless_body_without_a_length_is_cut_off(browser: Browser, newsroom: Newsroom) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while taken < 1000:
            taken += 1
            yield b"x" * 1024

    assert browser.post(f"/u/{TOKEN}", content=endless()).status_code == 413
    assert newsroom.readers.left == []


@pytest.mark.parametrize("length", ["9" * 400, "99999999"])
def test_lie_about_the_length_is_refused_before_reading(app: Starlette, length: str) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was asked for")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/u/{TOKEN}",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-length", length.encode())],
    }
    asyncio.run(app(scope, receive, send))

    assert sent[0]["status"] == 413


def test_body_that_never_ends_is_given_up(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_TIMEOUT_S", 0.02)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/u/{TOKEN}",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    asyncio.run(app(scope, receive, send))

    assert sent[0]["status"] == 408


def test_failure_is_one_sentence_without_insides(browser: Browser, newsroom: Newsroom) -> None:
    newsroom.readers.failure = KeyError("/srv/newsroom/newsletter.db")

    response = browser.get(f"/u/{TOKEN}")

    assert response.status_code == 500
    assert response.text == "Something went wrong on our side. Please try again later.\n"


def test_log_has_one_line_for_each_request_whatever_its_path(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="newsletter.web")

    browser.get("/x%0aGET%20/forged%20200")  # refused, and logged all the same

    (line,) = [each.getMessage() for each in caplog.records if each.name == "newsletter.web"]
    assert line.startswith("GET /x%0AGET%20/forged%20200 400 ")
    assert "\n" not in line


@pytest.mark.parametrize("query", ["?" + "a=b&" * 500, "?utm_source=x", "?../../", "?%ff"])
def test_unknown_query_changes_nothing(browser: Browser, query: str) -> None:
    plain, asked = browser.get("/feeds/rss.xml"), browser.get(f"/feeds/rss.xml{query}")

    assert (asked.status_code, asked.headers, asked.content) == (plain.status_code, plain.headers, plain.content)
