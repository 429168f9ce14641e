"""Readers sorted into cohorts, and what is written for each: on SQLite and on PostgreSQL, without a newsroom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import available_timezones

import pytest
from real_newsroom import Desk  # this and the next found through conftest.py
from rows import JOINED, NOON, Rows
from sqlalchemy import insert, select

from newsletter.config.settings import ScheduleSettings
from newsletter.editions.hours import readers_hours_on
from newsletter.model import DeliveryState, EditionId
from newsletter.store import Store
from newsletter.store.audience import chunk_ranges
from newsletter.store.gathering import (
    OWN_HOUR,
    Cohort,
    Outcome,
    Question,
    ReadersHour,
    cover_cohorts,
    left_out,
    queue_cohorts,
    readers_hours,
    sort_readers,
)
from newsletter.store.tables import deliveries, owed, subscribers, suppressions
from newsletter.timetable import read_at

PARIS = ReadersHour(no=1, time_zone="Europe/Paris", hour=OWN_HOUR, at=NOON)
QUESTION = Question(rhythm="weekly", now=NOON, groups=(), topics=(), first_edition=None, hours=(PARIS,), is_local=True)
# Two numbers of 60 bits are full, and a third is not.
MANY = tuple(f"word-{number:03}" for number in range(130))
SOME = frozenset(MANY[:1] + MANY[58:62] + MANY[119:121] + MANY[-1:])


@pytest.fixture
def store(either_desk: Desk) -> Store:
    return either_desk.store


@pytest.fixture
def rows(store: Store) -> Rows:
    return Rows(store=store)


@pytest.fixture
def sort(store: Store) -> Callable[..., tuple[list[Cohort], dict[str, int]]]:
    """The cohorts, and who was left out, for a question that differs from the usual one."""

    def ask(**different: object) -> tuple[list[Cohort], dict[str, int]]:
        with store.writing() as connection:
            return sort_readers(connection, replace(QUESTION, **different)), left_out(connection)

    return ask


def test_nobody_is_in_no_cohort(sort) -> None:
    assert sort() == ([], {})


def test_readers_in_the_same_position_are_one_cohort(rows: Rows, sort) -> None:
    rows.readers([{"name": f"reader-{number}"} for number in range(20)])
    rows.reader("french", language="fr")
    rows.reader("behind", covered_through=7)
    rows.reader("choosy", topics=["harbour"])
    rows.reader("other", rhythm="daily")

    cohorts, _ = sort(topics=("harbour",))

    found = {(one.language, one.after, one.topics): one.readers for one in cohorts}
    assert found == {
        ("en", 0, None): 20,
        ("fr", 0, None): 1,
        ("en", 7, None): 1,
        ("en", 0, frozenset({"harbour"})): 1,
    }


def test_who_chose_a_topic_that_is_not_in_question_is_not_taken_for_who_chose_none(rows: Rows, sort) -> None:
    rows.reader("choosy", topics=["diplomacy"])

    for topics in ((), ("harbour",), MANY):
        assert [one.topics for one in sort(topics=topics)[0]] == [frozenset()]


def test_more_topics_than_a_number_has_bits_are_all_told_apart(rows: Rows, sort) -> None:
    rows.reader("some", topics=SOME)
    rows.reader("all", topics=MANY)
    rows.reader("last", topics=MANY[-1:])

    cohorts, _ = sort(topics=MANY)

    assert {one.topics for one in cohorts} == {SOME, frozenset(MANY), frozenset(MANY[-1:])}


def test_more_groups_than_a_number_has_bits_are_all_told_apart(rows: Rows, sort) -> None:
    some, nothing = rows.readers([{"name": "some"}, {"name": "nothing"}])
    articles = {slug: rows.article(slug) for slug in MANY}
    first = rows.edition("first", *(articles[slug] for slug in sorted(SOME)))
    rows.deliver(first, some)
    rows.owe(nothing, *(articles[slug][0] for slug in SOME))

    cohorts, _ = sort(groups=MANY, first_edition=first[0])

    assert {(one.received, one.owed) for one in cohorts} == {(SOME, frozenset()), (frozenset(), SOME)}


@pytest.mark.parametrize("state", DeliveryState)
def test_what_was_cancelled_was_not_received(rows: Rows, sort, state: DeliveryState) -> None:
    reader = rows.reader("wim")
    edition = rows.edition("first", rows.article("tides"))
    rows.deliver(edition, reader, state=state)

    cohorts, _ = sort(groups=("tides",), first_edition=edition[0])

    expected = frozenset() if state is DeliveryState.CANCELLED else frozenset({"tides"})
    assert [one.received for one in cohorts] == [expected]


def test_group_that_came_in_two_editions_is_one_group(rows: Rows, sort) -> None:
    reader = rows.reader("wim")
    tides, quay = rows.article("tides"), rows.article("quay")
    marees = rows.article("marees", group_uid="tides", language="fr")
    first = rows.edition("first", tides)
    rows.deliver(first, reader)
    rows.deliver(rows.edition("second", marees, tides), reader)
    rows.deliver(rows.edition("third", quay), rows.reader("other"))

    cohorts, _ = sort(groups=("quay", "tides"), first_edition=first[0])

    assert {one.received for one in cohorts} == {frozenset({"tides"}), frozenset({"quay"})}


def test_run_for_what_is_owed_sorts_only_who_is_owed_something(rows: Rows, sort) -> None:
    owes, _ = rows.readers([{"name": "owes"}, {"name": "settled"}])
    rows.owe(owes, rows.article("tides")[0])

    cohorts, _ = sort(groups=("tides",), owed_only=True)

    assert [(one.owed, one.readers) for one in cohorts] == [(frozenset({"tides"}), 1)]


def test_everybody_left_out_has_one_reason(rows: Rows, store: Store, sort) -> None:
    hour, later = timedelta(hours=1), NOON + timedelta(seconds=1)
    rows.readers(
        [
            {"name": "due"},
            {"name": "joined on the stroke", "joined_at": NOON},
            {"name": "joined too late", "joined_at": later},
            {"name": "in a zone without an hour", "time_zone": "Asia/Tokyo"},
            {"name": "rests", "paused_until": later},
            {"name": "has rested", "paused_until": NOON},
            {"name": "left", "state": "unsubscribed"},
            {"name": "left and rests", "state": "unsubscribed", "paused_until": NOON + hour},
            {"name": "has not confirmed", "state": "pending"},
            {"name": "bounced", "state": "bounced"},
            {"name": "suppressed"},
        ]
    )
    with store.writing() as connection:
        row = {"address_key": "key suppressed", "reason": "bounced", "source": "test", "at": JOINED}
        connection.execute(insert(suppressions).values(**row))

    cohorts, reasons = sort()

    assert sum(one.readers for one in cohorts) == 3
    assert reasons == {"late": 2, "paused": 1, "unsubscribed": 2, "pending": 1, "bounced": 1, "suppressed": 1}


def test_hour_of_the_newsroom_is_everybodys(rows: Rows, sort) -> None:
    rows.readers([{"name": "paris"}, {"name": "tokyo", "time_zone": "Asia/Tokyo", "hour": 19}])

    cohorts, reasons = sort(is_local=False, hours=(replace(PARIS, time_zone=""),))

    assert (sum(one.readers for one in cohorts), reasons) == (2, {})


def everybody_gets(cohorts: list[Cohort], variant_id: int) -> dict[str, Outcome]:
    return {one.key: Outcome(variant_id=variant_id, reason="", moves=True) for one in cohorts}


def test_four_hundred_zones_are_as_many_waves_that_no_chunk_mixes(rows: Rows, store: Store) -> None:
    zones = sorted(zone for zone in available_timezones() if "/" in zone)[:400]
    names = [{"name": f"{zone} {turn}", "time_zone": zone} for turn in range(2) for zone in zones]
    rows.readers(names)
    edition_id, variant_id = rows.edition("weekly", rows.article("tides"))

    with store.writing() as connection:
        schedule = ScheduleSettings(name="weekly", rule=read_at("mon 08:00"))
        hours = readers_hours_on(NOON.date(), schedule, readers_hours(connection, "weekly"))
        cohorts = sort_readers(connection, replace(QUESTION, hours=hours))
        by_wave = queue_cohorts(connection, EditionId(edition_id), everybody_gets(cohorts, variant_id))
        chunks = chunk_ranges(connection, EditionId(edition_id))
        query = select(deliveries.c.wave, subscribers.c.time_zone).join(
            subscribers, subscribers.c.id == deliveries.c.subscriber_id
        )
        found = {tuple(row) for row in connection.execute(query)}

    assert by_wave == {one.no: 2 for one in hours}
    assert found == {(one.no, one.time_zone) for one in hours}
    assert sorted(wave for wave, _, _ in chunks) == sorted(by_wave)
    assert [one.at for one in hours] == sorted(one.at for one in hours)


def test_rows_are_written_for_those_with_a_variant_alone(rows: Rows, store: Store) -> None:
    french, english = rows.readers([{"name": "french", "language": "fr"}, {"name": "english"}])
    edition_id, variant_id = rows.edition("weekly", rows.article("tides"))

    with store.writing() as connection:
        outcomes = everybody_gets(sort_readers(connection, QUESTION), variant_id)
        outcomes |= {
            key: replace(one, variant_id=None, reason="nothing new")
            for key, one in outcomes.items()
            if key.startswith("en")
        }
        by_wave = queue_cohorts(connection, EditionId(edition_id), outcomes)
        found = connection.execute(select(deliveries.c.subscriber_id, deliveries.c.wave)).all()

    assert by_wave == {1: 1}
    assert [tuple(row) for row in found] == [(french, 1)]
    assert english not in {row[0] for row in found}


def cursors(store: Store) -> dict[str, int]:
    with store.reading() as connection:
        found = connection.execute(select(subscribers.c.uid, subscribers.c.covered_through))
        return dict(tuple(row) for row in found)


def test_cursor_of_everybody_considered_moves_and_no_other(rows: Rows, store: Store) -> None:
    rows.readers(
        [
            {"name": "gets", "language": "en"},
            {"name": "nothing new", "language": "fr"},
            {"name": "too few", "language": "ar"},
            {"name": "rests", "paused_until": NOON + timedelta(days=1)},
            {"name": "late", "joined_at": NOON + timedelta(days=1)},
            {"name": "each", "rhythm": "each"},
            {"name": "ahead", "covered_through": 12},
        ]
    )

    with store.writing() as connection:
        cohorts = sort_readers(connection, QUESTION)
        moves = {one.key: one.language != "ar" for one in cohorts}
        outcomes = {key: Outcome(variant_id=None, reason="", moves=moved) for key, moved in moves.items()}
        cover_cohorts(connection, outcomes, through=9)

    assert cursors(store) == {
        "gets": 9,
        "nothing new": 9,
        "too few": 0,
        "rests": 0,
        "late": 0,
        "each": 0,
        "ahead": 12,
    }


def test_what_is_published_after_the_cut_stays_owed(rows: Rows, store: Store) -> None:
    considered, rests = rows.readers(
        [{"name": "considered"}, {"name": "rests", "paused_until": NOON + timedelta(days=1)}]
    )
    before, after = rows.article("before")[0], rows.article("after")[0]
    rows.owe(considered, before, after)
    rows.owe(rests, before)

    with store.writing() as connection:
        cohorts = sort_readers(connection, QUESTION)
        cover_cohorts(connection, everybody_gets(cohorts, 0), through=1)
        found = connection.execute(select(owed.c.subscriber_id, owed.c.article_id)).all()

    assert {tuple(row) for row in found} == {(considered, after), (rests, before)}


def test_more_cohorts_than_one_statement_takes_are_all_queued_and_covered(rows: Rows, store: Store) -> None:
    number = 5_003
    rows.readers([{"name": f"reader-{at}", "covered_through": at} for at in range(number)])
    edition_id, variant_id = rows.edition("weekly", rows.article("tides"))

    with store.writing() as connection:
        cohorts = sort_readers(connection, QUESTION)
        outcomes = everybody_gets(cohorts, variant_id)
        by_wave = queue_cohorts(connection, EditionId(edition_id), outcomes)
        cover_cohorts(connection, outcomes, through=number)

    assert (len(cohorts), by_wave) == (number, {1: number})
    assert set(cursors(store).values()) == {number}


def test_hours_of_a_rhythm_are_told_with_their_first_reader(rows: Rows, store: Store) -> None:
    early, late = JOINED - timedelta(days=1), JOINED + timedelta(days=1)
    rows.readers(
        [
            {"name": "a", "joined_at": late},
            {"name": "b", "joined_at": early},
            {"name": "c", "hour": 19},
            {"name": "d", "time_zone": "Asia/Tokyo"},
            {"name": "e", "time_zone": "Asia/Kabul", "state": "unsubscribed"},
            {"name": "f", "time_zone": "Asia/Kabul", "rhythm": "daily"},
        ]
    )

    with store.reading() as connection:
        found = readers_hours(connection, "weekly")

    expected: list[tuple[str, int, datetime, int]] = [
        ("Asia/Tokyo", OWN_HOUR, JOINED, 1),
        ("Europe/Paris", OWN_HOUR, early, 2),
        ("Europe/Paris", 19, JOINED, 1),
    ]
    assert found == expected
