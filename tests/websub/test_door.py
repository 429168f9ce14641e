"""The door of the hub: what programs get that ask there, and what people see who look."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from newsletter.errors import StoreBusy
from newsletter.model import Masthead
from newsletter.web.guard import Guard
from newsletter.web.health import Tally
from newsletter.web.hub import hub_endpoint
from newsletter.websub import HubAnswer, OwnHub

from .conftest import ATOM, RSS, Hub

with warnings.catch_warnings():
    # The test client prefers httpx2 where it is installed and says so; both behave alike here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

FORM = {"hub.mode": "subscribe", "hub.topic": ATOM, "hub.callback": "https://reader.example.com/callback"}


@dataclass
class HubDesk:
    """Our own hub behind the door, or what it fails with."""

    hub: Hub
    masthead: Masthead
    failure: Exception | None = None
    answer: HubAnswer | None = None
    asked: list[Mapping[str, str]] = field(default_factory=list)
    allow_private: bool = False

    def clock(self) -> datetime:
        return self.hub.now

    def ask(self, fields: Mapping[str, str]) -> HubAnswer:
        self.asked.append(fields)
        if self.failure:
            raise self.failure
        own = OwnHub(self.hub.store, clock=self.clock, allow_private=self.allow_private)
        return self.answer or own.ask(fields)


@pytest.fixture
def hub_desk(hub: Hub, masthead: Masthead) -> HubDesk:
    hub.change(atom="v1")
    return HubDesk(hub, masthead)


@pytest.fixture
def program(hub_desk: HubDesk) -> Iterator[TestClient]:
    app = Starlette(
        routes=[Route("/hub", hub_endpoint(hub_desk, hub_desk), methods=["GET", "POST"])],
        middleware=[Middleware(Guard, hosts=["news.example.org"], trusted=(), tally=Tally())],
    )
    with TestClient(app, base_url="https://news.example.org", client=("192.0.2.1", 5000)) as program:
        yield program


def test_a_request_is_taken_and_waits_for_the_callback_s_word(program: TestClient, hub: Hub) -> None:
    response = program.post("/hub", data=FORM)

    assert response.status_code == 202
    assert response.headers["content-type"].startswith("text/plain")
    assert [task["kind"] for task in hub.tasks()] == ["verify"]


def test_a_request_that_cannot_be_meant_gets_a_sentence(program: TestClient, hub: Hub) -> None:
    response = program.post("/hub", data=FORM | {"hub.callback": "http://169.254.169.254/latest/"})

    assert response.status_code == 400
    assert response.text == "hub.callback cannot be used. It is on a private network.\n"
    assert hub.tasks() == []


def test_a_feed_that_is_never_told_of_cannot_be_subscribed_to(program: TestClient, hub: Hub) -> None:
    response = program.post("/hub", data=FORM | {"hub.topic": RSS})

    assert response.status_code == 400
    assert response.text.startswith("hub.topic is no feed of this newsroom.")


def test_other_media_types_get_a_sentence(program: TestClient, hub_desk: HubDesk) -> None:
    assert program.post("/hub", json=FORM).status_code == 415
    assert program.post("/hub", content=b"").status_code == 415
    assert hub_desk.asked == []


def test_a_flood_of_fields_or_octets_reaches_nothing(program: TestClient, hub_desk: HubDesk) -> None:
    assert program.post("/hub", data={f"f{number}": "x" for number in range(100)}).status_code == 400
    assert program.post("/hub", data=FORM | {"x": "y" * 70_000}).status_code == 413
    assert hub_desk.asked == []


def test_people_who_look_are_told_what_it_is(program: TestClient) -> None:
    response = program.get("/hub")

    assert response.status_code == 200
    assert "WebSub hub of https://news.example.org" in response.text


def test_a_full_hub_says_when_to_come_back(program: TestClient, hub_desk: HubDesk) -> None:
    hub_desk.answer = HubAnswer(taken=False, sentence="The hub is full.", is_full=True)

    response = program.post("/hub", data=FORM)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "86400"


def test_a_busy_database_says_when_to_come_back(program: TestClient, hub_desk: HubDesk) -> None:
    hub_desk.failure = StoreBusy("newsletter.db: another process holds the database.")

    response = program.post("/hub", data=FORM)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "60"
    assert "newsletter.db" not in response.text


def test_one_neighbourhood_asks_three_hundred_times_an_hour_at_most(
    program: TestClient, hub_desk: HubDesk, hub: Hub
) -> None:
    hub_desk.answer = HubAnswer(taken=True, sentence="Taken.")
    statuses = {program.post("/hub", data=FORM).status_code for _ in range(300)}

    refused = program.post("/hub", data=FORM)
    hub.pass_time(hours=1)
    later = program.post("/hub", data=FORM)

    assert statuses == {202}
    assert refused.status_code == 429
    assert later.status_code == 202


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_can_do_no_more_than_a_stranger(program: TestClient, hub: Hub, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}

    assert program.post("/hub", data=FORM, headers=headers).status_code == 202
    assert hub.subscriptions() == []
