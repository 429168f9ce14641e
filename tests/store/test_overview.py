"""Lists and counts for people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from newsletter.model import DeliveryState
from newsletter.store.articles import update_article
from newsletter.store.overview import (
    article_counts,
    deliveries_of_edition,
    editions_for_reader,
    unknown_by_edition,
)
from newsletter.store.tables import attempts, deliveries


@pytest.fixture
def deliver(store, now):
    """Write a delivery, and its last attempt when the server said something."""

    def write(edition, reader, state, reply=None, **columns) -> None:
        key = {"edition_id": edition[0], "subscriber_id": reader}
        row = key | {"variant_id": edition[1], "state": int(state), "attempts": 1 if reply else 0} | columns
        with store.writing() as connection:
            connection.execute(insert(deliveries).values(**row))
            if reply:
                said = key | {"no": 1, "transport": "relay", "opened_at": now, "outcome": "refused", "reply": reply}
                connection.execute(insert(attempts).values(**said))

    return write


def test_deliveries_are_listed_in_order_of_sign_up_with_the_servers_last_word(
    store, published, released, reader, deliver
) -> None:
    edition = released(published())
    ada, dan = reader("ada@example.org"), reader("dan@example.org")
    deliver(edition, dan, DeliveryState.FAILED, "550 no such user", reason="refused")
    deliver(edition, ada, DeliveryState.SENT)

    with store.reading() as connection:
        lines = deliveries_of_edition(connection, edition[0], state=None, limit=10)
        failed = deliveries_of_edition(connection, edition[0], state=DeliveryState.FAILED, limit=10)
        assert len(deliveries_of_edition(connection, edition[0], state=None, limit=1)) == 1

    assert [(line.address, line.state, line.reply) for line in lines] == [
        ("ada@example.org", DeliveryState.SENT, None),
        ("dan@example.org", DeliveryState.FAILED, "550 no such user"),
    ]
    assert failed == lines[1:]


def test_reader_sees_each_edition_and_why_it_did_not_come(store, published, released, reader, deliver, now) -> None:
    article = published()
    early = released(article, uid="early", released_at=now - timedelta(days=9))
    left_out = released(article, uid="left-out", released_at=now + timedelta(days=1))
    got = released(article, uid="got", released_at=now + timedelta(days=2))
    cancelled = released(article, uid="cancelled", released_at=now + timedelta(days=3))
    released(article, uid="draft", released_at=None, state="draft")
    ada = reader("ada@example.org", joined_at=now)
    deliver(got, ada, DeliveryState.SENT, settled_at=now + timedelta(days=2))
    deliver(cancelled, ada, DeliveryState.CANCELLED, reason="the article was withdrawn")
    del early, left_out

    with store.reading() as connection:
        lines = editions_for_reader(connection, ada, limit=10)

    assert [(line.edition_uid, line.became, line.explained) for line in lines] == [
        ("cancelled", "cancelled", "the article was withdrawn"),
        ("got", "sent", "2026-11-26 09:00 UTC"),
        ("left-out", "not due", "left out when it was released"),
        ("early", "not due", "joined after it was released"),
    ]


def test_unknown_deliveries_are_counted_by_edition(store, published, released, reader, deliver) -> None:
    article = published()
    first, second = released(article), released(article, uid="e2")
    for number, state in enumerate((DeliveryState.UNKNOWN, DeliveryState.UNKNOWN, DeliveryState.SENT)):
        deliver(first, reader(f"r{number}@example.org"), state)
    deliver(second, reader("ada@example.org"), DeliveryState.SENT)

    with store.reading() as connection:
        assert unknown_by_edition(connection) == {"e1": 2}


def test_articles_are_counted_by_state(store, published) -> None:
    published("tides")
    published("marees")
    withdrawn, _ = published("quay")
    with store.writing() as connection:
        update_article(connection, withdrawn, state="withdrawn")

    with store.reading() as connection:
        assert article_counts(connection) == {"published": 2, "withdrawn": 1}
