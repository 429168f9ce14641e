"""The line beside the subject says something more, and fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.preheader import SHOWN, choose_preheader, cut_at_word, filler_after


def test_the_preheader_is_never_the_subject_again() -> None:
    assert (
        choose_preheader("The tide tables", ["The tide tables.", "the TIDE tables…", "", "Read them here"])
        == "Read them here"
    )
    assert choose_preheader("Same", ["Same"]) == ""


@given(st.text(), st.integers(5, SHOWN))
def test_a_cut_line_fits_and_ends_after_a_word(text: str, limit: int) -> None:
    line = cut_at_word(text, limit)

    assert len(line) <= limit
    assert line.removesuffix("…") in " ".join(part for part in text.split(" ") if part)


def test_the_filler_is_invisible_and_long_enough_behind_a_short_line() -> None:
    assert set(filler_after("")) == {"\u034f", "\u200c", "\u00a0"}
    assert len(filler_after("")) > len(filler_after("x" * SHOWN)) > 0
