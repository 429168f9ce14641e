"""A hub over a real database, and subscribers on this machine that behave as each test wants them to."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[1] / "newsroom" / "harness"))

from real_newsroom import desk, either_desk, empty_database, postgresql_url  # found only through the line above

from newsletter.store import Store
from newsletter.store.tables_of_feeds import hub_subscriptions, hub_tasks
from newsletter.websub import GuardedClient, HubAnswer, HubRules, HubTools, ask, note_changes, run_tasks

__all__ = ["desk", "either_desk", "empty_database", "postgresql_url"]

ATOM = "https://news.example.org/feeds/atom.xml"
RSS = "https://news.example.org/feeds/rss.xml"
HUB = "https://news.example.org/hub"


@dataclass
class Heard:
    """One request that a subscriber or hub got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[Heard, BaseHTTPRequestHandler], None]


def answer(request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    """Answer in the usual way."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def agree(heard: Heard, request: BaseHTTPRequestHandler) -> None:
    """Echo the challenge, and take whatever is sent."""
    answer(request, 200, heard.query.get("hub.challenge", "").encode())


class Listener(ThreadingHTTPServer):
    """A server on loopback that notes what it hears, in order, and answers as `behaviour` does."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.behaviour: Behaviour = agree
        self.release = threading.Event()  # what slow behaviours wait for
        super().__init__(("127.0.0.1", 0), _Ear)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str = "/callback") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def pushes(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.method == "POST"]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: callers that go away are what some tests are about."""


class _Ear(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        heard = Heard(self.command, parts.path, query, dict(self.headers), self.rfile.read(length))
        self.server.heard.append(heard)
        self.server.behaviour(heard, self)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Hub:
    """Our hub, the clock on its wall, and short ways to use it."""

    store: Store
    now: datetime
    client: GuardedClient = field(default_factory=lambda: GuardedClient(allow_private=True, limit_s=5))
    bodies: list[tuple[str, str, str]] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def body_of(self, topic: str, since: str, digest: str) -> tuple[bytes, str] | None:
        """What a subscriber gets: `bodies` notes for which versions one was made."""
        self.bodies.append((topic, since, digest))
        return f"{topic} from {since} to {digest}".encode(), "application/atom+xml; charset=utf-8"

    @property
    def tools(self) -> HubTools:
        return HubTools(
            hub_url=HUB,
            callbacks=self.client,
            hubs=self.client,
            body_of=self.body_of,
            clock=lambda: self.now,
            jitter=lambda: 0.5,
            new_id=lambda: f"challenge-{next(self.names)}",
        )

    def ask(self, callback: str, *, topic: str = ATOM, mode: str = "subscribe", **more: str) -> HubAnswer:
        fields = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
        fields |= {f"hub.{name}": value for name, value in more.items()}
        rules = HubRules(is_topic={ATOM, RSS}.__contains__, allow_private=True)
        return ask(self.store, fields, rules, now=self.now)

    def subscribe(self, callback: str, **fields: str) -> None:
        """A subscription that is told from now on."""
        assert self.ask(callback, **fields).taken
        self.run()
        assert callback in [row["callback"] for row in self.subscriptions()]

    def change(self, *hubs: str, **versions: str) -> int:
        """The feeds have new bytes, `atom` and `rss` by name."""
        current = {{"atom": ATOM, "rss": RSS}[name]: digest for name, digest in versions.items()}
        with self.store.writing() as connection:
            return note_changes(connection, current, hubs=hubs, now=self.now)

    def run(self) -> int:
        return run_tasks(self.store, self.tools)

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)

    def subscriptions(self) -> list[dict[str, object]]:
        """Those that are told."""
        return [row for row in self.rows() if row["state"] == "active"]

    def rows(self) -> list[dict[str, object]]:
        with self.store.reading() as connection:
            query = select(hub_subscriptions).order_by(hub_subscriptions.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]

    def tasks(self) -> list[dict[str, object]]:
        with self.store.reading() as connection:
            return [dict(row) for row in connection.execute(select(hub_tasks).order_by(hub_tasks.c.id)).mappings()]


@pytest.fixture
def hub(desk, now: datetime) -> Hub:
    return Hub(desk.store, now)


@pytest.fixture
def either_hub(either_desk, now: datetime) -> Hub:
    return Hub(either_desk.store, now)


@pytest.fixture
def listen() -> Iterator[Callable[[], Listener]]:
    """Open another server on loopback."""
    opened: list[Listener] = []

    def open_one() -> Listener:
        opened.append(Listener())
        return opened[-1]

    yield open_one
    for each in opened:
        each.release.set()
        each.shutdown()
        each.server_close()


@pytest.fixture
def subscriber(listen: Callable[[], Listener]) -> Listener:
    return listen()
