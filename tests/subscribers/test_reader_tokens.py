"""Links of readers: each opens one door, and preferences links end when the version moves."""

from __future__ import annotations

from newsletter.model import SubscriberId
from newsletter.subscribers import Keys, Purpose, read_token, rotated_keys, unsubscribe_token
from newsletter.subscribers.tokens import (
    confirm_token,
    preferences_token,
    read_confirm_token,
    read_preferences_token,
)

ADA = SubscriberId(7)


def test_link_with_the_present_version_opens_the_choices(keys: Keys) -> None:
    token = preferences_token(keys, ADA, 3)

    assert len(token) == 26
    assert read_preferences_token(keys, token, lambda _: 3) == ADA


def test_link_with_another_version_or_of_nobody_opens_nothing(keys: Keys) -> None:
    token = preferences_token(keys, ADA, 3)

    assert read_preferences_token(keys, token, lambda _: 4) is None
    assert read_preferences_token(keys, token, lambda _: None) is None


def test_no_link_opens_another_door(keys: Keys) -> None:
    tokens = {unsubscribe_token(keys, ADA), preferences_token(keys, ADA, 0), confirm_token(keys, 7, "ada@example.org")}

    assert len(tokens) == 3
    for token in tokens:
        opened = (
            read_token(keys, token, Purpose.UNSUBSCRIBE),
            read_preferences_token(keys, token, lambda _: 0),
            read_confirm_token(keys, token, lambda _: "ada@example.org"),
        )
        assert sum(each is not None for each in opened) == 1


def test_every_altered_letter_shuts_the_door(keys: Keys) -> None:
    token = preferences_token(keys, ADA, 0)

    for at in range(len(token)):
        altered = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert read_preferences_token(keys, altered, lambda _: 0) is None


def test_links_mailed_before_a_new_key_go_on_working(keys: Keys) -> None:
    preferences, confirm = preferences_token(keys, ADA, 1), confirm_token(keys, 9, "ada@example.org")

    newer = rotated_keys(keys, bytes(32))

    assert read_preferences_token(newer, preferences, lambda _: 1) == ADA
    assert read_confirm_token(newer, confirm, lambda _: "ada@example.org") == 9


def test_confirm_link_of_one_address_agrees_to_nothing_for_another(keys: Keys) -> None:
    """A restored database gives the same number to another sign-up."""
    token = confirm_token(keys, 7, "ada@example.org")

    assert read_confirm_token(keys, token, lambda _: "ben@example.org") is None
    assert read_confirm_token(keys, token, lambda _: None) is None
