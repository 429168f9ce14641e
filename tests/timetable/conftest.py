"""An independent way to the instant of a local label: from where a zone's offset changes, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

# No zone has changed its clocks twice within four hours.
STEP = timedelta(hours=4)

# From when to when a clock stands at UTC plus the offset.
Stretch = tuple[datetime, datetime, timedelta]


def offset_at(moment: datetime, place: ZoneInfo) -> timedelta:
    offset = moment.astimezone(place).utcoffset()
    assert offset is not None
    return offset


@cache
def stretches(zone: str, year: int) -> tuple[Stretch, ...]:
    """Every stretch between two changes of the clocks of `zone` in and around `year`, to the second."""
    place = ZoneInfo(zone)
    begin, last = datetime(year - 1, 12, 25, tzinfo=UTC), datetime(year + 1, 1, 8, tzinfo=UTC)
    starts, moment = [begin], begin
    while moment < last:
        if offset_at(moment + STEP, place) != offset_at(starts[-1], place):
            low, high = moment, moment + STEP
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                has_changed = offset_at(middle, place) != offset_at(starts[-1], place)
                low, high = (low, middle) if has_changed else (middle, high)
            starts.append(high)
        moment += STEP
    return tuple((start, end, offset_at(start, place)) for start, end in zip(starts, [*starts[1:], last], strict=True))


@pytest.fixture(scope="session")
def first_instant() -> Callable[[date, time, str], datetime | None]:
    """The earliest instant at which the local date is the one wanted and the clock is at or past the time."""

    def by_trying_each_stretch(day: date, at: time, zone: str) -> datetime | None:
        # Local clocks are written as if they stood at UTC.
        wanted = datetime.combine(day, at, tzinfo=UTC)
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
        for start, end, offset in stretches(zone, day.year):
            found = max(start, wanted - offset)
            if found < end and found + offset < midnight:
                return found
        return None

    return by_trying_each_stretch
