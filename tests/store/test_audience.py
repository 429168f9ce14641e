"""Who gets an edition, and why the others do not: the plan and the rows must agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, insert, select, update

from newsletter.model import DeliveryState, EditionId, VariantId
from newsletter.store import Store
from newsletter.store.audience import (
    Audience,
    Count,
    chunk_ranges,
    count_audience,
    move_cursors,
    queue_deliveries,
    reader_languages,
)
from newsletter.store.editions import CHUNK_SIZE
from newsletter.store.tables import deliveries, exclusions, subscribers, suppressions


@pytest.fixture
def rule(now: datetime) -> Audience:
    return Audience(topics=("harbour",), group_uids=("uid:tides",), everyone=False, now=now)


def counted(store: Store, audience: Audience) -> Count:
    with store.reading() as connection:
        return count_audience(connection, audience)


def queued(store: Store, edition: tuple[EditionId, VariantId], audience: Audience) -> Count:
    with store.writing() as connection:
        return queue_deliveries(connection, edition[0], audience, dict.fromkeys(("en", "fr"), edition[1]))


def mailed(store: Store) -> list[int]:
    with store.reading() as connection:
        query = select(deliveries.c.subscriber_id).order_by(deliveries.c.subscriber_id)
        return list(connection.execute(query).scalars())


@pytest.mark.parametrize("state", ["pending", "unsubscribed", "bounced", "complained"])
def test_only_active_readers_are_due(store, reader, rule, state) -> None:
    reader("ada@example.org")
    reader("ben@example.org", state=state)

    assert (counted(store, rule).audience, counted(store, rule).excluded) == (1, {state: 1})


def test_suppressed_address_is_never_due(store, reader, rule, now) -> None:
    reader("dan@example.org")
    with store.writing() as connection:
        row = {"address_key": "key dan@example.org", "reason": "objected", "source": "owner", "at": now}
        connection.execute(insert(suppressions).values(**row))

    everyone = replace(rule, everyone=True)

    assert counted(store, rule).excluded == counted(store, everyone).excluded == {"suppressed": 1}


def test_pause_ends_by_itself(store, reader, rule, now) -> None:
    reader("ada@example.org", paused_until=now + timedelta(days=1))

    assert counted(store, rule).excluded == {"paused": 1}
    assert counted(store, replace(rule, now=now + timedelta(days=2))).audience == 1


def test_rhythms_other_than_each_wait_for_their_digest(store, reader, rule) -> None:
    for rhythm in ("each", "daily", "weekly", "monthly", "feed"):
        reader(f"{rhythm}@example.org", rhythm=rhythm)

    count = counted(store, rule)

    assert (count.audience, count.by_rhythm) == (1, {"each": 1})
    assert count.excluded == {"digest daily": 1, "digest monthly": 1, "digest weekly": 1, "feed": 1}


def test_everyone_means_all_who_asked_for_mail(store, reader, rule) -> None:
    for rhythm in ("each", "daily", "weekly", "monthly", "feed"):
        reader(f"{rhythm}@example.org", rhythm=rhythm)

    count = counted(store, replace(rule, everyone=True))

    assert (count.audience, count.excluded) == (4, {"feed": 1})


def test_readers_choose_topics_and_none_chosen_means_all(store, reader, rule) -> None:
    reader("all@example.org")
    reader("harbour@example.org", topics=("diplomacy", "harbour"))
    reader("diplomacy@example.org", topics=("diplomacy",))

    assert (counted(store, rule).audience, counted(store, rule).excluded) == (2, {"topics": 1})


def test_article_without_topics_goes_to_those_who_want_all(store, reader, rule) -> None:
    reader("all@example.org")
    reader("harbour@example.org", topics=("harbour",))

    count = counted(store, replace(rule, topics=()))

    assert (count.audience, count.excluded) == (1, {"topics": 1})


def test_reader_who_has_a_translation_does_not_get_another(store, reader, released, published, rule) -> None:
    had, lost = reader("ada@example.org"), reader("farid@example.org", language="fr")
    edition = released(published("marees", language="fr", group_uid="uid:tides"))
    with store.writing() as connection:
        row = {"edition_id": edition[0], "variant_id": edition[1], "attempts": 1}
        states = {had: DeliveryState.UNKNOWN, lost: DeliveryState.CANCELLED}
        for key, state in states.items():
            connection.execute(insert(deliveries).values(**row, subscriber_id=key, state=int(state)))

    count = counted(store, rule)

    assert (count.audience, count.by_language, count.excluded) == (1, {"fr": 1}, {"received": 1})


def test_first_reason_counts(store, reader, rule, now) -> None:
    reader("cleo@example.org", state="unsubscribed", rhythm="weekly", paused_until=now + timedelta(days=1))

    assert counted(store, rule).excluded == {"unsubscribed": 1}


def test_rows_written_are_those_counted(store, reader, released, published, rule) -> None:
    due = [reader("ada@example.org"), reader("farid@example.org", language="fr")]
    reader("ben@example.org", state="pending")
    reader("wim@example.org", rhythm="weekly")
    planned = counted(store, rule)

    count = queued(store, released(published()), rule)

    assert count == planned
    assert count.considered == count.audience + sum(count.excluded.values()) == 4
    assert mailed(store) == due


def test_exclusions_are_kept_by_reason(store, reader, released, published, rule) -> None:
    reader("ben@example.org", state="pending")
    reader("wim@example.org", rhythm="weekly")
    edition = released(published())

    queued(store, edition, rule)

    with store.reading() as connection:
        kept = {(row.edition_id, row.reason, row.count) for row in connection.execute(select(exclusions))}
    assert kept == {(edition[0], "pending", 1), (edition[0], "digest weekly", 1)}


def test_each_row_has_the_variant_of_its_readers_language(store, reader, released, published, rule) -> None:
    readers = [reader("ada@example.org"), reader("farid@example.org", language="fr")]
    article = published()
    english, french = released(article), released(article, uid="e2")

    with store.writing() as connection:
        queue_deliveries(connection, english[0], rule, {"en": english[1], "fr": french[1]})
        rows = connection.execute(select(deliveries.c.subscriber_id, deliveries.c.variant_id))
        variant_of = {row.subscriber_id: row.variant_id for row in rows}

    assert variant_of == dict(zip(readers, (english[1], french[1]), strict=True))


def test_reader_who_leaves_during_the_release_does_not_upset_the_balance(
    store, reader, released, published, rule
) -> None:
    """PostgreSQL lets them: a count made before the rows says one more than there are, and nothing is ever sent."""
    reader("ada@example.org")
    leaving = reader("cleo@example.org")
    edition = released(published())

    left = []

    def leave(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith("INSERT INTO deliveries") and not store.is_sqlite and not left:
            left.append(leaving)
            with store.writing() as other:
                other.execute(update(subscribers).where(subscribers.c.id == leaving).values(state="unsubscribed"))

    event.listen(store.engine, "before_cursor_execute", leave)
    count = queued(store, edition, rule)
    event.remove(store.engine, "before_cursor_execute", leave)

    assert count.audience == len(mailed(store))
    assert count.considered == 2


@pytest.mark.parametrize("rows", [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE])
def test_chunks_cover_exactly_the_rows(store, released, published, rule, now, rows) -> None:
    """With gaps between them: two of three readers are not due."""
    row = {"suppression_key": None, "name": "", "language": "en", "time_zone": "UTC", "covered_through": 0}
    row |= {"token_version": 0, "joined_at": now, "rhythm": "each"}
    people = [row | dict.fromkeys(("uid", "address", "address_key"), f"r{n}@example.org") for n in range(3 * rows)]
    with store.writing() as connection:
        for number, person in enumerate(people):
            person["state"] = "pending" if number % 3 else "active"
        if people:
            connection.execute(insert(subscribers), people)
    edition = released(published())

    queued(store, edition, rule)
    with store.reading() as connection:
        ranges = chunk_ranges(connection, edition[0])

    keys = mailed(store)
    assert len(keys) == rows
    covered = [[key for key in keys if first <= key <= last] for _, first, last in ranges]
    assert [key for chunk in covered for key in chunk] == keys
    assert [len(chunk) for chunk in covered[:-1]] == [CHUNK_SIZE] * (len(covered) - 1)
    assert all((0, chunk[0], chunk[-1]) == limits for chunk, limits in zip(covered, ranges, strict=True))


def test_cursors_move_for_active_readers_of_each_article_and_never_back(store, reader, now) -> None:
    keys = {
        "ada": reader("ada@example.org"),
        "ahead": reader("ahead@example.org", covered_through=9),
        "paused": reader("paused@example.org", paused_until=now + timedelta(days=9)),
        "wim": reader("wim@example.org", rhythm="weekly"),
        "resting": reader("resting@example.org", rhythm="weekly", paused_until=now + timedelta(days=9)),
        "catching up": reader(
            "later@example.org", rhythm="weekly", paused_until=now + timedelta(days=9), catch_up=True
        ),
        "rested": reader("rested@example.org", rhythm="weekly", paused_until=now - timedelta(days=9)),
        "cleo": reader("cleo@example.org", state="unsubscribed"),
    }

    with store.writing() as connection:
        move_cursors(connection, 7, now=now)
        rows = connection.execute(select(subscribers.c.id, subscribers.c.covered_through))
        found = {row.id: row.covered_through for row in rows}

    assert {name: found[key] for name, key in keys.items()} == {
        "ada": 7,
        "ahead": 9,
        "paused": 7,
        "wim": 0,
        "resting": 7,
        "catching up": 0,
        "rested": 0,
        "cleo": 0,
    }


def test_reader_languages_are_sorted_and_named_once(store, reader) -> None:
    for number, language in enumerate(("fr", "en", "fr", "ar")):
        reader(f"r{number}@example.org", language=language)

    with store.reading() as connection:
        assert reader_languages(connection) == ["ar", "en", "fr"]
