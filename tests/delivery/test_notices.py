"""Sending notices: each reaches its reader, whatever dies on the way, and the books say how it ended."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_rows import NOW, Clock, make_store, rows, write_notices
from scripted_smtp import ScriptedSmtp

from newsletter.delivery import NoticeCounts, NoticeRun, Sender, notices_are_due, send_notices
from newsletter.delivery.transports import (
    MaildirSettings,
    MaildirTransport,
    MemoryTransport,
    SmtpSettings,
    SmtpTransport,
    Tls,
)
from newsletter.errors import TransportError
from newsletter.model import DeliveryState, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.notices import take_notice
from newsletter.store.tables import notices

LATER = Receipt(outcome=Outcome.DEFERRED, code=450, enhanced="4.2.0", reply="later, ada@example.org")
NO = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="no such user ada@example.org")
UNSURE = Receipt(outcome=Outcome.UNKNOWN, reply="the line broke")


def tools(transport, clock=None, *, holder: str = "here.1.1.a", gone=lambda _token: False, **more) -> NoticeRun:
    sender = Sender(token=holder, boot_id="boot-1", is_gone=gone)
    return NoticeRun(transport=transport, clock=clock or Clock(), jitter=lambda: 0.5, sender=sender, **more)


def the_notice(store: Store):
    return rows(store, notices)[0]


def test_notice_leaves_with_the_null_return_path_and_is_emptied(store: Store) -> None:
    write_notices(store)
    transport = MemoryTransport()

    counts = send_notices(store, tools(transport))

    assert counts == NoticeCounts(sent=1)
    assert [(one.envelope.sender, one.envelope.recipient) for one in transport.accepted] == [("", "ada@example.org")]
    row = the_notice(store)
    assert (row.state, row.message, row.attempts) == (int(DeliveryState.SENT), b"", 1)


def test_sending_twice_sends_once(store: Store) -> None:
    write_notices(store)
    transport = MemoryTransport()

    send_notices(store, tools(transport))
    again = send_notices(store, tools(transport))

    assert again == NoticeCounts()
    assert len(transport.accepted) == 1


def test_temporary_refusal_is_tried_again_after_a_minute(store: Store) -> None:
    write_notices(store)
    clock, transport = Clock(), MemoryTransport([LATER])

    first = send_notices(store, tools(transport, clock))
    clock.move(seconds=59)
    too_early = send_notices(store, tools(transport, clock))
    clock.move(seconds=1)
    then = send_notices(store, tools(transport, clock))

    assert (first, too_early, then) == (NoticeCounts(deferred=1), NoticeCounts(), NoticeCounts(sent=1))


def test_permanent_refusal_is_the_end_and_keeps_no_address(store: Store) -> None:
    write_notices(store)

    counts = send_notices(store, tools(MemoryTransport([NO])))

    row = the_notice(store)
    assert counts == NoticeCounts(failed=1)
    assert (row.state, row.message, row.reason) == (int(DeliveryState.FAILED), b"", "550 no such user the reader")


def test_notice_whose_end_is_unsure_is_sent_again(store: Store) -> None:
    write_notices(store)
    clock, transport = Clock(), MemoryTransport([UNSURE])

    send_notices(store, tools(transport, clock))
    clock.move(minutes=1)
    counts = send_notices(store, tools(transport, clock))

    assert counts == NoticeCounts(sent=1)
    assert len(transport.carried) == 2


def test_notice_that_would_be_tried_after_its_expiry_is_given_up(store: Store) -> None:
    write_notices(store, lasts=timedelta(seconds=30))

    counts = send_notices(store, tools(MemoryTransport([LATER])))

    assert counts == NoticeCounts(failed=1)
    assert the_notice(store).reason == "gave_up: 450 later, the reader"


def test_expired_notice_never_reaches_the_wire(store: Store) -> None:
    write_notices(store, lasts=timedelta(minutes=1))
    transport = MemoryTransport()

    counts = send_notices(store, tools(transport, Clock(NOW + timedelta(minutes=1))))

    assert (counts, transport.carried) == (NoticeCounts(expired=1), [])


def test_notice_without_expiry_is_given_up_in_the_end(store: Store) -> None:
    write_notices(store, lasts=None)
    clock, transport = Clock(), MemoryTransport(iter(lambda: LATER, None))

    for _ in range(70):
        send_notices(store, tools(transport, clock))
        clock.move(hours=3)

    assert the_notice(store).state == int(DeliveryState.FAILED)
    assert the_notice(store).attempts == 65


def test_dead_relay_holds_nothing_against_the_notice(store: Store) -> None:
    write_notices(store, 2)
    transport = MemoryTransport([TransportError("relay: nobody answers")])

    with pytest.raises(TransportError):
        send_notices(store, tools(transport))

    assert [(row.state, row.attempts) for row in rows(store, notices)] == [(0, 0), (0, 0)]
    assert send_notices(store, tools(transport)) == NoticeCounts(sent=2)


def test_what_a_killed_sender_held_is_sent_again_at_once(store: Store) -> None:
    write_notices(store)
    with store.writing() as connection:
        take_notice(connection, token="here.9.9.dead", until=NOW + timedelta(hours=1), now=NOW)
    transport = MemoryTransport()

    alive = send_notices(store, tools(transport))
    dead = send_notices(store, tools(transport, gone=lambda token: token == "here.9.9.dead"))

    assert (alive, dead) == (NoticeCounts(), NoticeCounts(sent=1))


def test_lease_that_ran_out_is_taken_over_whoever_held_it(store: Store) -> None:
    write_notices(store)
    with store.writing() as connection:
        take_notice(connection, token="there.1.1.x", until=NOW + timedelta(minutes=1), now=NOW)

    counts = send_notices(store, tools(MemoryTransport(), Clock(NOW + timedelta(minutes=1))))

    assert counts == NoticeCounts(sent=1)


def test_stop_leaves_the_rest_queued(store: Store) -> None:
    write_notices(store, 5)
    transport = MemoryTransport()

    counts = send_notices(store, tools(transport, stop=lambda: len(transport.accepted) == 2))

    assert counts == NoticeCounts(sent=2)
    assert [row.state for row in rows(store, notices)].count(int(DeliveryState.QUEUED)) == 3


class Poisoned(MemoryTransport):
    def deliver(self, envelope, message, *, opened):
        if envelope.recipient == "ada@example.org":
            raise ValueError("odd")
        return MemoryTransport.deliver(self, envelope, message, opened=opened)


def test_one_odd_notice_does_not_hold_up_those_behind_it(store: Store) -> None:
    write_notices(store, 3)

    counts = send_notices(store, tools(Poisoned()))

    assert counts == NoticeCounts(sent=2, deferred=1)
    assert the_notice(store).reason == "poison: ValueError: odd"


def test_nothing_to_send_is_found_out_without_writing(store: Store) -> None:
    sender = tools(MemoryTransport()).sender

    # A writer holds the database all the while.
    with store.writing():
        assert not notices_are_due(Store(str(store.url), busy_timeout_s=0.1), sender=sender, now=NOW)


def test_two_senders_at_once_send_each_notice_once(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    write_notices(store, 60)
    transports = [MemoryTransport(), MemoryTransport()]

    def work(number: int) -> None:
        send_notices(store, tools(transports[number], holder=f"here.1.1.{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    everybody = [one.envelope.recipient for transport in transports for one in transport.accepted]
    store.close()
    assert len(everybody) == len(set(everybody)) == 60


def test_maildir_gets_a_repeated_notice_once(store: Store, tmp_path: Path) -> None:
    """A crash between the file and the books repeats the notice; its Message-ID keeps the file the same."""
    write_notices(store)
    with MaildirTransport(MaildirSettings(path=tmp_path / "outbox", name="outbox")) as outbox:
        send_notices(store, tools(outbox))
        with store.writing() as connection:
            message = b"Message-ID: <n1@example.org>\r\n\r\nHello\r\n"
            connection.execute(notices.update().values(state=0, message=message))
        send_notices(store, tools(outbox))

    assert len(list((tmp_path / "outbox" / "new").iterdir())) == 1


def test_relay_hears_an_empty_sender(store: Store) -> None:
    write_notices(store, 2)
    with ScriptedSmtp() as server:
        settings = SmtpSettings(host="127.0.0.1", port=server.port, name="relay", tls=Tls.NONE)
        with SmtpTransport(settings) as relay:
            counts = send_notices(store, tools(relay))

        assert counts == NoticeCounts(sent=2)
        assert sum(command.upper().startswith("MAIL FROM:<>") for command in server.commands) == 2
