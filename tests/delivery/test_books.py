"""What a dead sender's journal says of its rows, and what a slow sender finds when it is believed dead."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_rows import NOW, TAKEN, Hands, attempts_of, delivery_of, release, rows, states, tally
from parcel_rows import journal_of, leased_parcels, path_of

from newsletter.delivery import Recovered, Sender, recover, send_edition
from newsletter.delivery.books import JournalBooks
from newsletter.delivery.journal import read_journal
from newsletter.delivery.journals import journal_folder
from newsletter.delivery.parcels import Parcel
from newsletter.delivery.run import LeaseLost
from newsletter.delivery.transports import MemoryTransport
from newsletter.delivery.watch import Watch
from newsletter.errors import StoreError
from newsletter.model import DeliveryState, EditionId, Envelope, Outcome, Receipt, SubscriberId
from newsletter.store import Store
from newsletter.store.leases import is_held, take_over
from newsletter.store.tables import chunks, subscribers

SENT, QUEUED, DEFERRED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.DEFERRED
FAILED, UNKNOWN, LEASED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.LEASED
LATER = NOW + timedelta(seconds=5)
HEIR = Sender(token="here.2.2.b", boot_id="boot-1", is_gone=lambda token: token == "here.1.1.a")
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="5.1.1 nobody")
GREYLISTED = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="4.7.1 later")


def left_behind(store: Store, *, boot_id: str = "boot-1") -> tuple[EditionId, list[Parcel]]:
    """Five readers: one accepted, one refused, one deferred, one in flight, one not begun."""
    edition_id = release(store, 5)
    parcels = leased_parcels(store, edition_id, boot_id=boot_id)
    journal = journal_of(parcels)
    for number, answer in ((1, TAKEN), (2, NOBODY), (3, GREYLISTED)):
        journal.opened(SubscriberId(number), 1, "relay", NOW)
        journal.ended(SubscriberId(number), 1, "relay", (answer, LATER))
    journal.opened(SubscriberId(4), 1, "relay", NOW)
    journal.close()
    return edition_id, parcels


def test_a_journal_says_what_became_of_each_row(store: Store) -> None:
    edition_id, parcels = left_behind(store)

    found = recover(store, edition_id, sender=HEIR, now=NOW + timedelta(minutes=1))

    assert found == Recovered(leases=1, queued=1, unknown=1)
    assert states(store, edition_id) == {1: SENT, 2: FAILED, 3: DEFERRED, 4: UNKNOWN, 5: QUEUED}
    assert not path_of(parcels).exists()
    assert rows(store, chunks)[0].state == "open"


def test_what_was_accepted_is_sent_at_the_hour_of_its_answer(store: Store) -> None:
    edition_id, _ = left_behind(store)

    recover(store, edition_id, sender=HEIR, now=NOW + timedelta(minutes=1))

    [attempt] = attempts_of(store, 1)
    assert delivery_of(store, 1).settled_at == LATER
    assert (attempt.opened_at, attempt.closed_at, attempt.outcome) == (NOW, LATER, "accepted")
    assert (attempt.code, attempt.enhanced, attempt.reply, attempt.transport) == (250, "2.0.0", "kept", "relay")


def test_what_was_refused_keeps_the_words_of_the_relay(store: Store) -> None:
    edition_id, _ = left_behind(store)

    recover(store, edition_id, sender=HEIR, now=NOW + timedelta(minutes=1))

    assert (delivery_of(store, 2).reason, delivery_of(store, 2).attempts) == ("550 5.1.1 nobody", 1)


def test_a_dead_address_is_marked_as_bounced_as_its_sender_would_have_done(store: Store) -> None:
    edition_id, _ = left_behind(store)

    recover(store, edition_id, sender=HEIR, now=NOW + timedelta(minutes=1))

    assert rows(store, subscribers, id=2)[0].state == "bounced"


def test_what_was_deferred_waits_from_the_hour_of_its_answer(store: Store) -> None:
    edition_id, _ = left_behind(store)

    recover(store, edition_id, sender=HEIR, now=NOW + timedelta(hours=1))

    assert delivery_of(store, 3).next_at == LATER + timedelta(minutes=1)


def test_the_heir_mails_only_those_who_certainly_got_nothing(store: Store) -> None:
    edition_id, _ = left_behind(store)
    transport = MemoryTransport()

    send_edition(store, edition_id, Hands(transport, token="here.2.2.b", gone=HEIR.is_gone).run())

    assert [each.envelope.recipient for each in transport.carried] == ["r5@example.org"]


def test_after_a_power_cut_whoever_was_not_answered_is_unknown(store: Store) -> None:
    edition_id, _ = left_behind(store, boot_id="boot-0")

    found = recover(store, edition_id, sender=HEIR, now=NOW)

    assert found == Recovered(leases=1, queued=0, unknown=2)
    assert states(store, edition_id) == {1: SENT, 2: FAILED, 3: DEFERRED, 4: UNKNOWN, 5: UNKNOWN}


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\t", b" ", 1))


@pytest.mark.parametrize("harm", [Path.unlink, damaged])
def test_without_its_journal_the_whole_lease_is_unknown(store: Store, harm: Callable[[Path], None]) -> None:
    edition_id, parcels = left_behind(store)

    harm(path_of(parcels))
    found = recover(store, edition_id, sender=HEIR, now=NOW)

    assert found == Recovered(leases=1, queued=0, unknown=5)


def test_a_line_about_an_older_try_says_nothing_of_the_next(store: Store) -> None:
    edition_id = release(store, 1)
    parcels = leased_parcels(store, edition_id)
    journal_of(parcels).opened(SubscriberId(1), 7, "relay", NOW)
    journal_of(parcels).close()

    assert recover(store, edition_id, sender=HEIR, now=NOW) == Recovered(leases=1, queued=1)


def test_a_heir_that_dies_after_taking_over_has_an_heir(store: Store) -> None:
    edition_id, parcels = left_behind(store)
    with store.writing() as connection:
        assert take_over(connection, parcels[0].batch.lease, token="here.2.2.b", until=LATER)
    third = Sender(token="here.3.3.c", boot_id="boot-1", is_gone=lambda token: token == "here.2.2.b")

    recover(store, edition_id, sender=third, now=NOW)

    assert states(store, edition_id) == {1: SENT, 2: FAILED, 3: DEFERRED, 4: UNKNOWN, 5: QUEUED}


def test_a_takeover_does_not_forget_the_power_cut(store: Store) -> None:
    edition_id, parcels = left_behind(store, boot_id="boot-0")
    with store.writing() as connection:
        assert take_over(connection, parcels[0].batch.lease, token="here.2.2.b", until=LATER)
    third = Sender(token="here.3.3.c", boot_id="boot-1", is_gone=lambda token: token == "here.2.2.b")

    assert recover(store, edition_id, sender=third, now=NOW).unknown == 2


def test_two_heirs_find_the_same_and_count_it_once(store: Store) -> None:
    edition_id, _ = left_behind(store)
    found: list[Recovered] = []

    def inherit(token: str) -> None:
        heir = Sender(token=token, boot_id="boot-1", is_gone=lambda token: token == "here.1.1.a")
        found.append(recover(store, edition_id, sender=heir, now=NOW))

    threads = [threading.Thread(target=inherit, args=(f"here.{number}.2.b",)) for number in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(found, Recovered()) == Recovered(leases=1, queued=1, unknown=1)


def slow_sender(store: Store, *, lazy: bool) -> list[str]:
    """Who mails one reader: a sender that was only slow, its heir, or both.

    A `lazy` heir reads the journal first and takes the lease over afterwards.
    """
    edition_id = release(store, 1)
    parcels = leased_parcels(store, edition_id)
    mailed: list[str] = []
    lease = parcels[0].batch.lease
    with Watch(store, edition_id) as watch:
        books = JournalBooks(watch)
        noted = read_journal(path_of(parcels)) if lazy else None
        if not lazy:
            recover(store, edition_id, sender=HEIR, now=NOW)
        with suppress(LeaseLost):
            books.open(parcels[0], transport="relay", now=NOW)
            mailed.append("slow")
        if lazy and noted == {}:
            # What it read said that nothing had begun.
            with store.writing() as connection:
                assert is_held(connection, lease)
                assert take_over(connection, lease, token=HEIR.token, until=LATER)
            mailed.append("heir")
    if tally(store, edition_id) == {QUEUED: 1}:
        mailed.append("heir")
    journal_of(parcels).close()
    return mailed


def test_a_sender_that_was_only_slow_finds_its_lease_lost(store: Store) -> None:
    assert slow_sender(store, lazy=False) == ["heir"]


def test_an_heir_that_reads_before_it_takes_over_doubles(store: Store) -> None:
    # The control: with the two steps turned round the slow sender and its heir mail the same reader.
    assert slow_sender(store, lazy=True) == ["slow", "heir"]


def test_what_was_opened_before_the_takeover_is_unknown(store: Store) -> None:
    edition_id = release(store, 2)
    parcels = leased_parcels(store, edition_id)
    with Watch(store, edition_id) as watch:
        books = JournalBooks(watch)
        books.open(parcels[0], transport="relay", now=NOW)

        recover(store, edition_id, sender=HEIR, now=NOW)

        with pytest.raises(LeaseLost):
            books.open(parcels[1], transport="relay", now=NOW)
    assert states(store, edition_id) == {1: UNKNOWN, 2: QUEUED}
    journal_of(parcels).close()


def test_a_message_that_was_taken_back_is_no_open_try(store: Store) -> None:
    edition_id = release(store, 1)
    parcels = leased_parcels(store, edition_id)
    with Watch(store, edition_id) as watch:
        with store.writing() as connection:
            assert take_over(connection, parcels[0].batch.lease, token="here.3.3.c", until=LATER)

        with pytest.raises(LeaseLost):
            JournalBooks(watch).open(parcels[0], transport="relay", now=NOW)

    assert read_journal(path_of(parcels)) == {}
    assert parcels[0].batch.opened == {}
    journal_of(parcels).close()


def test_a_journal_that_takes_no_line_lets_nothing_leave(store: Store) -> None:
    edition_id = release(store, 3)
    transport = MemoryTransport()

    def fill_disk(envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        # Whatever file the run has open beside the database is full from now on.
        full = os.open("/dev/full", os.O_WRONLY)
        for link in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if link.readlink().parent.name.endswith("-sending"):
                    os.dup2(full, int(link.name))
        os.close(full)
        return MemoryTransport.deliver(transport, envelope, message, opened=opened)

    transport.deliver = fill_disk  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="No space left"):
        send_edition(store, edition_id, Hands(transport).run())

    assert transport.carried == []
    assert tally(store, edition_id) == {QUEUED: 3}


def test_a_finished_run_leaves_no_journal(store: Store) -> None:
    edition_id = release(store, 30, chunk=7)
    folder = journal_folder(store)
    assert folder is not None
    before = set(folder.iterdir())

    send_edition(store, edition_id, Hands(MemoryTransport()).run(connections=4))

    assert set(folder.iterdir()) <= before
