"""Placeholders survive the way through the libraries, and each value is escaped for where it stands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.errors import MessageError
from newsletter.mail.inline import inline_css
from newsletter.mail.placeholders import (
    LENGTH,
    Context,
    Slot,
    cut_html,
    cut_text,
    escape_value,
    mint_placeholders,
)

MARKS = {"TOKEN": "P" + "A" * 19, "NAME": "P" + "B" * 19}
TOKEN, NAME = MARKS["TOKEN"], MARKS["NAME"]


def test_placeholders_are_letters_and_digits_of_one_length_and_come_from_the_seed() -> None:
    minted = mint_placeholders(b"seed", [])

    assert all(re.fullmatch(r"P[A-Z0-9]{19}", mark) for mark in minted.values())
    assert len({len(mark) for mark in minted.values()} | {LENGTH}) == 1
    assert mint_placeholders(b"seed", []) == minted
    assert set(mint_placeholders(b"other", []).values()).isdisjoint(minted.values())


def test_a_placeholder_that_an_article_contains_is_not_used() -> None:
    first = mint_placeholders(b"seed", [])

    second = mint_placeholders(b"seed", [f"an author who guessed {first['TOKEN'].lower()}"])

    assert second["TOKEN"] != first["TOKEN"]
    assert second["NAME"] == first["NAME"]


def test_placeholders_pass_the_inliner_unchanged_where_braces_do_not() -> None:
    page = '<a href="https://example.org/{0}?a=b" title="{0}">{0}</a><img src="https://example.org/{0}" alt="{0}">'

    assert inline_css(page.format(TOKEN), "p { margin: 0; }").html.count(TOKEN) == 5
    assert inline_css(page.format("{{ x }}"), "p { margin: 0; }").html.count("{{ x }}") < 5


@pytest.mark.parametrize(
    ("page", "context"),
    [
        (f"<p>{NAME}</p>", Context.TEXT),
        (f"a > b {NAME} &lt;", Context.TEXT),
        (f'<img alt="{NAME}">', Context.ATTRIBUTE),
        (f"<a title='x > {NAME}'>", Context.ATTRIBUTE),
        (f'<a href="https://example.org/u/{NAME}">', Context.URL),
        (f'<a href="mailto:{NAME}">', Context.URL),
        (f'<p style=\'font-family:"Segoe UI"\' title="{NAME}">', Context.ATTRIBUTE),
    ],
)
def test_the_context_is_decided_where_the_page_is_cut(page: str, context: Context) -> None:
    cut = cut_html(page, MARKS)

    assert cut.slots == (Slot(name="NAME", context=context),)
    assert NAME.join(cut.literals) == page


@pytest.mark.parametrize(
    "page",
    [
        f'<p style="color:{NAME}">', f"<p style='color:{NAME}'>", f"<{NAME}>", f"<p {NAME}>", f'<p {NAME}="x">',
        f"<p title={NAME}>", f'<p onclick="{NAME}">', f"<!-- {NAME} -->", f"<!--[if mso]><p>{NAME}</p><![endif]-->",
        f"<style>{NAME}</style>", f"<script>{NAME}</script>", f"<title>{NAME}</title>", f'<a href="{NAME}">',
        f'<a href="https://{NAME}/">', f'<a href="https://example.org{NAME}">', f'<a href="javascript:{NAME}">',
        f'<style> x="y" title="{NAME}"</style>', f"</p {NAME}>", f'<img srcset="https://example.org/{NAME}">',
        f'<p class="{NAME}">', f"<p title=\"a\" {NAME}='x'>", f"<textarea>{NAME}</textarea>",
    ],
)  # fmt: skip
def test_a_place_where_no_escaping_is_safe_is_refused(page: str) -> None:
    with pytest.raises(MessageError, match="cannot be made safe"):
        cut_html(page, MARKS)


@pytest.mark.parametrize("page", [f"<p title='x {NAME}", f"<!-- {NAME}", f"<p {NAME}"])
def test_a_tag_that_never_ends_is_refused(page: str) -> None:
    with pytest.raises(MessageError, match="never ends"):
        cut_html(page, MARKS)


@given(st.lists(st.sampled_from([TOKEN, NAME, "<b>", "text", "</b>", "&amp;", "\n"])))
def test_a_cut_loses_and_changes_nothing(parts: list[str]) -> None:
    page = "".join(parts)
    for cut in (cut_html(page, MARKS), cut_text(page, MARKS)):
        rebuilt = cut.literals[0]
        for slot, literal in zip(cut.slots, cut.literals[1:], strict=True):
            rebuilt += MARKS[slot.name] + literal
        assert rebuilt == page
        assert not any(mark in literal for literal in cut.literals for mark in MARKS.values())


@pytest.mark.parametrize(
    ("context", "written"),
    [
        (Context.TEXT, "<bdi>&lt;b&gt;&quot;&amp;&#x27; x</bdi>"),
        (Context.ATTRIBUTE, "&lt;b&gt;&quot;&amp;&#x27; x"),
        (Context.URL, "%3Cb%3E%22%26%27%20x"),
        (Context.PLAIN, "<b>\"&' x"),
    ],
)
def test_a_hostile_value_is_data_in_every_context(context: Context, written: str) -> None:
    assert escape_value("<b>\"&' x", context, isolate=True) == written
