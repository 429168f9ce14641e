"""The dev inbox in a real browser: hostile mail does nothing, honest mail shows, and both can be looked at by all."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.web import WebServer, create_app

if TYPE_CHECKING:
    from playwright.sync_api import Page

Newsroom = Any
AXE = "tests/tools/node_modules/axe-core/axe.min.js"
DOT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
HOSTILE = """<html><head><meta http-equiv="refresh" content="0;url=https://evil.example.com/refresh">
<base href="https://evil.example.com/base/"><link rel="stylesheet" href="https://evil.example.com/x.css">
<style>@import url(https://evil.example.com/y.css); body { background: url(https://evil.example.com/z.gif) }</style>
</head><body onload="alert(1)"><script>alert(2)</script><img src="x" onerror="alert(3)"><svg onload="alert(4)"></svg>
<iframe src="javascript:alert(5)"></iframe><object data="https://evil.example.com/o"></object>
<form action="https://evil.example.com/f"><input name="q" autofocus onfocus="alert(6)"></form>
<video src="https://evil.example.com/v.mp4" autoplay></video><img src="https://evil.example.com/pixel.gif">
<img src="https://news.example.org/media/dot.gif" alt="A dot"><p>Tides</p></body></html>"""


@pytest.fixture
def inbox(newsroom: Newsroom) -> Iterator[Callable[[str], str]]:
    """Delivers HTML as a message and gives the address of its page; of the list for an empty name."""
    (newsroom.outbox_folder / "new").mkdir(parents=True)
    (newsroom.site_folder / "media/dot.gif").write_bytes(DOT)
    server = WebServer(create_app(newsroom, dev_inbox=True), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    host, port = server.address

    def deliver(html: str) -> str:
        source = f"Subject: Tides\nTo: ada@example.org\nContent-Type: text/html; charset=utf-8\n\n{html}"
        (newsroom.outbox_folder / "new" / "1").write_text(source, "utf-8")
        return f"http://{host}:{port}/dev/inbox/1/"

    yield deliver
    server.stop()
    thread.join(15)


@pytest.fixture
def page(external_tool: Callable[[str], str]) -> Iterator[Page]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=external_tool("chromium"), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 320, "height": 800})
        browser.close()


def test_hostile_message_runs_nothing_and_asks_nobody(page: Page, inbox: Callable[[str], str]) -> None:
    address = inbox(HOSTILE)
    dialogs: list[str] = []
    answered: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("response", lambda response: answered.append(response.url))

    for tab in ("light", "dark", "text", "headers", "source"):
        page.goto(f"{address}{tab}/", wait_until="networkidle")
    # Opened on its own, without the page around it.
    page.goto(f"{address}frame/light", wait_until="networkidle")

    assert dialogs == []
    assert [url for url in answered if "127.0.0.1" not in url] == []
    assert any(url.endswith("/media/dot.gif") for url in answered)
    assert page.url == f"{address}frame/light"


def test_control_the_same_html_without_the_policy_runs(page: Page) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.route("**", lambda route: route.abort())

    page.set_content(HOSTILE, wait_until="commit")
    page.wait_for_timeout(200)

    assert "2" in dialogs


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_inbox_fits_a_phone_and_satisfies_the_accessibility_checker(
    page: Page, inbox: Callable[[str], str], external_tool: Callable[[str], str], scheme: str
) -> None:
    axe = Path(external_tool(AXE)).read_text("utf-8")
    address = inbox("<html lang='en'><head><title>Tides</title></head><body><main><h1>Tides</h1></main></body></html>")
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")

    objections = {}
    for path in ("../", "light/", "phone/", "text/", "headers/", "source/"):
        page.goto(f"{address}{path}")
        # Through the debugger, which the page's own policy does not bind.
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")["violations"]
        wide = page.evaluate("document.scrollingElement.scrollWidth") > 320
        objections[path] = [each["id"] for each in found] + (["too wide"] if wide else [])

    assert {path: found for path, found in objections.items() if found} == {}
