"""Which articles a cohort gets, and in which order: the choice alone, without a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from newsletter.config.settings import ScheduleSettings
from newsletter.editions.gather import Order, pending
from newsletter.model import ArticleId, Masthead, RevisionId
from newsletter.store.candidates import Candidate
from newsletter.store.gathering import Cohort
from newsletter.timetable import Rule

READER = Cohort(key="en", language="en", after=0, topics=None, received=frozenset(), owed=frozenset(), readers=1)
ORDER = Order(
    schedule=ScheduleSettings(name="weekly", rule=Rule(at=time(8))),
    rhythm="weekly",
    cut=100,
    hours=(),
    covered_through=0,
    now=datetime(2026, 11, 30, 7, tzinfo=UTC),
)


def article(seq: int, group: str = "", *, language: str = "en", **columns: object) -> Candidate:
    """A public article that was mailed, the `seq`th publication."""
    usual = Candidate(
        article_id=ArticleId(seq),
        revision_id=RevisionId(seq),
        uid=f"uid:{seq}",
        group_uid=group or f"group:{seq}",
        language=language,
        topics=("harbour",),
        seq=seq,
        mailed=True,
        has_image=False,
    )
    return replace(usual, **columns)


@pytest.fixture
def gets(masthead: Masthead) -> Callable[..., list[int]]:
    """The sequence numbers of what a reader gets of these articles, in order."""

    def choose(*articles: Candidate, reader: Cohort = READER, order: Order = ORDER) -> list[int]:
        groups: dict[str, list[Candidate]] = {}
        for one in articles:
            groups.setdefault(one.group_uid, []).append(one)
        return [one.seq for one in pending(reader, groups, order, masthead)]

    return choose


def test_newest_comes_first(gets) -> None:
    assert gets(article(1), article(2), article(3)) == [3, 2, 1]


def test_what_the_cursor_has_covered_does_not_come_again(gets) -> None:
    reader = replace(READER, after=2)

    assert gets(article(1), article(2), article(3), reader=reader) == [3]


@pytest.mark.parametrize(
    ("language", "there", "wanted"),
    [
        ("en", ("en", "fr", "ar"), "en"),
        ("fr", ("en", "fr", "ar"), "fr"),
        ("ar", ("en", "fr"), "fr"),
        ("ar", ("en",), "en"),
        ("fr", ("en", "ar"), "en"),
        ("fr", ("ar",), "ar"),
        ("pt-br", ("fr", "en"), "en"),
        ("fr-ca", ("en", "fr"), "fr"),
    ],
)
def test_one_of_a_group_comes_in_the_best_language(gets, language: str, there: tuple[str, ...], wanted: str) -> None:
    members = [article(seq, "tides", language=each) for seq, each in enumerate(there, 1)]
    reader = replace(READER, language=language)

    assert gets(*members, reader=reader) == [there.index(wanted) + 1]


def test_oldest_comes_where_two_of_a_group_are_in_one_language(gets) -> None:
    assert gets(article(1, "tides"), article(2, "tides")) == [1]


def test_group_that_was_received_never_comes_in_another_language(gets) -> None:
    reader = replace(READER, language="fr", received=frozenset({"tides"}))

    assert gets(article(1, "tides"), article(2, "tides", language="fr"), reader=reader) == []


def test_translation_in_a_better_language_brings_the_group_to_who_was_passed_over(gets) -> None:
    reader = replace(READER, language="fr", after=1)

    assert gets(article(1, "tides"), article(2, "tides", language="fr"), reader=reader) == [2]


def test_translation_in_a_worse_language_is_no_news(gets) -> None:
    reader = replace(READER, after=1)

    assert gets(article(1, "tides"), article(2, "tides", language="fr"), reader=reader) == []


def test_translation_that_was_not_mailed_keeps_nobody_from_the_one_that_was(gets) -> None:
    reader = replace(READER, language="fr")
    translation = article(2, "tides", language="fr", mailed=False)

    assert gets(article(1, "tides"), translation, reader=reader) == [1]


def test_what_was_not_mailed_does_not_come(gets) -> None:
    assert gets(article(1, mailed=False), article(2)) == [2]


@pytest.mark.parametrize(
    ("topics", "wanted"),
    [(None, [3, 2, 1]), ({"harbour"}, [2, 1]), ({"diplomacy"}, [2]), ({"harbour", "diplomacy"}, [2, 1]), (set(), [])],
)
def test_topics_of_the_reader_decide(gets, topics: set[str] | None, wanted: list[int]) -> None:
    articles = article(1), article(2, topics=("harbour", "diplomacy")), article(3, topics=())
    reader = replace(READER, topics=None if topics is None else frozenset(topics))

    assert gets(*articles, reader=reader) == wanted


def test_translation_off_the_readers_topics_gives_way_to_one_that_is_on_them(gets) -> None:
    reader = replace(READER, language="fr", topics=frozenset({"harbour"}))
    french = article(2, "tides", language="fr", topics=("diplomacy",))

    assert gets(article(1, "tides"), french, reader=reader) == [1]


@pytest.mark.parametrize(
    ("topics", "wanted"), [((), [2, 1]), (("diplomacy",), [2]), (("harbour", "diplomacy"), [2, 1])]
)
def test_topics_of_the_schedule_decide(gets, topics: tuple[str, ...], wanted: list[int]) -> None:
    order = replace(ORDER, schedule=replace(ORDER.schedule, topics=topics))

    assert gets(article(1), article(2, topics=("diplomacy",)), order=order) == wanted


def test_article_must_meet_the_topics_of_the_schedule_and_those_of_the_reader(gets) -> None:
    order = replace(ORDER, schedule=replace(ORDER.schedule, topics=("diplomacy",)))
    reader = replace(READER, topics=frozenset({"harbour"}))
    both = article(3, topics=("harbour", "diplomacy"))

    assert gets(article(1), article(2, topics=("diplomacy",)), both, reader=reader, order=order) == [3]


def test_schedule_of_one_language_brings_that_one_to_every_reader(gets) -> None:
    order = replace(ORDER, schedule=replace(ORDER.schedule, language="fr"))
    articles = article(1, "tides"), article(2, "tides", language="fr"), article(3, "quay")

    assert gets(*articles, order=order) == [2]


def test_what_is_owed_comes_in_spite_of_the_cursor(gets) -> None:
    reader = replace(READER, after=5, owed=frozenset({"tides"}))

    assert gets(article(1, "tides"), article(2, "quay"), article(6), reader=reader) == [6, 1]


def test_what_is_owed_and_was_received_meanwhile_does_not_come(gets) -> None:
    reader = replace(READER, after=5, owed=frozenset({"tides"}), received=frozenset({"tides"}))

    assert gets(article(1, "tides"), reader=reader) == []


def test_what_is_owed_comes_in_the_language_that_is_read_now(gets) -> None:
    reader = replace(READER, language="fr", after=5, owed=frozenset({"tides"}))

    assert gets(article(1, "tides"), article(2, "tides", language="fr"), reader=reader) == [2]


def test_what_is_owed_leaves_with_a_topic_that_was_dropped(gets) -> None:
    reader = replace(READER, after=5, owed=frozenset({"tides"}), topics=frozenset({"diplomacy"}))

    assert gets(article(1, "tides"), reader=reader) == []


def test_run_for_what_is_owed_brings_nothing_else(gets) -> None:
    reader = replace(READER, owed=frozenset({"tides"}))
    order = replace(ORDER, owed_only=True)

    assert gets(article(1, "tides"), article(2), reader=reader, order=order) == [1]
