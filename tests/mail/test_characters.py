"""Text is brought to one form before it meets a message."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.characters import drop_controls, guard_tags, wash, wash_line, wash_name


@given(st.text())
def test_washed_text_holds_no_control_but_tab_and_newline(text: str) -> None:
    washed = wash(text)

    assert not [c for c in washed if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"]
    assert wash(washed) == washed
    washed.encode()


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\r\nb", "a b"), ("  a \t\n b  ", "a b"), ("a\u00a0!", "a\u00a0!"), ("\ufeffa\0b", "ab"), ("e\u0301", "é")],
)
def test_a_line_is_one_line_and_keeps_its_no_break_spaces(text: str, line: str) -> None:
    assert wash_line(text) == line


def test_a_name_cannot_turn_the_text_around_it() -> None:
    assert wash_name("Ada\u202e\u2066 Quay\u2069") == "Ada Quay"


def test_a_slash_overlay_cannot_eat_the_tag_before_it() -> None:
    page = "<p>\u0338x</p>"

    # The control: normalisation anywhere on the way would turn the tag's end into another letter.
    assert "<p>" not in unicodedata.normalize("NFC", drop_controls(page))
    assert unicodedata.normalize("NFC", guard_tags(page)).startswith("<p>")
