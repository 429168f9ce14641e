"""The dates of a cron line, asked of cronsim, which is met here alone.

Comes in: five fields. Goes out: whether a date is among them, and which numbers each field stands for.
cronsim keeps the rules of Debian's cron, by which most people know them. It is asked for dates only and
never sees a zone: a library's own idea of the days when the clocks change must not decide a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from cronsim import CronSim, CronSimError

# cronsim begins somewhere; dates do not depend on it.
_SOMEWHEN = datetime(2000, 1, 1)  # noqa: DTZ001 - a calendar has no zone

# cronsim's number for "L" in the field of the day of the month.
LAST = CronSim.LAST


@dataclass(frozen=True, kw_only=True, slots=True)
class CronFields:
    """The numbers that a line stands for; `weekdays` counts from 0 or 7 for Sunday, "2nd Monday" is (1, 2).

    `needs_both` is whether a date must fit the day of the month and the weekday, not only one of them.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    month_days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int | tuple[int, int]]
    needs_both: bool


def cron_fields(line: str) -> CronFields:
    """The numbers of the five fields of `line`; raises ValueError with cronsim's name for the first wrong one."""
    try:
        found = _calendar(line)
    except CronSimError as error:
        raise ValueError(str(error)) from error
    return CronFields(
        minutes=frozenset(found.minutes),
        hours=frozenset(found.hours),
        month_days=frozenset(found.days),
        months=frozenset(found.months),
        weekdays=frozenset(found.weekdays),
        needs_both=found.day_and,
    )


def matches_cron(line: str, day: date) -> bool:
    """Whether the good `line` has `day` among its dates; its minute and hour do not count."""
    found = _calendar(line)
    return day.month in found.months and found.match_day(day)


@lru_cache(maxsize=128)
def _calendar(line: str) -> CronSim:
    # Reading a line takes as long as asking it for twenty days.
    return CronSim(line, _SOMEWHEN)
