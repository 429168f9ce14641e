"""A new sending address begins with few messages a day: pure rules for how many.

Receivers trust an address by what it has sent. From 200 to 200,000 a day in 42 days each step is a
fifth more than the one before it, and a day on which too many were deferred, or called spam, is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.store.traffic import Answers

DAYS = 42
FIRST_DAY = 200
LAST_DAY = 200_000
TOO_MANY_DEFERRED = 0.05
# What Gmail calls too many (0.1 % wanted, 0.3 % never).
TOO_MANY_COMPLAINTS = 0.001


def quota(step: int) -> int | None:
    """How many messages may leave on a day with `step` good days before it; None once it is over."""
    if step >= DAYS:
        return None
    growth: float = (LAST_DAY / FIRST_DAY) ** (step / (DAYS - 1))
    return round(FIRST_DAY * growth)


def step_after(days: Iterable[Answers]) -> int:
    """How many steps the days since the beginning were: each one, but for those with too many deferrals or complaints.

    A day without mail is a step: it is the calendar that owners plan with.
    """
    return sum(1 for answers in days if not is_held(answers))


def is_held(answers: Answers) -> bool:
    """Whether so many of a day's messages were deferred, or called spam, that the next day may bring no more.

    One complaint alone holds nothing, however few messages there were.
    """
    too_many = answers.complaints > max(1, TOO_MANY_COMPLAINTS * answers.total)
    return answers.deferred > TOO_MANY_DEFERRED * answers.total or too_many
