from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_rows import NOW

from newsletter.delivery.lanes import (
    LONGEST_CLOSING,
    SLOWEST,
    STREAK,
    WIDENS_EVERY,
    Pushback,
    accepted,
    asks_for_less,
    closing,
    new_lane,
    passing,
    pushed_back,
    spread,
    widened,
)
from newsletter.model import Outcome, Receipt
from newsletter.store.lanes import Lane

PER_DOMAIN = 20
FRESH = new_lane("relay", "example.org", per_domain=PER_DOMAIN, now=NOW)


def deferral(code: int, enhanced: str = "") -> Receipt:
    return Receipt(outcome=Outcome.DEFERRED, code=code, enhanced=enhanced, reply="later")


def push(lane: Lane, *, now: datetime = NOW, taken: int = 120, jitter: float = 0.5) -> Lane:
    return pushed_back(lane, Pushback(now=now, taken=taken, jitter=jitter, reason="421 4.7.0"))


def closed_lane(*, now: datetime = NOW) -> Lane:
    lane = FRESH
    for _turn in range(STREAK):
        lane = push(lane, now=now)
    return lane


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        *[(deferral(421), True), (deferral(450), True), (deferral(451, "4.7.1"), True), (deferral(452, "4.2.1"), True)],
        *[(deferral(454, "4.7.0"), True), (deferral(452, "4.3.1"), False), (deferral(0), False)],
        *[(deferral(452, "4.2.2"), False), (deferral(450, "4.2.2"), False)],
        (Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1"), False),
        (Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.7.1"), False),
        (Receipt(outcome=Outcome.ACCEPTED, code=250), False),
        (Receipt(outcome=Outcome.UNKNOWN), False),
    ],
)
def test_only_some_deferrals_are_about_our_pace(receipt: Receipt, expected: bool) -> None:
    assert asks_for_less(receipt) is expected


def test_a_deferral_halves_what_is_in_flight_and_what_was_taken() -> None:
    lane = push(FRESH, taken=120)

    assert (lane.concurrency, lane.rate) == (10, 1.0)
    assert lane.reason == "421 4.7.0"
    assert lane.closed_until is None


def test_a_later_deferral_halves_again_and_stops_at_one_in_flight_and_six_a_minute() -> None:
    lane = FRESH

    for turn in range(10):
        lane = accepted(push(lane, now=later(seconds=11 * turn)))

    assert (lane.concurrency, lane.rate) == (1, SLOWEST)


def test_the_answers_of_one_burst_halve_once() -> None:
    lane = push(push(FRESH), now=later(seconds=9))

    assert (lane.concurrency, lane.rate) == (10, 1.0)


def test_the_fifth_deferral_in_a_row_closes_the_lane_for_half_a_minute() -> None:
    lane = FRESH

    for _turn in range(STREAK - 1):
        lane = push(lane)
    assert lane.closed_until is None
    lane = push(lane)

    assert lane.closed_until == later(seconds=30)
    assert passing(lane, 10, now=later(seconds=29))[0] == 0


def test_an_acceptance_ends_the_row() -> None:
    lane = FRESH

    for _turn in range(STREAK * 3):
        lane = accepted(push(lane))

    assert (lane.streak, lane.closed_until) == (0, None)


def test_late_answers_do_not_close_a_closed_lane_for_longer() -> None:
    lane = closed_lane()

    assert push(lane, now=later(seconds=5)).closed_until == lane.closed_until


def test_one_message_tries_a_lane_whose_time_is_over() -> None:
    count, lane = passing(closed_lane(), 10, now=later(seconds=31))

    assert count == 1
    assert passing(lane, 10, now=later(seconds=32))[0] == 0


def test_the_trying_message_opens_the_lane_or_closes_it_for_twice_as_long() -> None:
    at = later(seconds=31)
    _count, lane = passing(closed_lane(), 10, now=at)

    assert accepted(lane).closed_until is None
    assert accepted(lane).closures == 0
    assert push(lane, now=at).closed_until == at + timedelta(minutes=1)


