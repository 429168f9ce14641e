"""What readers send in, and what they are shown of themselves: records between the web door and this room.

Addresses are masked wherever they are shown. No methods; the desk fills them in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.model import SubscriberState
from newsletter.subscribers.choices import Choices


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderOfToken:
    """Whom a mailed link belongs to; `address` is masked ("a…@example.org") and never whole."""

    address: str
    language: str
    state: SubscriberState


@dataclass(frozen=True, kw_only=True, slots=True)
class SignUpForm:
    """A filled-in form: `wording` is the sentence of consent as it was shown, in `wording_language`.

    `choices` are as written; `page` is the path of the page with the form. `ip` is the asker's, and kept
    only where the owner asked for it.
    """

    address: str
    choices: Choices
    wording: str
    wording_language: str
    page: str
    ip: str | None = None


class Answer(StrEnum):
    """What became of a form. TAKEN says nothing about whether the address was known."""

    TAKEN = "taken"
    ODD_ADDRESS = "odd address"
    ODD_CHOICE = "odd choice"
    TOO_MANY = "too many"


class ConfirmationKind(StrEnum):
    """What a link in a notice confirms: a subscription, another address, or coming back after leaving."""

    SUBSCRIBE = "subscribe"
    ADDRESS = "address"
    RETURN = "return"


class ConfirmationState(StrEnum):
    """Open ones wait for their button; done ones say so again when the button is pressed twice."""

    OPEN = "open"
    DONE = "done"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationView:
    """What a confirm link stands for; `address` is masked. `preferences` is a token, once it is done."""

    kind: ConfirmationKind
    state: ConfirmationState
    address: str
    language: str
    rhythm: str
    preferences: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreferencesView:
    """What a reader chose. `address` is masked; no topics means all; `paused_until` is aware UTC or None.

    `unsubscribe` is the token of the reader's unsubscribe link. With `has_private_feed` a feed stands for mail.
    """

    address: str
    state: SubscriberState
    name: str
    language: str
    rhythm: str
    topics: tuple[str, ...]
    hour: int | None
    time_zone: str
    paused_until: datetime | None
    catch_up: bool
    unsubscribe: str
    has_private_feed: bool = False
