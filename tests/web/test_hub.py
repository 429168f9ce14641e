"""The door of the hub is there where the newsroom is one."""

from __future__ import annotations

from newsletter.web import create_app

from .conftest import InMemoryHub, InMemoryNewsroom, TestClient

FORM = {"hub.mode": "subscribe", "hub.topic": "https://news.example.org/feeds/rss.xml"}


def test_a_newsroom_that_is_a_hub_takes_requests(newsroom: InMemoryNewsroom) -> None:
    newsroom.hub = InMemoryHub()

    with TestClient(create_app(newsroom, dev_inbox=False), base_url="http://localhost") as program:
        response = program.post("/hub", data=FORM)

    assert response.status_code == 202
    assert newsroom.hub.asked == [FORM]


def test_a_newsroom_that_is_none_has_no_such_door(newsroom: InMemoryNewsroom) -> None:
    with TestClient(create_app(newsroom, dev_inbox=False), base_url="http://localhost") as program:
        assert program.post("/hub", data=FORM).status_code == 405
        assert program.get("/hub").status_code == 404
