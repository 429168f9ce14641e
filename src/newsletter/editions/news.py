"""What the owner is told of editions: something waits and can be stopped, was held, or failed. In English.

The rooms say what happened; the desk makes it a notice and stores it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.i18n import load_words
from newsletter.mail import NoticeText
from newsletter.model import EditionId, Mailbox, Masthead
from newsletter.timetable import in_zone


class NewsKind(StrEnum):
    """What a notice to the owner is about."""

    WAITS = "edition waits"
    HELD = "edition held"
    FAILED = "run failed"
    POLICY = "mail refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """One thing the owner has to know, told once per `dedupe_key`.

    `what` names it. `edition` is (id, uid) where there is one that can be stopped; it goes out `at` to
    so many `readers` with this plain `text`. `not_before` delays the notice.
    """

    kind: NewsKind
    dedupe_key: str
    what: str
    reason: str = ""
    edition: tuple[EditionId, str] | None = None
    at: datetime | None = None
    readers: int = 0
    text: str = ""
    not_before: datetime | None = None


Post = Callable[[Connection, News], None]


def waiting_key(edition_id: EditionId) -> str:
    """The key of the news that an edition waits."""
    return f"waits:{edition_id}"


def news_text(news: News, *, masthead: Masthead, cancel_url: str) -> NoticeText:
    """The words of a notice to the owner; hours are those of the newsroom's zone, which is named."""
    paragraphs: tuple[str, ...]
    button: tuple[str, str] | None = None
    match news.kind:
        case NewsKind.WAITS:
            subject = f"Goes out {_hour(news.at, masthead)}: {news.what}"
            number = f"{news.readers:,} {'reader' if news.readers == 1 else 'readers'}"
            first = f"“{news.what}” goes out to {number} {_hour(news.at, masthead)}, unless you stop it before."
            paragraphs = (first, *_excerpt(news.text))
            button = ("Look at it, or stop it", cancel_url) if cancel_url else None
        case NewsKind.HELD:
            subject = f"Held, not sent: {news.what}"
            paragraphs = (
                f"Nothing was mailed: {news.what} is held. {news.reason}",
                "Look at newsletter status; it names the command that sends it, and the one that lets it be.",
            )
        case NewsKind.FAILED:
            subject = f"Could not go out: {news.what}"
            paragraphs = (
                f"Nothing was mailed: {news.what} could not be made. {news.reason}",
                "It is tried again until it is too late for it. Look at newsletter status.",
            )
        case NewsKind.POLICY:
            subject = f"Other mail servers refuse us: {news.what}"
            paragraphs = (
                f"“{news.what}” is paused if it was still going out. {news.reason}",
                "No reader was harmed by it. Most such refusals end once these records are published:",
                *news.text.splitlines(),
                "Look at newsletter doctor; then newsletter editions resume.",
            )
    return NoticeText(
        to=Mailbox(name="", address=masthead.owner),
        subject=subject,
        paragraphs=paragraphs,
        language="en",
        button=button,
    )


def _hour(at: datetime | None, masthead: Masthead) -> str:
    if at is None:
        return "at once"
    local = in_zone(at, masthead.time_zone)
    return f"on {load_words('en').date(at, masthead.time_zone)} at {local:%H:%M} ({masthead.time_zone})"


def _excerpt(text: str) -> tuple[str, ...]:
    """The beginning of the plain text, enough to know the edition by; its footer is for readers."""
    lines = [line for line in text.partition("\n-- \n")[0].splitlines() if line.strip()]
    return ("\n".join(lines[:25]),) if lines else ()
