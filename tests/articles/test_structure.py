from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from newsletter.articles import visible_text
from newsletter.articles.body import make_body
from newsletter.articles.markup import ALLOWED, VOID
from newsletter.articles.tree import Element, read_tree


def body(html: str) -> str:
    return make_body(html, path="quay.html", title="Quay", prefix="a12345678").html


def levels(html: str) -> str:
    return "".join(re.findall(r"<h(\d)", body(html)))


@pytest.mark.parametrize(
    ("written", "shown"),
    [("1", "2"), ("4", "2"), ("24", "23"), ("343", "232"), ("2345666", "2345666"), ("161", "232"), ("3232", "2232")],
)
def test_headings_begin_below_the_title_and_skip_no_level(written: str, shown: str) -> None:
    assert levels("".join(f"<h{level}>x</h{level}><p>y</p>" for level in written)) == shown


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_no_order_of_headings_skips_a_level(written: list[int]) -> None:
    shown = [1, *map(int, levels("".join(f"<h{level}>x</h{level}>" for level in written)))]

    assert all(2 <= after <= before + 1 for before, after in pairwise(shown))


def test_an_empty_heading_is_none() -> None:
    assert body("<h2> </h2><h3>x</h3>") == "<h2>x</h2>"


def test_an_id_stays_where_a_link_leads_to_it() -> None:
    html = '<p id="a">x</p><p id="b">y</p><p id="a">z</p><a href="#a">up</a> <a href="#%61">up</a> <a href="#c">no</a>'

    assert body(html) == (
        '<p id="a12345678-a">x</p><p>y</p><p>z</p><a href="#a12345678-a">up</a> <a href="#a12345678-a">up</a> '
        '<a href="#c">no</a>'
    )


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ('<a href="x"><table><tr><td>q</td></tr></table></a>', "<table><tbody><tr><td>q</td></tr></tbody></table>"),
        ("<h2>a<p>b</p>c</h2>", "<h2>a b c</h2>"),
        ("<h2>a<ul><li>b</li></ul></h2>", "<div>a<ul><li>b</li></ul></div>"),
        ("<b><p>a</p></b><i><p>b</p></i><s><p>c</p></s>", "<p>a</p><em><p>b</p></em><del><p>c</p></del>"),
        ("<pre>\n\na\n<p>b</p></pre>", "<div>a\n<p>b</p></div>"),
        ("<pre>\n\n  a</pre>", "<pre>  a</pre>"),
        ("<li>a</li><dd>b</dd>", "<div>a</div><div>b</div>"),
        ("<ul>a<p>b</p>c<li>d</li></ul>", "<ul><li>a</li><li><p>b</p></li><li>c</li><li>d</li></ul>"),
        ("<dl><dt>a<ul><li>b</li></ul></dt></dl>", "<dl><dd>a<ul><li>b</li></ul></dd></dl>"),
        ("<ul><li></li><li>a</li></ul>", "<ul><li></li><li>a</li></ul>"),
    ],
)
def test_nestings_that_libxml2_reads_otherwise_are_mended(written: str, mended: str) -> None:
    assert body(written) == mended


def test_without_mending_libxml2_loses_the_link_around_a_table() -> None:
    html = '<a href="x"><table><tr><td>q</td></tr></table></a>'

    assert outline(libxml2(html)) != outline(read_tree(html))


TABLES = {"table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup"}
inline = st.sampled_from(sorted(ALLOWED - TABLES - VOID))
words = st.sampled_from(["tide ", "quay", " lamp ", "<br>", "<hr>", '<img src="a.png" alt="b">', "&nbsp;"])
trees = st.recursive(
    words,
    lambda inner: st.one_of(
        st.builds("<{0}>{1}</{0}>".format, inline, st.lists(inner, max_size=3).map("".join)),
        st.builds("<table><tr><th>{}</th><td>{}</td></tr></table>".format, inner, inner),
        st.builds("{}{}".format, inner, inner),
    ),
    max_leaves=25,
)


@given(trees)
@settings(max_examples=150)
def test_libxml2_reads_every_body_as_we_do(html: str) -> None:
    cleaned = body(html)

    assert outline(libxml2(cleaned)) == outline(read_tree(cleaned))


@given(trees)
@settings(max_examples=150)
def test_no_word_is_lost_between_the_source_and_the_body(html: str) -> None:
    made = make_body(html, path="quay.html", title=None, prefix="a12345678")

    title = (made.heading or "").split()
    assert sorted(made.source_text.split() + title) == sorted(visible_text(html).split())
    assert visible_text(made.html) == made.source_text


def libxml2(html: str) -> Element:
    parser = etree.HTMLParser(huge_tree=True)
    return etree.fromstring(f"<html><body><div>{html}</div></body></html>", parser)[0][0]


def outline(element: Element) -> object:
    children = [(outline(child), child.tail or "") for child in element]
    return (element.tag, sorted(element.attrib.items()), element.text or "", children)
