"""What a digest brings, told in small stories, on both databases: nothing is lost and nothing comes twice."""

from __future__ import annotations

from datetime import date

import pytest
from real_newsroom import Desk  # found through conftest.py
from sqlalchemy import select

from newsletter.editions import slots as slots_room
from newsletter.store.tables import editions, exclusions, slots
from newsletter.subscribers import Choices, find
from newsletter.subscribers.preferences import save

ARTICLE = "---\ntitle: {title}\nlanguage: en\ntopics: [{topics}]\n---\nWhat happened: {title}, told at some length.\n"


@pytest.fixture
def weekly(either_desk: Desk) -> Desk:
    """A newsroom whose weekly digest has begun on a Tuesday."""
    config = either_desk.folder / "config.toml"
    config.write_text(config.read_text("utf-8") + "[schedules.weekly]\nmin = 1\n", "utf-8")
    either_desk.reopen()
    either_desk.newsroom.tick()
    return either_desk


def publish(desk: Desk, title: str, topics: str = "harbour", **wishes: object) -> None:
    file = desk.write(f"articles/{title.lower().replace(' ', '-')}.md", ARTICLE.format(title=title, topics=topics))
    desk.send(desk.publish(file, **wishes))


def to_next_week(desk: Desk) -> dict[str, list[str]]:
    """Titles in the digest that each address got in the next seven days."""
    before = len(desk.outbox())
    for _ in range(7 * 6):
        desk.pass_time(hours=4)
        desk.newsroom.tick()
        desk.newsroom.send_due()
    titles = ["First", "Second", "Third", "Fourth"]
    return {
        str(message["To"]): [
            title for title in titles if f"/en/{title.lower()}/" in message.get_body(("plain",)).get_content()
        ]
        for message in desk.outbox()[before:]
    }


def choose(desk: Desk, address: str, **choices: object) -> None:
    reader = find(desk.store, address)
    assert reader is not None
    save(desk.store, reader.id, Choices(**choices), intake=desk.newsroom.intake)


def test_each_digest_brings_what_the_last_did_not(weekly: Desk) -> None:
    weekly.add("wim@example.org", rhythm="weekly")
    publish(weekly, "First")

    first = to_next_week(weekly)
    publish(weekly, "Second")
    second = to_next_week(weekly)
    third = to_next_week(weekly)

    assert (first, second, third) == ({"wim@example.org": ["First"]}, {"wim@example.org": ["Second"]}, {})
    reasons = [(row["local_date"], row["state"], row["reason"]) for row in weekly.rows(slots)]
    assert reasons[-1] == (date(2026, 12, 14), "skipped", "nothing new")


def test_a_topic_added_brings_nothing_that_a_digest_has_passed_over(weekly: Desk) -> None:
    weekly.add("wim@example.org", rhythm="weekly", topics=("diplomacy",))
    publish(weekly, "First", "harbour")
    publish(weekly, "Second", "diplomacy")

    first = to_next_week(weekly)
    choose(weekly, "wim@example.org", topics=("diplomacy", "harbour"))
    publish(weekly, "Third", "harbour")
    second = to_next_week(weekly)

    assert (first, second) == ({"wim@example.org": ["Second"]}, {"wim@example.org": ["Third"]})


def test_without_cursors_that_move_the_added_topic_would_bring_it(
    weekly: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots_room, "cover_cohorts", lambda *_args, **_values: None)
    weekly.add("wim@example.org", rhythm="weekly", topics=("diplomacy",))
    publish(weekly, "First", "harbour")

    to_next_week(weekly)
    choose(weekly, "wim@example.org", topics=("diplomacy", "harbour"))

    assert to_next_week(weekly) == {"wim@example.org": ["First"]}


def test_what_everyone_was_mailed_at_once_is_not_in_their_digest(weekly: Desk) -> None:
    weekly.add("wim@example.org", rhythm="weekly")
    publish(weekly, "First", everyone=True)
    publish(weekly, "Second")

    assert to_next_week(weekly) == {"wim@example.org": ["Second"]}


def test_who_has_nothing_new_is_counted_and_not_mailed(weekly: Desk) -> None:
    weekly.add("wim@example.org", rhythm="weekly", topics=("diplomacy",))
    weekly.add("farid@example.org", rhythm="weekly")
    publish(weekly, "First", "harbour")

    got = to_next_week(weekly)

    assert got == {"farid@example.org": ["First"]}
    with weekly.store.reading() as connection:
        digest = connection.execute(select(editions).where(editions.c.kind == "digest")).mappings().one()
        query = select(exclusions.c.reason, exclusions.c.count).where(exclusions.c.edition_id == digest["id"])
        left_out = connection.execute(query).all()
    assert (digest["considered"], digest["audience"]) == (2, 1)
    assert [tuple(row) for row in left_out] == [("nothing new", 1)]


def test_fewer_articles_than_the_minimum_wait_for_more(weekly: Desk) -> None:
    weekly.configure("min = 1", "min = 2")
    weekly.add("wim@example.org", rhythm="weekly")
    publish(weekly, "First")

    alone = to_next_week(weekly)
    publish(weekly, "Second")
    together = to_next_week(weekly)

    assert (alone, together) == ({}, {"wim@example.org": ["First", "Second"]})


def test_articles_past_the_maximum_are_named_and_do_not_come_again(weekly: Desk) -> None:
    weekly.configure("min = 1", "max = 2")
    weekly.add("wim@example.org", rhythm="weekly")
    for title in ("First", "Second", "Third"):
        publish(weekly, title)

    got = to_next_week(weekly)
    text = weekly.outbox()[-1].get_body(("plain",)).get_content()

    assert got == {"wim@example.org": ["First", "Second", "Third"]}
    assert "Also published" in text
    assert to_next_week(weekly) == {}
