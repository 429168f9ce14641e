from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles.summary import shorten, summarise
from newsletter.articles.tree import read_tree


def summary(html: str) -> str:
    return summarise(read_tree(html))


def test_a_long_first_paragraph_stands_alone() -> None:
    first = "tide " * 30

    assert summary(f"<p>{first}</p><p>second</p>") == first.strip()


def test_short_paragraphs_are_joined_until_there_is_enough() -> None:
    assert summary("<h2>Head</h2><p>One <b>bold</b>\nword.</p><p>Two.</p>") == "One bold word. Two."


def test_quotes_tables_and_pictures_are_passed_over() -> None:
    html = "<blockquote><p>said</p></blockquote><figure><p>shown</p></figure><ul><li><p>item</p></li></ul><p>Text.</p>"

    assert summary(html) == "Text."


def test_a_body_without_paragraphs_gives_what_it_has() -> None:
    assert summary("<ul><li>one</li><li>two</li></ul>") == "one two"
    assert summary("<hr>") == ""


def test_a_cut_falls_behind_a_word() -> None:
    short = shorten("tide, " * 100)

    assert short == "tide, " * 45 + "tide…"


@pytest.mark.parametrize("grapheme", ["👩‍👩‍👧", "é".replace("é", "e\u0301"), "🇫🇷", "👍🏽", "न्"])
def test_a_cut_never_falls_inside_a_grapheme(grapheme: str) -> None:
    for limit in range(len(grapheme) * 2, len(grapheme) * 6):
        short = shorten(grapheme * 12, limit=limit)

        assert len(short) <= limit
        assert set(short.removesuffix("…").split(grapheme)) == {""}


@given(st.text(), st.integers(4, 60))
def test_a_shortened_text_begins_like_the_whole(text: str, limit: int) -> None:
    short = shorten(text, limit=limit)

    assert len(short) <= limit
    assert text.startswith(short.removesuffix("…")) or short == text
