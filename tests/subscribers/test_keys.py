from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import ConfigError, UsageError
from newsletter.subscribers import Keys, new_keys, parse_keys, rotated_keys, serialise_keys

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


@settings(deadline=None)
@given(st.binary(min_size=64, max_size=64), st.lists(st.binary(min_size=32, max_size=32), max_size=15))
def test_keys_read_back_as_written(random: bytes, rotations: list[bytes]) -> None:
    keys = new_keys(random)
    for secret in rotations:
        keys = rotated_keys(keys, secret)

    assert parse_keys(serialise_keys(keys)) == keys


def test_the_newest_key_stands_first_and_the_suppression_key_stays(keys: Keys) -> None:
    rotated = rotated_keys(keys, b"n" * 32)

    assert [key.number for key in rotated.token_keys] == [2, 1]
    assert rotated.suppression == keys.suppression


def test_a_seventeenth_key_is_refused_rather_than_an_old_link_broken(keys: Keys) -> None:
    for number in range(15):
        keys = rotated_keys(keys, bytes([number]) * 32)

    with pytest.raises(UsageError, match="already holds 16 token keys"):
        rotated_keys(keys, b"n" * 32)


def test_a_number_freed_by_hand_is_taken_again(keys: Keys) -> None:
    for number in range(15):
        keys = rotated_keys(keys, bytes([number]) * 32)
    shortened = Keys(token_keys=keys.token_keys[:-1], suppression=keys.suppression)

    assert rotated_keys(shortened, b"n" * 32).token_keys[0].number == 1


def test_no_secret_is_shown(keys: Keys) -> None:
    assert "secret" not in repr(keys)
    assert repr(bytes(range(32)))[2:20] not in repr(keys)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", ["no token key is in it", "must have one suppression key and has 0"]),
        (f"token 1 {SECRET}", ["must have one suppression key and has 0"]),
        (f"suppression {SECRET}", ["no token key is in it"]),
        (f"token 1 {SECRET}\nsuppression {SECRET}\nsuppression {SECRET}", ["has 2"]),
        (f"token 1 {SECRET}\ntoken 1 {SECRET}\nsuppression {SECRET}", [":2: the number of this token key is taken"]),
        (f"token 16 {SECRET}\nsuppression {SECRET}", [":1: this line is neither"]),
        (f"token ² {SECRET}\nsuppression {SECRET}", [":1: this line is neither"]),
        (f"token 1 {SECRET[:-1]}\nwrong\n", [":1: the secret must be 32 octets", ":2: this line is neither"]),
        (f"token 1 {SECRET}é\nsuppression {SECRET}", [":1: the secret must be 32 octets"]),
        (f"token 1 {SECRET[:-1]}9\nsuppression {SECRET}", [":1: the secret must be 32 octets"]),
    ],
)
def test_every_fault_of_a_key_file_is_told_without_its_secret(text: str, sentences: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_keys(text)

    assert len(caught.value.faults) == len(sentences)
    for fault, sentence in zip(caught.value.faults, sentences, strict=True):
        assert sentence in str(fault)
    assert SECRET[:20] not in str(caught.value)


def test_randomness_of_another_length_is_a_mistake_of_the_caller(keys: Keys) -> None:
    with pytest.raises(ValueError, match="64 random octets"):
        new_keys(b"short")
    with pytest.raises(ValueError, match="32 random octets"):
        rotated_keys(keys, b"short")
