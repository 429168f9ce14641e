"""Passwords and tokens are in no output, no log line, no error, no page, and not in the database (S15, S31)."""

from __future__ import annotations

import re
import signal
from email import message_from_bytes, policy
from http.client import HTTPConnection
from pathlib import Path

import pytest

from newsletter.config import load_config

PASSWORD = "hunter2-correct-horse"
STORE = f"postgresql+psycopg://news:{PASSWORD}@127.0.0.1:1/news?connect_timeout=1"


@pytest.fixture
def secret_newsroom(newsroom: Path, relay, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A relay that wants a password, which is in a file of its own."""
    config = newsroom / "config.toml"
    text = config.read_text("utf-8").replace('tls = "none"\n', 'tls = "none"\nuser = "news"\n')
    config.write_text(text, "utf-8")
    (newsroom / "password").write_text(PASSWORD, "utf-8")
    (newsroom / "password").chmod(0o600)
    return newsroom


@pytest.fixture
def run_with_password(run, secret_newsroom: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEWSLETTER_TRANSPORTS__RELAY__PASSWORD_FILE", str(secret_newsroom / "password"))
    return run


@pytest.mark.parametrize("words", [("config", "show"), ("config", "show", "--json"), ("config", "check"), ("doctor",)])
def test_password_is_masked_in_whatever_is_shown(run_with_password, words: tuple[str, ...]) -> None:
    result = run_with_password(*words)

    assert PASSWORD not in result.out + result.err
    assert words[1:2] != ("show",) or "********" in result.out


def test_password_is_not_in_what_a_refusing_relay_leads_to(run_with_password, readers, relay) -> None:
    relay.extensions = ("8BITMIME", "AUTH PLAIN LOGIN")
    relay.script["auth"] = "535 5.7.8 wrong"

    result = run_with_password("publish", "articles/spring.md", "--yes")

    assert result.code in (1, 75)
    assert PASSWORD not in result.out + result.err


def test_password_is_in_no_repr_of_the_configuration(newsroom: Path) -> None:
    environment = {"NEWSLETTER_STORE__URL": STORE}

    config = load_config(newsroom, environ=environment)

    assert PASSWORD not in repr(config)
    assert PASSWORD not in str(config)


def test_password_of_a_database_is_in_no_error(run, newsroom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_STORE__URL", STORE)

    shown = run("config", "show")
    failed = run("status")

    assert (failed.code, PASSWORD in failed.err) == (74, False), failed.err
    assert PASSWORD not in shown.out
    assert "news:********@127.0.0.1" in shown.out


@pytest.fixture
def token(published: Path) -> str:
    """The token of Ada's unsubscribe link, out of her email."""
    (path,) = (published / "outbox" / "new").glob("*.ada@*")
    header = str(message_from_bytes(path.read_bytes(), policy=policy.default)["List-Unsubscribe"])
    return re.search(r"/u/([A-Za-z0-9_-]{26})>", header)[1]


def test_token_stands_in_the_email_and_nowhere_else(published: Path, token: str) -> None:
    files = [path for path in published.rglob("*") if path.is_file() and "outbox" not in path.parts]

    assert [path for path in files if token.encode() in path.read_bytes()] == []


def test_log_of_the_server_names_no_token_nor_address_and_moves_no_cursor(serve, published: Path, token: str) -> None:
    process, port, _ = serve("-v")
    asked = (("GET", f"/u/{token}"), ("POST", f"/u/{token}"), ("GET", f"//u/{token}"), ("GET", f"/U/{token}/"))
    for method, path in (*asked, ("GET", "/%1b[31mred%0d%0aforged%e2%80%aeline")):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, path)
        connection.getresponse().read()
        connection.close()

    process.send_signal(signal.SIGTERM)
    log = process.stderr.read()

    assert log.count("/u/…") >= 2
    assert [word for word in (token, "ada@example.org", "\x1b", "\u202e") if word in log] == []
    assert not any(line.startswith("forged") for line in log.splitlines())
