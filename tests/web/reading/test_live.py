"""Readers on a real port, also while a publish is swapping files."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from newsletter.site import write_outputs
from newsletter.store import Store
from newsletter.store.tables import metadata
from newsletter.web import WebServer, create_app

Newsroom = Any

RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Post</title>
<link>https://news.example.org/</link><description>{number}</description>{items}</channel></rss>"""


def feed(number: int) -> bytes:
    items = "".join(f"<item><title>Tide {number}</title><guid>t{n}</guid></item>" for n in range(50))
    return RSS.format(number=number, items=items).encode()


@pytest.fixture
def server(newsroom: Newsroom) -> Iterator[WebServer]:
    server = WebServer(create_app(newsroom, dev_inbox=False), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(15)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'newsletter.db'}")
    metadata.create_all(store.engine)
    yield store
    store.close()


def _ask(server: WebServer, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*server.address, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    answer = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return answer


def test_feed_reader_gets_the_feed_packed_and_then_304(server: WebServer, newsroom: Newsroom, store: Store) -> None:
    root = newsroom.feeds_folder.parent
    write_outputs(root, {"feeds/rss.xml": feed(1)}, store=store, now=newsroom.now - timedelta(hours=1))
    url = f"http://127.0.0.1:{server.address[1]}/feeds/rss.xml"

    first = feedparser.parse(url)
    again = feedparser.parse(url, etag=first.etag)
    by_date = feedparser.parse(url, modified=first.modified)

    assert (first.status, first.bozo, len(first.entries)) == (200, False, 50)
    assert first.headers["content-encoding"] in ("gzip", "br")
    assert (again.status, by_date.status) == (304, 304)


def test_reader_who_polls_during_a_publish_never_sees_half_a_file(
    server: WebServer, newsroom: Newsroom, store: Store
) -> None:
    root, rounds = newsroom.feeds_folder.parent, 30
    whole = {feed(number) for number in range(rounds)}
    write_outputs(root, {"feeds/rss.xml": feed(0)}, store=store, now=newsroom.now)
    seen: list[tuple[str, bytes]] = []
    done = threading.Event()

    def poll(coding: str) -> None:
        tag = '"none"'
        while not done.is_set():
            status, headers, body = _ask(server, "/feeds/rss.xml", accept_encoding=coding, if_none_match=tag)
            if status == 200:
                tag = headers["etag"]
                packed = headers.get("content-encoding") == "gzip"
                seen.append((tag, gzip.decompress(body) if packed else body))

    readers = [threading.Thread(target=poll, args=(coding,)) for coding in ("gzip", "identity")]
    for reader in readers:
        reader.start()
    for number in range(rounds):
        write_outputs(root, {"feeds/rss.xml": feed(number)}, store=store, now=newsroom.now)
    done.set()
    for reader in readers:
        reader.join(10)

    assert len(seen) > 2
    assert {body for _, body in seen} <= whole
    assert len({(tag, body) for tag, body in seen}) == len({tag for tag, _ in seen})


def test_body_never_waits_for_an_acknowledgement(newsroom: Newsroom) -> None:
    server = WebServer(create_app(newsroom, dev_inbox=False), "127.0.0.1", 0)

    # Without it, each answer takes 40 ms on a connection that is kept open.
    assert server._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    server._socket.close()
