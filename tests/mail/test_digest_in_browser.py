"""The digest in a real browser: readable on a phone, in the dark, from the right, and by a screen reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, sync_playwright

from newsletter.mail import DigestText, compose_digest
from newsletter.model import Article, Image, Masthead, Topic

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
TOPICS = (
    Topic(slug="harbour", names={"en": "Harbour life", "fr": "La vie du port", "ar": "حياة الميناء"}),
    Topic(slug="long", names={"en": LONG, "fr": LONG, "ar": LONG}),
)


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
def mail(templates: Mapping[str, str], masthead: Masthead, article: Article) -> Callable[[str], str]:
    """`mail(language)`: a digest led in that language that holds all a digest can hold."""
    hero = Image(
        url="https://news.example.org/media/a.png", alt="Quay", width=1200, height=675, media_type="image/png", size=1
    )
    arabic = replace(article, uid="ar", language="ar", title="ضوء الشتاء في الميناء", summary="كيف يتغير", author="أمل")

    def composed(language: str) -> str:
        lead = replace(arabic if language == "ar" else article, image=hero, topics=TOPICS)
        others = (
            replace(article, title=f"Tides {LONG}", summary=LONG, author=LONG, topics=TOPICS[:1]),
            replace(arabic, topics=TOPICS[1:]),
            replace(article, author="", topics=()),
        )
        text = DigestText(
            articles=(lead, *others),
            more=(*others, *others * 10),
            furniture=language,
            subject="أسبوعك في الميناء" if language == "ar" else f"Your week {LONG}",
            edition_url="https://news.example.org/editions/e1/",
            seed=b"seed",
        )
        return compose_digest(templates, text, masthead=masthead).html

    return composed


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_h12_nothing_scrolls_sideways_on_a_phone(
    show: Callable[..., Page], mail: Callable[[str], str], language: str
) -> None:
    whole = mail(language)
    stripped = re.sub(r"<style>.*?</style>", "", whole, flags=re.DOTALL)

    for html in (whole, stripped):
        assert show(html, width=320).evaluate("document.scrollingElement.scrollWidth") <= 320


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 600])
def test_a7_axe_finds_no_fault(
    show: Callable[..., Page],
    mail: Callable[[str], str],
    external_tool: Callable[[str], Path],
    language: str,
    scheme: str,
    width: int,
) -> None:
    axe = external_tool("axe-core/axe.min.js").read_text("utf-8")
    page = show(mail(language), width=width, scheme=scheme)
    page.evaluate(axe)

    # The two rules for whole web pages are off: a mail is shown inside another page.
    found = page.evaluate("axe.run({rules: {region: {enabled: false}, 'landmark-one-main': {enabled: false}}})")

    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []


def test_axe_sees_a_link_that_is_too_pale(
    show: Callable[..., Page], mail: Callable[[str], str], external_tool: Callable[[str], Path]
) -> None:
    axe = external_tool("axe-core/axe.min.js").read_text("utf-8")
    page = show(mail("en").replace("color:#155279", "color:#9ab"), width=600)
    page.evaluate(axe)

    found = page.evaluate("axe.run({runOnly: ['color-contrast']})")

    assert found["violations"] != []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_h6_links_are_tall_enough_for_a_thumb(
    show: Callable[..., Page], mail: Callable[[str], str], language: str
) -> None:
    page = show(mail(language), width=320)

    heights = page.evaluate(
        "[...document.querySelectorAll('.button-link, .onward')].map(a => a.getBoundingClientRect().height)"
    )
    assert len(heights) == 1 + 3 + 1
    assert min(heights) >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_titles_and_headings_take_the_colours_of_the_scheme(
    show: Callable[..., Page], mail: Callable[[str], str], scheme: str
) -> None:
    page = show(mail("en"), width=600, scheme=scheme)

    colours = page.evaluate(
        "[...document.querySelectorAll('h2 a, h3 a, h2.section, li a, .onward')].map(e => getComputedStyle(e).color)"
    )
    assert set(colours) == {"rgb(21, 82, 121)" if scheme == "light" else "rgb(143, 196, 232)"}


def test_each_article_stands_on_its_own_side(show: Callable[..., Page], mail: Callable[[str], str]) -> None:
    for language in ("en", "ar"):
        page = show(mail(language), width=600)
        sides = page.evaluate(
            "[...document.querySelectorAll('td[lang] > h2, td[lang] > h3, td[lang] > .byline, td[lang] > .snug')]"
            ".map(e => [e.closest('td').dir, getComputedStyle(e).textAlign])"
        )
        assert len(sides) >= 11
        assert {(direction, side.replace("start", "left")) for direction, side in sides} <= {
            ("ltr", "left"),
            ("rtl", "right"),
        }


def test_the_digest_asks_for_nothing_but_the_leads_picture(
    show: Callable[..., Page], page: Page, mail: Callable[[str], str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    show(mail("en"), width=600)

    assert asked == ["https://news.example.org/media/a.png"]
