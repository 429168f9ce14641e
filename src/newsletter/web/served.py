"""What the web door needs of the newsroom, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from newsletter.answers import PrivateAddresses, PrivateFeed, Waiting
from newsletter.model import Masthead
from newsletter.site import Found
from newsletter.store.feed_readers import FeedReaders
from newsletter.subscribers import Answer, Choices, ConfirmationView, PreferencesView, ReaderOfToken, SignUpForm
from newsletter.websub import HubAnswer


class ServedFeeds(Protocol):
    """The private feeds' desk as the web door sees it; what is said of the readers' desk holds for it, too."""

    def swap_to_feed(self, token: str) -> tuple[PreferencesView, PrivateAddresses] | None:
        """Give the reader of the preferences `token` a feed instead of mail, also of what waits to be sent."""

    def new_address(self, token: str) -> tuple[PreferencesView, PrivateAddresses] | None:
        """End the address of the reader's feed and make another; None also for a reader who has no feed."""

    def swap_to_mail(self, token: str) -> PreferencesView | None:
        """End the reader's feed and mail again as before."""

    def feed_of(self, feed_token: str, name: str) -> PrivateFeed | None:
        """The file `name` of the private feed with `feed_token`; None for a token or a name of nothing."""


class ServedReaders(Protocol):
    """The readers' desk as the web door sees it.

    Methods are called from several threads at once. None of the `…_of` writes anything. All the
    others are one transaction each and safe to repeat. A token that was never signed, or that has
    been made worthless since, gives None. Raises NewsletterError (StoreBusy …) when the database
    cannot answer just now.
    """

    @property
    def feeds(self) -> ServedFeeds:
        """The private feeds' desk."""

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


class ServedHub(Protocol):
    """The WebSub hub's desk as the web door sees it."""

    def ask(self, fields: Mapping[str, str]) -> HubAnswer:
        """Take the request that the form `fields` make, or say what is wrong with it.

        Called from several threads at once; one transaction, safe to repeat. Raises NewsletterError when the
        database cannot answer just now.
        """


class ServedHooks(Protocol):
    """The hooks' desk as the web door sees it."""

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers whose hooks are open."""

    def take(self, provider: str, headers: Mapping[str, str], body: bytes) -> HookAnswer:
        """Act on a provider's report once it is proven; `headers` have lower-case names.

        Called from several threads at once; safe to repeat. Raises NewsletterError when the database cannot
        take it just now.
        """


class HookAnswer(Protocol):
    """What a provider is told."""

    @property
    def status(self) -> int:
        """The HTTP status: 200, 403, 404 or 503."""

    @property
    def sentence(self) -> str:
        """The body: one sentence."""


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

    @property
    def hub(self) -> ServedHub | None:
        """Our own hub, where we are one."""

    @property
    def hooks(self) -> ServedHooks | None:
        """The hooks for providers' reports, None where none is open."""

    @property
    def hubs(self) -> tuple[str, ...]:
        """The WebSub hubs of the feeds, as absolute addresses."""

    def newer_entries(self, path: str, content: bytes, known: Sequence[str]) -> bytes | None:
        """The feed `content` of `path` (below `feeds/`) with only what no version in `known` held.

        Versions are named by the first 32 digits of their SHA-256. None when none of them is remembered.
        """

    def note_feed_readers(self, rows: Sequence[FeedReaders]) -> None:
        """Keep the counts of feed readers, of each the highest. Safe to repeat.

        Raises NewsletterError when the database cannot take them just now.
        """

    def search(self, words: str, *, language: str | None, page: int, length: int) -> Found:
        """Public articles that hold all `words`, `length` a page, the first page being 1."""

    def readiness(self) -> Mapping[str, str]:
        """What must work for readers to be served ("database", "sender", "bell"), with "" or what is wrong."""

    def heartbeat(self) -> str:
        """ "" while the bell rings, or where there is none; else what is wrong. Asks no database."""

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Numbers for /metrics, without addresses: {"subscribers": {state: n}, "notices", "editions", "runs": …}."""
