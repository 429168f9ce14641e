"""Odd messages and rude clients at the door for returned mail: none of them harms another."""

from __future__ import annotations

import gc
import smtplib
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_client import RawClient
from taking import Taker, report

from newsletter.delivery.mailboxes import MAX_OCTETS, BounceListener

LIMIT_S = 20.0
ADA = "b+ada@example.org"


@pytest.fixture(scope="module")
def steady_client() -> Iterator[tuple[RawClient, Taker]]:
    """A client that has greeted, and who takes what it sends."""
    taker = Taker()
    listener = BounceListener("127.0.0.1:0", taker, domain="example.org")
    listener.start()
    with RawClient(listener.port) as client:
        client.answer()
        client.asks(b"LHLO localhost")
        yield client, taker
    listener.stop(timeout_s=LIMIT_S)


@pytest.mark.parametrize("line", [b"x" * 76 + b"\r\n", b"x" * 5000 + b"\r\n", b"x", b"\r", b"\n", b"..\r\n", b"\0"])
def test_bigger_message_is_read_to_its_end_and_refused_for_each(listening, line: bytes) -> None:
    taker = Taker()
    port = listening(taker).port

    with RawClient(port) as client:
        client.begins(b"b+1@example.org", b"b+2@example.org")
        client.send(b" " + line * (8 * MAX_OCTETS // len(line)) + b"\r\n")
        answers = [client.asks(b"."), client.answer(), client.asks(b"NOOP")]

    assert [words[:9] for words in answers] == ["552 5.3.4", "552 5.3.4", "250 OK"]
    assert taker.taken == []


@pytest.mark.parametrize("excess", [0, 1])
def test_size_limit_is_exact(listening, excess: int) -> None:
    taker = Taker()
    port = listening(taker).port

    with RawClient(port) as client:
        client.begins(b"b+1@example.org")
        client.send(b"x" * (MAX_OCTETS + excess - 2) + b"\r\n")
        answer = client.asks(b".")

    assert answer[:3] == ("552" if excess else "250")
    assert [len(message) for message in taker.messages] == ([] if excess else [MAX_OCTETS])


@pytest.mark.parametrize("length", [1, 998, 999, 1000, 1001, 1002, 2001, 2002, 2003, 70_000])
def test_long_line_arrives_whole(listening, length: int) -> None:
    """A report may quote lines longer than SMTP allows."""
    taker = Taker()
    port = listening(taker).port
    message = b"x" * length + b"\r\n.y\r\n" + b"\r" * length + b"\r\n" + b"." * length + b"\r\n"

    with RawClient(port) as client:
        client.begins(b"b+1@example.org")
        client.send(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        answer = client.answer()

    assert answer[:3] == "250"
    assert taker.messages == [message]


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n\n.\r\n", b"\r\r\n.\n\r\n", b"\0\r\n.\0\r\n"]
)
def test_no_other_end_of_a_message_lets_a_second_one_in(listening, end: bytes) -> None:
    taker = Taker()
    port = listening(taker).port
    second = b"MAIL FROM:<>\r\nRCPT TO:<b+evil@example.org>\r\nDATA\r\nsmuggled"

    with RawClient(port) as client:
        client.begins(b"b+1@example.org")
        client.send(b"first" + end + second + b"\r\n.\r\n")
        answers = [client.answer(), client.asks(b"NOOP")]

    assert [words[:3] for words in answers] == ["250", "250"]
    assert [recipients for _, recipients in taker.taken] == [("b+1@example.org",)]
    assert taker.messages[0].endswith(b"smuggled\r\n")


def test_dot_at_the_end_of_a_long_line_ends_no_message(listening) -> None:
    """The line comes in pieces, of which the last one looks like the final dot."""
    taker = Taker()
    port = listening(taker).port

    with RawClient(port) as client, RawClient(port) as other:
        client.begins(b"b+1@example.org")
        client.send(b"x" * 5000 + b".")
        # By then the listener has read what came before.
        answers = [other.answer()[:3], *(other.asks(b"NOOP") for _ in range(3))]
        client.send(b"\r\nMAIL FROM:<>\r\n.\r\n")
        answers.append(client.answer()[:3])

    assert answers == ["220", "250 OK", "250 OK", "250 OK", "250"]
    assert taker.messages == [b"x" * 5000 + b".\r\nMAIL FROM:<>\r\n"]


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.sampled_from([b".", b"..", b"\r", b"\n", b"\r\n", b"\r\n.", b"x", b"y" * 999, b"." * 1500])))
def test_every_message_arrives_as_it_was(steady_client: tuple[RawClient, Taker], pieces: list[bytes]) -> None:
    client, taker = steady_client
    message = b"".join(pieces) + b"\r\n"
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n"))
    for command in (b"MAIL FROM:<>", b"RCPT TO:<b+1@example.org>", b"DATA"):
        client.asks(command)

    client.send(stuffed + b".\r\n")

    assert client.answer()[:3] == "250"
    assert taker.messages[-1] == message


def test_octets_arrive_as_they_are(listening) -> None:
    taker = Taker()
    port = listening(taker).port
    message = bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"") * 3 + b"\r\n\r\n\n\n.x\r\n"

    with RawClient(port) as client:
        client.begins(b"b+1@example.org")
        client.send(message + b".\r\n")
        client.answer()

    assert taker.messages == [message]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0\0\0\0\r\n",
        b"\xff\xfe\xfd\r\n",
        b"\r\n" * 100,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x80" * 600 + b"\n",
        b"LHLO\r\nMAIL\r\nRCPT\r\nDATA\r\nRSET x\r\nNOOP\r\nQUIT x\r\n",
        b"LHLO x\r\nMAIL FROM:<((((((((\r\nMAIL FROM:<>\r\nRCPT TO:<"
        + b"(" * 400
        + b'\r\nRCPT TO:<[\r\nRCPT TO:"\\\r\n',
        b"LHLO x\r\nMAIL FROM:<> SIZE=x\r\nMAIL FROM:<> =\r\nMAIL FROM:<> SIZE=\xb2\r\nRCPT TO:<>\r\n",
        b"LHLO \xed\xa0\x80\r\nHELP \xff\r\nMAIL FROM:<\xff@\xff>\r\nRCPT TO:<b+\xff@example.org>\r\n",
        b"LHLO " + b"x" * 8 * MAX_OCTETS + b"\r\n",
        b"x" * 8 * MAX_OCTETS,
        b"LHLO x\r\nMAIL FROM:<>\r\n" + b"RCPT TO:<b+1@example.org>\r\n" * 2000 + b"QUIT\r\n",
        b"NOOP\r\n" * 50_000,
    ],
    ids=lambda garbage: repr(garbage[:20]),
)
def test_garbage_harms_nobody_else(listening, garbage: bytes) -> None:
    taker = Taker()
    listener = listening(taker)

    with RawClient(listener.port) as rude, smtplib.LMTP("127.0.0.1", listener.port) as client:
        rude.waits(0.5)
        with suppress(OSError):
            rude.send(garbage)
        client.sendmail("", [ADA], report(1))

    assert taker.messages == [report(1)]
    assert listener.stop(timeout_s=LIMIT_S)


@pytest.mark.parametrize("how", ["close", "half", "reset"])
@pytest.mark.parametrize(
    "said",
    [
        [],
        [b"LHLO x\r\n"],
        [b"LHLO"],
        [b"LHLO x\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<b+1@example.org>\r\n"],
        [b"LHLO x\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<b+1@example.org>\r\n", b"DATA\r\n"],
        [b"LHLO x\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<b+1@example.org>\r\n", b"DATA\r\n", b"half a mess"],
        [b"LHLO x\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<b+1@example.org>\r\n", b"DATA\r\n", b"hello\r\n."],
    ],
    ids=len,
)
def test_client_may_hang_up_anywhere(listening, said: list[bytes], how: str, caplog: pytest.LogCaptureFixture) -> None:
    """Twice as often as there are places, each of which has to become free again."""
    taker = Taker()
    port = listening(taker, timeout_s=600.0).port

    for _ in range(40):
        with RawClient(port) as client:
            client.send(b"".join(said))
            if how == "reset":
                client.reset()
            if how == "half":
                client.end()
                while client.answer():
                    pass
    for _ in range(1000):
        with RawClient(port) as client:
            if client.answer()[:3] == "220":
                break
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.sendmail("", [ADA], report(1))
    gc.collect()

    assert taker.messages == [report(1)]
    assert caplog.messages == []


def test_client_that_leaves_while_its_message_is_written_down_ends_nothing(listening) -> None:
    in_hand, go_on = threading.Event(), threading.Event()
    taker = Taker(enough=2)

    def take(message: bytes, recipients: Sequence[str]) -> None:
        in_hand.set()
        go_on.wait(LIMIT_S)
        taker(message, recipients)

    port = listening(take).port
    with RawClient(port) as client:
        client.begins(b"b+1@example.org")
        client.send(b"hello\r\n.\r\n")
        assert in_hand.wait(LIMIT_S)
    go_on.set()
    with smtplib.LMTP("127.0.0.1", port) as other:
        other.sendmail("", [ADA], report(1))

    assert taker.messages == [b"hello\r\n", report(1)]


def test_more_than_twenty_clients_are_sent_away(listening) -> None:
    port = listening(Taker()).port

    with ExitStack() as open_ones:
        clients = [open_ones.enter_context(RawClient(port)) for _ in range(20)]
        greetings = {client.answer()[:3] for client in clients}
        with RawClient(port) as late:
            answers = [late.answer(), late.answer()]
        clients[0].asks(b"QUIT")
        assert clients[0].answer() == ""
        with RawClient(port) as later:
            greetings.add(later.answer()[:3])

    assert greetings == {"220"}
    assert answers == ["421 4.3.2 Too many connections; try again later", ""]


def test_more_than_a_hundred_recipients_wait_for_another_message(listening) -> None:
    port = listening(Taker()).port

    with RawClient(port) as client:
        client.answer()
        client.asks(b"LHLO localhost")
        client.asks(b"MAIL FROM:<>")
        answers = [client.asks(b"RCPT TO:<b+%d@example.org>" % number)[:9] for number in range(102)]

    assert answers == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 2


@pytest.mark.parametrize("said", [b"", b"LHLO x\r\n", b"x" * 5000])
def test_silent_client_is_not_waited_for_long(listening, said: bytes) -> None:
    port = listening(Taker(), timeout_s=0.2).port

    with RawClient(port) as client:
        client.send(said)
        while client.answer():
            pass


def test_client_that_is_silent_after_its_message_is_not_waited_for_long(listening) -> None:
    port = listening(Taker(), timeout_s=0.2).port

    with RawClient(port) as client:
        client.begins(b"b+1@example.org")
        answers = [client.asks(b"hello\r\n."), client.answer()]

    assert answers == ["250 2.6.0 Taken", ""]


def test_client_that_reads_nothing_does_not_keep_the_listener_from_ending(listening) -> None:
    listener = listening(Taker(), timeout_s=600.0)

    with RawClient(listener.port, window=1024) as client:
        client.waits(0.5)
        with pytest.raises(TimeoutError):
            client.send(b"HELP\r\n" * 5_000_000)

        assert listener.stop(timeout_s=LIMIT_S)


def test_client_that_reads_nothing_does_not_keep_its_place(listening) -> None:
    port = listening(Taker(), timeout_s=0.5).port

    with RawClient(port, window=1024) as client, pytest.raises((ConnectionResetError, BrokenPipeError)):
        client.send(b"HELP\r\n" * 5_000_000)
