from __future__ import annotations

from itertools import pairwise

import pytest

from newsletter.delivery.warm_up import DAYS, FIRST_DAY, LAST_DAY, is_held, quota, step_after
from newsletter.store.traffic import Answers

GOOD = Answers(accepted=95, deferred=5)
BAD = Answers(accepted=94, deferred=6)


def test_it_goes_from_two_hundred_to_two_hundred_thousand_in_six_weeks() -> None:
    quotas = [quota(step) for step in range(DAYS)]

    assert (quotas[0], quotas[-1]) == (FIRST_DAY, LAST_DAY)
    assert quota(DAYS) is None


def test_each_step_is_about_a_fifth_more_than_the_one_before() -> None:
    quotas = [quota(step) or 0 for step in range(DAYS)]

    assert all(1.17 < later / earlier < 1.20 for earlier, later in pairwise(quotas))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [(GOOD, False), (BAD, True), (Answers(), False), (Answers(deferred=1), True), (Answers(refused=9), False)],
)
def test_a_step_is_held_while_one_in_twenty_is_deferred(answers: Answers, expected: bool) -> None:
    assert is_held(answers) is expected


def test_days_with_too_many_deferrals_are_no_steps() -> None:
    assert step_after([GOOD, BAD, BAD, GOOD, Answers()]) == 3
