"""What the web door needs of the newsroom, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from newsletter.answers import Waiting
from newsletter.model import Masthead
from newsletter.site import Found
from newsletter.subscribers import Answer, Choices, ConfirmationView, PreferencesView, ReaderOfToken, SignUpForm


class ServedReaders(Protocol):
    """The readers' desk as the web door sees it.

    Methods are called from several threads at once. None of the `…_of` writes anything. All the
    others are one transaction each and safe to repeat. A token that was never signed, or that has
    been made worthless since, gives None. Raises NewsletterError (StoreBusy …) when the database
    cannot answer just now.
    """

    def reader_of(self, token: str) -> ReaderOfToken | None:
        """Whose unsubscribe link carries `token`."""

    def unsubscribe(self, token: str, *, source: str) -> ReaderOfToken | None:
        """End the subscription behind `token`, and say whose it was.

        `source` is "one-click" (RFC 8058) or "page". At once, also for queued mail.
        """

    def ask_return(self, token: str) -> ReaderOfToken | None:
        """Have a notice sent to the reader who left by the unsubscribe `token`, with a link to come back.

        The same answer when the address has had all the notices it may have.
        """

    def sign_up(self, form: SignUpForm) -> Answer:
        """Take a sign-up: the same answer in the same time for an address that is new, known or suppressed."""

    def confirmation_of(self, token: str) -> ConfirmationView | None:
        """What the confirm link with `token` stands for."""

    def confirm(self, token: str, *, ip: str | None = None) -> ConfirmationView | None:
        """Do what the confirm link stands for; the state says whether it is done or came too late."""

    def preferences_of(self, token: str) -> PreferencesView | None:
        """What the reader of a preferences link chose."""

    def save_preferences(self, token: str, choices: Choices) -> tuple[Answer, PreferencesView] | None:
        """Keep what the reader chose; nothing of it when one choice is odd."""

    def pause(self, token: str, *, weeks: int, catch_up: bool = False) -> PreferencesView | None:
        """Send nothing for 1 to 26 `weeks`, or end the pause with 0.

        With `catch_up` the articles in between are owed.
        """

    def ask_address_change(self, token: str, address: str) -> Answer | None:
        """Have a notice sent to the new `address`, whose link moves the subscription there."""

    def data_of(self, token: str) -> bytes | None:
        """Everything we hold about the reader, as JSON in UTF-8."""

    def erase(self, token: str) -> bool:
        """Forget the reader but for a keyed hash; False for a token of nobody."""


class ServedOwner(Protocol):
    """The owner's desk as the web door sees it: what may be done by the link in a notice.

    Methods are called from several threads at once. A token of nobody gives None. Raises NewsletterError
    when the database cannot answer just now.
    """

    def waiting_of(self, token: str) -> Waiting | None:
        """The edition behind the stop link with `token`. Writes nothing."""

    def stop(self, token: str) -> Waiting | None:
        """End the edition, unless it has been sent already, and say how it is then. Safe to repeat."""


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

    @property
    def readers(self) -> ServedReaders:
        """The readers' desk."""

    @property
    def owner(self) -> ServedOwner:
        """The owner's desk."""

    @property
    def feed_pages(self) -> bool:
        """Whether a browser that opens a feed's address gets a page for people."""

    def clock(self) -> datetime:
        """The present moment, aware UTC."""

    def next_run(self) -> datetime | None:
        """When the next scheduled publication is due (aware UTC), or None while none is."""

    def search(self, words: str, *, language: str | None, page: int, length: int) -> Found:
        """Public articles that hold all `words`, `length` a page, the first page being 1."""

    def readiness(self) -> Mapping[str, str]:
        """What must work for readers to be served ("database", "sender", "bell"), with "" or what is wrong."""

    def heartbeat(self) -> str:
        """ "" while the bell rings, or where there is none; else what is wrong. Asks no database."""

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Numbers for /metrics, without addresses: {"subscribers": {state: n}, "notices", "editions", "runs": …}."""
