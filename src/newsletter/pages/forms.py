"""The two forms of readers: subscribing, and the page behind the preferences link.

Comes in: what may be chosen and what is. Goes out: HTML bytes. Every label is in the frame's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.pages.frame import Frame, render_framed


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One thing to choose: the `value` that is sent, what people read, and whether it is chosen."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoicesView:
    """What both forms let a reader choose; `zones` are grouped by region. No topics: there are none to choose.

    With `is_zone_chosen` the script guesses no other.
    """

    name: str
    languages: tuple[Option, ...]
    rhythms: tuple[Option, ...]
    topics: tuple[Option, ...]
    hours: tuple[Option, ...]
    zones: tuple[tuple[str, tuple[Option, ...]], ...]
    is_zone_chosen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscribePage:
    """The sign-up form; any of the sentences may be "".

    `fault` says what is wrong with the address, `choices_fault` with a choice; `note` is a word above the form.
    """

    choices: ChoicesView
    address: str
    wording: str
    seal: str
    script: str
    fault: str = ""
    choices_fault: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreferencesPage:
    """A reader's page; `address` is masked, `paused` a sentence or "", `note` says what was just done.

    With `has_private_feed` a feed stands for mail; `feed_addresses` are (format, address) when they were just made.
    """

    choices: ChoicesView
    address: str
    action: str
    seal: str
    unsubscribe: str
    weeks: tuple[Option, ...]
    has_private_feed: bool = False
    feed_addresses: tuple[tuple[str, str], ...] = ()
    paused: str = ""
    note: str = ""
    fault: str = ""
    choices_fault: str = ""


def subscribe_page(templates: Mapping[str, str], page: SubscribePage, *, frame: Frame) -> bytes:
    """The page with the sign-up form. Raises ConfigError when the theme cannot be used."""
    return render_framed(templates, "pages/subscribe.html", {"page": page, "choices": page.choices}, frame=frame)


def preferences_page(templates: Mapping[str, str], page: PreferencesPage, *, frame: Frame) -> bytes:
    """The page behind the preferences link. Raises ConfigError when the theme cannot be used."""
    return render_framed(templates, "pages/preferences.html", {"page": page, "choices": page.choices}, frame=frame)
