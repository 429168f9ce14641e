from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.subscribers import prospects


@pytest.fixture
def ada(now: datetime) -> Subscriber:
    return Subscriber(
        id=SubscriberId(1),
        uid="reader-1",
        address="ada@example.org",
        name="",
        state=SubscriberState.ACTIVE,
        language="en",
        time_zone="Europe/Paris",
        rhythm="each",
        hour=None,
        topics=(),
        covered_through=0,
        token_version=0,
        joined_at=now,
    )


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, "yes, each article"),
        ({"topics": ("diplomacy", "tides")}, "yes, if its topics include diplomacy or tides"),
        ({"rhythm": "weekly"}, "not at once: wants the weekly digest"),
        ({"rhythm": "feed"}, "no: wants feeds only"),
        ({"state": SubscriberState.UNSUBSCRIBED, "rhythm": "weekly"}, "no: unsubscribed"),
    ],
)
def test_a_reader_is_told_what_the_next_article_means(ada: Subscriber, change: dict[str, object], answer: str) -> None:
    assert prospects(replace(ada, **change), suppressed=None) == answer  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize("state", [state for state in SubscriberState if state is not SubscriberState.ACTIVE])
def test_nobody_but_an_active_reader_gets_an_article(ada: Subscriber, state: SubscriberState) -> None:
    assert prospects(replace(ada, state=state), suppressed=None).startswith("no: ")


def test_a_suppression_comes_before_everything(ada: Subscriber) -> None:
    assert prospects(ada, suppressed="erased") == "no: the address is suppressed (erased)"
    assert prospects(None, suppressed=None) == "no: no subscriber has this address"


@pytest.mark.parametrize(
    ("catch_up", "missed"),
    [(True, "articles until then are owed afterwards"), (False, "articles until then are skipped")],
)
def test_a_reader_on_a_pause_is_told_its_end_and_what_becomes_of_what_is_missed(
    ada: Subscriber, now: datetime, catch_up: bool, missed: str
) -> None:
    paused = replace(ada, paused_until=now + timedelta(weeks=2), catch_up=catch_up)

    assert prospects(paused, suppressed=None, now=now) == f"not before 2026-12-08: paused until then; {missed}"


def test_a_pause_that_is_over_says_nothing_any_more(ada: Subscriber, now: datetime) -> None:
    back = replace(ada, paused_until=now)

    assert prospects(back, suppressed=None, now=now) == "yes, each article"
