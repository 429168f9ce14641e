"""One suite over SQLite and PostgreSQL: the same rows, the same ends."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from ledger_rows import (
    NOW,
    Clock,
    Hands,
    attempts_of,
    change,
    compose,
    delivery_of,
    interrupted,
    release,
    rows,
    states,
    tally,
)
from sqlalchemy import insert

from newsletter.delivery import (
    OnUnknown,
    Recovered,
    Sender,
    balance_of,
    recover,
    resend_unknown,
    retry_deliveries,
    send_edition,
)
from newsletter.delivery.transports import AtDot, MemoryTransport
from newsletter.errors import StoreError, TransportError, UsageError
from newsletter.model import (
    DeliveryState,
    EditionId,
    EditionState,
    Envelope,
    Outcome,
    Receipt,
    Recipient,
    SubscriberId,
    VariantId,
)
from newsletter.store import Store
from newsletter.store.attempts import AttemptKey, open_attempt
from newsletter.store.deliveries import due_rows, lease_rows
from newsletter.store.held import hold
from newsletter.store.leases import Holder, take_chunk
from newsletter.store.suppressions import delete_suppression
from newsletter.store.tables import chunks, deliveries, editions, exclusions, subscribers, suppressions

SENT, QUEUED, DEFERRED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.DEFERRED
FAILED, UNKNOWN, CANCELLED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED
GREYLISTED = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="later")
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="nobody")
UNSURE = Receipt(outcome=Outcome.UNKNOWN, reply="no reply in time")


def test_every_answer_finds_its_state(store: Store) -> None:
    edition_id = release(store, 6, chunk=4)
    answers = [GREYLISTED, NOBODY, UNSURE, AtDot(receipt=GREYLISTED)]
    clock = Clock()
    hands = Hands(MemoryTransport(answers), clock=clock)

    send_edition(store, edition_id, hands.run(batch=3))
    assert [state.name for state in states(store, edition_id).values()] == [
        "DEFERRED",
        "FAILED",
        "UNKNOWN",
        "DEFERRED",
        "SENT",
        "SENT",
    ]
    clock.move(minutes=2)
    balance = send_edition(store, edition_id, hands.run())

    assert tally(store, edition_id) == {SENT: 4, FAILED: 1, UNKNOWN: 1}
    assert (balance.state, balance.adds_up) == (EditionState.SENT, True)
    assert [attempt.no for attempt in attempts_of(store, 1)] == [1, 2]
    assert attempts_of(store, 1)[1].opened_at == NOW + timedelta(minutes=2)
    assert rows(store, subscribers, id=2)[0].state == "bounced"
    assert {chunk.state for chunk in rows(store, chunks)} == {"done"}


def test_who_may_not_be_mailed_is_cancelled_with_the_reason(store: Store) -> None:
    edition_id = release(store, 5)
    with store.writing() as connection:
        connection.execute(insert(suppressions).values(address_key="key-2", reason="complained", source="", at=NOW))
        connection.execute(insert(exclusions).values(edition_id=edition_id, reason="topics", count=2))
    change(store, editions, edition_id, considered=7)
    change(store, subscribers, 1, state="unsubscribed")
    change(store, subscribers, 3, paused_until=NOW + timedelta(days=1))

    balance = send_edition(store, edition_id, Hands(MemoryTransport()).run())

    assert [delivery_of(store, number).reason for number in range(1, 6)] == [
        "unsubscribed",
        "suppressed",
        "paused",
        None,
        None,
    ]
    assert (balance.considered, balance.audience, balance.excluded) == (7, 5, {"topics": 2})


def test_a_reader_who_leaves_in_mid_batch_is_not_mailed(store: Store) -> None:
    edition_id = release(store, 3)
    transport = MemoryTransport()

    def compose_and_leave(variant_id: VariantId, reader: Recipient, now: Any) -> tuple[Envelope, bytes]:
        if reader.uid == "s1":
            change(store, subscribers, 1, state="unsubscribed")
            change(store, subscribers, 3, state="unsubscribed")
        return compose(variant_id, reader, now)

    send_edition(store, edition_id, Hands(transport).run(compose=compose_and_leave))

    assert [each.envelope.recipient for each in transport.carried] == ["ben@example.org"]
    assert states(store, edition_id) == {1: CANCELLED, 2: SENT, 3: CANCELLED}


@pytest.mark.parametrize(("state", "left"), [("paused", QUEUED), ("cancelled", CANCELLED)])
def test_an_edition_stopped_from_outside_stops(store: Store, state: str, left: DeliveryState) -> None:
    edition_id = release(store, 5, chunk=3)
    answers = interrupted(lambda: change(store, editions, edition_id, state=state), before=3)

    send_edition(store, edition_id, Hands(MemoryTransport(answers)).run())

    assert tally(store, edition_id) == {SENT: 2, left: 3}


def test_four_senders_at_once_share_the_queue(store: Store) -> None:
    edition_id = release(store, 80, chunk=5)
    transports = [MemoryTransport() for _ in range(4)]
    broken: list[BaseException] = []

    def work(number: int) -> None:
        try:
            send_edition(store, edition_id, Hands(transports[number], token=f"here.1.1.{number}").run())
        except BaseException as error:  # noqa: BLE001  # a thread's end has to be seen outside it
            broken.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert broken == []
    assert tally(store, edition_id) == {SENT: 80}
    addresses = [each.envelope.recipient for transport in transports for each in transport.carried]
    assert len(addresses) == len(set(addresses)) == 80


def test_the_brake_puts_rows_and_readers_back(store: Store) -> None:
    edition_id = release(store, 25, chunk=4)

    balance = send_edition(store, edition_id, Hands(MemoryTransport([NOBODY] * 99)).run())

    assert balance.state is EditionState.PAUSED
    assert tally(store, edition_id) == {QUEUED: 25}
    assert {reader.state for reader in rows(store, subscribers)} == {"active"}


def test_a_transport_that_is_down_leaves_all_as_it_was(store: Store) -> None:
    edition_id = release(store, 3)

    with pytest.raises(TransportError):
        send_edition(store, edition_id, Hands(MemoryTransport([TransportError("down")] * 9)).run())

    assert tally(store, edition_id) == {QUEUED: 3}
    assert rows(store, chunks)[0].lease_token is None


def test_what_is_unknown_is_resent_when_asked_three_times_at_most(store: Store) -> None:
    edition_id = release(store, 2)
    transport = MemoryTransport([UNSURE] * 9)
    run = Hands(transport).run(on_unknown=OnUnknown.RESEND)

    for _ in range(4):
        send_edition(store, edition_id, run)

    assert tally(store, edition_id) == {FAILED: 2}
    assert len(transport.carried) == 6


@pytest.mark.parametrize(("answer", "state"), [(UNSURE, UNKNOWN), (NOBODY, FAILED)])
def test_a_person_can_have_rows_of_a_finished_edition_tried_again(
    store: Store, answer: Receipt, state: DeliveryState
) -> None:
    edition_id = release(store, 2)
    send_edition(store, edition_id, Hands(MemoryTransport([answer])).run())
    # As `suppressions remove --revive` leaves it.
    change(store, subscribers, 1, state="active")
    with store.writing() as connection:
        delete_suppression(connection, "key-1")

    assert retry_deliveries(store, edition_id, state) == 1
    assert retry_deliveries(store, edition_id, state) == 0
    balance = send_edition(store, edition_id, Hands(MemoryTransport()).run())

    assert tally(store, edition_id) == {SENT: 2}
    assert balance.state is EditionState.SENT


def test_only_failed_and_unknown_rows_can_be_tried_again(store: Store) -> None:
    edition_id = release(store, 2)
    send_edition(store, edition_id, Hands(MemoryTransport()).run())

    with pytest.raises(UsageError, match="sent need no retry"):
        retry_deliveries(store, edition_id, SENT)

    assert tally(store, edition_id) == {SENT: 2}


def test_a_finished_edition_keeps_its_unknown_rows_until_a_person_decides(store: Store) -> None:
    edition_id = release(store, 1)
    send_edition(store, edition_id, Hands(MemoryTransport([UNSURE])).run())

    assert resend_unknown(store, edition_id, now=NOW) == 0
    assert tally(store, edition_id) == {UNKNOWN: 1}


def abandon(store: Store, edition_id: EditionId, boot_id: str) -> None:
    """Lease the first chunk, open the first reader's attempt, and be seen no more."""
    with hold(store) as held, held.writing() as connection:
        until = NOW + timedelta(minutes=2)
        lease = take_chunk(connection, edition_id, Holder(token="here.9.9.x", until=until, boot_id=boot_id), now=NOW)
        assert lease is not None
        batch = due_rows(connection, lease, now=NOW, limit=500)
        lease_rows(connection, lease, batch[-1].subscriber_id, now=NOW)
        key = AttemptKey(edition_id=edition_id, subscriber_id=SubscriberId(1), no=1)
        assert open_attempt(held, key, transport="relay", at=NOW)


