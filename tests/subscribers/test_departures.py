from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import update

from newsletter.errors import UsageError
from newsletter.model import DeliveryState, Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import (
    consents,
    deliveries,
    events,
    metadata,
    revocations,
    subscribers,
    suppressions,
)
from newsletter.subscribers import (
    Keys,
    Suppressed,
    SuppressionReason,
    find,
    find_by_id,
    suppress,
    suppression_key,
    unsubscribe,
)

Add = Callable[..., Subscriber]
Rows = Callable[..., list[dict[str, object]]]


@pytest.fixture
def suppressed(store: Store, keys: Keys, now: datetime) -> Callable[..., Suppressed]:
    def stop(address: str, reason: SuppressionReason) -> Suppressed:
        return suppress(store, address, suppression=Suppression(reason=reason, source="test", at=now), keys=keys)

    return stop


def test_unsubscribing_ends_mail_and_is_written_down(store: Store, added: Add, rows: Rows, now: datetime) -> None:
    ada = added("ada@example.org")

    left = unsubscribe(store, ada.id, source="one-click", now=now)

    assert left is not None
    assert (left.changed, left.cancelled) == (True, 0)
    assert left.subscriber == find_by_id(store, ada.id)
    assert left.subscriber.state is SubscriberState.UNSUBSCRIBED
    (told,) = rows(revocations)
    assert (told["subscriber_id"], told["at"]) == (ada.id, now)
    proof = rows(consents)[-1]
    assert (proof["what"], proof["source"]) == ("unsubscribe", "one-click")
    assert rows(events)[-1]["verb"] == "unsubscribe"
    assert rows(suppressions) == []


def test_l6_what_waits_in_any_edition_is_cancelled_at_once(
    store: Store, added: Add, mailed: Callable[..., int], rows: Rows, now: datetime
) -> None:
    ada, wim = added("ada@example.org"), added("wim@example.org")
    queued = mailed(ada, wim)
    deferred = mailed(ada, state=DeliveryState.DEFERRED, next_at=now, reason="450 later")
    for state in (DeliveryState.SENT, DeliveryState.LEASED, DeliveryState.FAILED, DeliveryState.UNKNOWN):
        mailed(ada, state=state)

    left = unsubscribe(store, ada.id, source="one-click", now=now)

    assert left is not None
    assert left.cancelled == 2
    cancelled = [row for row in rows(deliveries) if row["state"] == DeliveryState.CANCELLED]
    assert {row["edition_id"] for row in cancelled} == {queued, deferred}
    assert all(row["reason"] == "unsubscribed" and row["settled_at"] == now for row in cancelled)
    assert all(row["next_at"] is None and row["subscriber_id"] == ada.id for row in cancelled)
    states = sorted(row["state"] for row in rows(deliveries) if row["subscriber_id"] == ada.id)
    assert states == [1, 2, 4, 5, 6, 6]


def test_l3_unsubscribing_again_writes_nothing(store: Store, added: Add, rows: Rows, now: datetime) -> None:
    ada = added("ada@example.org")
    unsubscribe(store, ada.id, source="one-click", now=now)
    before = [rows(table) for table in metadata.sorted_tables]

    again = unsubscribe(store, ada.id, source="one-click", now=now)

    assert again is not None
    assert not again.changed
    assert [rows(table) for table in metadata.sorted_tables] == before


def test_ten_clicks_at_once_are_one_departure(store: Store, added: Add, rows: Rows, now: datetime) -> None:
    ada = added("ada@example.org")
    changes: list[bool] = []

    def click() -> None:
        left = unsubscribe(store, ada.id, source="one-click", now=now)
        changes.append(left is not None and left.changed)

    threads = [threading.Thread(target=click) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(changes) == [False] * 9 + [True]
    assert len(rows(revocations)) == 1


@pytest.mark.parametrize("number", [99, 2**47])
def test_a_reader_the_database_does_not_know_is_nobody(store: Store, now: datetime, number: int) -> None:
    assert unsubscribe(store, SubscriberId(number), source="one-click", now=now) is None


@pytest.mark.parametrize(
    ("state", "after"),
    [("pending", "unsubscribed"), ("bounced", "unsubscribed"), ("complained", "complained")],
)
def test_a_readers_wish_stands_above_a_bounce_and_below_a_complaint(
    store: Store, added: Add, now: datetime, state: str, after: str
) -> None:
    ada = added("ada@example.org")
    with store.writing() as connection:
        connection.execute(update(subscribers).values(state=state))

    left = unsubscribe(store, ada.id, source="one-click", now=now)

    assert left is not None
    assert (left.changed, left.subscriber.state) == (state != after, after)


@pytest.mark.parametrize(
    ("reason", "state", "withdrawn"),
    [
        (SuppressionReason.BOUNCED, "bounced", False),
        (SuppressionReason.COMPLAINED, "complained", True),
        (SuppressionReason.OBJECTED, "unsubscribed", True),
    ],
)
def test_x2_a_suppressed_reader_gets_nothing_more(
    store: Store,
    added: Add,
    mailed: Callable[..., int],
    rows: Rows,
    suppressed: Callable[..., Suppressed],
    reason: SuppressionReason,
    state: str,
    withdrawn: bool,
) -> None:
    ada = added("ada@example.org")
    mailed(ada)

    stopped = suppressed("Ada@example.org", reason)

    assert stopped.cancelled == 1
    assert stopped.subscriber == find(store, "ada@example.org")
    assert stopped.subscriber is not None
    assert stopped.subscriber.state == state
    assert rows(deliveries)[0]["reason"] == reason.value
    assert len(rows(revocations)) == 1
    assert ("unsubscribe" in [proof["what"] for proof in rows(consents)]) == withdrawn


def test_x6_a_suppression_names_nobody(rows: Rows, suppressed: Callable[..., Suppressed], keys: Keys) -> None:
    suppressed("Dan@example.org", SuppressionReason.OBJECTED)

    (row,) = rows(suppressions)
    assert row["address_key"] == suppression_key(keys, "dan@example.org")
    assert (row["reason"], row["source"]) == ("objected", "test")


def test_a_readers_own_word_is_not_covered_up_by_a_bounce(
    added: Add, rows: Rows, suppressed: Callable[..., Suppressed]
) -> None:
    added("ada@example.org")
    suppressed("ada@example.org", SuppressionReason.COMPLAINED)
    again = suppressed("ada@example.org", SuppressionReason.BOUNCED)

    assert [row["reason"] for row in rows(suppressions)] == ["complained"]
    assert again.subscriber is not None
    assert again.subscriber.state is SubscriberState.COMPLAINED
    assert len(rows(revocations)) == 1


def test_what_is_no_address_or_no_reason_is_refused(suppressed: Callable[..., Suppressed]) -> None:
    with pytest.raises(UsageError):
        suppressed("dan", SuppressionReason.BOUNCED)
    with pytest.raises(ValueError, match="boredom"):
        suppressed("dan@example.org", "boredom")  # type: ignore[arg-type]  # what a caller might do
