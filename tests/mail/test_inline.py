"""Each known trap of premailer 3.10.0: what it does as it ships, and what it does behind our door."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import css_inline
import cssutils
import premailer.premailer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from newsletter.mail import inline
from newsletter.mail.errors import MessageError
from newsletter.mail.inline import Inlined, inline_css


@pytest.fixture(scope="module")
def plain() -> dict[str, str]:
    """What premailer does without us."""
    script = Path(__file__).parent / "plain_premailer.py"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", script], capture_output=True, check=True, text=True, timeout=60
    )
    observed: dict[str, str] = json.loads(run.stdout)
    return observed


def style_of(html: str, tag: str = "p") -> dict[str, str]:
    """The declarations in the style attribute of the first `tag`."""
    element = etree.fromstring(f"<div>{html}</div>", etree.HTMLParser(huge_tree=True)).find(f".//{tag}")
    assert element is not None
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if part.strip())
    return {name.strip(): value.strip() for name, value in pairs}


def test_c1_a_style_that_looks_like_a_selector_does_not_crash(plain: dict[str, str]) -> None:
    assert plain["C1"].startswith("raised TypeError")

    for word in ("p", "head", "style", "body", "div > p"):
        assert "y</p>" in inline_css(f'<p style="{word}">y</p>', "p { color: red; }").html


def test_c2_nothing_is_fetched_for_an_import(plain: dict[str, str]) -> None:
    assert plain["C2"] == ["file:///style.css"] * 2

    with pytest.raises(MessageError, match=r"inline\.css: @import would be fetched"):
        inline_css("<p>x</p>", '@import "file:///style.css";')
    inline_css("<p>x</p>", "p { color: red; }")
    assert cssutils.util._defaultFetcher("file:///style.css") is None


def test_c3_a_stylesheet_link_is_never_followed() -> None:
    inlined = inline_css('<link rel="stylesheet" href="https://example.org/x.css"><p>x</p>', "p { color: red; }")

    assert style_of(inlined.html) == {"color": "red"}
    with pytest.raises(MessageError, match="Nothing was fetched"):
        inline._SafePremailer("<p></p>")._load_external("https://example.org/x.css")


def test_c5_c6_what_cannot_be_inlined_goes_to_the_head_and_stays_strong(plain: dict[str, str]) -> None:
    assert "!important" not in plain["C5"]
    assert "font-face" not in plain["C6"]

    css = (
        "p { color: red; } @media screen { p { color: blue; } } @font-face { font-family: x; } "
        "@keyframes k { from { color: red; } } a:hover { color: green; }"
    )
    head = inline_css("<p>x</p>", css).head_css

    assert re.search(r"@media screen \{\s*p \{\s*color: blue !important", head)
    assert "@font-face" in head
    assert "@keyframes" in head
    assert "a:hover {color: green !important}" in head


def test_c7_a_shorthand_undoes_the_longhand_before_it(plain: dict[str, str]) -> None:
    assert 'style="margin-top:5px; margin:0"' in plain["C7"]

    css = "p { margin-top: 10px; } p { margin: 0; } p.a { margin-top: 5px; }"
    assert list(style_of(inline_css('<p class="a">x</p>', css).html)) == ["margin", "margin-top"]


def test_c9_specificity_counts_selectors_and_not_characters(plain: dict[str, str]) -> None:
    assert "color:red" in plain["C9"]

    css = '[href="#"] { color: red; } a.x.y { color: blue; }'
    assert style_of(inline_css('<a class="x y" href="#">x</a>', css).html, "a") == {"color": "blue"}


@pytest.mark.parametrize(
    ("selector", "body"),
    [
        ('p[title^="https://"]', '<p title="https://x">x</p>'),
        ("*", "<p>x</p>"),
        ("p:first-child", "<p>x</p>"),
        ("div p:not(.a)", "<div><p>x</p></div>"),
        ('[title="a,b"]', '<p title="a,b">x</p>'),
        ("P", "<p>x</p>"),
    ],
)
def test_c10_c11_selectors_with_colons_stars_and_commas_are_inlined(
    selector: str, body: str, plain: dict[str, str]
) -> None:
    assert '<a href="https://example.org">' in plain["C10"]
    assert plain["C11"].startswith("raised SelectorSyntaxError")

    assert style_of(inline_css(body, f"{selector} {{ color: red; }}").html) == {"color": "red"}


@pytest.mark.parametrize(
    "selector", ["p:hover", "p:visited", ":root", "p::before", "p:before", "p:nth-child(2n of a)", "p:foo"]
)
def test_a_selector_that_the_tree_cannot_decide_stays_in_the_head(selector: str) -> None:
    inlined = inline_css("<p>x</p>", f"{selector} {{ color: red; }} p {{ margin: 0; }}")

    assert style_of(inlined.html) == {"margin": "0"}
    assert f"{selector} {{color: red !important}}" in inlined.head_css


@pytest.mark.parametrize(
    ("css", "sentence"),
    [
        (":is(a, b) { color: red; }", "Use classes"),
        ("p { color: red !important; }", "Drop it"),
        ("p { background: url(https://example.org/x.png); }", "Use an <img>"),
        ("</style><script>", "Write CSS only"),
        ("p { color: ", "Correct the CSS"),
    ],
)
def test_a_theme_whose_rules_would_be_lost_is_refused_in_a_sentence(css: str, sentence: str) -> None:
    with pytest.raises(MessageError, match=re.escape(sentence)):
        inline_css("<p>x</p>", css)


def test_a_theme_of_too_many_rules_is_refused() -> None:
    with pytest.raises(MessageError, match="more than 2000 rules"):
        inline_css("<p>x</p>", "".join(f".a{number} {{ margin: 0; }}" for number in range(2001)))


def test_c12_the_width_that_outlook_needs_is_left_alone(plain: dict[str, str]) -> None:
    assert 'width="100%"' in plain["C12"]

    html = inline_css(
        '<img width="600" src="https://example.org/a.png">', "img { width: 100%; text-align: left; }"
    ).html
    assert 'width="600"' in html
    assert "align=" not in html.replace("text-align", "")


def test_c14_conditional_comments_pass_through() -> None:
    comment = '<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->'

    assert comment in inline_css(f"{comment}<p>x</p>", "p { margin: 0; }").html


def test_c17_text_in_a_deep_tree_is_kept(plain: dict[str, str]) -> None:
    assert "FOOTER" not in plain["C17"]

    html = inline_css("<div>" * 300 + "x" + "</div>" * 300 + "<p>FOOTER</p>", "p { margin: 0; }").html
    assert html.count("FOOTER") == 1


def test_c18_c20_addresses_and_white_space_stay_as_they_are(plain: dict[str, str]) -> None:
    assert "<b>a</b> <b>b</b>\n" in plain["C20"]

    body = '<a href="#n">a</a> <b>b</b> <b>c</b>'
    assert inline_css(body, "p { margin: 0; }").html == body


def test_c19_an_empty_body_is_no_fault(plain: dict[str, str]) -> None:
    assert plain["C19"].startswith("raised AttributeError")

    assert inline_css("", "") == Inlined(html="", head_css="")


def test_c21_nothing_is_printed(plain: dict[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    assert "mso-hide" in plain["C21"]

    html = inline_css("<p>x</p>", "p { mso-hide: all; background: linear-gradient(red, blue); }").html

    assert "mso-hide:all" in html
    assert capfd.readouterr() == ("", "")


def test_c22_a_big_theme_stays_cached(plain: dict[str, str]) -> None:
    assert int(plain["C22"]) == 128

    inline_css("<p>x</p>", "".join(f".b{number} {{ margin: 0; }}" for number in range(200)))
    assert inline._select.cache_info().currsize >= 200
    assert premailer.premailer._create_cssselector is inline._select


def test_c23_many_threads_get_their_own_answers() -> None:
    seen: dict[int, dict[str, str]] = {}

    def dress(number: int) -> None:
        seen[number] = style_of(
            inline_css("<p>x</p>", f"p {{ margin: {number}px; }} @media screen {{ p {{ margin: 0; }} }}").html
        )

    threads = [threading.Thread(target=dress, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == {number: {"margin": f"{number}px"} for number in range(1, 9)}


def test_an_elements_own_style_comes_last_but_not_over_an_important_rule() -> None:
    html = inline_css('<p style="color: red; margin: 1px">x</p>', "p { color: blue; padding: 0; }").html
    assert style_of(html) == {"padding": "0", "color": "red", "margin": "1px"}

    written = inline._merge_styles("margin-top: 1px; color: red", [(("margin", "0 !important"),)], [""])
    assert written == "margin-top:1px; color:red; margin:0"


def test_the_same_page_twice_gives_the_same_bytes() -> None:
    page, css = '<p class="a">x</p>', "p { color: red; } .a { margin: 0; } @media screen { p { color: blue; } }"

    assert inline_css(page, css) == inline_css(page, css)


DECLARED = st.lists(
    st.tuples(
        st.sampled_from(["p", ".a", "#i", "p.a", "div p", "div > p", "[title]", "p.a.b", "*", "div .a"]),
        st.sampled_from(["color", "margin-left", "padding-top", "font-size"]),
        st.sampled_from(["1px", "2px", "3px"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(DECLARED)
def test_the_cascade_agrees_with_another_inliner(rules: list[tuple[str, str, str]]) -> None:
    css = "\n".join(f"{selector} {{ {name}: {value}; }}" for selector, name, value in rules)
    body = '<div><p class="a b" id="i" title="t">x</p></div>'

    theirs = css_inline.CSSInliner(load_remote_stylesheets=False).inline(f"<style>{css}</style>{body}")

    assert style_of(inline_css(body, css).html) == style_of(theirs)
