"""The short lines that say when a schedule runs ("mon 08:00"), and rules in words for people.

Comes in: a line of the configuration, or a rule. Goes out: a rule, or words. `cron` reads the longer way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import time

from newsletter.timetable.quoting import quoted
from newsletter.timetable.rule import LAST_DAY, Rule

MAX_LINE = 200

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NUMBERS = {word: number for number, name in enumerate(_NAMES, 1) for word in (name.lower(), name[:3].lower())}
_WORKING_DAYS = range(1, 6)
_WEEK = tuple(range(1, 8))


def read_at(text: str) -> Rule:
    """The rule of a line of days and a clock time; a clock time alone is every day.

    Days are weekdays by their English names ("mon", "mon,thu", "mon-fri", "weekdays"), or days of the month
    ("1", "1,15", "last"). Raises ValueError with a sentence that tells what to write.
    """
    words = text[: MAX_LINE + 1].lower().split()
    if len(text) > MAX_LINE or not words:
        raise ValueError(f"{quoted(text)} is no time. Write a day and a time, as in mon 08:00.")
    if ":" not in words[-1]:
        raise ValueError(f"{quoted(text)} does not end with a time. Write hours and minutes, as in mon 08:00.")
    at, written = read_clock(words[-1]), re.sub(r" ?- ?", "-", " ".join(words[:-1]))
    named = [word for word in re.split(r"[, ]+", written) if word]
    in_month = [word for word in named if word == "last" or word[0].isdecimal()]
    if in_month and len(in_month) != len(named):
        raise ValueError(f"{quoted(text)} mixes weekdays with days of the month. Write two schedules, or a cron line.")
    if in_month:
        return Rule(at=at, month_days=tuple(sorted({_month_day(word) for word in named}, key=_place_in_month)))
    weekdays = tuple(sorted({number for word in named for number in _weekdays(word)}))
    return Rule(at=at, weekdays=() if weekdays == _WEEK else weekdays)


def read_clock(text: str) -> time:
    """The clock time "08:00" or "8:00"; raises ValueError with a sentence for anything else."""
    parts = _CLOCK.fullmatch(text)
    if parts is None or int(parts[1]) > 23 or int(parts[2]) > 59:
        raise ValueError(f"there is no time {quoted(text)}. Write hours from 00 to 23 and minutes, as in 08:00.")
    return time(int(parts[1]), int(parts[2]))


def in_words(rule: Rule) -> str:
    """`rule` as one says it: "every Monday at 08:00", "on the 1st and 15th of each month at 08:00"."""
    at = f"at {rule.at:%H:%M}"
    if rule.cron:
        return f'{at} on the days of "{rule.cron}"'
    if rule.month_days:
        return f"on the {_joined([_ordinal(day) for day in rule.month_days])} of each month {at}"
    if not rule.weekdays:
        return f"every day {at}"
    first, last = rule.weekdays[0], rule.weekdays[-1]
    if len(rule.weekdays) > 2 and last - first + 1 == len(rule.weekdays):
        return f"{_NAMES[first - 1]} to {_NAMES[last - 1]} {at}"
    return f"every {_joined([_NAMES[number - 1] for number in rule.weekdays])} {at}"


def _month_day(word: str) -> int:
    if word == "last":
        return LAST_DAY
    if not word.isascii() or not word.isdecimal() or len(word) > 2 or not 1 <= int(word) <= 31:
        raise ValueError(f"no month has a day {quoted(word)}. Write numbers from 1 to 31 with commas between, or last.")
    return int(word)


def _place_in_month(day: int) -> int:
    return 32 if day == LAST_DAY else day


def _weekdays(word: str) -> Iterator[int]:
    """The weekdays that one word means; "sat-mon" goes over the end of the week."""
    if word == "weekdays":
        yield from _WORKING_DAYS
        return
    start, dash, end = word.partition("-")
    first, last = _weekday(start), _weekday(end if dash else start)
    yield from ((first - 1 + step) % 7 + 1 for step in range((last - first) % 7 + 1))


def _weekday(word: str) -> int:
    if word in _NUMBERS:
        return _NUMBERS[word]
    raise ValueError(
        f"there is no weekday {quoted(word)}. Write mon, tue, wed, thu, fri, sat, sun or weekdays; "
        "or a day of the month from 1 to 31, or last."
    )


def _ordinal(day: int) -> str:
    if day == LAST_DAY:
        return "last day"
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _joined(words: Sequence[str]) -> str:
    """Words as English lists them: "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
