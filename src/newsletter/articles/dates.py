"""An author's date to an aware UTC instant, or a sentence that says why it is none."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]\s*(.+))?$", re.ASCII)
_HOUR = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?$", re.ASCII)
_ADVICE = "Write it as YYYY-MM-DD, or YYYY-MM-DD HH:MM."
_SHORT_ADVICE = "Write it as YYYY-MM-DD."
# Outside these years a date is a slip of the pen, and UTC conversion may overflow.
_YEARS = range(1900, 2200)
# calendar.month_name follows the locale of the process; sentences for authors are English.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class NotADateError(ValueError):
    """The text names no instant; the message is the sentence for the author."""


def is_date_like(text: str) -> bool:
    """Whether `text` has the shape of a date, however impossible."""
    return _DAY.match(text) is not None


def parse_date(text: str, *, zone: tzinfo) -> datetime:
    """The instant `text` names, aware UTC; one without a zone of its own is taken in `zone`.

    An ISO 8601 date (its midnight) or date and hour. Raises NotADateError with a sentence.
    """
    match = _DAY.match(text.strip())
    if match is None:
        raise NotADateError(f'"{_short(text)}" is not a date. {_ADVICE}')
    year, month, day = (int(part) for part in match.groups()[:3])
    _check_day(year, month, day, text)
    hour, minute, second, own_zone = _hour(match[4], text)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=own_zone or zone)
    return moment.astimezone(UTC)


def _check_day(year: int, month: int, day: int, text: str) -> None:
    if year not in _YEARS:
        raise NotADateError(f'the year {year:04} in "{_short(text)}" is not between 1900 and 2199. {_SHORT_ADVICE}')
    if not 1 <= month <= 12:
        raise NotADateError(f'there is no month {month} in "{_short(text)}". {_SHORT_ADVICE}')
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        raise NotADateError(f"there is no day {day} in {_MONTHS[month - 1]} {year}. {_SHORT_ADVICE}")


def _hour(text: str | None, whole: str) -> tuple[int, int, int, tzinfo | None]:
    if text is None:
        return 0, 0, 0, None
    match = _HOUR.match(text.strip())
    if match is None:
        raise NotADateError(f'"{_short(whole)}" is not a date with an hour. {_ADVICE}')
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:
        raise NotADateError(f'there is no hour {match[0].split()[0]} in "{_short(whole)}". {_ADVICE}')
    return hour, minute, second, _offset(match[4], whole)


def _offset(text: str | None, whole: str) -> tzinfo | None:
    if not text:
        return None
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 14 or minutes > 59:
        raise NotADateError(f'there is no zone {text} in "{_short(whole)}". Write it as Z or +02:00.')
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
