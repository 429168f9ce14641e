"""What the web door needs of the newsroom, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from newsletter.model import Masthead, SubscriberState


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderOfToken:
    """Whom a mailed link belongs to; `address` is masked ("a…@example.org") and never whole."""

    address: str
    language: str
    state: SubscriberState


class ServedNewsroom(Protocol):
    """The desk as the web door sees it; the desk is one, the tests' newsroom in memory is the other.

    Folders need not exist. Methods are called from several threads at once.
    """

    @property
    def masthead(self) -> Masthead:
        """What the newsroom says of itself."""

    @property
    def templates(self) -> Mapping[str, str]:
        """The theme, as the crafts take it."""

    @property
    def site_folder(self) -> Path:
        """Where the written pages lie."""

    @property
    def feeds_folder(self) -> Path:
        """Where the written feeds lie."""

    @property
    def outbox_folder(self) -> Path | None:
        """The Maildir that mail is written to, or None when it goes out by another way."""

    def clock(self) -> datetime:
        """The present moment, aware UTC."""

    def reader_of(self, token: str) -> ReaderOfToken | None:
        """Whose unsubscribe link carries `token`; None for one that was never signed. Writes nothing."""

    def unsubscribe(self, token: str, *, source: str) -> ReaderOfToken | None:
        """End the subscription behind `token`, and say whose it was; None like `reader_of`.

        `source` is "one-click" (RFC 8058) or "page". At once, also for queued mail; safe to repeat.
        """
