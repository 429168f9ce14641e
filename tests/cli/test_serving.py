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


def test_serve_says_where_all_is_answers_there_and_ends_in_order(serve, published: Path) -> None:
    # A changed title makes every output stale, and serve mends that first.
    config = published / "config.toml"
    config.write_text(config.read_text("utf-8").replace("The Harbour Post", "The Quay Post"), "utf-8")

    process, port, said = serve()

    assert [line.split()[0] for line in said.splitlines()] == ["pages", "subscribe", "feeds", "dev", "Ctrl-C"]
    assert "The Quay Post" in get(port, "/en/spring-tides/")[1]
    assert "Spring tides" in get(port, "/feeds/rss.xml")[1]
    assert "ada@example.org" in get(port, "/dev/inbox/")[1]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    assert "Traceback" not in process.stderr.read()


def test_serve_to_others_shows_no_inbox(serve) -> None:
    process, port, said = serve(host="0.0.0.0")  # noqa: S104  # what the test is about

    assert "dev inbox" not in said
    assert get(port, "/dev/inbox/", Host="localhost")[0] == 404
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=15) == 0


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
