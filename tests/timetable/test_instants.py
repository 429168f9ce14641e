"""The instant of a local date and clock time, in every zone, on the nights when the clocks change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.timetable import in_zone, instant_of

First = Callable[[date, time, str], datetime | None]

# "localtime" and "posixrules" are whatever a machine makes of them; right/ counts leap seconds.
ZONES = sorted(
    zone for zone in available_timezones() if zone not in ("localtime", "posixrules") and "right/" not in zone
)
EIGHT_TIMES = [time(0, 0), time(1, 30), time(2, 0), time(2, 30), time(3, 0), time(8, 0), time(12, 0), time(23, 30)]

zones = st.sampled_from(ZONES)
dates = st.dates(date(2000, 1, 2), date(2037, 12, 30))
times = st.times(timezones=st.none()).map(lambda clock: clock.replace(second=0, microsecond=0))

# Local label, and its instant in UTC, reckoned by hand from the zone's own law.
NIGHTS = {
    "Europe/Berlin": [
        # 2026-03-29: at 01:00 UTC from 02:00 to 03:00.
        ("2026-03-29 00:00", "2026-03-28 23:00"),
        ("2026-03-29 01:59", "2026-03-29 00:59"),
        ("2026-03-29 02:00", "2026-03-29 01:00"),
        ("2026-03-29 02:30", "2026-03-29 01:00"),
        ("2026-03-29 03:00", "2026-03-29 01:00"),
        ("2026-03-29 08:00", "2026-03-29 06:00"),
        # 2026-10-25: at 01:00 UTC from 03:00 to 02:00.
        ("2026-10-25 00:00", "2026-10-24 22:00"),
        ("2026-10-25 01:59", "2026-10-24 23:59"),
        ("2026-10-25 02:00", "2026-10-25 00:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),
        ("2026-10-25 03:00", "2026-10-25 02:00"),
        ("2026-10-25 08:00", "2026-10-25 07:00"),
    ],
    "America/New_York": [
        # 2026-03-08: at 07:00 UTC from 02:00 to 03:00.
        ("2026-03-08 00:00", "2026-03-08 05:00"),
        ("2026-03-08 01:59", "2026-03-08 06:59"),
        ("2026-03-08 02:00", "2026-03-08 07:00"),
        ("2026-03-08 02:30", "2026-03-08 07:00"),
        ("2026-03-08 03:00", "2026-03-08 07:00"),
        ("2026-03-08 08:00", "2026-03-08 12:00"),
        # 2026-11-01: at 06:00 UTC from 02:00 to 01:00.
        ("2026-11-01 00:00", "2026-11-01 04:00"),
        ("2026-11-01 00:59", "2026-11-01 04:59"),
        ("2026-11-01 01:00", "2026-11-01 05:00"),
        ("2026-11-01 01:30", "2026-11-01 05:30"),
        ("2026-11-01 02:00", "2026-11-01 07:00"),
        ("2026-11-01 08:00", "2026-11-01 13:00"),
    ],
    "Australia/Lord_Howe": [
        # 2026-10-04: at 15:30 UTC of the day before from 02:00 to 02:30, half an hour.
        ("2026-10-04 00:00", "2026-10-03 13:30"),
        ("2026-10-04 01:59", "2026-10-03 15:29"),
        ("2026-10-04 02:00", "2026-10-03 15:30"),
        ("2026-10-04 02:15", "2026-10-03 15:30"),
        ("2026-10-04 02:30", "2026-10-03 15:30"),
        ("2026-10-04 08:00", "2026-10-03 21:00"),
        # 2026-04-05: at 15:00 UTC of the day before from 02:00 to 01:30.
        ("2026-04-05 00:00", "2026-04-04 13:00"),
        ("2026-04-05 01:29", "2026-04-04 14:29"),
        ("2026-04-05 01:30", "2026-04-04 14:30"),
        ("2026-04-05 01:45", "2026-04-04 14:45"),
        ("2026-04-05 02:00", "2026-04-04 15:30"),
        ("2026-04-05 08:00", "2026-04-04 21:30"),
    ],
    "Africa/Casablanca": [
        # 2026-02-15, before Ramadan: at 02:00 UTC from 03:00 to 02:00.
        ("2026-02-15 00:00", "2026-02-14 23:00"),
        ("2026-02-15 01:59", "2026-02-15 00:59"),
        ("2026-02-15 02:00", "2026-02-15 01:00"),
        ("2026-02-15 02:30", "2026-02-15 01:30"),
        ("2026-02-15 03:00", "2026-02-15 03:00"),
        ("2026-02-15 08:00", "2026-02-15 08:00"),
        # 2026-03-22, after Ramadan: at 02:00 UTC from 02:00 to 03:00.
        ("2026-03-22 00:00", "2026-03-22 00:00"),
        ("2026-03-22 01:59", "2026-03-22 01:59"),
        ("2026-03-22 02:00", "2026-03-22 02:00"),
        ("2026-03-22 02:30", "2026-03-22 02:00"),
        ("2026-03-22 03:00", "2026-03-22 02:00"),
        ("2026-03-22 08:00", "2026-03-22 07:00"),
    ],
}

ODD_DAYS = [
    # Gaps at midnight: the day begins at one o'clock.
    ("America/Sao_Paulo", "2017-10-15 00:00", "2017-10-15 03:00"),
    ("America/Sao_Paulo", "2017-10-15 00:30", "2017-10-15 03:00"),
    ("Asia/Beirut", "2021-03-28 00:00", "2021-03-27 22:00"),
    ("Africa/Cairo", "2024-04-26 00:00", "2024-04-25 22:00"),
    # An hour before midnight that comes twice, over the end of the date: 00:00 back to 23:00.
    ("Africa/Cairo", "2024-10-31 23:30", "2024-10-31 20:30"),
    ("Africa/Cairo", "2024-11-01 00:00", "2024-10-31 22:00"),
    # 00:01 back to 23:01 of the day before: midnight comes twice, and its first coming counts.
    ("America/St_Johns", "2010-11-06 23:30", "2010-11-07 02:00"),
    ("America/St_Johns", "2010-11-07 00:00", "2010-11-07 02:30"),
    ("America/St_Johns", "2010-11-07 00:01", "2010-11-07 03:31"),
    # Two hours at once.
    ("Antarctica/Troll", "2026-03-29 01:30", "2026-03-29 01:00"),
    ("Antarctica/Troll", "2026-03-29 02:59", "2026-03-29 01:00"),
    ("Antarctica/Troll", "2026-10-25 01:30", "2026-10-24 23:30"),
    ("Asia/Kathmandu", "2026-12-01 08:00", "2026-12-01 02:15"),
    ("Pacific/Kiritimati", "2026-12-01 08:00", "2026-11-30 18:00"),
    # The date line was crossed between these two.
    ("Pacific/Apia", "2011-12-29 08:00", "2011-12-29 18:00"),
    ("Pacific/Apia", "2011-12-31 08:00", "2011-12-30 18:00"),
]

NO_SUCH_TIME = [
    ("Pacific/Apia", "2011-12-30 00:00"),
    ("Pacific/Apia", "2011-12-30 23:59"),
    ("Pacific/Kwajalein", "1993-08-21 08:00"),
    # The gap reaches to the end of the day.
    ("America/Nuuk", "2024-03-30 23:00"),
    ("America/Nuuk", "2024-03-30 23:59"),
]


def label(text: str) -> tuple[date, time]:
    wanted = datetime.fromisoformat(text)
    return wanted.date(), wanted.time()


def in_utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wanted", "expected"), [(zone, *case) for zone, nights in NIGHTS.items() for case in nights]
)
def test_on_both_nights_of_the_year_every_clock_time_has_its_instant(zone: str, wanted: str, expected: str) -> None:
    assert instant_of(*label(wanted), zone) == in_utc(expected)


@pytest.mark.parametrize(("zone", "wanted", "expected"), ODD_DAYS)
def test_odd_days_have_their_instant_too(zone: str, wanted: str, expected: str) -> None:
    assert instant_of(*label(wanted), zone) == in_utc(expected)


@pytest.mark.parametrize(("zone", "wanted"), NO_SUCH_TIME)
def test_a_time_that_its_date_never_reaches_has_no_instant(zone: str, wanted: str) -> None:
    assert instant_of(*label(wanted), zone) is None


def test_an_instant_is_in_utc_and_shown_on_any_clock() -> None:
    found = instant_of(date(2026, 12, 1), time(8, 0), "Europe/Paris")

    assert found is not None
    assert found.tzinfo is UTC
    assert in_zone(found, "America/New_York") == datetime(2026, 12, 1, 2, 0, tzinfo=ZoneInfo("America/New_York"))


@settings(max_examples=150, deadline=None)
@given(zones, dates, times)
def test_no_earlier_minute_shows_that_date_at_or_past_that_time(zone: str, day: date, at: time) -> None:
    place, minute = ZoneInfo(zone), timedelta(minutes=1)
    # The date begins 14 hours before that of UTC at the earliest, and ends 12 hours after it at the latest.
    start = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=15)

    found = instant_of(day, at, zone)

    shown = ((start + minute * number).astimezone(place) for number in range(60 * 52))
    first = next((clock for clock in shown if clock.date() == day and clock.time() >= at), None)
    assert found == (first and first.astimezone(UTC))


@settings(max_examples=300, deadline=None)
@given(zones, dates, times)
def test_the_instant_is_that_of_a_second_way_of_reckoning(first_instant: First, zone: str, day: date, at: time) -> None:
    assert instant_of(day, at, zone) == first_instant(day, at, zone)


@settings(max_examples=100, deadline=None)
@given(zones, dates, times)
def test_later_dates_have_later_instants(zone: str, day: date, at: time) -> None:
    span = [instant_of(day + timedelta(days=number), at, zone) for number in range(-1, 30)]
    found = [moment for moment in span if moment is not None]

    assert all(earlier < later for earlier, later in pairwise(found))


@pytest.mark.faults
@pytest.mark.parametrize("zone", ZONES)
def test_every_date_of_25_years_has_one_instant_for_each_of_eight_times(first_instant: First, zone: str) -> None:
    first, last = date(2010, 1, 1).toordinal(), date(2035, 1, 1).toordinal()
    for at in EIGHT_TIMES:
        before = datetime.min.replace(tzinfo=UTC)
        for number in range(first, last):
            day = date.fromordinal(number)
            found = instant_of(day, at, zone)
            if found is None:
                assert first_instant(day, at, zone) is None
                continue
            assert before < found
            before = found
            shown = in_zone(found, zone)
            assert shown.date() == day
            if shown.time() != at:
                assert first_instant(day, at, zone) == found
