"""Notices: about the service itself, to one person, with no list around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage

import pytest

from newsletter.mail import MessageError, NoticeText, compose_notice, header_names
from newsletter.model import Mailbox, Masthead

Read = Callable[[bytes], EmailMessage]
LINK = "https://news.example.org/c/AbCdEfGhIjKlMnOpQrStUvWxYz"


@pytest.fixture
def notice() -> NoticeText:
    return NoticeText(
        to=Mailbox(name="", address="ben@example.org"),
        subject="Confirm your subscription",
        paragraphs=("Somebody asked for The Harbour Post.", "If it was not you, do nothing."),
        language="en",
        button=("Confirm", LINK),
    )


@pytest.fixture
def write(templates: Mapping[str, str], masthead: Masthead, now: datetime) -> Callable[[NoticeText], bytes]:
    return lambda notice: compose_notice(templates, notice, masthead=masthead, now=now, message_uid="n1")


def test_l8_a_notice_says_that_a_machine_made_it_and_has_no_list_fields(
    write: Callable[[NoticeText], bytes], notice: NoticeText, read: Read
) -> None:
    raw = write(notice)
    message = read(raw)

    assert header_names(raw) == message.keys()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<n1@example.org>"
    assert message["To"] == "ben@example.org"
    assert not [name for name in message if name.startswith(("List-", "Precedence", "Feedback"))]


def test_both_parts_say_the_same_and_the_link_stands_alone(
    write: Callable[[NoticeText], bytes], notice: NoticeText, read: Read
) -> None:
    message = read(write(notice))
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())

    for words in (*notice.paragraphs, "Confirm", "Harbour Press"):
        assert words in text
        assert words in html
    assert f"\nConfirm:\n{LINK}\n" in text
    assert html.count(f'href="{LINK}"') == 2
    assert "<h1" in html


def test_an_arabic_notice_reads_from_the_right(
    write: Callable[[NoticeText], bytes], notice: NoticeText, read: Read
) -> None:
    arabic = replace(notice, language="ar", subject="أكّد اشتراكك", paragraphs=("مرحبًا",), button=None)
    message = read(write(arabic))
    html = list(message.iter_parts())[1].get_content()

    assert message["Subject"] == "أكّد اشتراكك"
    assert message["Content-Language"] == "ar"
    assert '<html lang="ar" dir="rtl"' in html
    assert "button-link" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)


def test_foreign_text_in_a_notice_is_shown_and_never_run(
    write: Callable[[NoticeText], bytes], notice: NoticeText, read: Read
) -> None:
    raw = write(replace(notice, paragraphs=("<script>alert(1)</script> {{ 7*7 }}\r\n.\r\nMAIL FROM:<v@example.com>",)))

    html = list(read(raw).iter_parts())[1].get_content()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in html
    assert b"\r\n." not in raw


def test_the_same_notice_gives_the_same_bytes(write: Callable[[NoticeText], bytes], notice: NoticeText) -> None:
    assert write(notice) == write(notice)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"subject": "hi\r\nBcc: v@example.com"}, "control character"),
        ({"subject": ""}, "Subject: the text is empty"),
        ({"to": Mailbox(name="", address="ben@example.org>")}, "not one that mail can be sent to"),
        ({"button": ("x", "javascript:alert(1)")}, "no absolute web address"),
        ({"button": ("x", 'https://example.org/"onclick=')}, "no absolute web address"),
    ],
)
def test_what_cannot_stand_in_a_notice_is_refused(
    write: Callable[[NoticeText], bytes], notice: NoticeText, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(MessageError, match=sentence):
        write(replace(notice, **change))


def test_a_uid_that_cannot_stand_in_a_message_id_is_refused(
    templates: Mapping[str, str], notice: NoticeText, masthead: Masthead, now: datetime
) -> None:
    with pytest.raises(MessageError, match="cannot stand in a Message-ID"):
        compose_notice(templates, notice, masthead=masthead, now=now, message_uid="a b")
