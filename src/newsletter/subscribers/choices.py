"""What readers may choose, and what their words come to in this newsroom.

Comes in: texts as a person or a file wrote them. Goes out: `Settings`, or every fault at once in
sentences. Pure but for the list of time zones. Called wherever a reader is added or changed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar
from zoneinfo import available_timezones

from newsletter.errors import UsageError
from newsletter.model import RHYTHMS, Masthead

MAX_NAME_CHARACTERS = 255
MAX_WORDING_CHARACTERS = 10_000

_HOUR = re.compile(r"([01]?[0-9]|2[0-3])(:00)?")
# These mean another zone on another machine, or none.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Kept = TypeVar("Kept")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """A reader's choices as written: None leaves a choice as it is, an empty text goes back to the newsroom's."""

    name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    rhythm: str | None = None
    hour: str | None = None
    topics: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """A reader's choices as kept: a language and topics of this newsroom, an IANA zone, an hour of 0 to 23.

    No hour means the schedule's own; no topics means all of them.
    """

    name: str
    language: str
    time_zone: str
    rhythm: str
    hour: int | None
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What this newsroom offers: languages, rhythms, declared topics by every name they have, its defaults."""

    languages: tuple[str, ...]
    rhythms: tuple[str, ...]
    topics: Mapping[str, str]
    topic_slugs: tuple[str, ...]
    defaults: Settings


def offer_of(masthead: Masthead) -> Offer:
    """What `masthead` offers readers; rhythm `each` for those who say nothing.

    The usual rhythms count also where no schedule serves them yet: an owner may bring readers in first.
    A form offers less, see `refuse_unoffered`.
    """
    declared = [topic for topic in masthead.topics if topic.declared]
    names = {
        word.casefold(): topic.slug
        for topic in declared
        for word in (*topic.names.values(), *topic.aliases, topic.slug)
    }
    return Offer(
        languages=masthead.languages,
        rhythms=tuple(dict.fromkeys((*masthead.rhythms, *RHYTHMS))),
        topics=names,
        topic_slugs=tuple(topic.slug for topic in declared),
        defaults=Settings(
            name="",
            language=masthead.language,
            time_zone=masthead.time_zone,
            rhythm="each",
            hour=None,
            topics=(),
        ),
    )


def offered_rhythms(masthead: Masthead, present: str | None = None) -> tuple[str, ...]:
    """The rhythms a form lets a reader choose: those that are served, and the reader's `present` one."""
    return tuple(dict.fromkeys((*masthead.rhythms, *((present,) if present else ()))))


def refuse_unoffered(choices: Choices, masthead: Masthead, present: str | None = None) -> None:
    """Raises UsageError for a rhythm that no form offers to a reader whose `present` one this is; else does nothing."""
    offered, chosen = offered_rhythms(masthead, present), (choices.rhythm or "").strip().lower()
    if chosen and chosen not in offered:
        raise UsageError(f"rhythm: no “{_short(chosen)}” is offered. Choose one of: {', '.join(offered)}.")


def settle(choices: Choices, *, offer: Offer, present: Settings | None = None) -> Settings:
    """The settings of a reader who has `present` (the newsroom's defaults for a new one) and chooses `choices`.

    Raises UsageError with one line per choice this newsroom cannot keep.
    """
    faults: list[str] = []

    def take(text: str | None, was: Kept, default: Kept, read: Callable[[str], Kept]) -> Kept:
        if text is None:
            return was
        try:
            return read(text.strip()) if text.strip() else default
        except ValueError as fault:
            faults.append(str(fault))
            return was

    was, default = present or offer.defaults, offer.defaults
    settings = Settings(
        name=take(choices.name, was.name, "", lambda text: plain_text(text, "name", MAX_NAME_CHARACTERS)),
        language=take(choices.language, was.language, default.language, lambda text: _language(text, offer)),
        time_zone=take(choices.time_zone, was.time_zone, default.time_zone, _time_zone),
        rhythm=take(choices.rhythm, was.rhythm, default.rhythm, lambda text: _rhythm(text, offer)),
        hour=take(choices.hour, was.hour, None, _hour),
        topics=was.topics if choices.topics is None else _topics(choices.topics, offer, faults),
    )
    if faults:
        raise UsageError("\n".join(faults))
    return settings


def plain_text(text: str, field: str, max_characters: int) -> str:
    """`text` in NFC, or ValueError where it is too long or holds what no name or sentence needs.

    Line breaks would end a header, PostgreSQL takes no NUL, no encoder takes a lone surrogate, and
    direction overrides turn the words around them.
    """
    text = unicodedata.normalize("NFC", text)
    odd = None if text.isprintable() else next((letter for letter in text if _is_odd(letter)), None)
    if odd is not None:
        raise ValueError(f"{field}: the character U+{ord(odd):04X} cannot stay in it. Write it without.")
    if len(text) > max_characters:
        raise ValueError(f"{field}: it is longer than {max_characters} characters. Shorten it.")
    return text


def _is_odd(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} or letter in _DIRECTION_OVERRIDES


def _language(text: str, offer: Offer) -> str:
    tag = text.lower().replace("_", "-")
    while tag:
        if tag in offer.languages:
            return tag
        # "fr-ca" reads "fr" (RFC 4647 §3.4).
        tag = tag.rpartition("-")[0]
    raise ValueError(f"language: no articles in “{_short(text)}” here. Choose one of: {', '.join(offer.languages)}.")


def _time_zone(text: str) -> str:
    zone = _zones().get(text.casefold())
    if zone is None:
        raise ValueError(f"time_zone: there is no “{_short(text)}”. Write it like Europe/Paris.")
    return zone


@lru_cache(maxsize=1)
def _zones() -> Mapping[str, str]:
    return {zone.casefold(): zone for zone in available_timezones() - _NO_ZONES}


def _rhythm(text: str, offer: Offer) -> str:
    if text.lower() not in offer.rhythms:
        raise ValueError(f"rhythm: there is no “{_short(text)}”. Choose one of: {', '.join(offer.rhythms)}.")
    return text.lower()


def _hour(text: str) -> int | None:
    found = _HOUR.fullmatch(text)
    if found is None:
        raise ValueError(f"hour: “{_short(text)}” is not a full hour. Write 0 to 23, in the reader's own time zone.")
    return int(found[1])


def _topics(words: tuple[str, ...], offer: Offer, faults: list[str]) -> tuple[str, ...]:
    chosen = set()
    for word in filter(None, (word.strip() for word in words)):
        slug = offer.topics.get(word.casefold())
        if slug is None:
            known = ", ".join(offer.topic_slugs) or "none is declared in config.toml"
            faults.append(f"topics: there is no “{_short(word)}”. Choose among: {known}.")
        else:
            chosen.add(slug)
    return tuple(sorted(chosen))


def _short(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:40])
