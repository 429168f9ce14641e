"""The readers' desk end to end: forms, the links in notices, and what they may open afterwards."""

from __future__ import annotations

import json
import re
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from real_newsroom import Desk

from newsletter.readers_desk import ReadersDesk
from newsletter.store.audience import move_cursors
from newsletter.store.subscribers import hold_sequence
from newsletter.store.tables import confirmations, consents, notice_counts, notices
from newsletter.subscribers import (
    Answer,
    Choices,
    ConfirmationState,
    SignUpForm,
    erase,
    find,
    unsubscribe_token,
)

_CONFIRM_LINK = re.compile(r"/c/([\w-]{26})")


def form(address: str, **choices: str) -> SignUpForm:
    return SignUpForm(
        address=address,
        choices=Choices(**choices),
        wording="Yes, send it to me.",
        wording_language="en",
        page="/subscribe",
    )


def readers_of(desk: Desk) -> ReadersDesk:
    return desk.newsroom.readers_desk(told=lambda: None)


def newest_link(desk: Desk) -> str:
    """The confirm token in the notice written last."""
    message = message_from_bytes(desk.rows(notices)[-1]["message"], policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    found = _CONFIRM_LINK.search(body.get_content())
    assert found is not None
    return found[1]


def confirmed(desk: Desk, address: str = "ada@example.org") -> str:
    """A reader who came in by the form; gives the preferences token."""
    readers_of(desk).sign_up(form(address))
    view = readers_of(desk).confirm(newest_link(desk))
    assert view is not None
    return view.preferences


def test_a_second_press_says_done_again_and_proves_nothing_twice(either_desk: Desk) -> None:
    readers_of(either_desk).sign_up(form("ada@example.org", rhythm="feed"))
    token = newest_link(either_desk)

    first, second = readers_of(either_desk).confirm(token), readers_of(either_desk).confirm(token)

    assert first == second
    assert len(either_desk.rows(consents)) == 1


def test_s10_the_link_of_an_erased_reader_confirms_nobody_else(either_desk: Desk) -> None:
    readers_of(either_desk).sign_up(form("mallory@example.org"))
    token = newest_link(either_desk)
    view = readers_of(either_desk).confirm(token)
    assert view is not None
    readers_of(either_desk).erase(view.preferences)
    readers_of(either_desk).sign_up(form("victim@example.org"))

    assert readers_of(either_desk).confirm(token) is None
    assert find(either_desk.store, "victim@example.org").state == "pending"


def test_s10_an_expired_link_confirms_nobody_else(either_desk: Desk) -> None:
    readers_of(either_desk).sign_up(form("mallory@example.org"))
    token = newest_link(either_desk)
    either_desk.pass_time(days=8)
    readers_of(either_desk).sign_up(form("victim@example.org"))

    assert readers_of(either_desk).confirm(token) is None
    assert find(either_desk.store, "victim@example.org").state == "pending"


def test_s15_a_done_link_opens_nothing_after_its_seven_days(desk: Desk) -> None:
    confirmed(desk)
    token = newest_link(desk)

    desk.pass_time(days=8)

    view = readers_of(desk).confirmation_of(token)
    assert view is not None
    assert (view.state, view.preferences) == (ConfirmationState.EXPIRED, "")


def test_s15_the_old_mailbox_opens_nothing_after_a_move(desk: Desk) -> None:
    preferences = confirmed(desk)
    old = newest_link(desk)
    readers_of(desk).ask_address_change(preferences, "ada@example.com")

    moved = readers_of(desk).confirm(newest_link(desk))

    assert moved is not None
    assert readers_of(desk).preferences_of(moved.preferences) is not None
    assert readers_of(desk).preferences_of(preferences) is None
    again = readers_of(desk).confirmation_of(old)
    assert again is not None
    assert again.preferences == ""


def test_unsubscribe_ends_a_confirm_link_that_was_still_open(desk: Desk) -> None:
    readers_of(desk).sign_up(form("ada@example.org"))
    first = newest_link(desk)
    desk.pass_time(days=1, seconds=1)
    readers_of(desk).sign_up(form("ada@example.org"))
    second = newest_link(desk)
    readers_of(desk).confirm(first)

    leaving = unsubscribe_token(desk.newsroom.keys, find(desk.store, "ada@example.org").id)
    readers_of(desk).unsubscribe(leaving, source="page")

    view = readers_of(desk).confirm(second)
    assert view is not None
    assert view.state is ConfirmationState.EXPIRED
    assert find(desk.store, "ada@example.org").state == "unsubscribed"


def test_erasing_an_address_reaches_what_another_reader_asked_of_it(desk: Desk) -> None:
    preferences = confirmed(desk)
    readers_of(desk).ask_address_change(preferences, "ben@example.org")

    erase(desk.store, "ben@example.org", keys=desk.newsroom.keys, source="tests", now=desk.now)

    assert "ben@" not in json.dumps([desk.rows(confirmations), desk.rows(notices)], default=str)


def test_s14_no_link_opens_the_door_of_another(desk: Desk) -> None:
    preferences = confirmed(desk)
    confirm = newest_link(desk)
    leaving = unsubscribe_token(desk.newsroom.keys, find(desk.store, "ada@example.org").id)
    readers = readers_of(desk)

    opened = [
        *(readers.preferences_of(token) for token in (leaving, confirm)),
        *(readers.reader_of(token) for token in (preferences, confirm)),
        *(readers.confirmation_of(token) for token in (preferences, leaving)),
    ]

    assert opened == [None] * 6


def test_s12_an_address_is_written_to_three_times_at_most(desk: Desk) -> None:
    for _ in range(40):
        assert readers_of(desk).sign_up(form("ben@example.org")) is Answer.TAKEN
        desk.pass_time(hours=7)

    assert [row["number"] for row in desk.rows(notice_counts)] == [3]


def test_a_change_of_rhythm_and_a_release_do_not_wait_for_each_other_for_ever(either_desk: Desk) -> None:
    preferences = confirmed(either_desk)
    faults: list[BaseException] = []

    def change() -> None:
        try:
            readers_of(either_desk).save_preferences(preferences, Choices(rhythm="feed"))
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)

    with either_desk.store.writing() as connection:
        hold_sequence(connection)
        changing = threading.Thread(target=change)
        changing.start()
        # Long enough for the other to have taken what it takes first.
        changing.join(0.5)
        move_cursors(connection, 5, now=either_desk.now)
    changing.join(30)

    assert faults == []
    assert find(either_desk.store, "ada@example.org").rhythm == "feed"


@pytest.mark.parametrize("address", ["", "ada", "ada@@example.org", "a b@example.org", "ada@example.org\r\nBcc: x@y.z"])
def test_an_odd_address_is_said_to_be_odd_and_leaves_nothing(desk: Desk, address: str) -> None:
    assert readers_of(desk).sign_up(form(address)) is Answer.ODD_ADDRESS
    assert desk.count(confirmations) == 0
