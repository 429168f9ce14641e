from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from lxml import etree

from newsletter.articles import visible_text
from newsletter.articles.body import NotABodyError, make_body
from newsletter.articles.markup import ALLOWED, ATTRIBUTES, DROPPED, RENAMED
from newsletter.articles.sanitiser import open_tree, seal
from newsletter.articles.tree import read_tree, write_tree
from newsletter.errors import ArticleError
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]

PAYLOADS = """
<script>alert(1)</script>
<ScRiPt src=//example.com/x.js></ScRiPt>
<img src=x onerror=alert(1)>
<img src=x oNeRRoR=alert(1)//
<img/src=x/onerror=alert(1)>
<svg onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>
<svg><foreignObject><iframe srcdoc="<script>alert(1)</script>"></iframe></foreignObject></svg>
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>
<math><mi xlink:href="javascript:alert(1)">x</mi></math>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<template><script>alert(1)</script></template>
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;"></iframe>
<object data="javascript:alert(1)"></object>
<embed src="javascript:alert(1)">
<applet code=x></applet>
<a href="javascript:alert(1)">x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="java&#10;script:alert(1)">x</a>
<a href="java&#0;script:alert(1)">x</a>
<a href="&#x6A&#x61vascript:alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="file:///etc/passwd">x</a>
<a href="jar:https://example.com!/x">x</a>
<a href="https://example.com" onclick=alert(1) onmouseover="alert(1)">x</a>
<a href="https://example.com" style="background:url(javascript:alert(1))">x</a>
<a href='https://example.com" onclick="alert(1)'>x</a>
<img src="data:image/svg+xml;base64,PHN2Zy8+">
<img src="javascript:alert(1)">
<img srcset="javascript:alert(1) 1x">
<img src=x alt="` onerror=alert(1)">
<img src="x` `<script>alert(1)</script>"` `>
<video src=x onerror=alert(1)></video>
<video><source onerror="alert(1)"></video>
<audio src=x onloadstart=alert(1)>
<body onload=alert(1)>
<link rel=stylesheet href=//example.com/x.css>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<base href="javascript:alert(1)//">
<style>@import '//example.com/x.css';</style>
<style><img src="</style><img src=x onerror=alert(1)//">
<p style="behavior:url(x.htc)">x</p>
<div style="width:expression(alert(1))">x</div>
<input autofocus onfocus=alert(1)>
<select autofocus onfocus=alert(1)></select>
<textarea></textarea><img src=x onerror=alert(1)>
<button formaction="javascript:alert(1)">x</button>
<form action="javascript:alert(1)"><input type=submit></form>
<details open ontoggle=alert(1)>x</details>
<marquee onstart=alert(1)>x</marquee>
<isindex type=image src=1 onerror=alert(1)>
<table background="javascript:alert(1)"><td background="javascript:alert(1)">x</table>
<blockquote cite="javascript:alert(1)">x</blockquote>
<q cite="data:text/html,x">x</q>
<!--[if gte IE 4]><script>alert(1)</script><![endif]-->
<![CDATA[<script>alert(1)</script>]]>
<?xml-stylesheet href="javascript:alert(1)"?>
<a id="location" name="document">x</a>
<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>
<xmp><p title="</xmp><script>alert(1)</script>">
<plaintext><script>alert(1)</script>
<title><a title="</title><img src=x onerror=alert(1)>"></title>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<p id="a12345678-x">x</p><code class="language-x evil">y</code>
""".strip().split("\n")

SCHEMES = ("http:", "https:", "mailto:", "tel:")


def complaints(html: str) -> Iterator[str]:
    """What libxml2, a parser that had no part in the cleaning, finds that an article may not have."""
    root = etree.fromstring(f"<html><body>{html}</body></html>", etree.HTMLParser(huge_tree=True))
    for element in root[0].iter():
        if element.tag not in (*ALLOWED, "body"):
            yield f"<{element.tag}>"
        for key, value in element.attrib.items():
            if key not in ATTRIBUTES["*"] | ATTRIBUTES.get(str(element.tag), set()):
                yield f"{key}="
            address = re.sub(r"[\x00-\x20]", "", str(value)).lower()
            has_scheme = key in ("href", "src", "cite") and re.match(r"[a-z][a-z0-9+.-]*:", address)
            if has_scheme and not address.startswith(SCHEMES):
                yield str(value)
            if key == "class" and not str(value).startswith("language-"):
                yield f"class={value!r}"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_survives_the_cleaning(payload: str) -> None:
    for soup in (payload, f"<p>Before.</p>\n\n{payload}\n\nAfter {payload}"):
        assert list(complaints(seal(open_tree(soup)) or "")) == []


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("path", ["quay.md", "quay.html", "quay.txt"])
def test_no_payload_survives_in_an_article(read: Read, payload: str, path: str) -> None:
    """One that would hide the rest of the article is refused instead."""
    try:
        manuscript = read(f"<p>Before.</p>\n\n{payload}\n\nAfter.", path, title="Quay")
    except ArticleError as error:
        assert "is never closed" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert list(complaints(manuscript.body_html)) == []
        assert "Before." in manuscript.source_text
        assert "After." in visible_text(manuscript.body_html)


