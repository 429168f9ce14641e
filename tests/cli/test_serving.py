"""`serve` as a process of its own: what it says, what it answers, and how it ends."""

from __future__ import annotations

import signal
import socket
from http.client import HTTPConnection
from pathlib import Path

import pytest


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def test_serve_says_where_pages_feeds_and_inbox_are_and_answers_there(serve) -> None:
    _, port, said = serve()

    assert [line.split()[0] for line in said.splitlines()] == ["pages", "feeds", "dev", "Ctrl-C"]
    assert "Spring tides" in get(port, "/en/spring-tides/")[1]
    assert "Spring tides" in get(port, "/feeds/rss.xml")[1]
    assert "ada@example.org" in get(port, "/dev/inbox/")[1]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_in_order_when_it_is_told_to(serve, stop: signal.Signals) -> None:
    process, port, _ = serve()
    get(port, "/")

    process.send_signal(stop)

    assert process.wait(timeout=15) == 0
    assert "Traceback" not in process.stderr.read()


def test_serve_mends_outputs_that_are_stale(serve, published: Path) -> None:
    (published / "site" / "index.html").unlink()
    config = published / "config.toml"
    config.write_text(config.read_text("utf-8").replace("The Harbour Post", "The Quay Post"), "utf-8")

    _, port, _ = serve()

    assert "The Quay Post" in get(port, "/")[1]


def test_serve_to_others_shows_no_inbox(serve) -> None:
    _, port, said = serve(host="0.0.0.0")  # noqa: S104  # what the test is about

    assert "dev inbox" not in said
    assert get(port, "/dev/inbox/", Host="localhost")[0] == 404


@pytest.mark.parametrize(
    "bind", ["8000", "localhost", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:²", "127.0.0.1:70000", ":1"]
)
def test_address_that_makes_no_sense_is_refused(run, newsroom: Path, bind: str) -> None:
    result = run("serve", "--bind", bind)

    assert (result.code, len(result.err.splitlines())) == (2, 1)


def test_address_in_use_is_one_sentence(run, newsroom: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        result = run("serve", "--bind", f"127.0.0.1:{port}")

    assert result.code == 1
    assert result.err == (
        f"127.0.0.1:{port}: cannot be served on (Address already in use). "
        "Stop the program that holds it, or choose another address or port.\n"
    )
