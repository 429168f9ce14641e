"""Articles made to hang a parser: each is refused by its shape or size before a parser sees it, or is harmless."""

from __future__ import annotations

from collections.abc import Callable

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles import visible_text
from newsletter.articles.limits import MAX_ELEMENTS, MAX_LINES, MAX_MARKS, MAX_OPEN_BRACKETS, MAX_REFERENCES
from newsletter.articles.weight import TOO_DEEP, objection_to_html, objection_to_markdown
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]

MARKDOWN = {
    "brackets": "[" * 50_000,
    "nested brackets": "[" * 5_000 + "]" * 5_000,
    "image brackets": "![" * 50_000,
    "brackets closed in code": "[`]`" * 20_000,
    "brackets closed in a tag": '[<a b="]">' * 10_000,
    "footnote brackets": "^[" * 50_000,
    "quotes": "> " * 5_000 + "x",
    "bullets": "- " * 5_000 + "x",
    "quotes on every line": ("> - " * 60 + "x\n") * 4_000,
    "list items": "* a\n" * 25_000,
    "emphasis": "*_" * 200_000,
    "links": "[a](b) " * 60_000,
    "autolinks": "<http://a.b> " * 60_000,
    "lines": "a\n" * 100_000,
    "cdata": "a <![CDATA[" * 50_000,
    "one footnote, many uses": "[^a]" * 40_000 + "\n\n[^a]: x",
}
HTML = {
    "div": "<div>" * 5_000,
    "closed div": "<div>" * 5_000 + "x" + "</div>" * 5_000,
    "lists": "<ul><li>" * 5_000,
    "spans": "<span>" * 5_000,
    "closed in a comment": "<div><!-- </div> -->" * 5_000,
    "closed in an attribute": '<div title="</div>">' * 5_000,
    "closed in CDATA": "<svg><g><![CDATA[></g>]]>" * 5_000,
    "closed in a script": "<div><script><!--<script></script></div>--></script>" * 5_000,
    "closed without scripts": "<div><noscript></div></noscript>" * 5_000,
    "opened in a style of SVG": "<svg><style>" + "<g>" * 5_000 + "</style>",
    "opened behind a quote": '<i a=b=">' + "<div>" * 5_000,
    "elements": "<p>x" * 30_000,
    "tags": "<" * 100_000,
    "references": "&amp;" * 250_000,
    "attributes": "<a " + " ".join(f"a{number}" for number in range(50_000)) + ">x</a>",
    "bold reopened": "<p>" + "".join(f"<b title={number}>" for number in range(60)) + "</p>" + "<p>x</p>" * 9_000,
}


@pytest.mark.parametrize("name", MARKDOWN)
def test_heavy_markdown_is_refused_with_a_sentence(refuse: Refuse, name: str) -> None:
    (fault,) = refuse(f"# Quay\n\n{MARKDOWN[name]}")

    assert fault.startswith("quay.md: the text cannot be read: ")
    assert fault.endswith(".")


@pytest.mark.parametrize(
    "name", [name for name in MARKDOWN if name not in ("quotes", "bullets", "one footnote, many uses")]
)
def test_heavy_markdown_is_refused_before_it_is_parsed(name: str) -> None:
    assert objection_to_markdown(MARKDOWN[name]) is not None


@pytest.mark.parametrize("name", HTML)
def test_heavy_html_is_refused_before_it_is_parsed(name: str) -> None:
    assert objection_to_html(HTML[name]) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("`" * 90_000, "a <!--" * 15_000, "a <?" * 90_000, " " * 900_000 + "x", "a" * 900_000),
        *("#" * 90_000, "\\" * 90_000, "---\n" * 5_000, "]" * 90_000, "<" * 15_000),
    ],
)
def test_what_only_looks_heavy_is_read(read: Read, text: str) -> None:
    assert read(f"# Quay\n\n{text}\n\nend", title="Quay").title == "Quay"


@pytest.mark.parametrize("levels", [64, 65])
@pytest.mark.parametrize("tag", ["div", "blockquote", "b", "section"])
def test_the_depth_limit_has_two_sides(tag: str, levels: int) -> None:
    sentence = objection_to_html(f"<{tag}>" * levels + "x" + f"</{tag}>" * levels)

    assert sentence == (None if levels == 64 else TOO_DEEP)


