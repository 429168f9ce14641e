from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from newsletter.errors import StoreBusy, UsageError
from newsletter.model import DeliveryState, EditionId, Subscriber, SubscriberState
from newsletter.store import Store
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import (
    articles,
    attempts,
    consents,
    deliveries,
    editions,
    events,
    meta,
    metadata,
    notices,
    owed,
    revocations,
    suppressions,
)
from newsletter.store.traces import compact
from newsletter.subscribers import (
    Arrival,
    Consent,
    Intake,
    Keys,
    Newcomer,
    SuppressionReason,
    add,
    data_of,
    erase,
    find,
    find_by_id,
    suppress,
    suppression_key,
    unsubscribe,
)

Add = Callable[..., Subscriber]
Mail = Callable[..., EditionId]
Rows = Callable[..., list[dict[str, object]]]

ADDRESS = "Ada.Lovelace@example.org"


@pytest.fixture
def life(
    store: Store,
    added: Add,
    mailed: Mail,
    attempted: Callable[[EditionId, Subscriber, str], None],
    now: datetime,
) -> Subscriber:
    """A reader the database has met in every table, and whose address servers repeated in their replies."""
    ada = added(ADDRESS, name="Ada Lovelace", topics=("diplomacy",))
    wim = added("wim@example.org")
    refused = mailed(ada, wim, state=DeliveryState.FAILED, reason=f"550 5.1.1 <{ADDRESS}> unknown")
    attempted(refused, ada, f"550 5.1.1 <{ADDRESS}> unknown")
    attempted(refused, wim, f"550 forwarded to {ADDRESS.upper()}")
    mailed(ada, state=DeliveryState.CANCELLED, reason="paused")
    mailed(ada, state=DeliveryState.SENT)
    mailed(ada)
    with store.writing() as connection:
        article = {"uid": "tag:1", "group_uid": "tag:1", "source_hash": "0", "slug": "tides", "language": "en"}
        article |= {"state": "published", "first_published_at": now, "updated_at": now, "id": 1}
        connection.execute(insert(articles).values(**article))
        connection.execute(insert(owed).values(subscriber_id=ada.id, article_id=1, reason="pause"))
        connection.execute(update(editions).where(editions.c.id == refused).values(reason=f"550 <{ADDRESS}>"))
        connection.execute(insert(meta).values(key="paused", value=f"550 <{ADDRESS}>"))
        notice = {"kind": "welcome", "to_address": ADDRESS, "message": ADDRESS.encode(), "state": 2, "attempts": 1}
        for number, subscriber_id in enumerate((ada.id, None)):
            row = notice | {"dedupe_key": f"welcome:{number}", "not_before": now, "subscriber_id": subscriber_id}
            connection.execute(insert(notices).values(**row))
        event = {"at": now, "actor": "owner", "verb": "note", "about": "editions", "about_id": refused}
        connection.execute(insert(events).values(**event, details={"reply": f"to {ADDRESS}"}))
    return ada


def naming(store: Store, needle: str) -> set[str]:
    """The tables with a row that holds `needle`, in any case of letters."""
    with store.reading() as connection:
        return {
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(table.select())
            if needle.lower() in repr(tuple(row)).lower()
        }


@pytest.mark.usefixtures("life")
def test_control_before_erasing_the_address_is_in_many_tables(store: Store) -> None:
    met = {"subscribers", "attempts", "deliveries", "editions", "events", "notices", "meta"}

    assert naming(store, ADDRESS) == met


def test_s36_after_erasing_the_person_is_found_nowhere(
    store: Store, life: Subscriber, keys: Keys, now: datetime, rows: Rows
) -> None:
    erased = erase(store, ADDRESS.upper(), keys=keys, source="cli", now=now)

    assert (erased.found, erased.cancelled) == (True, 1)
    assert naming(store, ADDRESS) == set()
    assert naming(store, "Lovelace") == set()
    assert rows(owed) == []
    assert [proof["subscriber_id"] for proof in rows(consents)] == [life.id + 1]
    assert find(store, ADDRESS) is None


def test_erasing_keeps_the_balance_of_past_editions(
    store: Store, life: Subscriber, keys: Keys, now: datetime, rows: Rows
) -> None:
    erase(store, ADDRESS, keys=keys, source="cli", now=now)

    mine = [row for row in rows(deliveries) if row["subscriber_id"] == life.id]
    mine.sort(key=lambda row: int(str(row["edition_id"])))
    assert [(row["state"], row["reason"]) for row in mine] == [
        (DeliveryState.FAILED, None),
        (DeliveryState.CANCELLED, "paused"),
        (DeliveryState.SENT, None),
        (DeliveryState.CANCELLED, "erased"),
    ]
    assert len(rows(attempts)) == 2
    nobody = find_by_id(store, life.id)
    assert nobody is not None
    assert (nobody.state, nobody.address) == (SubscriberState.UNSUBSCRIBED, f"erased-{life.uid}@erased.invalid")


def test_s36_the_erased_stay_left_alone(
    store: Store, life: Subscriber, intake: Intake, consent: Consent, rows: Rows
) -> None:
    erase(store, ADDRESS, keys=intake.keys, source="cli", now=intake.now)

    (kept,) = rows(suppressions)
    assert kept["address_key"] == suppression_key(intake.keys, ADDRESS.lower())
    assert kept["reason"] == "erased"
    assert [row["subscriber_id"] for row in rows(revocations)] == [life.id]
    again = add(store, Newcomer(address=ADDRESS), consent=consent, intake=intake)
    assert again.arrival is Arrival.SUPPRESSED


