"""Cron lines of five fields as rules.

Comes in: a line such as "0 8 * * mon". Goes out: a rule that comes at most once a day, or a sentence.
A line that a short line could say becomes the very same rule, so that both can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

from newsletter.timetable.cron_days import LAST, CronFields, cron_fields
from newsletter.timetable.lines import MAX_LINE
from newsletter.timetable.quoting import quoted
from newsletter.timetable.rule import LAST_DAY, Rule, next_day

_NICKNAMES = {
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# How cronsim names a wrong field, where it stands, and what it may hold.
_FIELDS = {
    "Bad minute": (0, "a minute", "a number from 0 to 59"),
    "Bad hour": (1, "an hour", "a number from 0 to 23"),
    "Bad day-of-month": (2, "a day of the month", "*, or numbers from 1 to 31, or L for the last"),
    "Bad month": (3, "a month", "*, or numbers from 1 to 12, or jan to dec"),
    "Bad day-of-week": (
        4,
        "a weekday",
        "*, or numbers from 0 for Sunday to 7, or sun to sat; a range goes up, as in 5-7",
    ),
}
_ORDER = "minute, hour, day of the month, month, weekday, as in 0 8 * * mon"
_EVERY_MONTH, _EVERY_DAY = frozenset(range(1, 13)), frozenset(range(1, 32))


def read_cron(text: str) -> Rule:
    """The rule of a cron line of five fields with one minute and one hour, or of @daily, @weekly, @monthly, @yearly.

    Weekdays and the last day ("L", "5L", "mon#2") mean what they mean to cron: 0 and 7 are Sunday.
    Raises ValueError with a sentence for what is no cron line, comes more than once a day, or never comes.
    """
    line = _five_fields(text)
    try:
        fields = cron_fields(line)
    except ValueError as error:
        raise ValueError(_wrong_field(text, line, str(error))) from None
    if len(fields.minutes) > 1 or len(fields.hours) > 1:
        raise ValueError(
            f"{quoted(text)} comes more than once a day. Write one minute and one hour, "
            "and a second schedule for a second time."
        )
    rule = _shortest(Rule(at=time(min(fields.hours), min(fields.minutes)), cron=line), fields)
    # Dates repeat after 28 years, so no nine years between these may be empty.
    if any(next_day(rule, date(year, 1, 1)) is None for year in range(2001, 2030)):
        raise ValueError(f"{quoted(text)} comes never, or hardly ever. Write days that every year has.")
    return rule


def _five_fields(text: str) -> str:
    fields = text[: MAX_LINE + 1].split()
    if fields[:1] and fields[0].startswith("@"):
        nickname = _NICKNAMES.get(text.strip().lower())
        if nickname is None:
            raise ValueError(
                f"{quoted(text)} names no days. Write @daily, @weekly or @monthly, or five fields: {_ORDER}."
            )
        return nickname
    if len(fields) != 5 or len(text) > MAX_LINE:
        raise ValueError(f"{quoted(text)} is not a cron line of five fields. Write {_ORDER}.")
    return " ".join(fields)


def _wrong_field(text: str, line: str, complaint: str) -> str:
    if complaint not in _FIELDS:
        return f"{quoted(text)} is not a cron line. Write {_ORDER}."
    place, name, allowed = _FIELDS[complaint]
    if name == "a day of the month" and _is_cron([*line.split()[:3], "*", line.split()[4]]):
        return f"{quoted(text)} never comes: no month in it has such a day. Write a day that it has, or L for the last."
    return f"{quoted(line.split()[place])} is not {name} in {quoted(text)}. Write {allowed}."


def _is_cron(fields: Sequence[str]) -> bool:
    try:
        cron_fields(" ".join(fields))
    except ValueError:
        return False
    return True


def _shortest(rule: Rule, fields: CronFields) -> Rule:
    """`rule` without its cron line where weekdays or days of every month alone say the same."""
    if fields.months != _EVERY_MONTH or not fields.needs_both:
        return rule
    weekdays = {each % 7 if isinstance(each, int) else None for each in fields.weekdays}
    is_any_weekday = weekdays == set(range(7))
    if fields.month_days == _EVERY_DAY and None not in weekdays:
        numbers = sorted(each or 7 for each in weekdays if each is not None)
        return Rule(at=rule.at, weekdays=() if is_any_weekday else tuple(numbers))
    if is_any_weekday and fields.month_days <= _EVERY_DAY | {LAST}:
        numbers = sorted(fields.month_days - {LAST})
        return Rule(at=rule.at, month_days=(*numbers, *([LAST_DAY] if LAST in fields.month_days else ())))
    return rule
