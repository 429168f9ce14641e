"""What readers are owed after a pause, on both engines: all that would have been theirs, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.audience import Audience, queue_deliveries
from newsletter.store.deliveries import cancel_rows
from newsletter.store.owed import owe_paused
from newsletter.store.tables import deliveries, owed, subscribers


@pytest.fixture
def rule(now: datetime) -> Audience:
    return Audience(topics=("harbour",), group_uids=("uid:tides",), everyone=False, now=now)


@pytest.fixture
def paused(now: datetime) -> dict[str, object]:
    return {"paused_until": now + timedelta(weeks=2), "catch_up": True}


def owed_rows(store: Store) -> list[tuple[int, int, str]]:
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(select(owed).order_by(owed.c.subscriber_id))]


def owe(store: Store, rule: Audience, variant_id: int, *languages: str) -> None:
    with store.writing() as connection:
        owe_paused(connection, rule, dict.fromkeys(languages or ("en", "fr"), variant_id))


def test_paused_reader_who_catches_up_is_owed_the_article(store, reader, published, released, rule, paused) -> None:
    ada = reader("ada@example.org", **paused)
    article = published()

    owe(store, rule, released(article)[1])

    assert owed_rows(store) == [(ada, article[0], "pause")]


def test_article_is_owed_once_however_often_it_is_written(store, reader, published, released, rule, paused) -> None:
    reader("ada@example.org", **paused)
    variant_id = released(published())[1]

    owe(store, rule, variant_id)
    owe(store, rule, variant_id)

    assert len(owed_rows(store)) == 1


def test_translation_of_what_is_owed_is_not_owed_too(store, reader, published, released, rule, paused) -> None:
    ada = reader("ada@example.org", **paused)
    english, french = published(), published("marees", language="fr", group_uid="uid:tides")
    with store.writing() as connection:
        connection.execute(insert(owed).values(subscriber_id=ada, article_id=french[0], reason="rhythm"))

    owe(store, rule, released(english)[1])

    assert owed_rows(store) == [(ada, french[0], "rhythm")]


def test_reader_is_owed_the_translation_they_would_have_got(store, reader, published, released, rule, paused) -> None:
    ada, farid = reader("ada@example.org", **paused), reader("farid@example.org", language="fr", **paused)
    english, french = published(), published("marees", language="fr", group_uid="uid:tides")
    variants = {"en": released(english)[1], "fr": released(french, uid="e2")[1]}

    with store.writing() as connection:
        owe_paused(connection, rule, variants)

    assert owed_rows(store) == [(ada, english[0], "pause"), (farid, french[0], "pause")]


@pytest.mark.parametrize(
    "columns",
    [
        {"catch_up": False},
        {"paused_until": None},
        {"paused_until": datetime.fromisoformat("2026-11-24T08:59:00+00:00")},
        {"rhythm": "feed"},
        {"rhythm": "weekly"},
        {"state": "unsubscribed"},
        {"topics": ("diplomacy",)},
    ],
    ids=["over is over", "not paused", "pause is past", "feeds only", "cursor stays", "left", "other topics"],
)
def test_nobody_else_is_owed_anything(store, reader, published, released, rule, paused, columns) -> None:
    reader("ada@example.org", **(paused | columns))

    owe(store, rule, released(published())[1])

    assert owed_rows(store) == []


def test_reader_who_has_the_article_already_is_owed_nothing(store, reader, published, released, rule, paused) -> None:
    ada = reader("ada@example.org", **paused)
    article = published()
    edition_id, variant_id = released(article)
    with store.writing() as connection:
        row = {"edition_id": edition_id, "subscriber_id": ada, "variant_id": variant_id, "attempts": 1}
        connection.execute(insert(deliveries).values(state=int(DeliveryState.SENT), **row))

    owe(store, rule, released(article, uid="e2")[1])

    assert owed_rows(store) == []


@pytest.mark.parametrize(("catch_up", "number"), [(True, 1), (False, 0)])
def test_queued_email_that_a_pause_catches_is_owed(
    store, reader, published, released, rule, now, catch_up, number
) -> None:
    ada = reader("ada@example.org")
    edition_id, variant_id = released(published())
    with store.writing() as connection:
        queue_deliveries(connection, edition_id, rule, {"en": variant_id})
        paused = {"paused_until": now + timedelta(weeks=1), "catch_up": catch_up}
        connection.execute(update(subscribers).values(**paused))

        cancel_rows(connection, edition_id, {ada: "paused"}, now=now)

    assert len(owed_rows(store)) == number


def test_email_cancelled_for_another_reason_is_not_owed(store, reader, published, released, rule, now, paused) -> None:
    ada = reader("ada@example.org")
    edition_id, variant_id = released(published())
    with store.writing() as connection:
        queue_deliveries(connection, edition_id, rule, {"en": variant_id})
        connection.execute(update(subscribers).values(**paused))

        cancel_rows(connection, edition_id, {ada: "unsubscribed"}, now=now)

    assert owed_rows(store) == []


def test_pause_that_is_over_makes_the_reader_due_again(store, reader, published, released, rule, paused) -> None:
    ada = reader("ada@example.org", **paused)
    later = replace(rule, now=rule.now + timedelta(weeks=3))
    edition_id, variant_id = released(published())

    with store.writing() as connection:
        count = queue_deliveries(connection, edition_id, later, {"en": variant_id})
        owe_paused(connection, later, {"en": variant_id})
        rows = list(connection.execute(select(deliveries.c.subscriber_id)).scalars())

    assert (count.audience, rows, owed_rows(store)) == (1, [ada], [])
