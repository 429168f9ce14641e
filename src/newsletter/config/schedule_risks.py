"""What a person should know of the schedules, though it stops nothing.

Comes in: the schedules of a newsroom, with nothing left open. Goes out: sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from newsletter.config.schedules import HourOf, ScheduleSettings
from newsletter.config.values import write_duration
from newsletter.timetable import Rule, days, in_words

# Whole weeks, whole months, whole years, and a 29th of February: from a Monday to a Sunday.
_FIRST, _LAST = date(2018, 1, 1), date(2023, 12, 31)

# What one digest of the name should be in: a day, a week of ISO 8601, a month.
_PERIODS: Mapping[str, Callable[[date], object]] = {
    "daily": lambda day: day,
    "weekly": lambda day: day.isocalendar()[:2],
    "monthly": lambda day: (day.year, day.month),
}


def schedule_risks(schedules: Mapping[str, ScheduleSettings], usual_grace: timedelta) -> Iterator[str]:
    """A sentence for each schedule that is probably not meant so; `usual_grace` is that of `email.grace`."""
    for schedule in schedules.values():
        yield from _misnamed(schedule)
    yield from _short_graces(schedules, usual_grace)
    yield from _copies(schedules)


def _misnamed(schedule: ScheduleSettings) -> Iterator[str]:
    """A warning where readers who choose daily, weekly or monthly would not get that."""
    period = _PERIODS.get(schedule.name)
    if period is None:
        return
    every = {period(day) for day in days(Rule(at=schedule.rule.at), _FIRST, _LAST)}
    found = [period(day) for day in days(schedule.rule, _FIRST, _LAST)]
    if len(found) != len(every) or set(found) != every:
        key = f"schedules.{schedule.name}"
        yield f"{key}: it comes {in_words(schedule.rule)}, but readers choose it as {schedule.name}. Change its name."


def _short_graces(schedules: Mapping[str, ScheduleSettings], usual_grace: timedelta) -> Iterator[str]:
    """A warning for each place that says a grace within which no machine can be relied on to be in time."""
    short = {
        "email.grace" if schedule.grace == usual_grace else f"schedules.{schedule.name}.grace": schedule.grace
        for schedule in schedules.values()
        if schedule.grace < timedelta(minutes=1)
    }
    for key, grace in short.items():
        yield f"{key}: after {write_duration(grace)} a digest is late and is held for you. Write 1m or more."


def _copies(schedules: Mapping[str, ScheduleSettings]) -> Iterator[str]:
    """A warning for schedules that would mail the same articles at the same time."""
    groups: dict[object, list[str]] = {}
    for schedule in schedules.values():
        clock = schedule.zone if schedule.hour_of is HourOf.NEWSROOM else None
        sort = (_dates(schedule.rule), clock, frozenset(schedule.topics), schedule.language)
        groups.setdefault(sort, []).append(f"schedules.{schedule.name}")
    for *others, last in groups.values():
        if others:
            yield f"{', '.join(others)} and {last} run at the same time with the same articles: is one a copy?"


def _dates(rule: Rule) -> object:
    """Something that is equal for rules of the same days and time, however they are written."""
    return (rule.at, tuple(days(rule, _FIRST, _LAST))) if rule.cron else rule
