from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from newsletter.errors import UsageError
from newsletter.model import SubscriberState
from newsletter.store import Store
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import consents, events, subscriber_topics, subscribers, wordings
from newsletter.subscribers import (
    Arrival,
    Choices,
    Consent,
    Intake,
    Newcomer,
    SuppressionReason,
    add,
    suppress,
    suppression_key,
    unsubscribe,
)

ADA = Newcomer(address="Ada@Example.org", choices=Choices(name="Ada", language="fr", topics=("Diplomacy",), hour="7"))


def test_somebody_added_is_active_at_once(
    store: Store, consent: Consent, intake: Intake, publication: Callable[[int], None]
) -> None:
    publication(41)

    found = add(store, ADA, consent=consent, intake=intake)

    assert found.arrival is Arrival.ADDED
    assert found.message == "A…@example.org is an active subscriber."
    reader = found.subscriber
    assert reader is not None
    assert (reader.address, reader.uid, reader.state) == ("Ada@example.org", "reader-1", SubscriberState.ACTIVE)
    assert (reader.name, reader.language, reader.hour, reader.topics) == ("Ada", "fr", 7, ("diplomacy",))
    assert (reader.rhythm, reader.time_zone) == ("each", "Europe/Paris")
    assert reader.joined_at == intake.now
    assert reader.covered_through == 41


def test_s36_consent_is_kept_word_for_word(
    store: Store, consent: Consent, intake: Intake, rows: Callable[..., list[dict[str, object]]], now: datetime
) -> None:
    add(store, ADA, consent=consent, intake=intake)

    (proof,) = rows(consents)
    (wording,) = rows(wordings)
    assert (proof["what"], proof["wording_id"]) == ("subscribe", wording["id"])
    assert wording["text"] == "Signed the list at the harbour fair."
    assert (proof["source"], proof["method"], proof["at"]) == ("subscribers add", "owner", now)
    (event,) = rows(events)
    assert (event["verb"], event["about"], event["about_id"]) == ("add", "subscribers", proof["subscriber_id"])


def test_the_row_carries_the_hash_that_meets_suppressions(
    store: Store, consent: Consent, intake: Intake, rows: Callable[..., list[dict[str, object]]]
) -> None:
    add(store, ADA, consent=consent, intake=intake)

    (row,) = rows(subscribers)
    assert row["suppression_key"] == suppression_key(intake.keys, "ada@example.org")


def test_adding_twice_changes_nothing(
    store: Store, consent: Consent, intake: Intake, rows: Callable[..., list[dict[str, object]]]
) -> None:
    first = add(store, ADA, consent=consent, intake=intake)
    again = add(store, Newcomer(address="ADA@example.org"), consent=consent, intake=intake)

    assert again.arrival is Arrival.ALREADY
    assert again.message.startswith("A…@example.org is already there and active.")
    assert again.subscriber == first.subscriber
    assert [len(rows(table)) for table in (subscribers, consents, events, subscriber_topics)] == [1, 1, 1, 1]


def test_who_unsubscribed_is_not_brought_back(store: Store, consent: Consent, intake: Intake) -> None:
    reader = add(store, ADA, consent=consent, intake=intake).subscriber
    assert reader is not None
    unsubscribe(store, reader.id, source="one-click", now=intake.now)

    again = add(store, ADA, consent=consent, intake=intake)

    assert again.arrival is Arrival.ALREADY
    assert again.message == "A…@example.org is already there and unsubscribed. Only the reader can come back."
    assert again.subscriber is not None
    assert again.subscriber.state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("known", [True, False])
def test_s36_a_suppressed_address_stays_out(store: Store, consent: Consent, intake: Intake, known: bool) -> None:
    if known:
        add(store, ADA, consent=consent, intake=intake)
    reason = Suppression(reason=SuppressionReason.COMPLAINED, source="feedback loop", at=intake.now)
    suppress(store, "ada@EXAMPLE.org", suppression=reason, keys=intake.keys)

    again = add(store, ADA, consent=consent, intake=intake)

    assert again.arrival is Arrival.SUPPRESSED
    assert "is suppressed" in again.message
    assert (again.subscriber is not None) == known


def test_every_fault_is_told_and_nothing_is_written(
    store: Store, intake: Intake, rows: Callable[..., list[dict[str, object]]]
) -> None:
    newcomer = Newcomer(address="ada", choices=Choices(language="de"))

    with pytest.raises(UsageError) as caught:
        add(store, newcomer, consent=Consent(wording=" \n", source="subscribers add"), intake=intake)

    starts = [line.split(":")[0] for line in str(caught.value).splitlines()]
    assert starts == ['"a…" cannot be mailed', "language", "consent"]
    assert rows(subscribers) == []


def test_consent_no_database_could_keep_is_refused(store: Store, intake: Intake) -> None:
    with pytest.raises(UsageError, match=r"consent: the character U\+0000"):
        add(store, ADA, consent=Consent(wording="Yes\x00", source="subscribers add"), intake=intake)


def test_ten_at_once_add_one_reader(
    store: Store, consent: Consent, intake: Intake, rows: Callable[..., list[dict[str, object]]]
) -> None:
    arrivals: list[Arrival] = []

    def one(number: int) -> None:
        mine = replace(intake, new_uid=lambda: f"thread-{number}")
        arrivals.append(add(store, ADA, consent=consent, intake=mine).arrival)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(arrivals) == [Arrival.ADDED] + [Arrival.ALREADY] * 9
    assert len(rows(subscribers)) == len(rows(consents)) == 1
