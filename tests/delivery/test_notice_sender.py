"""The thread that sends notices beside the web door: at once, through outages, and to a clean end."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from ledger_rows import Clock, make_store, rows, write_notices

from newsletter.delivery import NoticeSender, Sender
from newsletter.delivery.transports import (
    MaildirSettings,
    MaildirTransport,
    MemoryTransport,
    SmtpSettings,
    SmtpTransport,
    Tls,
)
from newsletter.errors import TransportError
from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.notices import notice_counts_by_state
from newsletter.store.tables import notices

LIMIT_S = 20.0


class Inbox:
    """What a real server took: senders, recipients, and the messages; tells when `enough` are there."""

    def __init__(self, enough: int) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self._enough, self.full = enough, threading.Event()

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if len(self.taken) >= self._enough:
            self.full.set()
        return "250 2.0.0 kept"


class Telling(MemoryTransport):
    """Says when each message has been accepted."""

    def __init__(self, script=(), *, wanted: int = 1) -> None:
        super().__init__(script)
        self._wanted, self.done = wanted, threading.Event()

    def deliver(self, envelope, message, *, opened):
        receipt = super().deliver(envelope, message, opened=opened)
        if len(self.accepted) >= self._wanted:
            self.done.set()
        return receipt


@pytest.fixture
def disk_store(tmp_path: Path) -> Iterator[Store]:
    store = make_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def sending(disk_store: Store) -> Iterator[Callable[..., NoticeSender]]:
    """Start a sender of notices over a transport; it is stopped when the test ends."""
    with ExitStack() as ending:

        def start(transport, *, every_s: float = 600.0) -> NoticeSender:
            sender = NoticeSender(
                disk_store,
                lambda: transport,
                clock=Clock(),
                jitter=lambda: 0.5,
                sender=Sender(token="here.1.1.n", boot_id="boot-1", is_gone=lambda _token: False),
            )
            sender.start(every_s=every_s)
            ending.callback(sender.stop, timeout_s=LIMIT_S)
            return sender

        yield start


def free_port() -> int:
    """aiosmtpd connects to the port it was told, and so cannot be told 0."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def counts(store: Store) -> dict[DeliveryState, int]:
    with store.reading() as connection:
        return {state: number for state, number in notice_counts_by_state(connection).items() if number}


def test_notice_leaves_at_once_when_the_sender_is_told(disk_store: Store, sending) -> None:
    """The sender looks by itself only every ten minutes here."""
    transport = Telling()
    sender = sending(transport)

    write_notices(disk_store)
    sender.wake()

    assert transport.done.wait(LIMIT_S)
    assert sender.stop(timeout_s=LIMIT_S)
    assert counts(disk_store) == {DeliveryState.SENT: 1}


def test_notice_of_another_process_leaves_without_being_told(disk_store: Store, sending) -> None:
    transport = Telling()
    sending(transport, every_s=0.02)

    write_notices(disk_store)

    assert transport.done.wait(LIMIT_S)


def test_real_server_gets_each_notice_once_with_an_empty_sender(disk_store: Store, sending) -> None:
    inbox = Inbox(enough=20)
    server = Controller(inbox, hostname="127.0.0.1", port=free_port())
    write_notices(disk_store, 20)
    server.start()
    try:
        relay = SmtpTransport(SmtpSettings(host="127.0.0.1", port=server.port, name="relay", tls=Tls.NONE))
        sender = sending(relay)

        assert inbox.full.wait(LIMIT_S)
        assert sender.stop(timeout_s=LIMIT_S)
    finally:
        server.stop()

    assert {sender for sender, _, _ in inbox.taken} == {"<>"}
    assert len({tuple(to) for _, to, _ in inbox.taken}) == len(inbox.taken) == 20
    first = message_from_bytes(inbox.taken[0][2])
    assert not [name for name in first if name.startswith("List-")]
    assert counts(disk_store) == {DeliveryState.SENT: 20}


def test_maildir_holds_what_was_sent(disk_store: Store, sending, tmp_path: Path) -> None:
    write_notices(disk_store, 3)
    sender = sending(MaildirTransport(MaildirSettings(path=tmp_path / "outbox", name="outbox")), every_s=0.02)

    for _ in range(1000):
        if counts(disk_store) == {DeliveryState.SENT: 3}:
            break
        threading.Event().wait(0.02)

    assert sender.stop(timeout_s=LIMIT_S)
    assert len(list((tmp_path / "outbox" / "new").iterdir())) == 3


def test_outage_is_said_once_without_addresses_and_ends(
    disk_store: Store, sending, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    down = TransportError("relay: refuses news@example.org for <ada@example.org>")
    transport = Telling([down, down, down])
    write_notices(disk_store)

    sender = sending(transport, every_s=0.01)
    assert transport.done.wait(LIMIT_S)
    assert sender.stop(timeout_s=LIMIT_S)

    said = [record.getMessage() for record in caplog.records if "otices" in record.getMessage()]
    assert said == ["Notices wait: relay: refuses an address for <an address>", "Notices go out again."]
    assert sender.fault == ""
    assert rows(disk_store, notices)[0].attempts == 1


def test_fault_is_told_while_it_lasts(disk_store: Store, sending) -> None:
    asked = threading.Event()

    def script():
        yield TransportError("relay: nobody answers")
        asked.set()
        yield TransportError("relay: nobody answers")

    write_notices(disk_store)

    sender = sending(MemoryTransport(script()), every_s=0.01)

    assert asked.wait(LIMIT_S)
    assert sender.fault == "Notices wait: relay: nobody answers"


def test_busy_database_is_outlived(tmp_path: Path, disk_store: Store, sending) -> None:
    impatient = Store(f"sqlite:///{tmp_path}/newsletter.db", busy_timeout_s=0.01)
    write_notices(disk_store)
    transport = Telling()
    sender = NoticeSender(
        impatient,
        lambda: transport,
        clock=Clock(),
        jitter=lambda: 0.5,
        sender=Sender(token="here.1.1.n", boot_id="boot-1", is_gone=lambda _token: False),
    )

    with disk_store.writing():
        sender.start(every_s=0.01)
        for _ in range(1000):
            if sender.fault:
                break
            threading.Event().wait(0.01)
        told = sender.fault

    assert transport.done.wait(LIMIT_S)
    assert sender.stop(timeout_s=LIMIT_S)
    impatient.close()
    assert told.startswith("Notices wait: ")


def test_stop_finishes_the_notice_in_flight_and_keeps_the_others(disk_store: Store, sending) -> None:
    in_flight, go_on = threading.Event(), threading.Event()

    class Slow(MemoryTransport):
        def deliver(self, envelope, message, *, opened):
            in_flight.set()
            go_on.wait(LIMIT_S)
            return MemoryTransport.deliver(self, envelope, message, opened=opened)

    write_notices(disk_store, 3)
    sender = sending(Slow())
    assert in_flight.wait(LIMIT_S)

    assert not sender.stop(timeout_s=0.01)
    go_on.set()
    assert sender.stop(timeout_s=LIMIT_S)

    assert counts(disk_store) == {DeliveryState.SENT: 1, DeliveryState.QUEUED: 2}


def test_sender_that_was_never_started_stops_at_once(disk_store: Store) -> None:
    sender = NoticeSender(
        disk_store,
        MemoryTransport,
        clock=Clock(),
        jitter=lambda: 0.5,
        sender=Sender(token="here.1.1.n", boot_id="boot-1"),
    )

    assert sender.stop(timeout_s=0.1)
    assert sender.fault == ""
