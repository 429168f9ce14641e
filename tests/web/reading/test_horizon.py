"""How long feeds may be held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import StoreBusy
from newsletter.feeds import Channel
from newsletter.web.horizon import FEED_MAX_AGE, Horizon, max_age

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_age_agrees_with_the_ttl_in_the_feeds() -> None:
    assert Channel.__dataclass_fields__["ttl_minutes"].default * 60 == FEED_MAX_AGE  # H5


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [
        (None, 3600),
        (24 * 60, 3600),
        (60, 3600),
        (59, 900),
        (20, 900),
        (14, 600),
        (10, 600),
        (5, 300),
        (3, 60),
        (-9, 60),
    ],
)
def test_feed_is_held_for_less_when_a_release_is_near(minutes: int | None, seconds: int) -> None:
    next_run = None if minutes is None else NOW + timedelta(minutes=minutes)

    assert max_age(next_run, NOW) == seconds


@given(st.integers(0, 7200), st.integers(0, 299))
def test_age_does_not_tell_the_minute(ahead: int, moved: int) -> None:
    grid = NOW + timedelta(seconds=ahead // 300 * 300)

    assert max_age(grid + timedelta(seconds=moved), NOW) == max_age(grid, NOW)
    assert 60 <= max_age(grid, NOW) <= 3600


def test_next_release_is_looked_up_once_a_minute() -> None:
    looked: list[int] = []
    horizon = Horizon(look=lambda: looked.append(1))
    horizon.renew(NOW)

    assert not horizon.is_old(NOW + timedelta(seconds=59))
    assert horizon.is_old(NOW + timedelta(seconds=60))
    assert horizon.is_old(NOW - timedelta(seconds=1))


def test_busy_database_leaves_what_is_known() -> None:
    def look() -> datetime:
        raise StoreBusy("The database is busy.")

    horizon = Horizon(look=look, next_run=NOW + timedelta(minutes=10))
    horizon.renew(NOW)

    assert horizon.max_age(NOW) == 600
