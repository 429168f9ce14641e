"""Returned mail over LMTP and SMTP: from real clients, only for us, and to a clean end."""

from __future__ import annotations

import logging
import smtplib
import socket
import subprocess
import threading
from collections.abc import Sequence

import pytest
from raw_client import RawClient
from taking import Taker, report

from newsletter.delivery.mailboxes import MAX_OCTETS, BounceListener
from newsletter.errors import ConfigError, NewsletterError

LIMIT_S = 20.0
ADA = "b+ada@example.org"
BEN = "unsub+ben@example.org"


def test_message_over_lmtp_is_taken(listening) -> None:
    taker = Taker()
    port = listening(taker).port

    with smtplib.LMTP("127.0.0.1", port) as client:
        refused = client.sendmail("", [ADA], report(1))

    assert refused == {}
    assert taker.taken == [(report(1), (ADA,))]


@pytest.mark.parametrize("hello", ["ehlo", "helo"])
def test_message_over_smtp_is_taken_at_the_same_port(listening, hello: str) -> None:
    taker = Taker()
    port = listening(taker).port

    with smtplib.SMTP("127.0.0.1", port) as client:
        getattr(client, hello)()
        client.sendmail("mailer-daemon@example.com", [ADA, BEN], report(1))

    assert taker.taken == [(report(1), (ADA, BEN))]


def test_each_recipient_gets_an_answer_over_lmtp_and_one_for_all_over_smtp(listening) -> None:
    port = listening(Taker()).port

    with RawClient(port) as lmtp, RawClient(port) as smtp:
        lmtp.begins(b"b+1@example.org", b"b+2@example.org", b"b+3@example.org")
        answers = [lmtp.asks(b"hello\r\n."), lmtp.answer(), lmtp.answer(), lmtp.asks(b"NOOP")]
        smtp.begins(b"b+1@example.org", b"b+2@example.org", hello=b"EHLO localhost")
        answers += [smtp.asks(b"hello\r\n."), smtp.asks(b"NOOP")]

    assert [words[:9] for words in answers] == [*["250 2.6.0"] * 3, "250 OK", "250 2.6.0", "250 OK"]


def test_client_that_turns_from_lmtp_to_smtp_gets_one_answer(listening) -> None:
    port = listening(Taker()).port

    with RawClient(port) as client:
        client.answer()
        client.asks(b"LHLO localhost")
        for command in (b"EHLO localhost", b"MAIL FROM:<>", b"RCPT TO:<b+1@example.org>", b"RCPT TO:<b+2@example.org>"):
            client.asks(command)
        client.asks(b"DATA")
        client.asks(b".")
        answer = client.asks(b"NOOP")

    assert answer == "250 OK"


@pytest.mark.parametrize("option", [["-L"], []], ids=["lmtp", "smtp"])
def test_client_of_postfix_hands_over_many_messages(listening, external_tool, option: list[str]) -> None:
    program = external_tool("smtp-source", "postfix")
    taker = Taker(enough=40)
    port = listening(taker).port
    words = ["-s", "5", "-m", "40", "-l", "9000", "-f", "a@example.com", "-t", "b+x@example.org", f"127.0.0.1:{port}"]

    ended = subprocess.run([program, *option, *words], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(taker.taken) == 40
    assert {len(message) >= 9000 for message in taker.messages} == {True}


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        (b"b+abc@example.org", True),
        (b"B+ABC@EXAMPLE.org", True),
        (b"unsub+Abc_-9@example.org", True),
        (b"UnSub+Abc@Example.Org", True),
        (b"@relay.example.com:b+abc@example.org", True),
        (b"b+@example.org", False),
        (b"b@example.org", False),
        (b"ada@example.org", False),
        (b"xb+abc@example.org", False),
        (b"b+abc@example.com", False),
        (b"b+abc@example.org.example.com", False),
        (b"b+abc@exampleXorg", False),
        (b"b+a@b+abc@example.org", False),
        (b"b+abc", False),
        (b"postmaster", False),
        ("b+ä@example.org".encode(), False),
        (b"b+" + b"a" * 200 + b"@example.org", False),
        (b"", False),
    ],
)
def test_only_return_addresses_are_taken(listening, address: bytes, is_ours: bool) -> None:
    port = listening(Taker()).port

    with RawClient(port) as client:
        client.answer()
        client.asks(b"LHLO localhost")
        client.asks(b"MAIL FROM:<>")
        answer = client.asks(b"RCPT TO:<" + address + b">")

    assert (answer[:3] == "250") is is_ours
    assert is_ours or answer[:1] == "5"


