"""What a reader is owed follows their topics: a topic that was dropped takes it along, and does not bring it back."""

from __future__ import annotations

import pytest
from real_newsroom import TIDES, Desk
from sqlalchemy import insert

from newsletter.model import Subscriber
from newsletter.store.tables import articles, owed
from newsletter.subscribers import Choices
from newsletter.subscribers.preferences import save

HARBOUR = TIDES.replace("language: en", "language: en\ntopics: [harbour]")
WEEKLY = '[schedules.weekly]\nat = "mon 08:00"\nhour_of = "newsroom"\n[topics.harbour]'


@pytest.fixture
def wim(either_desk: Desk) -> Subscriber:
    """A weekly reader who is owed an article on the harbour."""
    either_desk.configure("[topics.harbour]", WEEKLY)
    reader = either_desk.add("wim@example.org", rhythm="weekly", topics=("harbour",))
    either_desk.publish(either_desk.write("articles/tides.md", HARBOUR))
    (article,) = either_desk.rows(articles)
    with either_desk.store.writing() as connection:
        connection.execute(insert(owed).values(subscriber_id=reader.id, article_id=article["id"], reason="pause"))
    return reader


def choose(desk: Desk, reader: Subscriber, *topics: str) -> int:
    """Change the topics; gives how many articles the reader is owed then."""
    assert save(desk.store, reader.id, Choices(topics=topics), intake=desk.newsroom.intake)
    return desk.count(owed)


def test_a_topic_that_is_dropped_takes_along_what_is_owed_on_it(either_desk: Desk, wim: Subscriber) -> None:
    assert choose(either_desk, wim, "diplomacy") == 0


def test_a_topic_taken_up_again_brings_nothing_of_before(either_desk: Desk, wim: Subscriber) -> None:
    choose(either_desk, wim, "diplomacy")

    assert choose(either_desk, wim, "diplomacy", "harbour") == 0


def test_a_topic_more_leaves_what_is_owed(either_desk: Desk, wim: Subscriber) -> None:
    assert choose(either_desk, wim, "harbour", "diplomacy") == 1


def test_all_topics_leave_what_is_owed_on_those_of_before(either_desk: Desk, wim: Subscriber) -> None:
    assert choose(either_desk, wim) == 1


def test_the_same_topics_change_nothing(either_desk: Desk, wim: Subscriber) -> None:
    assert choose(either_desk, wim, "harbour") == 1
