"""When a schedule runs: which local date is due, and at which instant for the readers of each zone. Pure.

A run is a local date, never an instant: clocks that change, zones that differ and processes that were
down neither miss a date nor repeat one. The instant of an hour is the first one at which the local
clock of that date stands at it or past it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum, auto

from newsletter.config.settings import HourOf, ScheduleSettings
from newsletter.store.gathering import OWN_HOUR, ReadersHour
from newsletter.timetable import days, instant_of, latest_day

# (time zone, hour or OWN_HOUR, when the first of these readers joined, their number)
ZoneHours = Sequence[tuple[str, int, datetime, int]]

_EARLIEST_ZONE = timezone(timedelta(hours=14))
_LATEST_ZONE = timezone(timedelta(hours=-12))
# A date lasts 50 hours from its first zone to its last, and every hour of it may be a reader's.
LONGEST_RUN = timedelta(days=3)
# Dates whose first hours can lie in another order than the dates: a day of zones, and a day of hours.
_DATES_LOOKED_AT = 3


class Made(Enum):
    """What was done about a date: nothing yet, its run, or the owner left it out beforehand."""

    NOT_YET = auto()
    RUN = auto()
    LEFT_OUT = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class DueRun:
    """A run whose time has come: its date, and the instant of its first readers' hour (aware UTC)."""

    day: date
    first_at: datetime


def readers_hours_on(day: date, schedule: ScheduleSettings, zones: ZoneHours) -> tuple[ReadersHour, ...]:
    """The hours of one run in the order they come; a zone that skipped the date has none."""
    if schedule.hour_of is HourOf.NEWSROOM:
        at = instant_of(day, schedule.rule.at, schedule.zone)
        return () if at is None else (ReadersHour(no=1, time_zone="", hour=OWN_HOUR, at=at),)
    found = [
        (at, zone, hour)
        for zone, hour, _, _ in zones
        if (at := instant_of(day, local_time(schedule, hour), zone)) is not None
    ]
    return tuple(
        ReadersHour(no=no, time_zone=zone, hour=hour, at=at) for no, (at, zone, hour) in enumerate(sorted(found), 1)
    )


def days_of(schedule: ScheduleSettings) -> str:
    """The days of a schedule in one word, to tell whether they were changed; at most 255 characters."""
    rule = schedule.rule
    return f"{rule.weekdays} {rule.month_days} {rule.cron}"[:255]


def local_time(schedule: ScheduleSettings, hour: int) -> time:
    """The local clock time of readers who chose `hour`; OWN_HOUR is the schedule's own."""
    return schedule.rule.at if hour == OWN_HOUR else time(hour)


def first_hour(day: date, schedule: ScheduleSettings, zones: ZoneHours) -> datetime | None:
    """The instant at which a run begins: the first hour of a reader who was there before it.

    The newsroom's own hour while there are no readers; None for a date that nobody has.
    """
    joined = {(zone, hour): at for zone, hour, at, _ in zones}
    hours = readers_hours_on(day, schedule, zones)
    there = [
        one.at for one in hours if schedule.hour_of is HourOf.NEWSROOM or joined[one.time_zone, one.hour] <= one.at
    ]
    return min(there) if there else instant_of(day, schedule.rule.at, schedule.zone)


def due_run(
    schedule: ScheduleSettings,
    *,
    since: datetime,
    now: datetime,
    zones: Callable[[], ZoneHours],
    made: Callable[[date], Made] = lambda _day: Made.NOT_YET,
) -> DueRun | None:
    """The latest run whose time (less the hold) has come, or None when none has since `since`, or it was `made`.

    Only the latest: after an outage one digest brings what several would have. `zones` is asked only
    when a run that is not made may be due somewhere on earth. A `since` in the future is a clock that went back.
    """
    since = min(since, now)
    horizon = now + schedule.hold
    floor = (since - timedelta(days=2)).astimezone(UTC).date()
    day = latest_day(schedule.rule, horizon.astimezone(_EARLIEST_ZONE).date(), since=floor)
    looked: ZoneHours | None = None
    for _ in range(_DATES_LOOKED_AT):
        while day is not None and made(day) is Made.LEFT_OUT:
            day = latest_day(schedule.rule, day - timedelta(days=1), since=floor)
        if day is None or made(day) is Made.RUN or _is_over(day, since):
            return None
        looked = zones() if looked is None else looked
        at = first_hour(day, schedule, looked)
        if at is not None and at <= horizon:
            return DueRun(day=day, first_at=at) if at >= since else None
        day = latest_day(schedule.rule, day - timedelta(days=1), since=floor)
    return None


def _is_over(day: date, since: datetime) -> bool:
    """Whether `day` had ended everywhere on earth before `since`: its hours cannot lie after it."""
    return datetime.combine(day, time(), _LATEST_ZONE) + timedelta(days=1) < since


def coming_days(schedule: ScheduleSettings, *, now: datetime, known: Collection[date], limit: int) -> Iterator[date]:
    """The next dates on which it runs, as the newsroom's zone has them; those with a run in `known` are left out."""
    given = 0
    first = now.astimezone(UTC).date() - timedelta(days=1)
    for day in days(schedule.rule, first, first + timedelta(days=366 * 9)):
        at = instant_of(day, schedule.rule.at, schedule.zone)
        if at is None or at <= now or day in known:
            continue
        yield day
        given += 1
        if given == limit:
            return


def missed_days(schedule: ScheduleSettings, *, after: datetime, before: date, limit: int = 31) -> list[date]:
    """The dates between `after` and the run on `before` on which nothing ran, the latest `limit` of them."""
    floor = after.astimezone(UTC).date() + timedelta(days=1)
    found: list[date] = []
    day = latest_day(schedule.rule, before - timedelta(days=1), since=floor)
    while day is not None and len(found) < limit:
        found.append(day)
        day = latest_day(schedule.rule, day - timedelta(days=1), since=floor)
    return found[::-1]