def test_unknown_recipient_is_refused_and_the_others_are_taken(listening) -> None:
    taker = Taker()
    port = listening(taker).port

    with smtplib.LMTP("127.0.0.1", port) as client:
        refused = client.sendmail("", [ADA, "ada@example.org"], report(1))

    assert refused == {"ada@example.org": (550, b"5.1.1 No such return address here")}
    assert taker.taken == [(report(1), (ADA,))]


def test_mail_server_keeps_what_could_not_be_written_down(listening, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    taker = Taker(refuses=lambda _: True)
    listener = listening(taker)

    with smtplib.LMTP("127.0.0.1", listener.port) as client:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPDataError, match=r"4\.3\.0"):
                client.sendmail("", [ADA], report(1))
        fault = listener.fault
        taker.refuses = lambda _: False
        client.sendmail("", [ADA], report(1))

    assert fault == "Returned mail waits with the mail server: the disk is full for <an address>. Make room"
    assert listener.fault == ""
    assert taker.messages == [report(1)]
    assert [record.getMessage() for record in caplog.records] == [fault, "Returned mail is taken again."]


def test_taker_that_raises_anything_ends_nothing(listening) -> None:
    def take(message: bytes, recipients: Sequence[str]) -> None:
        raise RuntimeError(message.decode())

    port = listening(take).port

    with RawClient(port) as client:
        client.begins(b"b+1@example.org", b"b+2@example.org")
        answers = [client.asks(b"hello\r\n."), client.answer(), client.asks(b"NOOP")]

    assert [words[:9] for words in answers] == ["451 4.3.0", "451 4.3.0", "250 OK"]


def test_answer_comes_only_when_the_message_is_written_down(listening) -> None:
    in_hand, go_on = threading.Event(), threading.Event()
    threads = []

    def take(message: bytes, recipients: Sequence[str]) -> None:
        threads.append(threading.current_thread().name)
        in_hand.set()
        go_on.wait(LIMIT_S)

    port = listening(take).port
    with RawClient(port) as client, RawClient(port) as other:
        client.begins(b"b+1@example.org")
        client.send(b"hello\r\n.\r\n")
        assert in_hand.wait(LIMIT_S)
        # The door goes on speaking meanwhile.
        greeting = other.answer()
        assert client.hears_nothing()
        go_on.set()
        answer = client.answer()

    assert greeting == "220 localhost newsletter"
    assert answer == "250 2.6.0 Taken"
    assert threads[0].startswith("bounce taker")


def test_size_is_announced_and_a_bigger_one_is_refused_beforehand(listening) -> None:
    port = listening(Taker()).port

    with RawClient(port) as client:
        client.answer()
        can = client.asks(b"LHLO localhost")
        answer = client.asks(b"MAIL FROM:<> SIZE=%d" % (MAX_OCTETS + 1))

    assert f"250-SIZE {MAX_OCTETS}" in can
    assert "250-PIPELINING" in can
    assert "AUTH" not in can
    assert "STARTTLS" not in can
    assert answer[:3] == "552"


def test_smtputf8_is_spoken(listening) -> None:
    taker = Taker()
    port = listening(taker).port

    with RawClient(port) as client:
        client.answer()
        client.asks(b"LHLO localhost")
        answers = [client.asks("MAIL FROM:<jürgen@example.com> SMTPUTF8 BODY=8BITMIME".encode())]
        answers += [client.asks(b"RCPT TO:<b+1@example.org>"), client.asks(b"DATA"), client.asks(b"hello\r\n.")]

    assert [words[:3] for words in answers] == ["250", "250", "354", "250"]


@pytest.mark.parametrize(
    "command",
    [b"VRFY ada", b"EXPN list", b"AUTH PLAIN AGFkYQBzZXNhbWU=", b"AUTH LOGIN", b"STARTTLS", b"TURN", b"BDAT 1"],
)
def test_what_is_not_needed_is_off(listening, command: bytes) -> None:
    port = listening(Taker()).port

    with RawClient(port) as client:
        client.answer()
        client.asks(b"EHLO localhost")
        answer = client.asks(command)

    assert answer[:2] == "50"


def test_stop_finishes_the_message_in_hand_and_sends_the_others_away(listening) -> None:
    in_hand, go_on = threading.Event(), threading.Event()
    taker = Taker()

    def take(message: bytes, recipients: Sequence[str]) -> None:
        in_hand.set()
        go_on.wait(LIMIT_S)
        taker(message, recipients)

    listener = listening(take)
    with RawClient(listener.port) as client, RawClient(listener.port) as idle, RawClient(listener.port) as sending:
        client.begins(b"b+1@example.org", b"b+2@example.org")
        client.send(b"hello\r\n.\r\n")
        idle.answer()
        sending.begins(b"b+3@example.org")
        sending.send(b"half a message")
        assert in_hand.wait(LIMIT_S)

        assert not listener.stop(timeout_s=0.05)
        sent_away = [idle.answer(), sending.answer()]
        go_on.set()

        assert [client.answer()[:9] for _ in range(4)] == ["250 2.6.0", "250 2.6.0", "421 4.3.2", ""]
    assert listener.stop(timeout_s=LIMIT_S)
    assert [words[:9] for words in sent_away] == ["421 4.3.2", "421 4.3.2"]
    assert taker.messages == [b"hello\r\n"]
    assert listener.fault == ""
    with pytest.raises(ConnectionRefusedError):
        RawClient(listener.port)


def test_taker_may_need_longer_than_a_client_may_be_silent(listening) -> None:
    listener = listening(lambda *_: threading.Event().wait(0.5), timeout_s=0.1)

    with RawClient(listener.port) as client, RawClient(listener.port) as other:
        for each in (client, other):
            each.begins(b"b+1@example.org")
            each.send(b"hello\r\n.\r\n")
        answer = client.answer()
        assert listener.stop(timeout_s=LIMIT_S)
        answers = [answer, other.answer()]

    assert answers == ["250 2.6.0 Taken"] * 2


def test_address_that_others_can_reach_is_refused() -> None:
    for bind in ("0.0.0.0:8024", "[::]:8024", "192.0.2.1:8024", "mail.example.org:24"):
        with pytest.raises(ConfigError, match="can be reached from outside"):
            BounceListener(bind, Taker(), domain="example.org")


@pytest.mark.parametrize("bind", ["[::1]:0", "localhost:0"])
def test_other_names_of_this_machine_are_listened_on(listening, bind: str) -> None:
    taker = Taker()
    port = listening(taker, bind=bind).port

    with smtplib.LMTP(bind.rpartition(":")[0].strip("[]"), port) as client:
        client.sendmail("", [ADA], report(1))

    assert taker.messages == [report(1)]


def test_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        listener = BounceListener(f"127.0.0.1:{port}", Taker(), domain="example.org")

        with pytest.raises(NewsletterError, match=r"cannot be listened for \(Address already in use\)\. Stop"):
            listener.start()

    assert listener.fault == ""
    assert listener.stop(timeout_s=0.1)


def test_listener_that_was_never_started_stops_at_once() -> None:
    listener = BounceListener("127.0.0.1:0", Taker(), domain="example.org")

    assert listener.stop(timeout_s=0.1)
    assert listener.fault == ""


def test_no_address_is_logged(listening, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = listening(Taker()).port

    with smtplib.LMTP("127.0.0.1", port) as client:
        client.sendmail("mailer-daemon@example.com", [ADA, "nobody@example.org"], report(1))

    assert "@" not in caplog.text
