from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inscriptis import get_text

from newsletter.articles import to_text, visible_text
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One\n line</p><p>Two<br>lines</p>", "One line\n\nTwo\nlines"),
        ("<h2>The <b>quay</b></h2><h3>At night</h3>", "The quay\n========\n\nAt night\n--------"),
        ("<h2>港の冬</h2>", "港の冬\n======"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"),
        ('<ol start="9"><li>a</li><li><p>b</p></li></ol>', "9. a\n10. b"),
        ("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a\n\n  b\n\n- c"),
        ("<blockquote><p>a</p><p>b</p><blockquote>c</blockquote></blockquote>", "> a\n>\n> b\n>\n> > c"),
        ("<pre><code>if x:\n    y  z\n</code></pre>", "    if x:\n        y  z"),
        ("<dl><dt>a</dt><dd>b</dd><dt>c</dt><dd><p>d</p></dd></dl>", "a\n    b\nc\n    d"),
        ('<p>x <img src="q.png" alt="A quay"> y <img src="r.png" alt=""></p>', "x [Image: A quay] y"),
        ("<p>a</p><hr><p>b</p>", "a\n\n* * *\n\nb"),
        ("<figure><img src='q.png' alt='A'><figcaption>The quay</figcaption></figure>", "[Image: A]\n\nThe quay"),
        ("<div><div>a</div>b</div>", "a\n\nb"),
        ("<em><p>a</p></em>b", "a\n\nb"),
        ("Que\u202f?\u00a0<i>Rien</i>", "Que\u202f?\u00a0Rien"),
        ("<ul></ul><blockquote></blockquote><h2></h2><pre>\n</pre><table></table>", ""),
        ("", ""),
    ],
)
def test_each_shape_has_its_plain_form(html: str, text: str) -> None:
    assert to_text(html) == text


def test_the_word_for_a_picture_is_handed_in() -> None:
    assert to_text('<img src="q.png" alt="ليل">', image_word="صورة") == "[صورة: ليل]"


def test_links_are_numbered_through_and_listed_below_their_section() -> None:
    html = (
        '<p>See <a href="https://example.org/a">one</a>, <a href="https://example.org/b">two</a> and '
        '<a href="https://example.org/a">one again</a>.</p><h2>Next</h2><div><p><a href="https://example.org/c">three</a></p>'
        "<h2>Last</h2></div><p>No link.</p>"
    )

    assert to_text(html) == (
        "See one [1], two [2] and one again [1].\n\n[1] https://example.org/a\n[2] https://example.org/b\n\n"
        "Next\n====\n\nthree [3]\n\n[3] https://example.org/c\n\nLast\n====\n\nNo link."
    )


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://example.org/a">https://example.org/a</a>',
        '<a href="https://example.org/">https://example.org</a>',
        '<a href="https://example.org/%C3%A9t%C3%A9">https://example.org/été</a>',
        '<a href="mailto:ada@example.org">ada@example.org</a>',
        '<a href="tel:+33100000000">+33100000000</a>',
    ],
)
def test_a_link_that_shows_its_address_stands_there_once(link: str) -> None:
    text = to_text(f"<p>{link}</p>")

    assert "[1]" not in text
    assert text == re.sub(r"<[^>]+>", "", link)


def test_a_link_around_blocks_and_pictures_is_numbered_too() -> None:
    assert to_text('<a href="https://example.org/a"><h3>Head</h3><p>Text</p></a>').endswith(
        "Text [1]\n\n[1] https://example.org/a"
    )
    assert to_text('<a href="https://example.org/a"><img src="q.png" alt="A"></a>').startswith("[Image: A] [1]")


def test_footnotes_are_not_taken_for_links(read: Read) -> None:
    body = read("# Quay\n\nThe tide[^a] is [out](https://example.org/t).\n\n[^a]: Low water.").body_html

    assert to_text(body) == ("The tide(1) is out [1].\n\n* * *\n\n1. Low water.\n\n[1] https://example.org/t")


def test_a_table_keeps_its_columns() -> None:
    html = (
        "<table><caption>Ferries</caption><thead><tr><th>Which</th><th>When</th></tr></thead>"
        "<tbody><tr><td>First <b>ferry</b></td><td>07:30</td></tr><tr><td>Last</td><td>21:10</td></tr></tbody></table>"
    )

    assert to_text(html) == ("Ferries\n\nWhich        When\n-----------  -----\nFirst ferry  07:30\nLast         21:10")


def test_a_table_inside_a_cell_says_its_words_once() -> None:
    inner = "<table><tr><td>in</td><td>side</td></tr></table>"

    assert to_text(f"<table><tr><td>out {inner}</td><td>b</td></tr></table>") == "out in side  b"


def element(tag: str, inner: str) -> str:
    closing = "".join(f"</{each}>" for each in reversed(tag.replace(">", "").split("<")))
    return f"<{tag}>{inner}{closing}"


inline = st.sampled_from(["b", "i", "code", "sup", "span", "mark"])
block = st.sampled_from(["p", "h2", "h3", "blockquote", "div", "pre", "ul><li", "ol><li", "dl><dd", "table><tr><td"])
words = st.sampled_from(["tide ", "quay", " lamp ", "ليل ", "<br>", "x\ny "])
runs = st.recursive(words, lambda inner: st.builds(element, inline, inner), max_leaves=4)


blocks = st.recursive(
    st.builds(element, block, runs),
    lambda inner: st.builds(element, st.sampled_from(["blockquote", "div", "ul><li", "ol><li"]), inner),
    max_leaves=6,
)


@given(st.lists(blocks, max_size=5).map("".join))
@settings(max_examples=100)
def test_the_words_are_those_of_the_html(html: str) -> None:
    """inscriptis is the second opinion: another author's way from HTML to text."""
    text = to_text(html)

    assert plain_words(text) == plain_words(visible_text(html)) == plain_words(get_text(html))


def plain_words(text: str) -> list[str]:
    return re.findall("tide|quay|lamp|ليل|[xy]", text)
