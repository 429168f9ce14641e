"""Many tries settled at once leave the same rows as each by itself, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Row, insert, select, update

from newsletter.model import DeliveryState, EditionId, Outcome, Receipt, SubscriberId, VariantId
from newsletter.store import Store
from newsletter.store.attempts import AttemptKey, Ended, Settled, settle_many, settle_one
from newsletter.store.held import hold
from newsletter.store.tables import attempts, deliveries

# Whatever quotes, escapes or leaves ASCII, and a moment without a fraction of a second.
WORDS = ["2.0.0 Ok", 'say "yes" \\ no', "l'heure d'été", "名前 😀", "a\u2028b", "[1, 2] {}", "", "%s $1 :x ?"]


@pytest.fixture
def ended(store: Store, reader, published, released, now: datetime) -> list[Ended]:
    """Tries of one leased edition, one for each of `WORDS`, with every kind of end."""
    edition_id, variant_id = released(published())
    states = [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN]
    tries = []
    for at, words in enumerate(WORDS):
        subscriber_id = reader(f"reader{at}@example.org")
        lease(store, edition_id, variant_id, subscriber_id)
        state = states[at % len(states)]
        moment = now + timedelta(microseconds=at)
        tries.append(
            Ended(
                key=AttemptKey(edition_id=edition_id, subscriber_id=subscriber_id, no=1),
                settled=Settled(
                    state=state,
                    reason=None if state is DeliveryState.SENT else words,
                    next_at=moment if state is DeliveryState.DEFERRED else None,
                    settled_at=None if state is DeliveryState.DEFERRED else moment,
                ),
                receipt=Receipt(outcome=Outcome.ACCEPTED, code=250, enhanced="2.0.0", reply=words),
                transport="relay",
                since=now,
                at=moment,
            )
        )
    return tries


def lease(store: Store, edition_id: EditionId, variant_id: VariantId, subscriber_id: SubscriberId) -> None:
    row = {"edition_id": edition_id, "subscriber_id": subscriber_id, "variant_id": variant_id, "attempts": 0}
    with store.writing() as connection:
        connection.execute(insert(deliveries).values(state=int(DeliveryState.LEASED), **row))


def written(store: Store) -> tuple[Sequence[Row], Sequence[Row]]:
    with store.reading() as connection:
        return (
            connection.execute(select(deliveries).order_by(deliveries.c.subscriber_id)).all(),
            connection.execute(select(attempts).order_by(attempts.c.subscriber_id)).all(),
        )


def test_many_at_once_leave_what_each_by_itself_leaves(store: Store, ended: list[Ended]) -> None:
    with hold(store) as held, held.writing():
        assert settle_many(held, ended)
    at_once = written(store)
    with store.writing() as connection:
        connection.execute(attempts.delete())
        connection.execute(update(deliveries).values(state=int(DeliveryState.LEASED), attempts=0))
    with hold(store) as held, held.writing():
        assert all(settle_one(held, one) for one in ended)

    assert at_once == written(store)
    assert [row.reply for row in at_once[1]] == WORDS
    assert [row.closed_at for row in at_once[1]] == [one.at for one in ended]


def test_one_that_had_moved_is_noticed(store: Store, ended: list[Ended]) -> None:
    moved = SubscriberId(ended[3].key.subscriber_id)
    with store.writing() as connection:
        connection.execute(
            update(deliveries).where(deliveries.c.subscriber_id == moved).values(state=int(DeliveryState.CANCELLED))
        )

    with hold(store) as held, held.writing():
        assert not settle_many(held, ended)


def test_none_are_settled_at_once(store: Store) -> None:
    with hold(store) as held, held.writing():
        assert settle_many(held, [])
