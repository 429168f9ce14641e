from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ledger_rows import NOW

from newsletter.config.pace_values import Hours, Limit
from newsletter.delivery.pace import (
    CLOCK_SLACK,
    Bucket,
    bucket_of,
    day_start,
    filled_at,
    frees_at,
    is_open,
    minute_of,
    opens_at,
    refill,
    whole,
    window_start,
    windows_of,
)

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WORKDAY = Hours(start=time(8), end=time(20))
NIGHT = Hours(start=time(22), end=time(6))

short_limits = st.builds(Limit, count=st.integers(1, 3000), per=st.sampled_from([SECOND, MINUTE]))
# None comes back when it is told.
gaps = st.lists(
    st.one_of(
        st.none(),
        st.integers(0, 120_000).map(lambda us: timedelta(microseconds=us)),
        st.integers(0, 90).map(lambda seconds: timedelta(seconds=seconds)),
    ),
    min_size=1,
    max_size=120,
)


@given(limits=st.lists(short_limits, min_size=1, max_size=2), gaps=gaps)
@example(limits=[Limit(count=14, per=SECOND)], gaps=[SECOND, *[None] * 30])
@example(limits=[Limit(count=600, per=SECOND)], gaps=[SECOND, *[None] * 30])
def test_a_bucket_never_grants_more_than_any_of_its_limits(limits: list[Limit], gaps: list[timedelta | None]) -> None:
    bucket = bucket_of(limits)
    assert bucket is not None
    tokens, since, now = float(bucket.burst), NOW, NOW
    grants: list[tuple[datetime, int]] = []

    for gap in gaps:
        told = filled_at(bucket, tokens, since, 1)
        now = max(now, told) if gap is None else now + gap
        tokens, since = refill(bucket, tokens, since, now)
        grants.append((now, whole(tokens)))
        tokens -= whole(tokens)

    for limit in limits:
        for start, _count in grants:
            assert sum(count for at, count in grants if start <= at < start + limit.per) <= limit.count


def test_a_bucket_as_deep_as_its_limit_would_grant_nearly_twice_as_much() -> None:
    naive = Bucket(rate=14.0, burst=14, depth=14.0)

    at_once = whole(refill(naive, 14.0, NOW, NOW)[0])
    later = whole(refill(naive, 0.0, NOW, NOW + timedelta(milliseconds=999))[0])

    assert at_once + later == 27


@given(limits=st.lists(short_limits, min_size=1, max_size=2), wanted=st.integers(1, 500))
def test_whoever_comes_back_when_told_gets_something(limits: list[Limit], wanted: int) -> None:
    bucket = bucket_of(limits)
    assert bucket is not None

    at = filled_at(bucket, 0.0, NOW, wanted)

    assert whole(refill(bucket, 0.0, NOW, at)[0]) >= min(wanted, bucket.burst)


@pytest.mark.parametrize(
    ("count", "per", "least"), [(14, SECOND, 13.4), (200, SECOND, 185.0), (600, MINUTE, 9.9), (1, MINUTE, 1 / 61)]
)
def test_a_bucket_is_nearly_as_fast_as_its_limit(count: int, per: timedelta, least: float) -> None:
    bucket = bucket_of([Limit(count=count, per=per)])

    assert bucket is not None
    assert least <= bucket.rate <= count / per.total_seconds()


def test_limits_of_hours_and_days_need_no_bucket() -> None:
    limits = (Limit(count=5000, per=HOUR), Limit(count=50_000, per=DAY))

    assert bucket_of(limits) is None
    assert windows_of((*limits, Limit(count=14, per=SECOND))) == limits


def test_a_clock_that_goes_back_gives_no_token_twice() -> None:
    bucket = bucket_of([Limit(count=10, per=MINUTE)])
    assert bucket is not None

    tokens, since = refill(bucket, 0.0, NOW, NOW - timedelta(seconds=30))

    assert (tokens, since) == (0.0, NOW)


