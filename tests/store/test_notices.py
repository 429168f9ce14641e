"""Notices in the store: written once, held by one sender, emptied when they are over. On both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.notices import (
    NewNotice,
    close_notice,
    defer_notice,
    delete_settled_notices,
    expire_notices,
    free_notices,
    has_due_notice,
    insert_notice,
    list_notices,
    notice_counts_by_state,
    notice_holders,
    put_back_notice,
    take_notice,
)
from newsletter.store.schema import upgrade
from newsletter.store.tables import notices

HOUR = timedelta(hours=1)


@pytest.fixture
def notice(now: datetime) -> NewNotice:
    return NewNotice(
        kind="confirm",
        to_address="ada@example.org",
        subscriber_id=None,
        dedupe_key="confirm:1",
        message=b"Subject: Please confirm\r\n\r\nhttps://news.example.org/c/secret\r\n",
        not_before=now,
        expires_at=now + HOUR,
    )


def add(store: Store, *wanted: NewNotice) -> list[bool]:
    with store.writing() as connection:
        return [insert_notice(connection, one) for one in wanted]


def take(store: Store, now: datetime, holder: str = "a"):
    with store.writing() as connection:
        return take_notice(connection, token=holder, until=now + HOUR, now=now)


def message_of(store: Store) -> bytes:
    with store.reading() as connection:
        return connection.execute(select(notices.c.message)).scalar_one()


def line(store: Store):
    with store.reading() as connection:
        return list_notices(connection)[0]


def test_notice_with_a_known_key_is_written_once(store: Store, notice: NewNotice) -> None:
    assert add(store, notice, notice) == [True, False]

    with store.reading() as connection:
        assert len(list_notices(connection)) == 1


def test_notice_is_held_by_one_sender(store: Store, notice: NewNotice, now: datetime) -> None:
    add(store, notice)

    first, second = take(store, now, "a"), take(store, now, "b")

    assert first is not None
    assert second is None
    assert (first.message, first.attempts) == (notice.message, 0)
    with store.reading() as connection:
        assert notice_holders(connection) == ["a"]


def test_notice_waits_for_its_hour(store: Store, notice: NewNotice, now: datetime) -> None:
    add(store, notice)

    early, late = now - timedelta(seconds=1), now

    with store.reading() as connection:
        assert (has_due_notice(connection, early), has_due_notice(connection, late)) == (False, True)
    assert take(store, early) is None


def test_lease_that_ended_is_taken_over_and_its_old_holder_writes_nothing(
    store: Store, notice: NewNotice, now: datetime
) -> None:
    add(store, notice)
    dead = take(store, now, "dead")

    taken = take(store, now + HOUR, "b")

    assert dead is not None
    assert taken is not None
    with store.writing() as connection:
        assert not close_notice(connection, dead, DeliveryState.FAILED, reason="late")
        assert close_notice(connection, taken, DeliveryState.SENT, reason=None)
    assert line(store).state is DeliveryState.SENT


def test_lease_of_a_sender_known_to_be_gone_is_given_back_at_once(
    store: Store, notice: NewNotice, now: datetime
) -> None:
    add(store, notice)
    take(store, now, "gone")

    with store.writing() as connection:
        assert free_notices(connection, ["gone"]) == 1
        assert free_notices(connection, []) == 0

    assert take(store, now, "b") is not None


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED])
def test_secret_link_is_gone_when_the_notice_is_over(
    store: Store, notice: NewNotice, now: datetime, state: DeliveryState
) -> None:
    add(store, notice)
    taken = take(store, now)

    with store.writing() as connection:
        close_notice(connection, taken, state, reason="why")

    assert message_of(store) == b""
    assert (line(store).state, line(store).attempts, line(store).reason) == (state, 1, "why")


def test_deferred_notice_keeps_its_words_and_waits(store: Store, notice: NewNotice, now: datetime) -> None:
    add(store, notice)
    taken = take(store, now)

    with store.writing() as connection:
        defer_notice(connection, taken, now + timedelta(minutes=1), reason="450 later")

    assert message_of(store) == notice.message
    assert take(store, now + timedelta(seconds=59)) is None
    assert take(store, now + timedelta(minutes=1)).attempts == 1


def test_notice_that_was_not_tried_is_queued_without_counting(store: Store, notice: NewNotice, now: datetime) -> None:
    add(store, notice)
    taken = take(store, now)

    with store.writing() as connection:
        put_back_notice(connection, taken)

    assert (line(store).state, line(store).attempts) == (DeliveryState.QUEUED, 0)


def test_expired_notice_is_given_up_and_emptied(store: Store, notice: NewNotice, now: datetime) -> None:
    add(store, notice)

    with store.writing() as connection:
        assert expire_notices(connection, now + HOUR - timedelta(seconds=1)) == 0
        assert expire_notices(connection, now + HOUR) == 1

    assert message_of(store) == b""
    assert line(store).reason == "expired before it could be sent"


def test_counts_name_every_state(store: Store, notice: NewNotice) -> None:
    add(store, notice)

    with store.reading() as connection:
        counts = notice_counts_by_state(connection)

    assert counts == dict.fromkeys(DeliveryState, 0) | {DeliveryState.QUEUED: 1}


def test_only_settled_notices_are_forgotten(store: Store, notice: NewNotice, now: datetime) -> None:
    add(store, notice)
    with store.writing() as connection:
        assert delete_settled_notices(connection, now + HOUR) == 0
    taken = take(store, now)
    with store.writing() as connection:
        assert delete_settled_notices(connection, now + HOUR) == 0
        close_notice(connection, taken, DeliveryState.SENT, reason=None)

        assert delete_settled_notices(connection, now) == 0
        assert delete_settled_notices(connection, now + HOUR) == 1


def test_looking_for_due_notices_uses_the_index(tmp_path: Path, now: datetime) -> None:
    """The look costs the same when a million notices are over."""
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    upgrade(store)
    said: list[str] = []
    with store.reading() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def explain(_connection, cursor, statement, parameters, _context, _many) -> None:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            said.extend(row[3] for row in cursor.fetchall())

        has_due_notice(connection, now)
        notice_holders(connection)
    store.close()

    assert any("ix_notices_state_not_before" in step for step in said)
    assert not any(step.startswith("SCAN notices") for step in said), said


def test_three_senders_at_once_never_hold_the_same_notice(store: Store, notice: NewNotice, now: datetime) -> None:
    add(store, *(replace(notice, dedupe_key=f"confirm:{number}") for number in range(45)))

    def work(holder: str) -> list[int]:
        held = []
        while (taken := take(store, now, holder)) is not None:
            held.append(taken.id)
            with store.writing() as connection:
                assert close_notice(connection, taken, DeliveryState.SENT, reason=None)
        return held

    with ThreadPoolExecutor(3) as pool:
        held = [number for numbers in pool.map(work, "abc") for number in numbers]

    assert len(held) == len(set(held)) == 45
