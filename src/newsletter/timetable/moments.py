"""Moments that a person writes: "2026-12-01 08:00", with or without an offset or a zone.

Comes in: one argument of a command. Goes out: an aware UTC instant, or a sentence. Where a schedule takes
the nearest sensible instant, a person is asked: they can answer.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from newsletter.timetable.instants import end_of_gap, local
from newsletter.timetable.quoting import quoted

_MOMENT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:(?:[Tt]| +)(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?: *(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?"
    r"(?: +(?P<zone>[^ ]+))?)?"
)
_ZONE = re.compile(r"UTC|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+")
_WRITE = "Write a date and a time, as in 2026-12-01 08:00."


def read_moment(text: str, *, zone: str) -> datetime:
    """The moment that `text` names, in aware UTC; on the clock of `zone` where it names neither offset nor zone.

    Raises ValueError with a sentence for what is no date and time, for a time that the clocks leave out, and
    for one that comes twice.
    """
    parts = _MOMENT.fullmatch(text.strip()) if len(text) <= 100 else None
    if parts is None:
        raise ValueError(f"{quoted(text)} is no moment. {_WRITE}")
    if parts["clock"] is None:
        raise ValueError(f"{quoted(text)} has no time. Write it as well: {parts['day']} 08:00.")
    wanted = datetime.combine(_day(parts["day"]), _clock(parts["clock"]))
    if parts["offset"] and parts["zone"]:
        raise ValueError(f"{quoted(text)} has both an offset and a time zone. Write one of them.")
    try:
        if parts["offset"]:
            return wanted.replace(tzinfo=_offset(parts["offset"])).astimezone(UTC)
        return _only_instant(wanted, _place(parts["zone"] or zone))
    except OverflowError:
        raise ValueError(f"{quoted(text)} is too far away. {_WRITE}") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}. Write year, month and day, as in 2026-12-01.") from None


def _clock(text: str) -> time:
    hours, minutes, seconds = (int(part) for part in f"{text}:0".split(":")[:3])
    try:
        return time(hours, minutes, seconds)
    except ValueError:
        raise ValueError(f"there is no time {text}. Write hours from 00 to 23 and minutes, as in 08:00.") from None


def _offset(text: str) -> timezone:
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"there is no offset {text}. Write hours and minutes, as in +01:00.")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if text[0] == "-" else size)


def _place(name: str) -> ZoneInfo:
    try:
        # The database also holds folders and machine-dependent names such as "localtime".
        found = ZoneInfo(name) if _ZONE.fullmatch(name) else None
    except (KeyError, ValueError, OSError):
        found = None
    if found is None:
        raise ValueError(f"there is no time zone {quoted(name)}. Write Region/City, such as Europe/Paris, or UTC.")
    return found


def _only_instant(wanted: datetime, place: ZoneInfo) -> datetime:
    """The one instant at which the clocks of `place` show `wanted`."""
    first, second = (wanted.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if local(first.astimezone(UTC), place) != wanted:
        raise ValueError(_gap_sentence(wanted, place))
    if first.utcoffset() != second.utcoffset():
        shown = f"{wanted:%Y-%m-%d} {_short(wanted)}"
        ways = " or ".join(f"{shown}{each.isoformat()[19:]}" for each in (first, second))
        raise ValueError(f"{_short(wanted)} comes twice on {wanted:%Y-%m-%d} in {place.key}. Write {ways}.")
    return first.astimezone(UTC)


def _gap_sentence(wanted: datetime, place: ZoneInfo) -> str:
    end = end_of_gap(wanted, place)
    after = local(end, place)
    # The second before the change, and one more on the same clock: what it would have shown.
    before = local(end - timedelta(seconds=1), place) + timedelta(seconds=1)
    is_same_day = before.date() == wanted.date() == after.date()
    shown = [_short(each) if is_same_day else f"{each:%Y-%m-%d} {_short(each)}" for each in (before, after)]
    return (
        f"there is no {_short(wanted)} on {wanted:%Y-%m-%d} in {place.key}: "
        f"the clocks go from {shown[0]} to {shown[1]}. Write {shown[1]}."
    )


def _short(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
