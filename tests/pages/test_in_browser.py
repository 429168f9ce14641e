"""The pages in a real browser: no sideways scroll, no script, nothing an accessibility checker objects to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from whole_site import site_pages

from newsletter.model import Article, Image, Masthead
from newsletter.pages import Form, PageText, SearchResults, make_frame, message_page, search_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AXE = "tests/tools/node_modules/axe-core/axe.min.js"
BODY = (
    "<p>" + "Donaudampfschifffahrtsgesellschaft" * 4 + ' and a <a href="https://news.example.org/x/">link</a>'
    '<sup><a href="#fn1" id="fnref1">[1]</a></sup></p>'
    "<h2>Table</h2><table><caption>High water</caption><thead><tr>"
    + "".join(f"<th>Column{number}</th>" for number in range(9))
    + "</tr></thead><tbody><tr>"
    + "".join(f"<td>Value{number}</td>" for number in range(9))
    + "</tr></tbody></table><pre><code>"
    + "def high_water(): " * 12
    + "</code></pre><blockquote><p>Quoted.</p></blockquote>"
    '<figure><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="Lock" width="1200" height="675">'
    "<figcaption>The lock.</figcaption></figure>"
    "<dl><dt>Datum</dt><dd>A level.</dd></dl><ol><li>One<ul><li>Two</li></ul></li></ol>"
    '<hr><div><ol><li id="fn1"><p>A note. <a href="#fnref1">Back</a></p></li></ol></div>'
)
PICTURE = Image(
    url="data:image/gif;base64,R0lGODlhAQABAAAAACw=",
    alt="Boats",
    width=1200,
    height=675,
    media_type="image/gif",
    size=1,
)
PAGES = {
    "front": "index.html",
    "front in Arabic": "ar/index.html",
    "article": "en/the-tide-tables/index.html",
    "article in French": "fr/les-marees/index.html",
    "article in Arabic": "ar/جداول/index.html",
    "topic": "en/topics/diplomacy/index.html",
    "year": "en/archive/2026/index.html",
    "missing": "404.html",
    "message": "message.html",
    "search": "search.html",
    "search in Arabic": "search-ar.html",
    "search without an answer": "search-none.html",
}


@pytest.fixture
def site(
    tmp_path: Path, templates: Mapping[str, str], masthead: Masthead, family: list[Article]
) -> Callable[[str], str]:
    """The address of a page, written with its stylesheet beside it, since a file has no host to ask."""
    articles = [replace(each, body_html=BODY, image=PICTURE) for each in family]
    pages = site_pages(templates, articles, masthead=masthead)
    form = Form(action="/u/x", button="Unsubscribe")
    text = PageText(title="Unsubscribe?", paragraphs=("No more email.",), form=form)
    pages["message.html"] = message_page(templates, text, frame=make_frame(masthead, "en"))

    found = SearchResults(asked="tide", number=45, articles=articles, page=2)
    pages["search.html"] = search_page(templates, found, frame=make_frame(masthead, "en"))
    pages["search-ar.html"] = search_page(
        templates, replace(found, asked="المدينة", elsewhere=True), frame=make_frame(masthead, "ar")
    )
    pages["search-none.html"] = search_page(templates, SearchResults(asked="x" * 200), frame=make_frame(masthead, "fr"))

    def write(name: str) -> str:
        page = pages[PAGES[name]].decode()
        start = page.index('href="/site.css')
        page = page[:start] + 'href="site.css"' + page[page.index(">", start) :]
        (tmp_path / "site.css").write_bytes(pages["site.css"])
        (tmp_path / "page.html").write_text(page, "utf-8")
        return (tmp_path / "page.html").as_uri()

    return write


@pytest.fixture(scope="module")
def chromium() -> Iterator[Callable[[str], Browser]]:
    """Starts the browser at a path, once."""
    started: list[Browser] = []
    playwright = pytest.importorskip("playwright.sync_api").sync_playwright().start()

    def start(path: str) -> Browser:
        if not started:
            started.append(playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]))
        return started[0]

    yield start
    for browser in started:
        browser.close()
    playwright.stop()


@pytest.mark.parametrize("width", [320, 600, 1400])
def test_no_page_scrolls_sideways(
    site: Callable[[str], str],
    chromium: Callable[[str], Browser],
    external_tool: Callable[[str], str],
    width: int,
) -> None:
    page = chromium(external_tool("chromium")).new_page(viewport={"width": width, "height": 800})

    too_wide = []
    for name in PAGES:
        page.goto(site(name))
        if page.evaluate("document.scrollingElement.scrollWidth") > width:
            too_wide.append(name)
    page.close()

    assert too_wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_checker_objects_to_nothing(
    site: Callable[[str], str],
    chromium: Callable[[str], Browser],
    external_tool: Callable[[str], str],
    scheme: str,
) -> None:
    axe = Path(external_tool(AXE)).read_text("utf-8")
    page = chromium(external_tool("chromium")).new_page(
        viewport={"width": 320, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )

    objections = {}
    for name in PAGES:
        page.goto(site(name))
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        objections[name] = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]
    page.close()

    assert objections == {name: [] for name in PAGES}


def test_keyboard_reaches_the_text_first_and_what_scrolls_inside_it(
    site: Callable[[str], str], chromium: Callable[[str], Browser], external_tool: Callable[[str], str]
) -> None:
    page = chromium(external_tool("chromium")).new_page(viewport={"width": 320, "height": 800})
    page.goto(site("article"))

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    page.close()

    assert "scroll" in reached
    assert "PRE" in reached
