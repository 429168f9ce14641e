from __future__ import annotations

from dataclasses import replace
from datetime import datetime

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
