"""What is owed when a reader changes topics, on both databases: it leaves with its topic and does not come back."""

from __future__ import annotations

import pytest
from real_newsroom import Desk  # found through conftest.py

from newsletter.store.tables import owed
from newsletter.subscribers import Choices, find
from newsletter.subscribers import preferences as preferences_room
from newsletter.subscribers.pauses import pause
from newsletter.subscribers.preferences import save

ARTICLE = "---\ntitle: {title}\nlanguage: {language}\ntopics: [{topics}]\n---\n{title}, told at some length.\n"
WIM = "wim@example.org"


@pytest.fixture
def newsroom(either_desk: Desk) -> Desk:
    """A newsroom whose daily and weekly digests have begun on a Tuesday."""
    config = either_desk.folder / "config.toml"
    config.write_text(config.read_text("utf-8") + "[schedules.daily]\n[schedules.weekly]\n", "utf-8")
    either_desk.reopen()
    either_desk.newsroom.tick()
    return either_desk


def publish(desk: Desk, title: str, topics: str) -> None:
    name = f"articles/{title.lower()}.md"
    text = ARTICLE.format(title=title, language="en", topics=topics)
    desk.send(desk.publish(desk.write(name, text)))


def choose(desk: Desk, **choices: object) -> None:
    reader = find(desk.store, WIM)
    assert reader is not None
    save(desk.store, reader.id, Choices(**choices), intake=desk.newsroom.intake)


def rest(desk: Desk, *, catch_up: bool) -> None:
    """Pause for a week."""
    reader = find(desk.store, WIM)
    assert reader is not None
    pause(desk.store, reader.id, weeks=1, catch_up=catch_up, intake=desk.newsroom.intake)


def gets(desk: Desk, *, days: int = 15) -> list[str]:
    """Which articles Wim is mailed in these days, each as often as it comes."""
    before = len(desk.outbox())
    for _ in range(days * 6):
        desk.pass_time(hours=4)
        desk.newsroom.tick()
        desk.newsroom.send_due()
    texts = [
        message.get_body(("plain",)).get_content() for message in desk.outbox()[before:] if str(message["To"]) == WIM
    ]
    return [title for text in texts for title in ("First", "Second", "Premier") if f"/{title.lower()}/" in text]


# The ways from a topic to all, among them the one that a machine of thousands of stories has found.
WAYS = [
    pytest.param([], id="at once"),
    pytest.param(["each"], id="as a reader of each article"),
    pytest.param(["feed", "daily"], id="by way of the feed"),
]


@pytest.mark.parametrize("rhythms", WAYS)
def test_topic_that_comes_back_brings_nothing_that_a_pause_had_owed_on_it(newsroom: Desk, rhythms: list[str]) -> None:
    newsroom.add(WIM, rhythm="weekly")
    publish(newsroom, "First", "diplomacy")
    rest(newsroom, catch_up=False)

    choose(newsroom, topics=("harbour",))
    for rhythm in rhythms:
        choose(newsroom, rhythm=rhythm)
    choose(newsroom, topics=())

    assert gets(newsroom) == []


def test_topic_that_comes_back_brings_nothing_that_a_change_of_rhythm_had_owed_on_it(newsroom: Desk) -> None:
    newsroom.add(WIM, rhythm="weekly")
    publish(newsroom, "First", "diplomacy")
    publish(newsroom, "Second", "harbour")
    choose(newsroom, rhythm="each")

    choose(newsroom, topics=("harbour",))
    choose(newsroom, topics=("diplomacy", "harbour"))

    assert gets(newsroom) == ["Second"]


def test_topic_that_comes_back_brings_nothing_that_was_to_be_made_up_for(newsroom: Desk) -> None:
    newsroom.add(WIM, rhythm="each")
    rest(newsroom, catch_up=True)
    publish(newsroom, "First", "diplomacy")

    choose(newsroom, topics=("harbour",))
    choose(newsroom, topics=())

    assert gets(newsroom) == []


def test_without_forgetting_the_topic_would_bring_it_back(newsroom: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences_room, "forget_owed", lambda *_args, **_values: 0)
    newsroom.add(WIM, rhythm="each")
    rest(newsroom, catch_up=True)
    publish(newsroom, "First", "diplomacy")

    choose(newsroom, topics=("harbour",))
    choose(newsroom, topics=())

    assert gets(newsroom) == ["First"]


def test_email_of_a_dropped_topic_that_a_pause_caught_does_not_come_back_with_the_topic(newsroom: Desk) -> None:
    newsroom.add("farid@example.org", rhythm="daily")
    newsroom.add(WIM, rhythm="daily", hour="20")
    publish(newsroom, "First", "diplomacy")
    while not newsroom.newsroom.tick().slots:
        newsroom.pass_time(hours=1)
    choose(newsroom, topics=("harbour",))
    rest(newsroom, catch_up=True)
    caught = gets(newsroom, days=1)

    before = newsroom.rows(owed)
    choose(newsroom, rhythm="each")
    choose(newsroom, topics=())

    assert (caught, len(before)) == ([], 1)
    assert gets(newsroom) == []


def test_what_is_on_the_topics_before_and_after_stays_owed(newsroom: Desk) -> None:
    newsroom.add(WIM, rhythm="each", topics=("harbour",))
    rest(newsroom, catch_up=True)
    publish(newsroom, "First", "harbour, diplomacy")
    publish(newsroom, "Second", "harbour")

    choose(newsroom, topics=("diplomacy",))

    assert gets(newsroom) == ["First"]


def test_translation_on_the_topics_that_are_left_is_still_owed(newsroom: Desk) -> None:
    newsroom.add(WIM, rhythm="each", language="fr")
    rest(newsroom, catch_up=True)
    files = [
        newsroom.write(f"articles/tides.{language}.md", ARTICLE.format(title=title, language=language, topics=topic))
        for title, language, topic in (("First", "en", "harbour"), ("Premier", "fr", "diplomacy"))
    ]
    newsroom.send(newsroom.publish(*files))

    choose(newsroom, topics=("harbour",))

    assert gets(newsroom) == ["First"]
