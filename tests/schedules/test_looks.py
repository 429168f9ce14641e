"""What a digest looks like to its readers: how many articles, which one leads, in whose words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from real_newsroom import Desk  # this and the next found through conftest.py
from rows import NOON, Rows

from newsletter.config.settings import ScheduleSettings
from newsletter.editions.gather import Gathered, Order, gather
from newsletter.model import Masthead
from newsletter.store.gathering import OWN_HOUR, ReadersHour
from newsletter.timetable import read_at

WEEKLY = ScheduleSettings(name="weekly", rule=read_at("mon 08:00"))
HOURS = (ReadersHour(no=1, time_zone="Europe/Paris", hour=OWN_HOUR, at=NOON),)
IMAGE = {"image": {"url": "https://news.example.org/media/a.png"}}


@pytest.fixture
def rows(either_desk: Desk) -> Rows:
    return Rows(store=either_desk.store)


@pytest.fixture
def gathered(rows: Rows, masthead: Masthead) -> Callable[..., Gathered]:
    """What a run of a weekly schedule would bring, with settings and cursor by name."""

    def ask(*, covered_through: int = 0, **settings: object) -> Gathered:
        order = Order(
            schedule=replace(WEEKLY, **settings),
            rhythm="weekly",
            cut=100,
            hours=HOURS,
            covered_through=covered_through,
            now=NOON,
        )
        with rows.store.writing() as connection:
            return gather(connection, order, masthead)

    return ask


def contents(found: Gathered) -> list[list[str]]:
    """Each look's articles by group, in reading order; the public one first."""
    return [[one.group_uid for one in look.contents] for look in found.wanted]


def test_newest_article_leads_where_none_has_a_picture(rows: Rows, gathered) -> None:
    for slug in ("first", "second", "third"):
        rows.article(slug)

    assert contents(gathered()) == [["third", "second", "first"]]


def test_newest_article_with_a_picture_leads(rows: Rows, gathered) -> None:
    rows.article("first", meta=IMAGE)
    rows.article("second", meta=IMAGE)
    rows.article("third")

    assert contents(gathered()) == [["second", "third", "first"]]


def test_picture_of_an_article_past_the_maximum_makes_it_no_lead(rows: Rows, gathered) -> None:
    rows.article("first", meta=IMAGE)
    for slug in ("second", "third"):
        rows.article(slug)

    assert contents(gathered(max=2)) == [["third", "second", "first"]]
    assert contents(gathered(max=3)) == [["first", "third", "second"]]


def test_fewer_articles_than_the_minimum_make_no_digest_and_somebody_waits(rows: Rows, gathered) -> None:
    rows.reader("wim")
    rows.article("first")

    alone = gathered(min=2)
    rows.article("second")
    together = gathered(min=2)

    assert (contents(alone), [one.key in alone.few for one in alone.cohorts]) == ([], [True])
    assert (contents(together), together.few) == ([["second", "first"]], frozenset())


def test_who_gets_nothing_new_does_not_wait_for_the_minimum(rows: Rows, gathered) -> None:
    rows.reader("wim", covered_through=1)
    rows.article("first")

    found = gathered(min=2, covered_through=1)

    assert (found.few, found.wanted) == (frozenset(), ())


def test_readers_who_get_the_same_share_one_look(rows: Rows, gathered) -> None:
    rows.reader("all")
    rows.reader("choosy", topics=["harbour"])
    rows.reader("other", topics=["diplomacy"])
    rows.reader("behind", covered_through=1)
    rows.article("first", topics=("harbour",))
    rows.article("second", topics=("harbour", "diplomacy"))

    found = gathered()

    assert contents(found) == [["second", "first"], ["second"]]
    assert sorted((one.readers, len(found.looks[one.key].contents)) for one in found.cohorts) == [
        (1, 1),
        (1, 1),
        (1, 2),
        (1, 2),
    ]


def test_words_around_the_articles_are_in_the_readers_language(rows: Rows, gathered) -> None:
    for language in ("en", "fr", "ar"):
        rows.reader(language, language=language)
    rows.article("tides")
    rows.article("marees", group_uid="tides", language="fr")

    looks = gathered().wanted

    assert {(look.furniture, look.contents[0].language) for look in looks} == {("en", "en"), ("fr", "fr"), ("ar", "fr")}


def test_public_digest_follows_the_cursor_of_the_schedule(rows: Rows, gathered) -> None:
    rows.reader("behind")
    for slug in ("first", "second"):
        rows.article(slug)

    public = gathered(covered_through=1).public

    assert public is not None
    assert [one.group_uid for one in public.contents] == ["second"]


def test_digest_without_readers_is_the_public_one(rows: Rows, gathered) -> None:
    rows.article("first", language="fr")

    found = gathered(language="fr")

    assert (found.cohorts, [look.furniture for look in found.wanted]) == ((), ["fr"])
