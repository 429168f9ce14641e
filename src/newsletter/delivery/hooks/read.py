"""One event of a provider in our own words, and how foreign JSON is read without surprises.

Everything in a body is foreign, also once it is proven to come from the provider: most of it repeats what some
mail server said. It is cut to length and made printable.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.hooks.errors import HookRefused
from newsletter.delivery.transports.wire import MAX_REPLY, printable

MAX_BODY = 1_000_000
MAX_EVENTS = 1_000
MAX_KEY = 64
_MAX_ADDRESS = 254
# Clocks differ; beyond that a moment in the future proves that somebody plays with it.
_AHEAD = timedelta(minutes=15)
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_TOKEN = re.compile(r"[a-z0-9_-]{1,62}")


@dataclass(frozen=True, kw_only=True, slots=True)
class HookEvent:
    """One event of a provider, proven to be its own.

    `key` is the provider's own id of the event behind its name, hashed where it would be longer than 64 characters:
    an event told twice has the same. `weight` is SOFT for all but bounces. `bounce_token` is what stood behind `b+`
    in the envelope's sender, where the provider tells it; not verified, else "". `at` is aware UTC, never future.
    """

    key: str
    kind: ReportKind
    address: str
    weight: Weight
    status: str
    diagnostic: str
    bounce_token: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class HookReading:
    """What a proven report says: its events in order, or the address that has to be fetched to confirm the hook."""

    events: tuple[HookEvent, ...] = ()
    confirm_url: str = ""


def refuse_oversized(body: bytes) -> None:
    """Nothing for a body of at most 1 MB; raises HookRefused for more. To be called before any arithmetic."""
    if len(body) > MAX_BODY:
        raise HookRefused("The report is larger than 1 MB. It was not read.")


def read_json(text: bytes | str) -> object:
    """The JSON value in UTF-8 `text`. Raises HookRefused for anything else."""
    try:
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
        found: object = json.loads(plain, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise HookRefused("The report is not JSON. It was not read.") from error
    return found


def read_object(text: bytes | str) -> Mapping[str, object]:
    """The JSON object in `text`. Raises HookRefused for anything else."""
    found = read_json(text)
    if not isinstance(found, dict):
        raise HookRefused("The report is no JSON object. It was not read.")
    return found


def objects_in(value: object) -> list[Mapping[str, object]]:
    """The objects in a list; all else is passed over. Raises HookRefused for more than 1,000 entries."""
    if not isinstance(value, list):
        return []
    if len(value) > MAX_EVENTS:
        raise HookRefused("The report has more than 1,000 events. It was not read.")
    return [each for each in value if isinstance(each, dict)]


def object_in(holder: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The object of that name, empty when there is none."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def text_in(holder: Mapping[str, object], name: str) -> str:
    """The text of that name, or the digits of a whole number; printable, at most 1,000 characters, else ""."""
    value = holder.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        # Python writes no number of more than 4,300 digits; no id has more than 20.
        return str(value) if abs(value) < 10**20 else ""
    return printable(" ".join(value.split()))[:MAX_REPLY] if isinstance(value, str) else ""


def address_in(holder: Mapping[str, object], name: str) -> str:
    """The bare address of that name; "" for what is none."""
    text = text_in(holder, name)
    if text.endswith(">"):
        text = text.rpartition("<")[2].rstrip(">")
    local, _, domain = text.rpartition("@")
    return text if local and domain and len(text) <= _MAX_ADDRESS and " " not in text else ""


def status_in(holder: Mapping[str, object], name: str) -> str:
    """The RFC 3463 status of that name; "" for what is none."""
    text = text_in(holder, name)
    return text if _STATUS.fullmatch(text) else ""


def token_from(text: str) -> str:
    """The token in an envelope's sender (`b+TOKEN@…`), or in what a transport of ours had given to the provider."""
    local = text.rpartition("@")[0].lower()
    token = local.removeprefix("b+") if local.startswith("b+") else "" if "@" in text else text.lower()
    return token if _TOKEN.fullmatch(token) else ""


def key_of(provider: str, *parts: str) -> str:
    """The key of an event, from the parts that tell it from all others of the provider."""
    plain = f"{provider}:{':'.join(parts)}"
    if len(plain) <= MAX_KEY and plain.isascii():
        return plain
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
    return f"{provider}:{digest}"[:MAX_KEY]


def moment_of(value: object, *, now: datetime) -> datetime:
    """The moment that a number of seconds or an ISO date means (aware UTC); `now` for what is none, or is future."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            # Without a zone it may be anybody's hour.
            found = found.astimezone(UTC) if found.tzinfo else now
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        else:
            return now
    except (ValueError, OverflowError, OSError):
        return now
    return min(found, now)


def refuse_stale(written: str, *, now: datetime, within: timedelta) -> None:
    """Nothing for a moment (seconds or ISO date) that is at most so long ago; raises HookRefused for all others."""
    try:
        at = datetime.fromtimestamp(int(written), UTC) if written.isdecimal() else datetime.fromisoformat(written)
        age = now - at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError, OSError) as error:
        raise HookRefused("The report does not say when it was signed. It was not read.") from error
    if age is None or not -_AHEAD <= age <= within:
        raise HookRefused(
            "The report was signed too long ago, or in the future. It was not read. "
            "If many are refused, set the clock of this machine."
        )


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is no JSON")