@pytest.mark.usefixtures("life")
def test_erasing_twice_is_erasing_once(store: Store, keys: Keys, now: datetime, rows: Rows) -> None:
    erase(store, ADDRESS, keys=keys, source="cli", now=now)
    before = [rows(table) for table in metadata.sorted_tables]

    again = erase(store, ADDRESS, keys=keys, source="cli", now=now)

    assert not again.found
    assert [rows(table) for table in metadata.sorted_tables] == before


def test_an_old_unsubscribe_link_of_an_erased_person_changes_nothing(
    store: Store, life: Subscriber, keys: Keys, now: datetime
) -> None:
    erase(store, ADDRESS, keys=keys, source="cli", now=now)

    left = unsubscribe(store, life.id, source="one-click", now=now)

    assert left is not None
    assert not left.changed


@pytest.mark.usefixtures("life")
def test_others_keep_what_is_theirs(store: Store, keys: Keys, now: datetime) -> None:
    before = data_of(store, "wim@example.org", keys=keys)
    erase(store, ADDRESS, keys=keys, source="cli", now=now)
    after = data_of(store, "wim@example.org", keys=keys)

    assert before is not None
    assert after is not None
    assert (after["subscriber"], after["consents"]) == (before["subscriber"], before["consents"])


@pytest.mark.parametrize("address", ["a_a@example.org", "o'neil@example.org"])
def test_an_address_is_taken_literally_in_the_search(
    store: Store, added: Add, keys: Keys, now: datetime, address: str
) -> None:
    added(address)
    with store.writing() as connection:
        connection.execute(insert(meta).values(key="one", value=f"to {address}"))
        connection.execute(insert(meta).values(key="other", value="to ada@example.org"))

    erase(store, address, keys=keys, source="cli", now=now)

    with store.reading() as connection:
        assert dict(map(tuple, connection.execute(meta.select()))) == {"one": "erased", "other": "to ada@example.org"}


def octets_of(store: Store) -> bytes:
    assert store.path is not None
    files = [store.path, Path(f"{store.path}-wal"), Path(f"{store.path}-journal")]
    return b"".join(file.read_bytes() for file in files if file.exists()).lower()


@pytest.mark.usefixtures("life")
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_s36_after_compacting_no_octet_of_the_address_is_in_the_files(store: Store, keys: Keys, now: datetime) -> None:
    store.checkpoint()
    erase(store, ADDRESS, keys=keys, source="cli", now=now)
    store.checkpoint()
    assert b"lovelace" in octets_of(store), "without compacting, deleted octets stay behind"

    compact(store)

    assert b"lovelace" not in octets_of(store)
    assert naming(store, "erased.invalid") == {"subscribers"}
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_compacting_waits_for_other_programs_and_harms_nothing(store: Store, life: Subscriber) -> None:
    assert store.path is not None
    other = sqlite3.connect(store.path)
    other.execute("SELECT 1 FROM subscribers").fetchone()

    with pytest.raises(StoreBusy, match="another program has the database open"):
        compact(store)
    other.close()

    assert find(store, ADDRESS) == life


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_compacting_leaves_postgresql_to_itself(store: Store, life: Subscriber) -> None:
    compact(store)

    assert find(store, ADDRESS) == life


@pytest.mark.usefixtures("life")
def test_s36_a_person_is_shown_everything(store: Store, keys: Keys) -> None:
    shown = data_of(store, ADDRESS.lower(), keys=keys)

    assert shown is not None
    told = json.loads(json.dumps(shown))
    assert told["suppression"] is None
    assert told["subscriber"]["address"] == ADDRESS
    assert told["subscriber"]["topics"] == ["diplomacy"]
    assert told["subscriber"]["joined_at"] == "2026-11-24T09:00:00+00:00"
    assert [proof["wording"] for proof in told["consents"]] == ["Signed the list at the harbour fair."]
    assert [(row["edition"], row["state"]) for row in told["deliveries"]] == [
        ("edition-1", "failed"),
        ("edition-2", "cancelled"),
        ("edition-3", "sent"),
        ("edition-4", "queued"),
    ]
    assert told["deliveries"][0]["subject"] == "The tide tables are out"
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["refused"]
    assert told["owed"] == [{"article_id": 1, "reason": "pause"}]
    assert [notice["state"] for notice in told["notices"]] == ["sent"]
    assert [event["verb"] for event in told["events"]] == ["add"]


def test_a_stranger_has_no_data_but_perhaps_a_suppression(store: Store, keys: Keys, now: datetime) -> None:
    assert data_of(store, "ben@example.org", keys=keys) is None
    reason = Suppression(reason=SuppressionReason.OBJECTED, source="letter", at=now)
    suppress(store, "ben@example.org", suppression=reason, keys=keys)

    assert data_of(store, "ben@example.org", keys=keys) == {
        "subscriber": None,
        "suppression": {"reason": "objected", "source": "letter", "at": "2026-11-24T09:00:00+00:00"},
    }


def test_what_is_no_address_is_refused(store: Store, keys: Keys, now: datetime) -> None:
    with pytest.raises(UsageError):
        erase(store, "ada", keys=keys, source="cli", now=now)
    with pytest.raises(UsageError):
        data_of(store, "ada", keys=keys)
