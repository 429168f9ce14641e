"""Whoever asked our hub is sent what came out since, and nothing that is not public."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import feedparser
import pytest
from real_newsroom import QUAY, TIDES, Desk

from newsletter.editions import PublishWishes, Wishes
from newsletter.hub_desk import HubDesk, hub_numbers

SITE = "http://localhost:8000"
RSS = f"{SITE}/feeds/rss.xml"
EARLY = "---\ntitle: The ferry sails\nlanguage: en\n---\nAt noon.\n"


@dataclass
class Subscriber:
    """A program that subscribes and keeps what it is sent."""

    url: str = ""
    pushed: list[bytes] = field(default_factory=list)
    pings: list[dict[str, list[str]]] = field(default_factory=list)

    def titles(self) -> list[list[str]]:
        return [[entry.title for entry in feedparser.parse(body).entries] for body in self.pushed]


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    """One on this machine, that says yes to everything."""
    kept = Subscriber()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(asked["hub.challenge"][0].encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/hub":
                kept.pings.append(parse_qs(body.decode()))
            else:
                kept.pushed.append(body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def hub_of(desk: Desk, **changes: object) -> HubDesk:
    tools = replace(desk.newsroom._workshop.hub_tools, base_url=SITE, is_hub=True, **changes)
    return HubDesk(replace(tools, clock=lambda: desk.now))


def subscribed(hub: HubDesk, subscriber: Subscriber, topic: str = RSS) -> None:
    asked = {"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": f"{subscriber.url}/news"}
    assert hub.own is not None
    assert hub.own.ask(asked).taken
    hub.tell()
    assert hub.status().subscriptions == {topic: 1}


def test_a_subscriber_is_sent_what_is_new(either_desk: Desk, subscriber: Subscriber) -> None:
    desk = either_desk
    hub = hub_of(desk)
    desk.publish(desk.write("articles/tides.md", TIDES))
    hub.tell()
    subscribed(hub, subscriber)
    desk.pass_time(hours=1)

    desk.publish(desk.write("articles/quay.md", QUAY))
    hub.tell()
    hub.tell()

    assert subscriber.titles() == [["The quay is mended"]]


def test_a_feed_in_which_nothing_changed_is_not_told_of(desk: Desk, subscriber: Subscriber) -> None:
    hub = hub_of(desk)
    desk.publish(desk.write("articles/tides.md", TIDES))
    hub.tell()
    subscribed(hub, subscriber, f"{SITE}/feeds/fr/rss.xml")
    desk.pass_time(hours=1)

    desk.publish(desk.write("articles/quay.md", QUAY))
    hub.tell()

    assert subscriber.pushed == []


def test_a_process_that_died_before_it_told_is_made_up_for(desk: Desk, subscriber: Subscriber) -> None:
    first = hub_of(desk)
    desk.publish(desk.write("articles/tides.md", TIDES))
    first.tell()
    subscribed(first, subscriber)
    desk.pass_time(hours=1)
    desk.publish(desk.write("articles/quay.md", QUAY))

    hub_of(desk).tell()

    assert subscriber.titles() == [["The quay is mended"]]


def test_nothing_early_and_nothing_withdrawn_is_pushed(desk: Desk, subscriber: Subscriber) -> None:
    hub = hub_of(desk)
    tides = desk.publish(desk.write("articles/tides.md", TIDES)).published[0]
    desk.publish(desk.write("articles/quay.md", QUAY))
    hub.tell()
    subscribed(hub, subscriber, f"{SITE}/feeds/atom.xml")
    desk.pass_time(hours=1)

    desk.newsroom.withdraw(tides)
    at = desk.now + timedelta(days=1)
    plan = desk.newsroom.plan(
        [desk.write("articles/ferry.md", EARLY)], wishes=Wishes(), publish=PublishWishes(feed_only=True), at=at
    )
    desk.newsroom.publish_at(plan, at)
    desk.newsroom.tick()
    hub.tell()

    (body,) = subscriber.pushed
    assert b"deleted-entry" in body
    assert b"Spring tides" not in body
    assert b"ferry" not in body


def test_hubs_of_others_are_told_of_each_changed_feed(desk: Desk, subscriber: Subscriber) -> None:
    hub = hub_of(desk, hubs=(f"{subscriber.url}/hub",))
    desk.publish(desk.write("articles/tides.md", TIDES))
    hub.tell()
    desk.pass_time(hours=1)

    desk.publish(desk.write("articles/quay.md", QUAY))
    hub.tell()

    told = {ping["hub.topic"][0] for ping in subscriber.pings}
    assert told == {
        f"{SITE}/feeds/{place}{form}" for place in ("", "en/") for form in ("rss.xml", "atom.xml", "feed.json")
    }
    assert all(ping["hub.mode"] == ["publish"] and ping["hub.url"] == ping["hub.topic"] for ping in subscriber.pings)


def test_a_newsroom_without_hubs_does_nothing(desk: Desk) -> None:
    desk.publish(desk.write("articles/tides.md", TIDES))
    hub = desk.newsroom.hub_desk()

    assert (hub.has_work, hub.own, hub.tell()) == (False, None, 0)
    assert hub_numbers(hub.status()) == {"subscriptions": 0, "requests": 0, "waiting": 0, "unreached": 0}


def test_a_public_newsroom_calls_nobody_in_the_house(desk: Desk, subscriber: Subscriber) -> None:
    tools = replace(desk.newsroom._workshop.hub_tools, is_hub=True)
    hub = HubDesk(tools)
    desk.publish(desk.write("articles/tides.md", TIDES))
    hub.tell()
    assert hub.own is not None

    asked = {
        "hub.mode": "subscribe",
        "hub.topic": "https://news.example.org/feeds/rss.xml",
        "hub.callback": f"{subscriber.url}/news",
    }

    assert not hub.own.ask(asked).taken