def test_a_trying_message_that_is_never_answered_is_followed_by_another() -> None:
    _count, lane = passing(closed_lane(), 10, now=later(seconds=31))

    assert passing(lane, 10, now=later(seconds=31 + 120))[0] == 1


@given(times=st.integers(0, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_closings_grow_to_a_quarter_of_an_hour(times: int, jitter: float) -> None:
    wait = closing(times, jitter=jitter)

    assert timedelta(seconds=27) <= wait <= LONGEST_CLOSING * 1.1
    assert closing(times, jitter=0.5) <= closing(times + 1, jitter=0.5)


def test_five_quiet_minutes_widen_the_lane() -> None:
    lane = push(FRESH)

    wider = widened(lane, per_domain=PER_DOMAIN, now=later(minutes=5))

    assert widened(lane, per_domain=PER_DOMAIN, now=later(minutes=4)) == lane
    assert wider is not None
    assert (wider.concurrency, wider.rate) == (11, pytest.approx(1.1))


def test_it_does_not_matter_how_often_one_looks() -> None:
    lane: Lane | None = push(FRESH)
    once = widened(push(FRESH), per_domain=PER_DOMAIN, now=later(minutes=33))

    for minutes in range(34):
        assert lane is not None
        lane = widened(lane, per_domain=PER_DOMAIN, now=later(minutes=minutes))

    assert once is not None
    assert lane is not None
    assert (lane.concurrency, lane.slowed_at) == (once.concurrency, once.slowed_at)
    assert lane.rate == pytest.approx(once.rate)


def test_a_whole_lane_is_none() -> None:
    lane = push(FRESH, taken=2400)

    assert widened(lane, per_domain=PER_DOMAIN, now=later(minutes=45)) is not None
    assert widened(lane, per_domain=PER_DOMAIN, now=later(minutes=50)) is None


def test_a_closed_lane_does_not_widen() -> None:
    lane = replace(closed_lane(), closed_until=later(minutes=15), slowed_at=later(minutes=15))

    assert widened(lane, per_domain=PER_DOMAIN, now=later(minutes=14)) == lane


def test_a_closing_by_a_wrong_clock_is_over_at_once() -> None:
    lane = replace(closed_lane(), closed_until=later(days=365), slowed_at=later(days=365))

    mended = widened(lane, per_domain=PER_DOMAIN, now=NOW)

    assert mended is not None
    assert passing(mended, 10, now=NOW)[0] == 1


@given(
    rate=st.floats(SLOWEST, 50),
    gaps=st.lists(st.integers(0, 120_000).map(lambda ms: timedelta(milliseconds=ms)), min_size=1, max_size=40),
)
def test_a_lane_lets_no_more_pass_than_its_rate_and_ten_seconds_of_it(rate: float, gaps: list[timedelta]) -> None:
    lane = replace(FRESH, rate=rate)
    now, passed = NOW, 0

    for gap in gaps:
        now += gap
        count, lane = passing(lane, 1000, now=now)
        passed += count

    assert passed <= max(1.0, rate * 10) + rate * (now - NOW).total_seconds() + 1e-6


@given(seconds=st.integers(0, 10**7))
def test_nobody_is_put_off_for_more_than_half_an_hour(seconds: int) -> None:
    wait = spread(timedelta(seconds=seconds))

    assert wait <= 2 * LONGEST_CLOSING
    assert wait == timedelta(seconds=seconds) or wait >= LONGEST_CLOSING


def test_quiet_minutes_are_counted_from_the_end_of_a_closing() -> None:
    lane = closed_lane()

    assert lane.slowed_at == lane.closed_until
    assert widened(lane, per_domain=PER_DOMAIN, now=later(seconds=20) + WIDENS_EVERY) == lane
