"""Lost words are found, and nothing is lost where only the dress differs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.preflight.markup import read_html, visible_text
from newsletter.preflight.words import has_phrase, missing_words


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("tide tables", "TIDE\u00a0tables!"),
        ("one two three", "one [1] two https://example.org/ - three"),
        ("l’eau : 10 000 €", "l'eau\u00a0: 10\u202f000\u00a0€"),
        ("tides1 rise", "tides[1] rise"),
        ("harbour wall", "har bour wa ll"),
        ("har bour wa ll", "harbour wall"),
        ("xn and no", "x^n and n^o"),
        ("low tide", "low [note] hightide"),
        ("e\u0301te\u0301 مَرحَبا", "été مَرحَبا"),
    ],
)
def test_the_same_words_in_another_dress_are_not_missing(written, read):
    assert missing_words(written, read) == ""


@pytest.mark.parametrize(
    ("written", "read", "missing"),
    [
        ("one two three", "one three", "two three"),
        ("one two three", "", "one two three"),
        ("one two three", "three two one", "one two three"),
        ("low low tide", "a low tide", "low low tide"),
        ("low boat", f"low {'wave' * 12} steamboats", "boat"),
        ("the sea and the boat and the quay", "the sea and the quay", "boat and the quay"),
        ("a b c d e f g h i j", "a", "b c d e f g h …"),
        ("low tide then the high tide at nine", "low tide at nine the end", "then the high tide at nine"),
    ],
)
def test_the_first_missing_words_are_named(written, read, missing):
    assert missing_words(written, read).endswith(missing)


SENTENCES = st.lists(st.text(alphabet="abcdeéمر1 ", min_size=1, max_size=9), max_size=30).map(" ".join)


@given(words=SENTENCES, marks=st.lists(st.sampled_from(["[1]", "- ", "> ", "\n---\n", "*"]), min_size=1))
def test_marks_between_words_are_no_loss(words, marks):
    read = "".join(f"{word} {marks[number % len(marks)]} " for number, word in enumerate(words.split()))

    assert missing_words(words, read) == ""


@given(before=SENTENCES, after=SENTENCES)
def test_a_word_that_stands_nowhere_is_always_missed(before, after):
    assert missing_words(f"{before} zzz {after}", f"{before} {after}") != ""


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a b"),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("a<br>b", "a b"),
        ("<b>a</b>b<sup>1</sup>", "ab1"),
        ("a<!-- no -->b", "ab"),
        ("<style>no</style><script>no</script>a<template>no</template>", "a"),
        ('<div style="color:red; DISPLAY : none">no</div>a', "a"),
        ('<p>a<img alt="b" src="x">c</p>', "a b c"),
        ("a\x00b", "ab"),
        ("", ""),
        ("<!-- -->", ""),
    ],
)
def test_visible_text_is_what_people_read(html, text):
    assert " ".join(visible_text(read_html(html)).split()) == text


def test_text_nested_a_thousand_deep_is_read():
    """Without huge_tree lxml drops what is nested deeper than 256, and says nothing."""
    deep = "<div>" * 1_000 + "deep" + "</div>" * 1_000 + "<p>after</p>"

    assert visible_text(read_html(deep)).split() == ["deep", "after"]


def test_a_phrase_has_its_words_in_a_row():
    assert has_phrase("Harbour Press, 1 Quay Street", "© Harbour Press · 1 Quay\u00a0Street")
    assert not has_phrase("Harbour Press", "The harbour has a press")
