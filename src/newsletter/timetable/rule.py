"""On which dates a schedule runs, at one clock time, as a pure calendar without zones.

Comes in: a rule and dates. Goes out: dates. Made by `lines` and `cron`; walked by the rooms that make slots.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from newsletter.timetable.cron_days import matches_cron

# The last day of a month, whichever it is; the number is that of RFC 5545 §3.3.10 (BYMONTHDAY).
LAST_DAY = -1

# The 29th of February stays away for eight years around 2100; nothing that is accepted is rarer.
HORIZON_DAYS = 9 * 366


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """The local dates on which something happens, once on each, and the local clock time (hh:mm).

    `weekdays` counts as ISO 8601 does, from 1 for Monday to 7; `month_days` holds 1 to 31 and LAST_DAY, and
    a day that a month lacks is left out. Both empty: every day. At most one of the three is set; `cron` is a
    line whose dates neither can say.
    """

    at: time
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    cron: str = ""

    def falls_on(self, day: date) -> bool:
        """Whether `day` is one of the dates."""
        if self.cron:
            return matches_cron(self.cron, day)
        if self.month_days:
            return day.day in self.month_days or (LAST_DAY in self.month_days and day.day == _length_of_month(day))
        return not self.weekdays or day.isoweekday() in self.weekdays


def days(rule: Rule, first: date, last: date) -> Iterator[date]:
    """The dates of `rule` from `first` to `last`, both included, in order; none when `last` is earlier."""
    return _falling(rule, range(first.toordinal(), last.toordinal() + 1))


def latest_day(rule: Rule, until: date, *, since: date) -> date | None:
    """The latest date of `rule` from `since` to `until`, both included; None when there is none."""
    return next(_falling(rule, range(until.toordinal(), since.toordinal() - 1, -1)), None)


def next_day(rule: Rule, after: date) -> date | None:
    """The earliest date of `rule` after the date `after`; None when it has none in nine years."""
    last = min(after.toordinal() + HORIZON_DAYS, date.max.toordinal())
    return next(_falling(rule, range(after.toordinal() + 1, last + 1)), None)


def _falling(rule: Rule, ordinals: range) -> Iterator[date]:
    return (day for day in map(date.fromordinal, ordinals) if rule.falls_on(day))


def _length_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]