def test_the_counts_have_two_sides() -> None:
    assert objection_to_html("<p>x" * MAX_ELEMENTS) is None
    assert objection_to_html("<p>x" * (MAX_ELEMENTS + 1)) is not None
    assert objection_to_html("&amp;" * MAX_REFERENCES) is None
    assert objection_to_html("&amp;" * (MAX_REFERENCES + 1)) is not None
    assert objection_to_markdown("a\n" * MAX_LINES) is None
    assert objection_to_markdown("a\n" * (MAX_LINES + 1)) is not None
    assert objection_to_markdown("*" * MAX_MARKS) is None
    assert objection_to_markdown("*" * (MAX_MARKS + 1)) is not None
    assert objection_to_markdown("[" * MAX_OPEN_BRACKETS) is None
    assert objection_to_markdown("[" * (MAX_OPEN_BRACKETS + 1)) is not None


@pytest.mark.parametrize(
    ("html", "opened"),
    [
        ("<p>a</p><!-- note <p>b</p>", "<!--"),
        ('<p>a <a href="x>b</a></p><p>c</p>', "<a"),
        ("<p>a <b", "<b"),
        ("<script>a <p>b</p>", "<script>"),
        ("<p>a</p><title>b<p>c</p>", "<title>"),
        ("<p>a</p><svg><path/> b", "<svg>"),
        ("<p>a</p><select><option>b</p>c", "<select>"),
    ],
)
def test_what_would_hide_the_rest_of_the_article_is_refused(refuse: Refuse, html: str, opened: str) -> None:
    (fault,) = refuse(html, "quay.html", title="Quay")

    assert fault.endswith(f": a {opened} is never closed, which would hide all that follows it. Close it.")


def test_sloppy_but_honest_html_passes() -> None:
    old = "<p>one<p>two<ul><li>a<li>b</ul><table><tr><td>c<td>d</table><a name=x><a name=y>" * 200
    icon = "<svg/><svg>" + "<path d='m0 0'/>" * 500 + "</svg>"

    assert objection_to_html(old) is None
    assert objection_to_html(icon) is None
    assert objection_to_html("<b>" + "<p><span>x</span></p>" * 5_000 + "</b>") is None


def test_many_closed_links_in_one_list_pass() -> None:
    assert objection_to_markdown("- [a tide](https://example.org/tide)\n" * 3_000) is None


def test_deep_text_is_lost_by_libxml2_without_the_limit() -> None:
    from lxml import etree

    deep = "<div>" * 3_000 + "word" + "</div>" * 3_000
    tree = etree.fromstring(f"<html><body>{deep}</body></html>", etree.HTMLParser(huge_tree=True))

    assert "word" not in "".join(tree.itertext())
    assert visible_text(deep) == "word"


openings = st.sampled_from(["<div>", "<p>", "<b>", "<blockquote>", "<ul><li>", "<table><tr><td>", "<svg>", "<math>"])
tricks = st.sampled_from(
    [
        *(
            "</div>",
            "</b>",
            "</blockquote>",
            "</ul>",
            "</p>",
            "</svg>",
            "<!--",
            "-->",
            "--!>",
            "<!-->",
            "<![CDATA[",
            "]]>",
        ),
        *("<script>", "</script>", "<style>", "</style>", "<title>", "</title>", "<textarea>", "</textarea>", "<i a='"),
        *(
            "'>",
            '<i a="',
            '">',
            '<i a=b=">',
            "<?",
            "<!",
            ">",
            "x",
            "<noscript>",
            "</noscript>",
            "<xmp>",
            "</xmp>",
            "</div/>",
        ),
    ]
)


@given(st.lists(st.one_of(openings, tricks), max_size=12), st.integers(1, 40))
def test_no_trick_hides_depth_from_the_look_before_parsing(parts: list[str], times: int) -> None:
    html = "".join(parts) * times
    sentence = objection_to_html(html)

    inside = nh3.clean(html, tags={"div", "b", "blockquote", "ul", "li", "table", "tbody", "tr", "td"})
    if sentence is None:
        # Each element that counts brings at most two that do not with it (table, tr, td).
        assert nesting(inside) <= 64 * 4


def nesting(html: str) -> int:
    deepest = level = 0
    for piece in html.split("<")[1:]:
        level += -1 if piece.startswith("/") else 1
        deepest = max(deepest, level)
    return deepest
