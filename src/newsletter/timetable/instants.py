"""Which instant a local date and clock time are in a zone, on the days when the clocks change too.

Comes in: a date, a clock time, the IANA name of a zone. Goes out: an aware UTC instant. Every zone's own
rules are those of zoneinfo; nothing is reckoned from offsets by hand.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant_of(day: date, at: time, zone: str) -> datetime | None:
    """The first instant whose local date in `zone` is `day` and whose local clock is at or past `at`, in aware UTC.

    Of a time that comes twice, when the clocks go back, the first. Of a time that is left out, when they go
    forward, the end of the gap. None where that end lies on a later date: the zone left out the rest of the
    day (America/Nuuk 2024-03-30 from 23:00) or all of it (Pacific/Apia 2011-12-30). For one clock
    time, later dates have later instants. `zone` is a good name; zoneinfo's own error otherwise.
    """
    place, wanted = ZoneInfo(zone), datetime.combine(day, at)
    # Before a change (fold 0) and after it (fold 1); the same on all other days. PEP 495.
    first = wanted.replace(tzinfo=place, fold=0).astimezone(UTC)
    if local(first, place) == wanted:
        return first
    end = end_of_gap(wanted, place)
    return end if local(end, place).date() == day else None


def in_zone(moment: datetime, zone: str) -> datetime:
    """`moment` as the clocks of `zone` show it."""
    return moment.astimezone(ZoneInfo(zone))


def local(moment: datetime, place: ZoneInfo) -> datetime:
    """What a clock at `place` shows at `moment`, without a zone."""
    return moment.astimezone(place).replace(tzinfo=None, fold=0)


def end_of_gap(missing: datetime, place: ZoneInfo) -> datetime:
    """The instant at which the clocks of `place` go past `missing`, a local time that they leave out."""
    # In a gap the offset of after it (fold 1) gives an instant before the change, the other one after it.
    before = missing.replace(tzinfo=place, fold=1).astimezone(UTC)
    after = missing.replace(tzinfo=place, fold=0).astimezone(UTC)
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if local(middle, place) < missing:
            before = middle
        else:
            after = middle
    return after
