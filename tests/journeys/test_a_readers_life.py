"""A reader's whole life with the program as it is installed: a real browser, a real server, a real Maildir.

They subscribe, confirm, read, change how often, leave by the header as a mail program does, and come back.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import feedparser
import pytest

from .conftest import Command, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

BEN = "ben@example.org"
SECOND = "---\ntitle: The second\n---\nMore news.\n"
# The form takes nothing that was filled in within two seconds.
PATIENCE_MS = 2_200


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    chromium = shutil.which("chromium")
    if chromium is None:
        sentence = "chromium is not installed, so this could not be checked."
        if os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser.new_page(java_script_enabled=request.param, timezone_id="Asia/Beirut", locale="en-GB")
        browser.close()


@pytest.fixture
def mail_to(newsroom: Path) -> Callable[..., list[EmailMessage]]:
    """The messages in the Maildir to an address, oldest first; waits until there are `number` of them."""

    def read(address: str, number: int) -> list[EmailMessage]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            files = sorted((newsroom / "outbox" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
            messages = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
            mine = [message for message in messages if address in str(message["To"])]
            if len(mine) >= number:
                return mine
            time.sleep(0.1)
        raise AssertionError(f"{len(mine)} messages instead of {number}")

    return read


def link_in(message: EmailMessage, door: str) -> str:
    """The path of the link to `door` ("c", "p", "u") in a message's text."""
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(rf"https?://\S+?(/{door}/[A-Za-z0-9_-]{{26}})", body.get_content())
    assert found, body.get_content()
    return found[1]


def leave_as_a_mail_program(message: EmailMessage, origin: str) -> int:
    """POST what RFC 8058 says to where List-Unsubscribe says; the status of the answer."""
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (uri,) = re.findall(r"<(https?://[^>]+)>", str(message["List-Unsubscribe"]))
    request = urllib.request.Request(origin + urlsplit(uri).path, data=b"List-Unsubscribe=One-Click")  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # our own server
        return int(answer.status)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_subscribe_confirm_read_choose_leave_and_come_back(
    page: Page, newsroom: Path, command: Command, mail_to: Callable[..., list[EmailMessage]]
) -> None:
    (newsroom / "articles" / "second.md").write_text(SECOND, "utf-8")
    with serving(newsroom) as origin:
        page.goto(f"{origin}/subscribe")
        page.get_by_label("Your email address").fill(BEN)
        page.wait_for_timeout(PATIENCE_MS)
        press(page, "Subscribe")
        page.get_by_role("heading", name="Now look into your mailbox").wait_for()

        (asked,) = mail_to(BEN, 1)
        page.goto(origin + link_in(asked, "c"))
        assert "pending" in command("subscribers", "list").stdout
        press(page, "Confirm the subscription")
        page.get_by_role("heading", name="Welcome").wait_for()
        proof = command("subscribers", "proof", BEN).stdout
        assert "With this button I agree" in proof

        command("publish", "articles/welcome.md", "--yes")
        article = mail_to(BEN, 2)[1]
        page.goto(f"{origin}/feeds/rss.xml")
        page_for_people = page.content()
        first = feedparser.parse(f"{origin}/feeds/rss.xml")
        again = feedparser.parse(f"{origin}/feeds/rss.xml", etag=first.etag)
        assert "Welcome" in str(article["Subject"]) or first.entries[0].title == str(article["Subject"])
        assert "<rss" not in page_for_people
        assert (first.bozo, len(first.entries), again.status) == (False, 1, 304)

        page.goto(origin + link_in(article, "p"))
        page.get_by_label("No email: I follow the feed").check()
        press(page, "Save")
        page.get_by_text("Saved.").wait_for()
        page.get_by_label("Each article, as soon as it is out").check()
        press(page, "Save")

        assert leave_as_a_mail_program(article, origin) == 200
        assert leave_as_a_mail_program(article, origin) == 200
        command("publish", "articles/second.md", "--yes")
        assert len(mail_to(BEN, 2)) == 2

        page.goto(origin + link_in(article, "u"))
        press(page, "Undo")
        back = mail_to(BEN, 3)[2]
        page.goto(origin + link_in(back, "c"))
        press(page, "Subscribe again")
        assert "active" in command("why", BEN).stdout


def test_scripts_guess_the_time_zone_and_nobody_needs_them(page: Page, newsroom: Path) -> None:
    with serving(newsroom) as origin:
        page.goto(f"{origin}/subscribe")
        page.get_by_text("Name, hour and time zone").click()
        zone = page.get_by_label("Your time zone").input_value()

    assert zone in ("Asia/Beirut", "Europe/Paris", "UTC")


def test_what_readers_ask_for_goes_out_though_the_server_is_told_to_end(
    newsroom: Path, mail_to: Callable[..., list[EmailMessage]]
) -> None:
    """SIGTERM comes right behind the form; the notice is sent, now or by the next `serve`."""
    seal = re.compile(r'name="seal" value="([^"]+)"')
    with serving(newsroom) as origin:
        with urllib.request.urlopen(f"{origin}/subscribe", timeout=10) as answer:  # noqa: S310
            found = seal.search(answer.read().decode())
        assert found
        time.sleep(PATIENCE_MS / 1000)
        data = f"seal={found[1]}&address=ben%40example.org".encode()
        urllib.request.urlopen(f"{origin}/subscribe", data=data, timeout=10).close()  # noqa: S310
    with serving(newsroom):
        (asked,) = mail_to(BEN, 1)

    assert asked["Auto-Submitted"] == "auto-generated"
    assert asked["List-Unsubscribe"] is None
