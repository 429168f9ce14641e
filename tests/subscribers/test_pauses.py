"""A pause has an end, can be ended, and says what becomes of what is missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.errors import UsageError
from newsletter.store import Store
from newsletter.subscribers import unsubscribe
from newsletter.subscribers.pauses import pause


@pytest.mark.parametrize("catch_up", [True, False])
def test_pause_lasts_whole_weeks(store: Store, added, intake, now, catch_up: bool) -> None:
    ada = added("ada@example.org")

    paused = pause(store, ada.id, weeks=3, catch_up=catch_up, intake=intake)

    assert paused is not None
    assert (paused.paused_until, paused.catch_up) == (now + timedelta(weeks=3), catch_up)


def test_pause_can_be_ended_and_ending_it_twice_is_fine(store: Store, added, intake, now) -> None:
    ada = added("ada@example.org")
    pause(store, ada.id, weeks=3, catch_up=True, intake=intake)

    for _ in range(2):
        ended = pause(store, ada.id, weeks=0, catch_up=True, intake=intake)

    assert ended is not None
    assert (ended.paused_until, ended.catch_up) == (None, False)


@pytest.mark.parametrize("weeks", [-1, 27, 10_000])
def test_pause_of_no_sensible_length_is_refused(store: Store, added, intake, now, weeks: int) -> None:
    with pytest.raises(UsageError, match="1 to 26 weeks"):
        pause(store, added("ada@example.org").id, weeks=weeks, catch_up=False, intake=intake)


def test_reader_who_left_cannot_pause(store: Store, added, intake, now) -> None:
    ada = added("ada@example.org")
    unsubscribe(store, ada.id, source="page", now=now)

    assert pause(store, ada.id, weeks=2, catch_up=False, intake=intake) is None
