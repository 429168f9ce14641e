"""The look before each message: what others have committed takes a message back, and nothing else does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from ledger_rows import NOW, change, release
from parcel_rows import leased_parcels
from sqlalchemy import event

from newsletter.delivery.parcels import Parcel
from newsletter.delivery.run import EditionStopped, LeaseLost, Withdrawn
from newsletter.delivery.watch import Watch
from newsletter.errors import StoreError
from newsletter.model import EditionId, SubscriberId
from newsletter.store import Store
from newsletter.store.leases import end_lease, take_over
from newsletter.store.revocations import revoke_edition, revoke_reader
from newsletter.store.tables import editions, subscribers


@pytest.fixture
def edition_id(store: Store) -> EditionId:
    return release(store, 3)


@pytest.fixture
def opened(store: Store) -> Iterator[list[sqlite3.Connection]]:
    """The connections that were asked of the store, in their order."""
    found: list[sqlite3.Connection] = []

    def note(connection: sqlite3.Connection, *_: object) -> None:
        found.append(connection)

    event.listen(store.engine, "checkout", note)
    yield found
    event.remove(store.engine, "checkout", note)


@pytest.fixture
def eye(opened: list[sqlite3.Connection], edition_id: EditionId) -> list[sqlite3.Connection]:
    """Holds the connection of the watch alone, once there is one."""
    opened.clear()
    return opened


@pytest.fixture
def watch(store: Store, edition_id: EditionId, eye: list[sqlite3.Connection]) -> Iterator[Watch]:
    with Watch(store, edition_id) as watch:
        del eye[1:]
        yield watch


@pytest.fixture
def parcels(store: Store, watch: Watch, edition_id: EditionId) -> list[Parcel]:
    return leased_parcels(store, edition_id, journal=False)


def test_nothing_is_read_while_nobody_commits(
    watch: Watch, parcels: list[Parcel], eye: list[sqlite3.Connection]
) -> None:
    watch.look(parcels[0])
    heard: list[str] = []
    eye[0].set_trace_callback(heard.append)

    for parcel in parcels:
        watch.look(parcel)

    eye[0].set_trace_callback(None)
    assert heard == ["PRAGMA data_version"] * 3


def test_a_reader_revoked_after_the_lease_is_withdrawn(store: Store, watch: Watch, parcels: list[Parcel]) -> None:
    watch.look(parcels[1])

    change(store, subscribers, 2, state="unsubscribed")

    with pytest.raises(Withdrawn):
        watch.look(parcels[1])
    watch.look(parcels[0])
    watch.look(parcels[2])


def test_a_withdrawal_is_remembered_when_others_commit(store: Store, watch: Watch, parcels: list[Parcel]) -> None:
    change(store, subscribers, 2, state="unsubscribed")
    watch.look(parcels[0])
    change(store, subscribers, 3, name="Cleo")

    for number in (1, 2):
        with pytest.raises(Withdrawn):
            watch.look(parcels[number])


def test_a_reader_revoked_before_the_lease_was_read_goes_out(store: Store, edition_id: EditionId) -> None:
    with Watch(store, edition_id) as watch:
        with store.writing() as connection:
            revoke_reader(connection, SubscriberId(1), now=NOW)
        # The lease has read the reader's row since: it is the newer word.
        parcels = leased_parcels(store, edition_id, journal=False)

        watch.look(parcels[0])

        with store.writing() as connection:
            revoke_reader(connection, SubscriberId(1), now=NOW)
        with pytest.raises(Withdrawn):
            watch.look(parcels[0])


def test_revocations_from_before_the_run_are_old_news(store: Store, edition_id: EditionId) -> None:
    change(store, subscribers, 1, name="Ada")
    parcels = leased_parcels(store, edition_id, journal=False)

    with Watch(store, edition_id) as watch:
        watch.look(parcels[0])


@pytest.mark.parametrize("state", ["paused", "cancelled", "held"])
def test_a_stopped_edition_stops_everybody(store: Store, watch: Watch, parcels: list[Parcel], state: str) -> None:
    watch.look(parcels[0])

    change(store, editions, parcels[0].batch.lease.edition_id, state=state)

    for parcel in parcels:
        with pytest.raises(EditionStopped):
            watch.look(parcel)


def test_an_edition_that_goes_on_lets_go_on(store: Store, watch: Watch, parcels: list[Parcel]) -> None:
    edition_id = parcels[0].batch.lease.edition_id
    change(store, editions, edition_id, state="paused")
    with pytest.raises(EditionStopped):
        watch.look(parcels[0])

    change(store, editions, edition_id, state="sending")
    with store.writing() as connection:
        revoke_edition(connection, edition_id, now=NOW)

    watch.look(parcels[0])


def test_another_edition_is_none_of_our_business(store: Store, watch: Watch, parcels: list[Parcel]) -> None:
    other = release(store, 1, uid="e2", first=10)
    change(store, editions, other, state="cancelled")

    watch.look(parcels[0])


@pytest.mark.parametrize("how", ["taken over", "ended"])
def test_a_lost_lease_keeps_hands_off(store: Store, watch: Watch, parcels: list[Parcel], how: str) -> None:
    watch.look(parcels[0])
    lease = parcels[0].batch.lease

    with store.writing() as connection:
        if how == "ended":
            assert end_lease(connection, lease)
        else:
            assert take_over(connection, lease, token="here.2.2.b", until=NOW)

    for parcel in parcels:
        with pytest.raises(LeaseLost):
            watch.look(parcel)


def test_a_commit_between_two_reads_of_one_look_is_heard_at_the_next(
    store: Store, watch: Watch, parcels: list[Parcel], eye: list[sqlite3.Connection]
) -> None:
    def leave_before(statement: str) -> None:
        # After the question whether anybody committed, and after the answer was read.
        if "revocations" in statement:
            eye[0].set_trace_callback(None)
            change(store, subscribers, 2, state="unsubscribed")

    change(store, subscribers, 3, name="Cleo")
    eye[0].set_trace_callback(leave_before)
    watch.look(parcels[0])

    with pytest.raises(Withdrawn):
        watch.look(parcels[1])


def test_a_database_that_cannot_be_read_is_a_sentence(
    watch: Watch, parcels: list[Parcel], eye: list[sqlite3.Connection]
) -> None:
    # An interrupted statement is the one error that needs no damage.
    eye[0].set_progress_handler(lambda: 1, 1)

    with pytest.raises(StoreError, match=r"Nothing more is sent\. Run: newsletter doctor"):
        watch.look(parcels[0])
    eye[0].set_progress_handler(None, 1)
