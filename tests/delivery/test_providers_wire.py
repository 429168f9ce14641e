"""What becomes of a message when a provider's machine is silent, breaks off, lies, or is not there."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from certificates import Authority
from ledger_rows import NOW, Hands, compose, release, states, tally
from provider_server import NAMES, TAKEN_BODY, ProviderServer, Said, transport_to

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport, SesSettings
from newsletter.delivery.transports.https import MAX_OCTETS
from newsletter.delivery.transports.ses import SesTransport
from newsletter.errors import TransportError
from newsletter.model import DeliveryState, Envelope, Outcome, Receipt, Recipient, SubscriberId, VariantId
from newsletter.store import Store

pytestmark = pytest.mark.parametrize("name", NAMES)


def letter(number: int = 1) -> tuple[Envelope, bytes]:
    reader = Recipient(
        subscriber_id=SubscriberId(number), uid=f"s{number}", address=f"r{number}@example.org", name="", token="t"
    )
    return compose(VariantId(1), reader, NOW)


def answered(name: str, said: Said, *, read_s: float = 10.0) -> tuple[Receipt, list[bool]]:
    opened: list[bool] = []
    with (
        ProviderServer(TAKEN_BODY[name], [said]) as server,
        transport_to(name, server.port, read_s=read_s) as transport,
    ):
        receipt = transport.deliver(*letter(), opened=lambda: opened.append(True))
        server.released.set()
    return receipt, opened


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"
WIRES = {
    "no answer": Said(raw=b"", end="silence"),
    "half a status line": Said(raw=b"HTTP/1.1 2", end="silence"),
    "half a head": Said(raw=b"HTTP/1.1 200 OK\r\nContent-Le", end="silence"),
    "half a body": Said(raw=HALF, end="silence"),
    "half a body, closed": Said(raw=HALF, end="close"),
    "a body without a length that never ends": Said(raw=b"HTTP/1.1 200 OK\r\n\r\n{", end="silence"),
    "closed without a word": Said(raw=b"", end="close"),
    "reset": Said(raw=b"", end="reset"),
    "not HTTP": Said(raw=b"220 mail.example.org ESMTP\r\n", end="close"),
    "a head without end": Said(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, end="close"),
    "a line without end": Said(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, end="close"),
    "chunks that are none": Said(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", end="close"),
    "another version": Said(raw=b"HTTP/3 200 OK\r\n\r\n", end="close"),
}
LIES = {
    "200 without JSON": Said(body=b"OK"),
    "200 with nothing": Said(body=b""),
    "200 with a list": Said(body=b"[1]"),
    "200 with text": Said(body=b'"MessageId"'),
    "200 without an id": Said(body=b'{"message":"Queued. Thank you.","ErrorCode":0,"Message":"OK"}'),
    "200 with an empty id": Said(body=b'{"MessageId":"","id":"","MessageID":"","ErrorCode":0}'),
    "200 with ids that are no text": Said(body=b'{"MessageId":1,"id":true,"MessageID":["x"],"ErrorCode":0}'),
    "200 with half of the JSON": Said(body=b'{"MessageId":"a","id":"a","MessageID":"a","ErrorCode":0'),
    "200 and a nest": Said(body=b"[" * 60_000),
    "200 that is no UTF-8": Said(body=b"\xff\xfe{}"),
    "200 and too much": Said(body=b'{"MessageId":"a","id":"a","MessageID":"a","ErrorCode":0' + b" " * 70_000 + b"}"),
    "201": Said(201, body=b'{"MessageId":"a","id":"a","MessageID":"a","ErrorCode":0}'),
    "202": Said(202),
    "204": Said(204),
    "301": Said(301, fields={"Location": "http://127.0.0.1:1/"}),
    "307": Said(307, fields={"Location": "/elsewhere"}),
    "408 of something between": Said(408, body=b"<html>Request Timeout</html>"),
    "400 of something between": Said(400, body=b"<html>Bad Request</html>"),
    "500": Said(500, body=b'{"message":"Internal failure","ErrorCode":0}', fields={"x-amzn-errortype": "Internal"}),
    "502": Said(502, body=b"<html>Bad Gateway</html>"),
    "503 of something between": Said(503, body=b"<html>Service Unavailable</html>"),
    "504": Said(504, body=b'{"message":"Endpoint request timed out"}'),
    "600": Said(600, body=b"{}"),
}


@pytest.mark.parametrize("case", WIRES)
def test_a_broken_answer_leaves_the_message_in_doubt(name: str, case: str) -> None:
    receipt, opened = answered(name, WIRES[case], read_s=0.3 if WIRES[case].end == "silence" else 10.0)

    assert (receipt.outcome, receipt.code, opened) == (Outcome.UNKNOWN, 0, [True])
    assert receipt.reply.startswith(f"{name} (127.0.0.1): ")
    assert receipt.reply.endswith(" after the message had left.")


@pytest.mark.parametrize("case", LIES)
def test_an_answer_that_proves_nothing_leaves_the_message_in_doubt(name: str, case: str) -> None:
    receipt, opened = answered(name, LIES[case])

    assert (receipt.outcome, receipt.code, opened) == (Outcome.UNKNOWN, 0, [True])
    assert len(receipt.reply) <= 1_000
    assert receipt.reply.isprintable()


def test_an_answer_of_an_octet_now_and_then_has_an_end(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=dripping, args=(listener,))
        thread.start()
        began = time.monotonic()

        with transport_to(name, listener.getsockname()[1], read_s=0.4) as transport:
            receipt = transport.deliver(*letter(), opened=lambda: None)

        took = time.monotonic() - began
        thread.join()
    assert (receipt.outcome, took < 3) == (Outcome.UNKNOWN, True)
    assert "no answer in time" in receipt.reply


def dripping(listener: socket.socket) -> None:
    """Sends the head of an answer an octet at a time, for as long as somebody listens."""
    peer, _ = listener.accept()
    quiet = threading.Event()
    with peer:
        try:
            peer.sendall(b"HTTP/1.1 200 OK\r\n")
            for _ in range(400):
                peer.sendall(b"X")
                quiet.wait(0.02)
        except OSError:
            return


def test_nobody_listening_is_no_fault_of_the_reader(name: str) -> None:
    opened: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with transport_to(name, port) as transport, pytest.raises(TransportError, match="Nothing was sent") as told:
        transport.deliver(*letter(), opened=lambda: opened.append(True))

    assert (told.value.permanent, opened) == (False, [])


@pytest.mark.parametrize("fault", ["unknown", "expired", "named otherwise", "in clear"])
def test_a_machine_that_proves_no_name_gets_nothing(name: str, fault: str, tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path)
    server_tls = {
        "unknown": other.server(),
        "expired": authority.server(expired=True),
        "named otherwise": authority.server(name="api.example.org"),
        "in clear": None,
    }[fault]
    opened: list[bool] = []

    with (
        ProviderServer(TAKEN_BODY[name], tls=server_tls) as server,
        transport_to(name, server.port, tls=authority.trusting()) as transport,
        pytest.raises(TransportError, match="while connecting") as told,
    ):
        transport.deliver(*letter(), opened=lambda: opened.append(True))

    assert (told.value.permanent, opened, server.posts) == (False, [], [])


def test_a_machine_out_of_threads_has_sent_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with ProviderServer(TAKEN_BODY[name]) as server, transport_to(name, server.port) as transport:
        transport.deliver(*letter(1), opened=lambda: None)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Timer, "start", refuse)
            with pytest.raises(TransportError, match="before the first octet") as told:
                transport.deliver(*letter(2), opened=lambda: None)
        again = transport.deliver(*letter(3), opened=lambda: None)

    assert (told.value.permanent, len(server.posts), again.outcome) == (False, 2, Outcome.ACCEPTED)


def test_keys_never_travel_in_clear(name: str) -> None:
    settings = SesSettings(region="eu-west-1", access_key="A", secret_key="s", host="api.example.org", insecure=True)

    with pytest.raises(TransportError, match="never travel without TLS") as told:
        SesTransport(settings, clock=lambda: NOW)

    assert told.value.permanent


def test_one_connection_serves_many_messages(name: str) -> None:
    with ProviderServer(TAKEN_BODY[name]) as server, transport_to(name, server.port) as transport:
        outcomes = [transport.deliver(*letter(number), opened=lambda: None).outcome for number in range(1, 6)]

    assert (outcomes, server.connections) == ([Outcome.ACCEPTED] * 5, 1)


@pytest.mark.parametrize("end", ["announced", "sudden"])
def test_a_connection_that_was_closed_meanwhile_puts_no_message_in_doubt(name: str, end: str) -> None:
    fields = {"Connection": "close"} if end == "announced" else {}
    body = TAKEN_BODY[name]
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    first = Said(body=body, fields=fields) if fields else Said(raw=head + body, end="close")
    with ProviderServer(body, [first]) as server, transport_to(name, server.port) as transport:
        one = transport.deliver(*letter(1), opened=lambda: None)
        server.hung_up.wait(10)
        other = transport.deliver(*letter(2), opened=lambda: None)

    assert (one.outcome, other.outcome, server.connections) == (Outcome.ACCEPTED, Outcome.ACCEPTED, 2)


def test_a_late_answer_is_not_heard_as_that_to_the_next_message(name: str) -> None:
    refusal = Said(401, body=b'{"message":"late"}')
    with (
        ProviderServer(TAKEN_BODY[name], [Said(raw=b"", end="silence"), refusal]) as server,
        transport_to(name, server.port, read_s=0.3) as transport,
    ):
        one = transport.deliver(*letter(1), opened=lambda: None)
        with pytest.raises(TransportError):
            transport.deliver(*letter(2), opened=lambda: None)

    assert (one.outcome, server.connections) == (Outcome.UNKNOWN, 2)


def test_long_words_are_cut_and_made_printable(name: str) -> None:
    words = b"\x1b[2J" + b"x" * (MAX_OCTETS // 2)

    receipt, _ = answered(name, Said(502, body=words))

    assert len(receipt.reply) == 1_000
    assert receipt.reply.isprintable()


def test_four_connections_speak_at_once_in_one_thread(name: str, store: Store) -> None:
    edition_id = release(store, 8)
    together = threading.Barrier(4, timeout=20)

    with ProviderServer(TAKEN_BODY[name]) as server:
        # None of four is answered before all four have asked.
        server.gate = lambda _post: together.wait() and None
        hands = Hands(MemoryTransport())
        send_edition(
            store, edition_id, hands.run(open_transport=lambda: transport_to(name, server.port), connections=4)
        )

    assert tally(store, edition_id) == {DeliveryState.SENT: 8}
    assert server.connections == 4


def test_an_edition_ends_with_the_reader_in_doubt_whose_answer_never_came(name: str, store: Store) -> None:
    edition_id = release(store, 5)
    script = [Said(body=TAKEN_BODY[name]), Said(raw=b"", end="silence")]

    with ProviderServer(TAKEN_BODY[name], script) as server:
        hands = Hands(MemoryTransport())
        run = hands.run(open_transport=lambda: transport_to(name, server.port, read_s=0.4), connections=1)
        balance = send_edition(store, edition_id, run)

    assert sorted(states(store, edition_id).values()) == [DeliveryState.SENT] * 4 + [DeliveryState.UNKNOWN]
    assert (balance.adds_up, balance.is_open, len(server.posts)) == (True, False, 5)
