"""The readers' pages in a real browser: narrow and wide, both directions, by keyboard alone, and no fault for axe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from newsletter.pages import stylesheet
from newsletter.web import WebServer, create_app

from .conftest import TOKEN, InMemoryNewsroom
from .test_in_browser import AXE

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATHS = (
    "/subscribe?lang={}",
    "/subscribe/snippet?lang={}",
    f"/c/{TOKEN}?{{}}",
    f"/p/{TOKEN}?{{}}",
    f"/u/{TOKEN}?{{}}",
    f"/editions/stop/{TOKEN}?{{}}",
)


@pytest.fixture
def origin(newsroom: InMemoryNewsroom) -> Iterator[str]:
    """The address of a real server."""
    (newsroom.site_folder / "site.css").write_bytes(stylesheet(newsroom.templates))
    server = WebServer(create_app(newsroom, dev_inbox=False), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    host, port = server.address
    yield f"http://{host}:{port}"
    server.stop()
    thread.join(15)


@pytest.fixture
def page(external_tool: Callable[[str], str]) -> Iterator[Page]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=external_tool("chromium"), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 320, "height": 800}, bypass_csp=True)
        browser.close()


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    page: Page, origin: str, newsroom: InMemoryNewsroom, external_tool: Callable[[str], str], language: str
) -> None:
    readers = newsroom.readers
    readers.known[TOKEN] = replace(readers.known[TOKEN], language=language)
    readers.confirmations[TOKEN] = replace(readers.confirmations[TOKEN], language=language)
    readers.choosers[TOKEN] = replace(readers.choosers[TOKEN], language=language)
    newsroom.masthead = replace(newsroom.masthead, language=language)
    found: dict[str, object] = {}

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (320, 1400):
            page.set_viewport_size({"width": width, "height": 800})
            for path in PATHS:
                page.goto(origin + path.format(language))
                page.add_script_tag(path=external_tool(AXE))
                report = page.evaluate("axe.run()")
                sticks_out = page.evaluate("document.documentElement.scrollWidth > innerWidth")
                faults = [fault["id"] for fault in report["violations"]]
                if faults or sticks_out:
                    found[f"{path} {scheme} {width}"] = (faults, sticks_out)

    assert found == {}


def test_form_can_be_filled_in_and_sent_by_keyboard_alone(page: Page, origin: str, newsroom: InMemoryNewsroom) -> None:
    # A real clock, since the form takes nothing that was filled in within two seconds.
    type(newsroom).clock = lambda _: datetime.now(UTC)
    try:
        page.goto(f"{origin}/subscribe?lang=en")
        page.get_by_label("Your email address").focus()
        page.keyboard.type("ben@example.org")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(2_200)
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Now look into your mailbox")
    finally:
        type(newsroom).clock = lambda self: self.now

    ((verb, form),) = newsroom.readers.done
    assert (verb, form.address, form.choices.rhythm) == ("sign up", "ben@example.org", "daily")
