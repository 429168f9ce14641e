"""The places in an edition where each reader's own values go.

A placeholder is letters and digits of a fixed length, because only those pass libxml2 and premailer
unchanged in text and attributes alike. It is made from a seed and checked absent from the edition.
The finished text is cut at its placeholders once; how a value is escaped there is decided at the cut.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from newsletter.mail.errors import MessageError

NAMES = ("TOKEN", "ADDRESS", "NAME", "PREFERENCES")
LENGTH = 20


class Context(StrEnum):
    """Where a value stands, and so what must be escaped in it."""

    TEXT = "text"  # between tags
    ATTRIBUTE = "attribute"  # a quoted attribute that people read
    URL = "url"  # a part of a link
    PLAIN = "plain"  # the text part


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One value in one context: everything its octets depend on besides the reader."""

    name: str
    context: Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A text cut at its placeholders: one more literal than there are slots, in order."""

    literals: tuple[str, ...]
    slots: tuple[Slot, ...]


def mint_placeholders(seed: bytes, texts: Iterable[str]) -> Mapping[str, str]:
    """A placeholder for each of `NAMES`, the same for the same `seed`, in none of `texts`."""
    whole = "\n".join(texts).upper()
    minted = {}
    for name in NAMES:
        turn = 0
        while (candidate := _candidate(seed, name, turn)) in whole:
            turn += 1
        minted[name] = candidate
    return minted


def cut_text(text: str, placeholders: Mapping[str, str]) -> Cut:
    """The text part cut at its placeholders; every value there is plain text."""
    literals, slots = [], []
    at = 0
    for name, start, end in _places(text, placeholders):
        literals.append(text[at:start])
        slots.append(Slot(name=name, context=Context.PLAIN))
        at = end
    return Cut(literals=(*literals, text[at:]), slots=tuple(slots))


def cut_html(page: str, placeholders: Mapping[str, str]) -> Cut:
    """The HTML part cut at its placeholders, each with the context it stands in.

    Raises MessageError for a placeholder where no escaping is safe: in a comment, a style or
    script, a tag's or attribute's name, a style attribute, or at the beginning of a URL.
    """
    literals, slots = [], []
    at = 0
    marks = _marks(page)
    for name, start, end in _places(page, placeholders):
        mark = next((mark for mark in marks if mark.start < end <= mark.end), None)
        literals.append(page[at:start])
        slots.append(Slot(name=name, context=_context_in(page, mark, start, end) if mark else Context.TEXT))
        at = end
    return Cut(literals=(*literals, page[at:]), slots=tuple(slots))


def escape_value(value: str, context: Context, *, isolate: bool = False) -> str:
    """`value` as it may stand in `context`; `isolate` wraps it against the text direction around it."""
    if context is Context.PLAIN:
        return value
    if context is Context.URL:
        return quote(value, safe="")
    escaped = html.escape(value)
    return f"<bdi>{escaped}</bdi>" if isolate and context is Context.TEXT else escaped


def _candidate(seed: bytes, name: str, turn: int) -> str:
    digest = hashlib.sha256(seed + f"|{name}|{turn}".encode()).hexdigest().upper()
    return "P" + digest[: LENGTH - 1]


def _places(text: str, placeholders: Mapping[str, str]) -> list[tuple[str, int, int]]:
    names = {placeholder: name for name, placeholder in placeholders.items()}
    if not names:
        return []
    pattern = re.compile("|".join(map(re.escape, names)))
    return [(names[found.group()], *found.span()) for found in pattern.finditer(text)]


# Everything that is not text: comments with what they hold, elements whose content is not markup,
# and tags with their quoted attributes.
_MARK = re.compile(
    r"<!--.*?-->"
    r"|<(?P<raw>style|script|title|textarea|xmp|iframe|noscript|noembed|noframes)\b[^>]*>.*?</(?P=raw)\s*>"
    r"|<[!/?a-z](?:[^\"'>]|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL | re.IGNORECASE,
)
_MARK_START = re.compile(r"<[!/?a-zA-Z]")
_ATTRIBUTE = re.compile(r"[\s\"']([^\s=/>\"']+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_READABLE = frozenset({"alt", "title", "aria-label"})
_LINKS = frozenset({"href", "src"})
_LINK_START = re.compile(r"https?://[^/?#\s]+[/?#]|mailto:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """A stretch of the page that is not text; `is_tag` is false for comments and raw elements."""

    start: int
    end: int
    is_tag: bool


def _marks(page: str) -> list[_Mark]:
    marks = []
    at = 0
    while start := _MARK_START.search(page, at):
        found = _MARK.match(page, start.start())
        if found is None:
            raise MessageError("The HTML holds a tag or comment that never ends. Mend the theme in templates/email/.")
        is_tag = found.group("raw") is None and page[found.start() + 1].isalpha()
        marks.append(_Mark(start=found.start(), end=found.end(), is_tag=is_tag))
        at = found.end()
    return marks


def _context_in(page: str, mark: _Mark, start: int, end: int) -> Context:
    if mark.is_tag:
        for attribute in _ATTRIBUTE.finditer(page, mark.start, mark.end):
            value_start, value_end = attribute.span(2)
            if value_start < start and end < value_end:
                name = attribute.group(1).lower()
                if name in _READABLE:
                    return Context.ATTRIBUTE
                if name in _LINKS and _LINK_START.match(page[value_start + 1 : start]):
                    return Context.URL
                break
    raise MessageError(
        "A reader's value stands where it cannot be made safe: in a comment, a style, a tag, or at the start "
        "of a link. Move the placeholder into text, a link's path, or an alt text in templates/email/."
    )