@pytest.mark.parametrize("reason", ["expired", "process gone"])
def test_a_dead_senders_work_is_taken_apart(store: Store, reason: str) -> None:
    edition_id = release(store, 4)
    abandon(store, edition_id, "boot-1")
    me = Sender(token="here.2.2.b", boot_id="boot-1", is_gone=lambda _: reason == "process gone")
    now = NOW + timedelta(minutes=2) if reason == "expired" else NOW

    assert recover(store, edition_id, sender=me, now=now) == Recovered(leases=1, queued=3, unknown=1)

    send_edition(store, edition_id, Hands(MemoryTransport()).run())
    assert tally(store, edition_id) == {UNKNOWN: 1, SENT: 3}


def test_another_boot_is_death_only_where_one_machine_can_hold_the_database(store: Store) -> None:
    edition_id = release(store, 2)
    abandon(store, edition_id, "boot-of-another-machine")
    me = Sender(token="here.2.2.b", boot_id="boot-1", is_gone=lambda _: False)

    found = recover(store, edition_id, sender=me, now=NOW)

    assert found.leases == (1 if store.is_sqlite else 0)


def test_the_same_attempt_cannot_be_opened_twice(store: Store) -> None:
    edition_id = release(store, 1)
    abandon(store, edition_id, "boot-1")
    key = AttemptKey(edition_id=edition_id, subscriber_id=SubscriberId(1), no=1)

    with hold(store) as held, held.writing():
        assert not open_attempt(held, key, transport="relay", at=NOW)

    assert len(attempts_of(store, 1)) == 1