def test_the_judge_sees_what_was_never_cleaned() -> None:
    seen = [payload for payload in PAYLOADS if list(complaints(payload))]

    assert len(seen) > 50


tags = st.sampled_from(sorted(ALLOWED | RENAMED.keys() | DROPPED | {"font", "o:p", "input", "x"}))
attributes = st.sampled_from(
    ["", ' href="javascript:x"', ' src="data:x"', ' onclick="x"', ' style="x:y"', ' id="a"', ' href="#a"', " hidden"]
)
pieces = st.one_of(
    st.builds("<{}{}>".format, tags, attributes),
    st.builds("</{}>".format, tags),
    st.sampled_from(["word ", "<!--", "-->", "<![CDATA[", "]]>", "&#8;", "&nbsp;", "<", "'", '"', "\u2028", "ليل "]),
)


@given(st.lists(pieces, max_size=30).map("".join))
@example("<h1><a><h2>word ")
@settings(max_examples=200)
def test_any_soup_becomes_clean_html_that_stays_as_it_is(soup: str) -> None:
    try:
        body = make_body(soup, path="quay.html", title="Quay", prefix="a12345678")
    except NotABodyError:
        reject()

    assert list(complaints(body.html)) == []
    assert write_tree(read_tree(body.html)) == body.html
    assert make_body(body.html, path="quay.html", title="Quay", prefix="a12345678").html == body.html


def test_hidden_text_goes_from_the_words_and_from_the_body(read: Read) -> None:
    manuscript = read(
        "<p>Seen <b hidden>not</b></p><p style='color:red; Display : none'>nor this</p>", "q.html", title="Q"
    )

    assert manuscript.body_html == "<p>Seen </p>"
    assert manuscript.source_text == "Seen"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ('<p dir="rtl" lang="ar" class="x" id="y">ليل</p>', '<p dir="rtl" lang="ar">ليل</p>'),
        ('<p dir="up" lang="no lang">x</p>', "<p>x</p>"),
        ('<img src="a.png" alt="A" width="300" height="20%" loading="lazy">', '<img src="a.png" alt="A" width="300">'),
        ('<td colspan="2" rowspan="0">x', "x"),
        (
            '<table><tr><td colspan="2" rowspan="0" style="text-align: right">x</table>',
            '<td colspan="2" align="right">',
        ),
        ('<ol start="5"><li value="7">x</li></ol>', '<ol start="5"><li value="7">x</li></ol>'),
        ('<time datetime="2026-11-24">today</time>', '<time datetime="2026-11-24">today</time>'),
        ('<a href="tel:+33100000000">x</a>', '<a href="tel:+33100000000">x</a>'),
        ('<a href="/é b?q=&quot;1&quot;">x</a>', '<a href="/%C3%A9%20b?q=%221%22">x</a>'),
        ('<a href="http://[foo">x</a>', "x"),
        ('<a name="old">x</a>', "x"),
        ("<img alt='no file'>", ""),
        ("<section>a</section><center>b</center>", "<div>a</div><div>b</div>"),
        ("<strike>a</strike><tt>b</tt><font>c</font>", "<s>a</s><code>b</code>c"),
    ],
)
def test_what_an_article_may_say_is_kept_and_the_rest_goes(raw: str, kept: str) -> None:
    assert kept in make_body(raw, path="quay.html", title="Quay", prefix="a12345678").html


def test_a_picture_in_the_text_itself_is_dropped_and_told(read: Read) -> None:
    manuscript = read('<p>x<img src="data:image/png;base64,AAAA" alt="A"></p>', "quay.html", title="Quay")

    assert manuscript.body_html == "<p>x</p>"
    assert "data-image" in [each.code for each in manuscript.findings]


def test_tags_beyond_cleaning_are_refused_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.articles.sanitiser._PASSES", 0)

    with pytest.raises(NotABodyError, match="too entangled"):
        make_body("<p>x</p>", path="quay.html", title="Quay", prefix="a12345678")
