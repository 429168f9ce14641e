"""The dev inbox shows every message, so it answers to this machine alone (S34)."""

from __future__ import annotations

from http.client import HTTPConnection

import pytest

from newsletter.cli.opening import open_newsroom
from newsletter.cli.screen import Screen
from newsletter.cli.serving import LOCAL, Served
from newsletter.errors import UsageError
from newsletter.web import WebServer, create_app


def status_of(port: int, path: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def test_inbox_answers_to_names_of_this_machine_and_not_through_a_proxy(serve) -> None:
    _, port, _ = serve()

    assert status_of(port, "/dev/inbox/") == 200
    assert status_of(port, "/dev/inbox/", Host="news.example.org") in (400, 404)
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"):
        assert status_of(port, "/dev/inbox/", **{header: "for=203.0.113.9"}) == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104  # addresses it must refuse
def test_app_with_an_inbox_is_not_opened_to_others(published, host: str) -> None:
    newsroom = open_newsroom(published, Screen(quiet=True))
    app = create_app(Served(newsroom), dev_inbox=True)
    newsroom.close()

    with pytest.raises(UsageError, match="dev inbox shows every message"):
        WebServer(app, host, 0)


def test_only_loopback_counts_as_local() -> None:
    assert LOCAL == ("127.0.0.1", "::1", "localhost")
