"""Readers of how fast mail may go out: "14/second", "08:00-20:00", the day a warm-up begins.

Comes in: any TOML value. Goes out: the typed value, or ValueError with the rest of a sentence that
begins with the name of the setting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from newsletter.config.values import kind_of, quoted, read_text

UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
MAX_COUNT = 1_000_000_000

_LIMIT = re.compile(r"([0-9]{1,10}) ?/ ?([a-z]{3,6})")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most `count` messages in any stretch of time as long as `per`."""

    count: int
    per: timedelta

    def __str__(self) -> str:
        """The limit as the file holds it: "14/second"."""
        return f"{self.count}/{next(unit for unit, length in UNITS.items() if length == self.per)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """When mail may leave: from `start` to before `end` on the newsroom's clock, perhaps across midnight."""

    start: time
    end: time

    def __str__(self) -> str:
        """The hours as the file holds them: "08:00-20:00"."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Percent:
    """A part of a whole: `share` lies between 0 and 1."""

    share: float

    def __str__(self) -> str:
        """The part as the file holds it: "0.5%"."""
        return f"{self.share * 100:g}%"


def read_limit(value: object) -> Limit:
    """A number of messages for each second, minute, hour or day: "14/second"."""
    if not isinstance(value, str):
        raise ValueError(f'is {kind_of(value)}. Write a number and a unit in quotes: "14/second".')
    parts = _LIMIT.fullmatch(value.strip())
    if parts is None or parts[2] not in UNITS:
        raise ValueError(f'{quoted(value)} is not a limit. Write a number and a unit: "14/second", "50000/day".')
    count = int(parts[1])
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(f"{quoted(value)} is out of range. Write a number from 1 to {MAX_COUNT:_}.")
    return Limit(count=count, per=UNITS[parts[2]])


def read_hours(value: object) -> Hours:
    """Two clock times with a hyphen between: "08:00-20:00", or "20:00-06:00" across midnight."""
    text = read_text(value)
    start, hyphen, end = text.partition("-")
    clocks = [_CLOCK.fullmatch(part.strip()) for part in (start, end)]
    if not hyphen or clocks[0] is None or clocks[1] is None:
        raise ValueError(f'{quoted(text)} are no hours. Write two clock times: "08:00-20:00".')
    first, last = (time(int(clock[1]), int(clock[2])) for clock in clocks if clock)
    if first == last:
        raise ValueError(f"{quoted(text)} is no time at all. Write two times, or remove the line for the whole day.")
    return Hours(start=first, end=last)


def read_day(value: object) -> date:
    """A day, as TOML writes it: 2026-11-24, with or without quotes."""
    if isinstance(value, datetime) or not isinstance(value, date | str):
        what = "a date with a time" if isinstance(value, datetime) else kind_of(value)
        raise ValueError(f"is {what}. Write a day: 2026-11-24.")
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"{quoted(value)} is not a day. Write it as YYYY-MM-DD, as in 2026-11-24.") from None


def read_percent(value: object) -> Percent:
    """A part of a whole: "1%" or "0.5%"."""
    parts = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is None or float(parts[1]) > 100:
        shown = quoted(value) if isinstance(value, str) else kind_of(value)
        raise ValueError(f'is {shown}, which is no percentage. Write one in quotes, such as "1%".')
    return Percent(share=float(parts[1]) / 100)
