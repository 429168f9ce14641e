"""Envelope and content in one write (RFC 3030): one round trip, and an honest word about each answer."""

from __future__ import annotations

import pytest
from ledger_rows import NOW, compose
from scripted_smtp import CHUNKED, DROP, GARBAGE, ONE_BY_ONE, PIPELINED, ScriptedSmtp

from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.delivery.transports.wire import Wire
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt, Recipient, SubscriberId, VariantId


def letter(number: int = 1) -> tuple[Envelope, bytes]:
    reader = Recipient(
        subscriber_id=SubscriberId(number), uid=f"s{number}", address=f"r{number}@example.org", name="", token="t"
    )
    return compose(VariantId(1), reader, NOW)


def deliver(transport: SmtpTransport, number: int = 1) -> Receipt:
    return transport.deliver(*letter(number), opened=lambda: None)


def to(server: ScriptedSmtp, *, chunking: bool = True, max_messages: int = 100) -> SmtpTransport:
    settings = SmtpSettings(
        host="127.0.0.1",
        port=server.port,
        tls=Tls.NONE,
        local_name="news.example.org",
        chunking=chunking,
        max_messages=max_messages,
    )
    return SmtpTransport(settings)


def test_a_message_costs_one_round_trip() -> None:
    with ScriptedSmtp(extensions=CHUNKED) as server, to(server) as transport:
        deliver(transport, 1)
        before = server.turns
        for number in range(2, 7):
            deliver(transport, number)
        spent = server.turns - before

    assert spent == 5
    assert (len(server.accepted), server.connections) == (6, 1)


def test_the_content_goes_out_as_it_is() -> None:
    message = b"Subject: x\r\n\r\n.\r\n.hidden\r\nend"
    with ScriptedSmtp(extensions=CHUNKED) as server, to(server) as transport:
        transport.deliver(letter()[0], message, opened=lambda: None)

    assert server.accepted == [message + b"\r\n"]
    assert server.commands[1:4] == [
        "MAIL FROM:<news@example.org>",
        "RCPT TO:<r1@example.org>",
        f"BDAT {len(message) + 2} LAST",
    ]


@pytest.mark.parametrize(
    ("extensions", "chunking"), [(CHUNKED, False), (PIPELINED, True), ((*ONE_BY_ONE, "CHUNKING"), True)]
)
def test_chunks_need_both_offers_and_the_setting(extensions: tuple[str, ...], chunking: bool) -> None:
    with ScriptedSmtp(extensions=extensions) as server, to(server, chunking=chunking) as transport:
        deliver(transport)

    assert (server.count("BDAT"), server.count("DATA"), len(server.accepted)) == (0, 1, 1)


def test_the_attempt_is_opened_before_anything_of_it_leaves() -> None:
    seen: list[list[str]] = []
    with ScriptedSmtp(extensions=CHUNKED) as server, to(server) as transport:
        transport.deliver(*letter(), opened=lambda: seen.append(server.commands[1:]))

    assert seen == [[]]


def test_whoever_cannot_record_the_attempt_sends_nothing() -> None:
    def fail() -> None:
        raise RuntimeError("disk full")

    with ScriptedSmtp(extensions=CHUNKED) as server, to(server) as transport:
        with pytest.raises(RuntimeError, match="disk full"):
            transport.deliver(*letter(1), opened=fail)
        outcome = deliver(transport, 2).outcome

    assert outcome is Outcome.ACCEPTED
    assert server.message_ids == ["<e1.s2@news.example.org>"]


def test_a_refused_reader_is_followed_by_rset_and_the_next_one_goes_through() -> None:
    script = {"rcpt": lambda command: "550 5.1.1 nobody" if "r1@" in command else None}
    with ScriptedSmtp(script, extensions=CHUNKED) as server, to(server) as transport:
        first, second = deliver(transport, 1), deliver(transport, 2)

    assert (first.outcome, first.code, first.enhanced) == (Outcome.REFUSED, 550, "5.1.1")
    assert second.outcome is Outcome.ACCEPTED
    assert (server.count("RSET"), server.connections) == (1, 1)
    assert server.message_ids == ["<e1.s2@news.example.org>"]


@pytest.mark.parametrize("answer", ["500 what", DROP, GARBAGE])
def test_content_never_follows_a_failed_reset(answer: str) -> None:
    # The reader before could still be in the transaction, and get what is meant for the next one.
    script = {"rset": answer, "rcpt": lambda command: "550 5.1.1 nobody" if "r1@" in command else None}
    with ScriptedSmtp(script, extensions=CHUNKED) as server, to(server) as transport:
        outcomes = [deliver(transport, number).outcome for number in (1, 2)]

    assert outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert server.connections == 2