def test_a_moment_from_a_wrong_clock_does_not_stop_the_mail() -> None:
    bucket = bucket_of([Limit(count=10, per=MINUTE)])
    assert bucket is not None

    tokens, since = refill(bucket, 0.0, NOW + timedelta(days=365), NOW)

    assert since == NOW
    assert filled_at(bucket, tokens, since, 1) < NOW + CLOCK_SLACK


@example(offsets=[30, 3600 + 10], counts=[40, 40], limit=60)
@given(
    offsets=st.lists(st.integers(0, 8_000), min_size=1, max_size=80),
    counts=st.lists(st.integers(0, 40), min_size=80, max_size=80),
    limit=st.integers(1, 60),
)
def test_a_window_never_holds_more_than_its_count(offsets: list[int], counts: list[int], limit: int) -> None:
    rule = Limit(count=limit, per=HOUR)
    moments = [NOW + timedelta(seconds=seconds) for seconds in sorted(offsets)]
    grants: list[tuple[datetime, int]] = []

    for now, wanted in zip(moments, counts, strict=False):
        held = sum(count for at, count in grants if minute_of(at) >= window_start(rule, now))
        grants.append((now, min(wanted, max(0, limit - held))))

    for end, _count in grants:
        assert sum(count for at, count in grants if end - HOUR < at <= end) <= limit


def test_a_full_window_has_room_when_its_oldest_minute_has_left() -> None:
    rule = Limit(count=10, per=HOUR)
    granted = [(NOW, 6), (NOW + timedelta(minutes=5), 4)]

    at = frees_at(rule, granted)

    assert at == NOW + timedelta(minutes=61)
    assert window_start(rule, at) > NOW
    assert frees_at(rule, granted[1:]) is None


def test_a_window_that_was_made_narrower_waits_for_more_than_one_minute() -> None:
    granted = [(NOW, 6), (NOW + timedelta(minutes=5), 4)]

    assert frees_at(Limit(count=4, per=HOUR), granted) == NOW + timedelta(minutes=66)


@pytest.mark.parametrize(
    ("hours", "hour", "expected"),
    [
        *[(WORKDAY, 7, False), (WORKDAY, 8, True), (WORKDAY, 19, True), (WORKDAY, 20, False)],
        *[(NIGHT, 21, False), (NIGHT, 22, True), (NIGHT, 3, True), (NIGHT, 6, False)],
    ],
)
def test_hours_are_those_of_the_newsrooms_clock(hours: Hours, hour: int, expected: bool) -> None:
    # Paris is an hour ahead of UTC in November.
    now = datetime(2026, 11, 24, hour, 0, tzinfo=UTC) - timedelta(hours=1)

    assert is_open(hours, "Europe/Paris", now) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 24, 5, 0, tzinfo=UTC), datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
        (datetime(2026, 11, 24, 19, 0, tzinfo=UTC), datetime(2026, 11, 25, 7, 0, tzinfo=UTC)),
        # The clocks go forward on the night before.
        (datetime(2026, 3, 28, 20, 0, tzinfo=UTC), datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
    ],
)
def test_closed_hours_say_when_they_begin(now: datetime, expected: datetime) -> None:
    assert opens_at(WORKDAY, "Europe/Paris", now) == expected


@given(
    now=st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes, seconds=7)),
    zone=st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    clocks=st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True),
)
def test_hours_are_open_when_they_are_said_to_begin(now: datetime, zone: str, clocks: list[int]) -> None:
    start, end = (time(minutes // 60, minutes % 60) for minutes in clocks)
    hours = Hours(start=start, end=end)

    at = opens_at(hours, zone, now)

    assert now < at <= now + timedelta(hours=50)
    assert is_open(hours, zone, at)


def test_a_day_begins_at_midnight_on_the_newsrooms_clock() -> None:
    assert day_start(date(2026, 11, 24), "Europe/Paris") == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)


def test_a_day_that_a_zone_left_out_begins_with_the_next() -> None:
    left_out = date(2011, 12, 30)

    assert day_start(left_out, "Pacific/Apia") == day_start(date(2011, 12, 31), "Pacific/Apia")
