"""An article's body becomes what old mail clients can show."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from newsletter.mail.article_body import COLUMN, email_body


def body(html: str, **options: object) -> str:
    return email_body(html, language=str(options.pop("language", "en")), **options)


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("", ""),
        ("<p>a</p>", "<p>a</p>"),
        ("plain words", "plain words"),
        ("<section><p>a</p></section>", "<div><p>a</p></div>"),
        ("<details><summary>a</summary>b</details>", "<div><p>a</p>b</div>"),
        ("<p>a<wbr>b</p>", "<p>ab</p>"),
        ("<p>a<o:p>b</o:p>c</p>", "<p>abc</p>"),
        ("<font color=red>a</font>", "a"),
        ("</body></html><p>after</p>", "<p>after</p>"),
        ("<!-- a --><?b ?>c", "c"),
        ("a\0b\x0bc", "abc"),
        ("<p>\u0338x</p>", "<p>\u0338x</p>"),
    ],
)
def test_elements_are_those_that_mail_clients_know(html: str, written: str) -> None:
    assert body(html) == written


def test_a_figure_becomes_a_block_with_a_caption() -> None:
    html = body('<figure><img src="https://example.org/a.png" alt="A"><figcaption>b</figcaption></figure>')

    assert html == (
        '<div><img src="https://example.org/a.png" alt="A" class="picture"><div class="caption">b</div></div>'
    )


@pytest.mark.parametrize(
    ("size", "written"),
    [
        ('width="1072" height="600"', f'width="{COLUMN}" height="300"'),
        ('width="300" height="200"', 'width="300" height="200"'),
        ('width="5000" height="1"', f'width="{COLUMN}" height="1"'),
        ('width="1072"', f'width="{COLUMN}"'),
        ('width="100%" height="auto"', ""),
        ('width="-5" height="x"', ""),
        ("", ""),
    ],
)
def test_a_picture_fits_the_column_and_keeps_its_shape(size: str, written: str) -> None:
    html = body(f'<p><img src="https://example.org/a.png" alt="A" srcset="x 2x" loading="lazy" {size}></p>')

    assert html == f'<p><img src="https://example.org/a.png" alt="A" {written} class="picture"></p>'.replace("  ", " ")


def test_a_small_picture_in_a_sentence_stays_in_its_line() -> None:
    icon = '<img src="https://example.org/i.png" width="20" height="20">'

    assert 'class="glyph"' in body(f"<p>press {icon} now</p>")
    assert 'class="picture"' in body(f"<p>{icon}</p>")
    assert 'alt=""' in body(icon)


def test_a_picture_nobody_can_load_leaves_its_words() -> None:
    assert body('<p>a <img src="data:image/png;base64,x" alt="the quay"> b</p>') == "<p>a <span>the quay</span> b</p>"


@pytest.mark.parametrize(
    ("levels", "top", "written"),
    [
        ("234", 2, "234"),
        ("234", 3, "345"),
        ("123", 2, "234"),
        ("242", 2, "232"),
        ("464", 2, "232"),
        ("66", 2, "22"),
        ("23456", 3, "34566"),
    ],
)
def test_headings_go_below_the_single_h1_and_skip_no_level(levels: str, top: int, written: str) -> None:
    html = body("".join(f"<h{level}>x</h{level}>" for level in levels), top_level=top)

    assert "".join(re.findall(r"<h(\d)>", html)) == written


def test_a_data_table_keeps_its_headers_and_can_scroll() -> None:
    html = body(
        "<table><thead><tr><th></th><th align=right>Price</th></tr></thead>"
        "<tbody><tr><th>East</th><td align=right>410</td></tr></tbody></table>after"
    )

    table = 'class="data" cellpadding="0" cellspacing="0" border="0" width="100%"'
    assert html == (
        f'<div class="scroll" tabindex="0"><table {table}>'
        '<thead><tr><td></td><th scope="col" class="right">Price</th></tr></thead>'
        '<tbody><tr><th scope="row">East</th><td class="right">410</td></tr></tbody></table></div>after'
    )
    assert body("<table><tr><td><table><tr><td>x</td></tr></table></td></tr></table>").count("scroll") == 1


def test_code_reads_from_the_left_in_every_language() -> None:
    assert body("<pre><code>x = 1</code></pre>", language="ar") == '<pre dir="ltr"><code dir="ltr">x = 1</code></pre>'


def test_a_foreign_block_gets_its_direction() -> None:
    assert body('<p lang="ar">ا</p>') == '<p lang="ar" dir="rtl">ا</p>'
    assert body('<p lang="en">a</p>', language="ar") == '<p lang="en" dir="ltr">a</p>'


def test_footnotes_are_found_and_their_anchors_dropped() -> None:
    html = body('<p>a</p><section><ol><li id="x-fn1">note</li></ol></section>')

    assert html == '<p>a</p><div class="notes"><ol><li>note</li></ol></div>'


def test_a_definition_list_that_defines_nothing_is_plain_blocks() -> None:
    assert body("<dl><dd>a</dd></dl>") == "<div><div>a</div></div>"
    assert body("<dl><dt>a</dt><dd>b</dd></dl>") == "<dl><dt>a</dt><dd>b</dd></dl>"


def test_french_is_set_by_its_rules_outside_code_and_foreign_blocks() -> None:
    html = body(
        "<p>L'eau, « <em>vive</em> » !</p><p><code>a ? b : c</code></p><p lang='en'>No change !</p>"
        "<a href='https://example.org/a?b'>Ici !</a>",
        language="fr",
    )

    assert "<p>L’eau, «\u202f<em>vive</em>\u202f»\u202f!</p>" in html
    assert '<code dir="ltr">a ? b : c</code>' in html
    assert "No change !" in html
    assert 'href="https://example.org/a?b"' in html
    assert body("<p lang='fr'>Oui !</p>") == '<p lang="fr" dir="ltr">Oui\u202f!</p>'


SNIPPETS = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<style>p{}</style>",
        '<p style="background:url(https://example.com)">',
        "<iframe src=https://example.com>",
        "<svg><script>1</script></svg>",
        '<a href="https://example.org" onclick="x">',
        "<form action=x><input></form>",
        "</p></div></td>",
        "<table><tr><td>",
        '<base href="https://example.com">',
        "<link rel=stylesheet href=x>",
        "<math><mi>x</mi></math>",
        "text & more <",
        '<div id="x" class="page rtl">',
        "<p lang=ar dir=bogus>",
        "<h1>",
        "</h1>",
        "<pre>",
        "</pre>",
        "<dl><dd>",
        "<![CDATA[x]]>",
    ]
)


@given(st.lists(SNIPPETS, max_size=12).map("".join), st.sampled_from(["en", "fr", "ar"]))
def test_whatever_comes_in_no_script_style_or_handler_goes_out(html: str, language: str) -> None:
    written = email_body(html, language=language)

    root = etree.fromstring(f"<div>{written}</div>", etree.HTMLParser())
    for element in root.iter(etree.Element):
        assert element.tag not in {"script", "style", "iframe", "svg", "form", "input", "base", "link", "math", "h1"}
        assert not [name for name in map(str, element.attrib) if name.startswith("on") or name in ("style", "id")]
        assert element.get("href", "https:").startswith(("https:", "http:", "mailto:", "tel:"))
        assert element.get("src", "https:").startswith(("https:", "http:"))
    assert email_body(html, language=language) == written