@pytest.mark.parametrize("behind", [DROP, GARBAGE, "421 4.7.0 too many errors", "503 no\r\n421 4.7.0 too many errors"])
def test_the_refusal_of_a_reader_counts_whatever_ends_the_connection(behind: str) -> None:
    script = {"rcpt": lambda command: "550 5.1.1 nobody" if "r1@" in command else None}
    with ScriptedSmtp(script, extensions=CHUNKED) as server, to(server) as transport:
        server.script["bdat"] = lambda _command: behind if server.count("RCPT") == 1 else None
        outcomes = [deliver(transport, number).outcome for number in (1, 2)]

    assert outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert (server.connections, server.message_ids) == (2, ["<e1.s2@news.example.org>"])


@pytest.mark.parametrize("step", ["mail", "rcpt"])
@pytest.mark.parametrize("answer", ["450 later", "550 no"])
def test_a_yes_behind_a_no_is_in_doubt(step: str, answer: str) -> None:
    # One reply too many: what looks like a refusal answers nothing, and the content was taken.
    script = {"mail": "250 ok", "rcpt": "250 ok", "bdat": "250 kept"}
    with ScriptedSmtp(script | {step: f"{answer}\r\n250 ok"}, extensions=CHUNKED) as server, to(server) as transport:
        receipt = deliver(transport)

    assert receipt.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("behind", ["250 2.0.0 again", "550 5.7.1 spam", "421 4.3.2 closing"])
def test_a_word_too_many_behind_the_last_reply_puts_it_in_doubt(behind: str) -> None:
    # It may be the last reply itself, and the one before belong to RCPT.
    with ScriptedSmtp({"bdat": f"250 2.0.0 kept\r\n{behind}"}, extensions=CHUNKED) as server, to(server) as transport:
        receipt = deliver(transport)

    assert receipt.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "451 later"])
def test_a_refused_sender_on_a_used_connection_is_tried_on_a_fresh_one_with_one_attempt(answer: str) -> None:
    opened: list[int] = []
    with ScriptedSmtp(extensions=CHUNKED) as server, to(server) as transport:
        deliver(transport, 1)
        server.script["mail"] = lambda _command: answer if server.connections == 1 else None
        receipt = transport.deliver(*letter(2), opened=lambda: opened.append(2))

    assert (receipt.outcome, opened, server.connections) == (Outcome.ACCEPTED, [2], 2)
    assert server.message_ids == ["<e1.s1@news.example.org>", "<e1.s2@news.example.org>"]


@pytest.mark.parametrize(("step", "answer"), [("mail", "421 no"), ("mail", "550 no"), ("rcpt", "421 no")])
def test_a_refusal_of_everybody_is_an_outage_although_the_attempt_is_open(step: str, answer: str) -> None:
    opened: list[bool] = []
    with (
        ScriptedSmtp({step: answer}, extensions=CHUNKED) as server,
        to(server) as transport,
        pytest.raises(TransportError, match=f"answered {step.upper()} with {answer[:3]} no. Nothing was accepted"),
    ):
        transport.deliver(*letter(), opened=lambda: opened.append(True))

    assert (opened, server.accepted) == ([True], [])


def test_a_connection_closed_meanwhile_puts_no_attempt_in_doubt() -> None:
    # Content written into it would be: nobody could say whether it was read.
    opened: list[int] = []
    with ScriptedSmtp(extensions=CHUNKED) as server, to(server) as transport:
        deliver(transport, 1)
        server.hang_up()
        receipt = transport.deliver(*letter(2), opened=lambda: opened.append(2))

    assert (receipt.outcome, opened, server.connections) == (Outcome.ACCEPTED, [2], 2)


def test_without_a_look_at_the_connection_that_attempt_would_be_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    # The control.
    monkeypatch.setattr(Wire, "is_idle", True)
    with ScriptedSmtp(extensions=CHUNKED) as server, to(server) as transport:
        deliver(transport, 1)
        server.hang_up()
        receipt = deliver(transport, 2)

    assert receipt.outcome is Outcome.UNKNOWN


def test_a_refusal_in_the_middle_of_a_large_message_is_heard() -> None:
    # The server closes in mid-content: the write fails, and its words are still there to read.
    large = letter()[1] + (b"y" * 76 + b"\r\n") * 200_000
    script = {"rcpt": "550 5.1.1 nobody"}
    with ScriptedSmtp(script, extensions=CHUNKED, deaf=300) as server, to(server) as transport:
        receipt = transport.deliver(letter()[0], large, opened=lambda: None)

    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, 550)
    assert server.accepted == []
