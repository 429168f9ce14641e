"""The door on a real port, served by uvicorn."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from newsletter.errors import NewsletterError, UsageError
from newsletter.web import WebServer, create_app, serve

from .conftest import TOKEN

Newsroom = Any


@pytest.fixture
def server(newsroom: Newsroom) -> Iterator[WebServer]:
    server = WebServer(create_app(newsroom, dev_inbox=True), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(15)
    assert not thread.is_alive()


def _ask(server: WebServer, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*server.address, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    answer = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return answer


def test_real_server_answers_feeds_pages_and_nothing_more(server: WebServer) -> None:
    status, headers, body = _ask(server, "GET", "/feeds/rss.xml")
    assert (status, body) == (200, b"<rss/>")
    assert "server" not in headers

    assert _ask(server, "GET", "/feeds/rss.xml", **{"If-None-Match": headers["etag"]})[0] == 304
    status, head, body = _ask(server, "HEAD", "/feeds/rss.xml")
    assert (status, head["content-length"], body) == (200, "6", b"")
    assert _ask(server, "GET", "/..%2fnewsletter.key")[0] == 404
    assert _ask(server, "GET", "/../newsletter.key")[0] == 404
    assert _ask(server, "GET", "/%E0%A4%A")[0] == 404
    assert _ask(server, "GET", "/", Host="evil.example.com")[0] == 400
    assert _ask(server, "GET", "/dev/inbox/")[0] == 200


def test_many_readers_at_once_get_the_same_page(server: WebServer) -> None:
    answers: list[tuple[int, bytes]] = []

    def ask() -> None:
        status, _, body = _ask(server, "GET", "/en/the-tide-tables/")
        answers.append((status, body))

    readers = [threading.Thread(target=ask) for _ in range(40)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(10)

    assert answers == [(200, b"<h1>tides</h1>")] * 40


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "news.example.org"])  # noqa: S104 - refused
def test_dev_inbox_is_never_opened_to_others(newsroom: Newsroom, host: str) -> None:
    with pytest.raises(UsageError, match=r"can be reached by others\. Bind 127\.0\.0\.1"):
        serve(create_app(newsroom, dev_inbox=True), host, 0)


def test_taken_port_is_told(newsroom: Newsroom, server: WebServer) -> None:
    _, port = server.address

    with pytest.raises(NewsletterError, match=rf"127\.0\.0\.1:{port}: cannot be served on \(.*in use"):
        WebServer(create_app(newsroom, dev_inbox=False), "127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70_000, "there is no such port"),
        ("127.0.0.1", -1, "there is no such port"),
        ("no-such-host.invalid", 0, "cannot be served on"),
        ("198.51.100.1", 0, "cannot be served on"),
    ],
)
def test_address_that_cannot_be_had_is_told(newsroom: Newsroom, host: str, port: int, sentence: str) -> None:
    with pytest.raises(NewsletterError, match=sentence):
        WebServer(create_app(newsroom, dev_inbox=False), host, port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_server_and_not_the_process(newsroom: Newsroom, number: signal.Signals) -> None:
    server = WebServer(create_app(newsroom, dev_inbox=False), "127.0.0.1", 0)
    before = signal.getsignal(number)

    def end() -> None:
        assert _ask(server, "GET", "/healthz")[0] == 200
        os.kill(os.getpid(), number)

    ender = threading.Thread(target=end)
    ender.start()
    server.run()
    ender.join(10)

    assert signal.getsignal(number) is before


def test_request_under_way_is_answered_though_the_process_is_told_to_end(newsroom: Newsroom) -> None:
    server = WebServer(create_app(newsroom, dev_inbox=False), "127.0.0.1", 0)
    inside, told = threading.Event(), threading.Event()
    answers: list[int] = []

    def wait() -> None:
        inside.set()
        assert told.wait(10)

    newsroom.readers.before_answering = wait
    asker = threading.Thread(target=lambda: answers.append(_ask(server, "GET", f"/u/{TOKEN}")[0]))

    def end() -> None:
        asker.start()
        assert inside.wait(10)
        os.kill(os.getpid(), signal.SIGTERM)
        told.set()

    ender = threading.Thread(target=end)
    ender.start()
    server.run()
    ender.join(10)
    asker.join(10)

    assert answers == [200]


def test_signal_that_comes_before_the_server_runs_is_not_lost(newsroom: Newsroom, monkeypatch) -> None:
    server = WebServer(create_app(newsroom, dev_inbox=False), "127.0.0.1", 0)
    run = server._server.run

    def told_first(**how: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        run(**how)

    monkeypatch.setattr(server._server, "run", told_first)
    running = threading.Thread(target=lambda: server.stop() if not ended.wait(10) else None)
    ended = threading.Event()
    running.start()
    server.run()
    was_told = not server._server.started or server._server.should_exit
    in_time = not ended.is_set() and running.is_alive()
    ended.set()
    running.join()

    assert (was_told, in_time) == (True, True)
