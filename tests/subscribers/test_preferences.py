"""Choosing by link: rhythms change, and no article is lost or comes twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import insert

from newsletter.errors import UsageError
from newsletter.model import DeliveryState, Subscriber
from newsletter.store import Store
from newsletter.store.tables import (
    article_topics,
    articles,
    counters,
    events,
    owed,
    publications,
    revisions,
    variant_articles,
    variants,
)
from newsletter.subscribers import Choices, Intake, Keys, find_by_id, unsubscribe
from newsletter.subscribers.pauses import pause
from newsletter.subscribers.preferences import save, view_of

Publish = Callable[..., int]


@pytest.fixture
def published(store: Store, now, publication) -> Publish:
    """Publish an article; gives its id, which is also its sequence number."""
    numbers = iter(range(1, 100))

    def publish(
        *, topic: str | None = None, group: str = "", language: str = "en", mail: bool = True, state: str = "published"
    ) -> int:
        number = next(numbers)
        row = {"id": number, "uid": f"a{number}", "group_uid": group or f"a{number}", "source_hash": "x"}
        row |= {"slug": f"a{number}", "language": language, "state": state, "first_published_at": now}
        revision = {"id": number, "article_id": number, "no": 1, "title": "t", "summary": "", "author": ""}
        revision |= {"body_html": "", "meta": {}, "source_hash": "x", "significant": True, "made_at": now}
        seq = {"seq": number, "article_id": number, "revision_id": number, "kind": "publish", "mail": mail, "at": now}
        with store.writing() as connection:
            connection.execute(insert(articles).values(**row, updated_at=now, revision_id=number))
            connection.execute(insert(revisions).values(**revision))
            connection.execute(insert(publications).values(**seq))
            if topic:
                connection.execute(insert(article_topics).values(article_id=number, topic=topic, position=0))
            connection.execute(counters.delete().where(counters.c.name == "publication"))
        publication(number)
        return number

    return publish


@pytest.fixture
def chosen(store: Store, intake: Intake) -> Callable[..., Subscriber]:
    def choose(reader: Subscriber, **choices: str | tuple[str, ...]) -> Subscriber:
        saved = save(store, reader.id, Choices(**choices), intake=intake)
        assert saved is not None
        return saved

    return choose


def test_what_was_chosen_is_kept_and_shown_with_a_masked_address(keys: Keys, added, chosen) -> None:
    saved = chosen(added("ada@example.org"), language="fr", rhythm="weekly", hour="18", topics=("diplomacy",))

    view = view_of(saved, keys=keys)
    assert (view.address, view.language, view.rhythm, view.hour) == ("a…@example.org", "fr", "weekly", 18)
    assert view.topics == ("diplomacy",)


def test_odd_choice_keeps_nothing_of_the_form(store: Store, added, intake: Intake) -> None:
    ada = added("ada@example.org")

    with pytest.raises(UsageError, match="rhythm"):
        save(store, ada.id, Choices(language="fr", rhythm="hourly"), intake=intake)

    assert find_by_id(store, ada.id) == ada


def test_reader_keeps_a_rhythm_that_is_offered_no_more_and_cannot_come_back_to_it(
    store: Store, added, intake: Intake
) -> None:
    ada = added("ada@example.org", rhythm="weekly")
    served = replace(intake, masthead=replace(intake.masthead, rhythms=("each", "tides", "feed")))

    stayed = save(store, ada.id, Choices(rhythm="weekly", language="fr"), intake=served)
    moved = save(store, ada.id, Choices(rhythm="tides"), intake=served)

    assert stayed is not None
    assert (stayed.rhythm, stayed.language) == ("weekly", "fr")
    assert moved is not None
    assert moved.rhythm == "tides"
    with pytest.raises(UsageError, match="Choose one of: each, tides, feed"):
        save(store, ada.id, Choices(rhythm="weekly"), intake=served)


def test_same_choices_again_write_nothing(added, chosen, rows) -> None:
    ada = chosen(added("ada@example.org"), rhythm="daily")
    before = len(rows(events))

    chosen(ada, rhythm="daily")

    assert len(rows(events)) == before


def test_reader_who_left_chooses_nothing(store: Store, added, intake: Intake, now) -> None:
    ada = added("ada@example.org")
    unsubscribe(store, ada.id, source="page", now=now)

    assert save(store, ada.id, Choices(rhythm="daily"), intake=intake) is None


class TestRhythm:
    def test_from_a_digest_to_each_owes_what_the_digest_would_have_brought(
        self, added, chosen, published: Publish, rows
    ) -> None:
        wim = added("wim@example.org", rhythm="weekly")
        first, second = published(), published()

        now_each = chosen(wim, rhythm="each")

        assert [row["article_id"] for row in rows(owed)] == [first, second]
        assert now_each.covered_through == second

    def test_owes_one_of_a_group_in_the_readers_language(self, added, chosen, published: Publish, rows) -> None:
        wim = added("wim@example.org", rhythm="weekly", language="fr")
        published(group="g", language="en")
        french = published(group="g", language="fr")

        chosen(wim, rhythm="each")

        assert [row["article_id"] for row in rows(owed)] == [french]

    def test_owes_the_translation_of_the_fallback_chain_where_there_is_none_in_the_readers_language(
        self, added, chosen, published: Publish, rows
    ) -> None:
        wim = added("wim@example.org", rhythm="weekly", language="ar")
        published(group="g", language="en")
        french = published(group="g", language="fr")

        chosen(wim, rhythm="each")

        assert [row["article_id"] for row in rows(owed)] == [french]

    @pytest.mark.parametrize(
        ("before", "after", "owes"),
        [((), ("diplomacy",), ["diplomacy"]), (("diplomacy",), (), ["diplomacy"]), ((), (), ["diplomacy", "harbour"])],
    )
    def test_topics_changed_in_the_same_form_count_from_now_on(
        self, added, chosen, published: Publish, rows, before: tuple[str, ...], after: tuple[str, ...], owes: list[str]
    ) -> None:
        wim = added("wim@example.org", rhythm="weekly", topics=before)
        numbers = {topic: published(topic=topic) for topic in ("diplomacy", "harbour")}

        chosen(wim, rhythm="each", topics=after)

        assert [row["article_id"] for row in rows(owed)] == [numbers[topic] for topic in owes]

    def test_owes_only_what_is_public_mailed_and_on_the_readers_topics(
        self, added, chosen, published: Publish, rows
    ) -> None:
        wim = added("wim@example.org", rhythm="weekly", topics=("diplomacy",))
        published(topic="harbour")
        published(topic="diplomacy", mail=False)
        published(topic="diplomacy", state="withdrawn")
        wanted = published(topic="diplomacy")

        chosen(wim, rhythm="each")

        assert [row["article_id"] for row in rows(owed)] == [wanted]

    @pytest.mark.parametrize(("state", "owes"), [(DeliveryState.SENT, False), (DeliveryState.CANCELLED, True)])
    def test_owes_nothing_the_reader_has(
        self, store: Store, added, mailed, chosen, published: Publish, rows, state: DeliveryState, owes: bool
    ) -> None:
        wim = added("wim@example.org", rhythm="weekly")
        article = published()
        mailed(wim, state=state)
        with store.writing() as connection:
            (variant,) = rows(variants)
            row = {"variant_id": variant["id"], "position": 0, "article_id": article, "revision_id": article}
            connection.execute(insert(variant_articles).values(**row))

        chosen(wim, rhythm="each")

        assert bool(rows(owed)) is owes

    def test_there_and_back_owes_nothing_twice(self, added, chosen, published: Publish, rows) -> None:
        wim = added("wim@example.org", rhythm="weekly")
        article = published()

        for rhythm in ("each", "weekly", "each", "daily", "each"):
            wim = chosen(wim, rhythm=rhythm)

        assert [row["article_id"] for row in rows(owed)] == [article]

    def test_from_each_to_a_digest_keeps_the_cursor(self, added, chosen, published: Publish, rows) -> None:
        ada = added("ada@example.org")
        published()

        weekly = chosen(replace(ada), rhythm="weekly")

        assert (weekly.covered_through, rows(owed)) == (ada.covered_through, [])

    @pytest.mark.parametrize("rhythm", ["each", "weekly"])
    def test_from_the_feed_mail_begins_now(self, added, chosen, published: Publish, rows, rhythm: str) -> None:
        farid = added("farid@example.org", rhythm="feed")
        last = published()

        back = chosen(farid, rhythm=rhythm)

        assert (back.covered_through, rows(owed)) == (last, [])


@pytest.mark.parametrize("catch_up", [True, False])
def test_pause_of_a_digest_reader_keeps_what_waited_before_it(
    store: Store, added, intake: Intake, published: Publish, rows, catch_up: bool
) -> None:
    """Not made up for, the pause moves the cursor; what lay before it is owed by a row of its own."""
    wim = added("wim@example.org", rhythm="weekly")
    before = published()

    paused = pause(store, wim.id, weeks=2, catch_up=catch_up, intake=intake)

    assert paused is not None
    assert [row["article_id"] for row in rows(owed)] == ([] if catch_up else [before])
    assert paused.covered_through == (0 if catch_up else before)
