"""Notices: small messages about the service itself, such as "confirm your address".

Comes in: the theme, and what the notice says, already in the reader's language. Goes out: the
finished octets, to be stored and sent as they are. No list fields: nobody can unsubscribe from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.i18n import load_words
from newsletter.mail.article_view import view_newsroom
from newsletter.mail.characters import wash, wash_line, wash_name
from newsletter.mail.compose import finish_text, render_page
from newsletter.mail.encoded_words import refuse_controls
from newsletter.mail.errors import MessageError
from newsletter.mail.headers import date_field, join_fields, mailbox_field, plain_field
from newsletter.mail.list_headers import notice_fields, sending_domain
from newsletter.mail.multipart import mint_boundary, multipart_body
from newsletter.mail.placeholders import Cut
from newsletter.mail.preheader import choose_preheader, filler_after
from newsletter.mail.theme import Theme
from newsletter.model import Mailbox, Masthead, direction

_UID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeText:
    """What a notice says: plain `paragraphs` in `language`, and perhaps one button (label, URL)."""

    to: Mailbox
    subject: str
    paragraphs: tuple[str, ...]
    language: str
    button: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Button:
    label: str
    url: str


def compose_notice(
    templates: Mapping[str, str], notice: NoticeText, *, masthead: Masthead, now: datetime, message_uid: str
) -> bytes:
    """The whole message: RFC 5322 octets with CRLF, 7-bit, not yet dot-stuffed.

    `now` is aware and becomes Date. `message_uid` becomes the left part of the Message-ID: letters,
    digits, hyphens, inner dots. Raises MessageError when a value cannot stand in a message.
    """
    if not _UID.fullmatch(message_uid):
        raise MessageError("Notice: its uid cannot stand in a Message-ID. Use letters and digits.")
    refuse_controls("Subject", notice.subject)
    values = _values(notice, masthead)
    theme = Theme(templates)
    page = render_page(theme, "notice.html", values)
    text = finish_text(theme.render("notice.txt", values))
    boundary = mint_boundary(message_uid)
    subject = str(values["subject"])
    fields = [
        mailbox_field("To", Mailbox(name=wash_name(notice.to.name), address=notice.to.address)),
        date_field(now),
        plain_field("Message-ID", f"<{message_uid}@{sending_domain(masthead)}>"),
        *notice_fields(masthead, subject=subject, language=notice.language, boundary=boundary),
    ]
    body = multipart_body(boundary, Cut(literals=(text,), slots=()), Cut(literals=(page,), slots=()))
    return b"".join((join_fields(fields), b"\r\n", *body.fill(())))


def _values(notice: NoticeText, masthead: Masthead) -> dict[str, object]:
    subject = wash_line(notice.subject)
    paragraphs = [wash(paragraph).strip() for paragraph in notice.paragraphs]
    preheader = choose_preheader(subject, paragraphs)
    button = None
    if notice.button is not None:
        label, url = notice.button
        if not _LINK.fullmatch(url):
            raise MessageError("Notice: its button leads to no absolute web address. Correct base_url.")
        button = _Button(label=wash_line(label), url=url)
    return {
        "newsroom": view_newsroom(masthead),
        "publisher": wash_line(masthead.publisher),
        "language": notice.language,
        "direction": direction(notice.language),
        "words": load_words(notice.language),
        "subject": subject,
        "paragraphs": paragraphs,
        "button": button,
        "preheader": preheader,
        "filler": filler_after(preheader),
    }