def test_an_error_of_the_database_is_a_sentence_and_rolls_back(store: Store) -> None:
    edition_id = release(store, 1)
    abandon(store, edition_id, "boot-1")
    change_back = deliveries.update().values(attempts=0)
    key = AttemptKey(edition_id=edition_id, subscriber_id=SubscriberId(1), no=1)

    def open_again() -> None:
        with hold(store) as held, held.writing() as connection:
            connection.execute(change_back)
            open_attempt(held, key, transport="relay", at=NOW)

    with pytest.raises(StoreError):
        open_again()

    assert delivery_of(store, 1).attempts == 1


def test_the_balance_of_nothing_is_said(store: Store) -> None:
    with store.reading() as connection, pytest.raises(StoreError, match="no edition number 99"):
        balance_of(connection, EditionId(99))


def test_a_database_that_goes_away_in_mid_send_doubles_nobody(postgresql: Store) -> None:
    edition_id = release(postgresql, 6)

    def cut() -> None:
        with postgresql.reading() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    transport = MemoryTransport(interrupted(cut, before=4))
    with pytest.raises(StoreError):
        send_edition(postgresql, edition_id, Hands(transport).run())
    send_edition(postgresql, edition_id, Hands(transport, token="here.2.2.b", gone=lambda _: True).run())

    addresses = [each.envelope.recipient for each in transport.carried]
    assert len(addresses) == len(set(addresses)) == 6
    assert tally(postgresql, edition_id) == {SENT: 6}
