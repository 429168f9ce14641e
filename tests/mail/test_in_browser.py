"""The mail in a real browser: no sideways scroll at 320 pixels, no accessibility fault, no request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, sync_playwright

from newsletter.model import Article, EmailMode, Image, Variant

Compose = Callable[..., Variant]

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
RICH = f"""<p>A <a href="https://example.org/{"x" * 200}">link</a> and https://example.org/{"y" * 200}</p>
<h2>{LONG}</h2><h3>Below</h3><ul><li>One<ul><li>{LONG}</li></ul></li></ul><ol><li>First</li></ol>
<blockquote><p>{LONG}</p></blockquote><pre><code>{"z" * 300}</code></pre><p><code>{LONG}</code></p>
<table><thead><tr>{"".join(f"<th>Column {n}</th>" for n in range(9))}</tr></thead>
<tbody><tr>{"".join(f"<td>{'value' * 4}{n}</td>" for n in range(9))}</tr></tbody></table>
<figure><img src="https://news.example.org/media/w.png" alt="A very wide picture" width="4000" height="200">
<figcaption>{LONG}</figcaption></figure>
<dl><dt>Neap tide</dt><dd>{LONG}</dd></dl><hr>
<p lang="ar">فقرة عربية <code>x</code></p><blockquote lang="fr">Oui !</blockquote>
<section><ol><li id="fn1">A note <a href="https://example.org/#r">back</a></li></ol></section><p><mark>marked</mark></p>"""


@pytest.fixture(scope="module")
def page(external_tool: Callable[[str], Path]) -> Iterator[Page]:
    """One page whose every request is refused."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=external_tool("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        opened = browser.new_page()
        opened.route("**/*", lambda route: route.abort())
        yield opened
        browser.close()


@pytest.fixture
def show(page: Page) -> Callable[..., Page]:
    """`show(html, width=, scheme=)`: the mail in that window."""

    def shown(html: str, *, width: int, scheme: Literal["light", "dark"] = "light") -> Page:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.set_content(html, wait_until="load")
        return page

    return shown


@pytest.fixture
def mail(compose: Compose, article: Article) -> str:
    """A set that holds all a mail can hold: long words, wide things, a button, both directions."""
    hero = Image(
        url="https://news.example.org/media/a.png", alt="Quay", width=1200, height=675, media_type="image/png", size=1
    )
    rich = replace(article, title=f"Tides {LONG}", body_html=RICH, image=hero, author=LONG)
    arabic = replace(rich, uid="ar", language="ar", title="ضوء الشتاء في الميناء", summary="كيف يتغير", author="أمل")
    short = replace(article, uid="ex", email=EmailMode.EXCERPT)
    return compose(rich, short, arabic, subject="Three of them", furniture="fr").html


def test_h12_nothing_scrolls_sideways_on_a_phone(show: Callable[..., Page], mail: str) -> None:
    stripped = re.sub(r"<style>.*?</style>", "", mail, flags=re.DOTALL)

    for html in (mail, stripped):
        assert show(html, width=320).evaluate("document.scrollingElement.scrollWidth") <= 320


def test_the_overflow_test_sees_an_overflow(show: Callable[..., Page], mail: str) -> None:
    wide = mail.replace("overflow-wrap:anywhere; word-break:break-word", "")

    assert show(wide, width=320).evaluate("document.scrollingElement.scrollWidth") > 320


def test_the_column_is_600_wide_and_its_text_readable(show: Callable[..., Page], mail: str) -> None:
    page = show(mail, width=1000)

    assert page.evaluate("document.querySelector('.sheet').getBoundingClientRect().width") == 600
    size, leading = page.evaluate(
        "(s => [s.fontSize, s.lineHeight])(getComputedStyle(document.querySelector('.copy p')))"
    )
    assert float(size.removesuffix("px")) >= 16
    assert float(leading.removesuffix("px")) >= 1.5 * float(size.removesuffix("px"))


def test_h6_a_button_is_tall_enough_for_a_thumb(show: Callable[..., Page], mail: str) -> None:
    page = show(mail, width=320)

    for selector in (".button-link", ".footer-link"):
        assert page.evaluate(f"document.querySelector('{selector}').getBoundingClientRect().height") >= 44


def test_h7_dark_rules_beat_the_inline_ones(show: Callable[..., Page], mail: str) -> None:
    def ground(scheme: str) -> str:
        page = show(mail, width=600, scheme=scheme)
        return str(page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor"))

    assert (ground("light"), ground("dark")) == ("rgb(253, 252, 249)", "rgb(28, 31, 35)")


def test_the_mail_asks_for_nothing_but_the_newsrooms_pictures(show: Callable[..., Page], page: Page, mail: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    show(mail, width=600)

    assert set(asked) == {"https://news.example.org/media/a.png", "https://news.example.org/media/w.png"}


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (600, "light")])
def test_a7_axe_finds_no_fault(
    show: Callable[..., Page], mail: str, external_tool: Callable[[str], Path], width: int, scheme: str
) -> None:
    axe = external_tool("axe-core/axe.min.js").read_text("utf-8")
    page = show(mail, width=width, scheme=scheme)
    page.evaluate(axe)

    # The two rules for whole web pages are off: a mail is shown inside another page.
    found = page.evaluate("axe.run({rules: {region: {enabled: false}, 'landmark-one-main': {enabled: false}}})")

    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []
