"""Readers of plain values: what stands in the file or the environment becomes what the program means.

Comes in: any TOML value. Goes out: the typed value, or ValueError with the rest of a sentence that
begins with the name of the setting. `Reads` ties a reader to a field of a settings record.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from newsletter.config.secret import Secret

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

MAX_TEXT = 255
MAX_DURATION = timedelta(days=366)

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
_ZONE = re.compile(r"UTC|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+")
_DURATION = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")

Item = TypeVar("Item")
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Reads:
    """Marks a field: "what the file holds is read by this function"."""

    read: Callable[[object], object]

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> object:
        """Tell pydantic to call `read`, and nothing before or after it."""
        # Late, because a command that only shows its help must not pay 0.2 s for pydantic.
        from pydantic import PlainValidator

        return PlainValidator(self.read).__get_pydantic_core_schema__(source, handler)


def kind_of(value: object) -> str:
    """What a TOML value is, in words: "a whole number", "a list"."""
    names: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "a date")


def quoted(text: str) -> str:
    """`text` in double quotes for a message: at most 80 characters, nothing that moves a terminal."""
    shown = text if len(text) <= 80 else text[:79] + "…"
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown)
    return f'"{safe}"'


def text_up_to(limit: int) -> Callable[[object], str]:
    """A reader of one line of text: at most `limit` characters, trimmed, in Unicode's composed form (NFC)."""

    def read_line(value: object) -> str:
        text = unicodedata.normalize("NFC", _one_line(value).strip())
        if not text:
            raise ValueError("is empty. Write something, or remove the line.")
        if len(text) > limit:
            raise ValueError(f"has {len(text)} characters. Shorten it to {limit}.")
        return text

    return read_line


read_text = text_up_to(MAX_TEXT)


def read_optional_text(value: object) -> str:
    """One line of text, or nothing."""
    return "" if value == "" else read_text(value)


def read_secret(value: object) -> Secret:
    """A password, exactly as it is written, blanks and all."""
    if not _one_line(value):
        raise ValueError("is empty. Write something, or remove the line.")
    return Secret(_one_line(value))


def _one_line(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {kind_of(value)}, not text. Put it in double quotes.")
    for character in value:
        # Letters that end a header line or that XML 1.0 forbids would come back to haunt mail and feeds.
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in "\ufffe\uffff":
            raise ValueError(
                f"holds a line break or a control character (U+{ord(character):04X}). Write it on one line."
            )
    return value


def read_flag(value: object) -> bool:
    """True or false; never 1, 0 or "yes"."""
    if not isinstance(value, bool):
        raise ValueError(f"is {kind_of(value)}. Write true or false, without quotes.")
    return value


def whole_number(lowest: int, highest: int) -> Callable[[object], int]:
    """A reader of whole numbers from `lowest` to `highest`, both included."""

    def read_number(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(
                f"is {kind_of(value)}. Write a whole number from {lowest:_} to {highest:_}, without quotes."
            )
        if not lowest <= value <= highest:
            raise ValueError(f"is out of range. Write a number from {lowest:_} to {highest:_}.")
        return value

    return read_number


def one_of(choices: type[Choice]) -> Callable[[object], Choice]:
    """A reader of one word out of `choices`."""
    words = " or ".join(f'"{choice.value}"' for choice in choices)

    def read_choice(value: object) -> Choice:
        text = read_text(value)
        if text not in list(choices):
            raise ValueError(f"cannot be {quoted(text)}. Write {words}.")
        return choices(text)

    return read_choice


def list_of(read_item: Callable[[object], Item]) -> Callable[[object], tuple[Item, ...]]:
    """A reader of lists whose items `read_item` reads; a repeated item is a fault."""

    def read_list(value: object) -> tuple[Item, ...]:
        if not isinstance(value, list):
            raise ValueError(f"is {kind_of(value)}, not a list. Put it in square brackets.")
        items: list[Item] = []
        for number, entry in enumerate(value, start=1):
            try:
                item = read_item(entry)
            except ValueError as error:
                raise ValueError(f"item {number} {error}") from None
            if item in items:
                raise ValueError(f"names {quoted(str(item))} twice. Remove one.")
            items.append(item)
        return tuple(items)

    return read_list


def table_of(
    read_key: Callable[[object], str], read_item: Callable[[object], Item]
) -> Callable[[object], Mapping[str, Item]]:
    """A reader of small tables, such as `{ en = "Culture", fr = "Culture" }`."""

    def read_table(value: object) -> Mapping[str, Item]:
        if not isinstance(value, dict):
            raise ValueError(f"is {kind_of(value)}, not a table. Put it in curly brackets, as {{ en = … }}.")
        table: dict[str, Item] = {}
        for written, entry in value.items():
            try:
                key, item = read_key(written), read_item(entry)
            except ValueError as error:
                raise ValueError(f"at {quoted(written)}: {error}") from None
            if key in table:
                raise ValueError(f"names {quoted(key)} twice. Remove one.")
            table[key] = item
        return table

    return read_table


def read_slug(value: object) -> str:
    """Lower-case letters, digits and single hyphens: "harbour-post"."""
    text = read_text(value)
    if not _SLUG.fullmatch(text) or len(text) > 63:
        raise ValueError(
            f"{quoted(text)} is not a slug. Use at most 63 letters a-z, digits and single hyphens, as in harbour-post."
        )
    return text


def read_language(value: object) -> str:
    """A language tag (RFC 5646) in lower case: "en", "fr-ca"."""
    text = read_text(value).lower()
    if not _LANGUAGE.fullmatch(text) or len(text) > 35:
        raise ValueError(f"{quoted(text)} is not a language tag. Write a tag such as en, fr, ar or pt-br.")
    return text


def read_time_zone(value: object) -> str:
    """A name of the IANA time zone database: "Europe/Paris", "UTC"."""
    text = read_text(value)
    try:
        # The database also holds folders and machine-dependent names such as "localtime".
        is_known = bool(_ZONE.fullmatch(text)) and ZoneInfo(text) is not None
    except (KeyError, ValueError, OSError):
        is_known = False
    if not is_known:
        raise ValueError(f"there is no time zone {quoted(text)}. Write Region/City, such as Europe/Paris, or UTC.")
    return text


def read_duration(value: object) -> timedelta:
    """A stretch of time, written "6h", "1h30m", "45s", "2d"; at most a year."""
    if not isinstance(value, str):
        raise ValueError(f'is {kind_of(value)}. Write a number and a unit in quotes: "6h", "30m" or "0s".')
    text = value.strip()
    parts = _DURATION.fullmatch(text) if len(text) <= 40 else None
    if not text or parts is None:
        raise ValueError(f'{quoted(value)} is not a duration. Write numbers and units: "6h", "1h30m", "2d" or "0s".')
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    # Compared as whole seconds: timedelta itself overflows at a billion days.
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total > MAX_DURATION.total_seconds():
        raise ValueError(f"{quoted(value)} is longer than a year. Write a shorter time.")
    return timedelta(seconds=total)


def read_timeout(value: object) -> timedelta:
    """A duration of at least a second: a socket takes 0 for "do not wait at all"."""
    duration = read_duration(value)
    if duration < timedelta(seconds=1):
        raise ValueError("is no time at all. Write 1s or more.")
    return duration


def write_duration(duration: timedelta) -> str:
    """`duration` as `read_duration` takes it, in whole seconds: "6h", "1h30m", "0s"."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
