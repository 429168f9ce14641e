"""`notices`: what the service had to say to people, and sending it without `serve`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter.store import Store
from newsletter.store.meta import remember
from newsletter.store.notices import NewNotice, insert_notice
from newsletter.store.tables import notices


@pytest.fixture
def waiting(run, newsroom: Path) -> Store:
    """The newsroom's store, with a notice to Ada that is due."""
    run("status")
    store = Store(f"sqlite:///{newsroom}/newsletter.db")
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    notice = NewNotice(
        kind="confirm",
        to_address="ada@example.org",
        subscriber_id=None,
        dedupe_key="confirm:1",
        message=b"Message-ID: <n1@example.org>\r\n\r\nPlease confirm: https://news.example.org/c/secret\r\n",
        not_before=long_ago,
        expires_at=datetime.now(UTC) + timedelta(days=7),
    )
    with store.writing() as connection:
        insert_notice(connection, notice)
    yield store
    store.close()


def test_list_masks_addresses_and_shows_no_links(run, waiting: Store) -> None:
    out = run("notices", "list").out

    header, line = out.splitlines()
    assert header.split() == ["kind", "reader", "state", "attempts", "reason"]
    assert line.split()[:4] == ["confirm", "a…@example.org", "queued", "0"]
    assert "ada@" not in out
    assert "secret" not in out


def test_list_as_json(run, waiting: Store) -> None:
    (line,) = run("notices", "list", "--json").data

    assert line == {"kind": "confirm", "reader": "a…@example.org", "state": "queued", "attempts": 0, "reason": None}


def test_list_without_notices_says_so(run, newsroom) -> None:
    result = run("notices", "list")

    assert (result.code, result.out) == (0, "")
    assert "There are no notices." in result.err


def test_send_writes_what_is_due_to_the_outbox_once(run, waiting: Store, newsroom: Path) -> None:
    first, again = run("notices", "send"), run("notices", "send")

    assert (first.code, first.out) == (0, "1 sent, 0 waiting, 0 failed, 0 expired\n")
    assert (again.code, again.out) == (0, "0 sent, 0 waiting, 0 failed, 0 expired\n")
    (file,) = (newsroom / "outbox" / "new").iterdir()
    assert b"/c/secret" in file.read_bytes()


def test_send_as_json(run, waiting: Store) -> None:
    assert run("notices", "send", "--json").data == {"sent": 1, "deferred": 0, "failed": 0, "expired": 0}


def test_notice_that_came_too_late_is_exit_1(run, waiting: Store) -> None:
    with waiting.writing() as connection:
        connection.execute(update(notices).values(expires_at=datetime(2026, 1, 2, tzinfo=UTC)))

    result = run("notices", "send")

    assert (result.code, result.out) == (1, "0 sent, 0 waiting, 0 failed, 1 expired\n")


def test_paused_newsroom_sends_no_notice(run, waiting: Store, newsroom: Path) -> None:
    with waiting.writing() as connection:
        remember(connection, "paused", "restored from a backup")

    result = run("notices", "send")

    assert result.code == 75
    assert "newsletter resume" in result.err
    assert not (newsroom / "outbox" / "new").exists()


def test_dead_relay_is_exit_75_and_the_notice_waits(run, waiting: Store, no_relay) -> None:
    result = run("notices", "send")

    assert result.code == 75
    assert run("notices", "list", "--json").data[0]["state"] == "queued"
