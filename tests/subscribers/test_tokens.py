from __future__ import annotations

import base64
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model import EditionId, SubscriberId
from newsletter.subscribers import (
    BouncedDelivery,
    Keys,
    Purpose,
    bounce_token,
    new_keys,
    read_bounce_token,
    read_token,
    rotated_keys,
    suppression_key,
    unsubscribe_token,
)

KEYS = new_keys(bytes(range(64)))
OTHERS = new_keys(bytes(64))
ids = st.integers(min_value=1, max_value=2**48 - 1).map(SubscriberId)
edition_ids = st.integers(min_value=1, max_value=2**40 - 1).map(EditionId)


@settings(deadline=None)
@given(ids)
def test_a_token_of_26_url_safe_characters_names_its_reader(subscriber_id: SubscriberId) -> None:
    token = unsubscribe_token(KEYS, subscriber_id)

    assert re.fullmatch(r"[A-Za-z0-9_-]{26}", token)
    assert read_token(KEYS, token, Purpose.UNSUBSCRIBE) == subscriber_id


@settings(deadline=None)
@given(ids, st.integers(0, 25), st.sampled_from(string.ascii_letters + string.digits + "-_=. é"))
def test_s14_a_token_with_one_altered_character_is_nobodys(subscriber_id: SubscriberId, place: int, by: str) -> None:
    token = unsubscribe_token(KEYS, subscriber_id)
    altered = token[:place] + by + token[place + 1 :]

    assert altered == token or read_token(KEYS, altered, Purpose.UNSUBSCRIBE) is None


@settings(deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{26}", fullmatch=True))
def test_s10_a_guessed_token_is_nobodys(token: str) -> None:
    for purpose in Purpose:
        assert read_token(KEYS, token, purpose) is None
    assert read_bounce_token(KEYS, token) is None


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.CONFIRM, Purpose.BOUNCE])
def test_s14_an_unsubscribe_token_opens_no_other_door(purpose: Purpose) -> None:
    assert read_token(KEYS, unsubscribe_token(KEYS, SubscriberId(7)), purpose) is None


def test_another_newsrooms_token_is_nobodys() -> None:
    token = unsubscribe_token(OTHERS, SubscriberId(7))

    assert read_token(KEYS, token, Purpose.UNSUBSCRIBE) is None


def test_control_the_decoder_alone_takes_four_spellings_for_one_token() -> None:
    token = unsubscribe_token(KEYS, SubscriberId(7))
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]

    assert base64.urlsafe_b64decode(twin + "==") == base64.urlsafe_b64decode(token + "==")
    assert read_token(KEYS, twin, Purpose.UNSUBSCRIBE) is None


def test_links_already_mailed_work_after_the_key_rotates() -> None:
    old = unsubscribe_token(KEYS, SubscriberId(7))
    bounced = bounce_token(KEYS, EditionId(3), SubscriberId(7))
    keys = rotated_keys(KEYS, b"n" * 32)

    assert unsubscribe_token(keys, SubscriberId(7)) != old
    assert read_token(keys, old, Purpose.UNSUBSCRIBE) == 7
    assert read_token(KEYS, unsubscribe_token(keys, SubscriberId(7)), Purpose.UNSUBSCRIBE) is None
    assert read_bounce_token(keys, bounced) == BouncedDelivery(edition_id=EditionId(3), subscriber_id=SubscriberId(7))


@settings(deadline=None)
@given(edition_ids, ids)
def test_a_bounce_token_survives_servers_that_change_the_case(
    edition_id: EditionId, subscriber_id: SubscriberId
) -> None:
    token = bounce_token(KEYS, edition_id, subscriber_id)

    assert re.fullmatch(r"[a-z2-7]{39}", token)
    for spelling in (token, token.upper(), token.title()):
        assert read_bounce_token(KEYS, spelling) == BouncedDelivery(edition_id=edition_id, subscriber_id=subscriber_id)


@settings(deadline=None)
@given(st.integers(0, 38), st.sampled_from(string.ascii_lowercase + "234567=018ıſ"))
def test_an_altered_bounce_token_is_nobodys(place: int, by: str) -> None:
    token = bounce_token(KEYS, EditionId(3), SubscriberId(7))
    altered = token[:place] + by + token[place + 1 :]

    assert altered == token or read_bounce_token(KEYS, altered) is None


def test_a_token_never_changes_for_one_key() -> None:
    assert unsubscribe_token(KEYS, SubscriberId(1)) == unsubscribe_token(new_keys(bytes(range(64))), SubscriberId(1))


def test_a_suppression_key_is_a_keyed_hash_that_survives_rotation(keys: Keys) -> None:
    hashed = suppression_key(keys, "ada@example.org")

    assert re.fullmatch(r"[0-9a-f]{64}", hashed)
    assert hashed == suppression_key(rotated_keys(keys, b"n" * 32), "ada@example.org")
    assert hashed != suppression_key(OTHERS, "ada@example.org")
