"""Counts of feed readers: one row for each day, feed file, service and its number of the feed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from newsletter.store.feed_readers import (
    FeedReaders,
    count_private_feeds,
    feed_readers_since,
    forget_feed_readers,
    note_feed_readers,
)
from newsletter.store.tables import private_feeds

TODAY = date(2026, 11, 24)
FEEDLY = FeedReaders(day=TODAY, path="rss.xml", service="Feedly", readers=40)
PROGRAMS = replace(FEEDLY, service="FreshRSS", readers=3, is_estimate=True)


@pytest.fixture
def note(store):
    """Write counts in a transaction of their own, as a process does."""

    def write(*rows: FeedReaders) -> None:
        with store.writing() as connection:
            note_feed_readers(connection, rows)

    return write


def kept(store, since: date = TODAY) -> list[FeedReaders]:
    with store.reading() as connection:
        return feed_readers_since(connection, since)


@pytest.mark.parametrize("first", [FEEDLY, PROGRAMS])
def test_highest_number_of_two_processes_stays(store, note, first: FeedReaders) -> None:
    note(first)
    note(replace(first, readers=first.readers + 2))
    note(replace(first, readers=1))

    assert kept(store) == [replace(first, readers=first.readers + 2)]


def test_reported_number_takes_the_place_of_an_estimate_and_never_the_other_way(store, note) -> None:
    estimate = replace(FEEDLY, readers=90, is_estimate=True)

    note(estimate)
    note(FEEDLY)
    note(replace(estimate, readers=95))

    assert kept(store) == [FEEDLY]


def test_days_files_services_and_their_numbers_have_rows_of_their_own(store, note) -> None:
    rows = [
        replace(FEEDLY, day=TODAY - timedelta(days=1)),
        FEEDLY,
        replace(FEEDLY, feed_key="4711", readers=2),
        PROGRAMS,
        replace(FEEDLY, path="topics/harbour/rss.xml"),
    ]

    note(*reversed(rows))
    note()

    assert sorted(kept(store, TODAY - timedelta(days=9)), key=rows.index) == rows
    assert kept(store)[0].day == TODAY
    assert len(kept(store)) == 4


def test_old_days_are_forgotten(store, note) -> None:
    note(FEEDLY, replace(FEEDLY, day=TODAY - timedelta(days=400)), replace(FEEDLY, day=TODAY - timedelta(days=401)))

    with store.writing() as connection:
        forgotten = forget_feed_readers(connection, before=TODAY - timedelta(days=400))

    assert forgotten == 1
    assert [row.day for row in kept(store, date(2020, 1, 1))] == [TODAY - timedelta(days=400), TODAY]


def test_many_counts_are_written_at_once(store, note) -> None:
    note(*(replace(FEEDLY, service=f"Reader{number}") for number in range(5_000)))

    assert len(kept(store)) == 5_000


def test_revoked_private_feeds_are_not_counted(store, reader, now) -> None:
    for name, revoked_at in (("ada", None), ("ben", now), ("cleo", None)):
        row = {"subscriber_id": reader(f"{name}@example.org"), "token_hash": name, "rhythm_before": "each"}
        with store.writing() as connection:
            connection.execute(insert(private_feeds).values(**row, made_at=now, revoked_at=revoked_at))

    with store.reading() as connection:
        assert count_private_feeds(connection) == 2
