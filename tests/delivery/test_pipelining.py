"""MAIL, RCPT and DATA in one write (RFC 2920): replies by count, content only when it is asked for."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from certificates import Authority
from ledger_rows import NOW, compose
from scripted_smtp import DEFAULTS, DROP, GARBAGE, ONE_BY_ONE, PIPELINED, ScriptedSmtp

from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt, Recipient, SubscriberId, VariantId


def letter(number: int = 1) -> tuple[Envelope, bytes]:
    reader = Recipient(
        subscriber_id=SubscriberId(number), uid=f"s{number}", address=f"r{number}@example.org", name="", token="t"
    )
    return compose(VariantId(1), reader, NOW)


def deliver(transport: SmtpTransport, number: int = 1) -> Receipt:
    return transport.deliver(*letter(number), opened=lambda: None)


def to(server: ScriptedSmtp, *, tls: Tls = Tls.NONE, trust: ssl.SSLContext | None = None) -> SmtpTransport:
    settings = SmtpSettings(host="127.0.0.1", port=server.port, tls=tls, local_name="news.example.org")
    return SmtpTransport(settings, context=trust)


def for_first(answer: str) -> object:
    """Say `answer` about the first reader only."""
    return lambda command: answer if "r1@" in command else None


@pytest.mark.parametrize(("extensions", "turns"), [(ONE_BY_ONE, 4), (PIPELINED, 2)])
def test_a_message_costs_two_round_trips_instead_of_four(extensions: tuple[str, ...], turns: int) -> None:
    with ScriptedSmtp(extensions=extensions) as server, to(server) as transport:
        deliver(transport, 1)
        before = server.turns
        for number in range(2, 7):
            deliver(transport, number)
        spent = server.turns - before

    assert spent == 5 * turns
    assert len(server.accepted) == 6


def test_the_attempt_is_opened_after_354_and_before_the_content() -> None:
    seen: list[tuple[list[str], int]] = []
    with ScriptedSmtp(extensions=PIPELINED) as server, to(server) as transport:
        transport.deliver(*letter(), opened=lambda: seen.append((server.commands[1:], len(server.contents))))

    assert seen == [(["MAIL FROM:<news@example.org>", "RCPT TO:<r1@example.org>", "DATA"], 0)]


def test_a_refused_reader_costs_no_round_trip_more() -> None:
    script = {"rcpt": for_first("550 5.1.1 nobody")}
    with ScriptedSmtp(script, extensions=PIPELINED) as server, to(server) as transport:
        first = deliver(transport, 1)
        before = server.turns
        second = deliver(transport, 2)
        spent = server.turns - before

    assert (first.outcome, first.code, first.enhanced) == (Outcome.REFUSED, 550, "5.1.1")
    assert second.outcome is Outcome.ACCEPTED
    assert server.commands[1:8] == [
        *["MAIL FROM:<news@example.org>", "RCPT TO:<r1@example.org>", "DATA"],
        *["RSET", "MAIL FROM:<news@example.org>", "RCPT TO:<r2@example.org>", "DATA"],
    ]
    assert (spent, server.connections) == (2, 1)


@pytest.mark.parametrize(
    "said", ["554 5.5.1 no valid recipients", "503 5.5.1 no", "250 2.0.0 an empty one", "451 later"]
)
def test_content_asked_for_behind_a_refused_reader_is_a_lone_dot(said: str) -> None:
    opened: list[bool] = []
    script = {"rcpt": for_first("550 5.1.1 nobody"), "data": DEFAULTS["data"], "lone dot": said}
    with ScriptedSmtp(script, extensions=PIPELINED) as server, to(server) as transport:
        first = transport.deliver(*letter(1), opened=lambda: opened.append(True))
        second = deliver(transport, 2)

    assert (first.outcome, first.code, opened) == (Outcome.REFUSED, 550, [])
    assert second.outcome is Outcome.ACCEPTED
    assert server.message_ids == ["<e1.s2@news.example.org>"]
    assert server.connections == 1


@pytest.mark.parametrize("said", [DROP, GARBAGE, "354 more", "421 4.3.2 closing"])
def test_an_odd_answer_to_the_lone_dot_costs_the_connection_alone(said: str) -> None:
    script = {"rcpt": for_first("550 5.1.1 nobody"), "data": DEFAULTS["data"], "lone dot": said}
    with ScriptedSmtp(script, extensions=PIPELINED) as server, to(server) as transport:
        outcomes = [deliver(transport, number).outcome for number in (1, 2)]

    assert outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert (server.message_ids, server.connections) == (["<e1.s2@news.example.org>"], 2)


@pytest.mark.parametrize("said", ["250 what", "421 4.7.0 too many errors", DROP, GARBAGE])
def test_the_word_about_the_reader_counts_and_not_what_follows(said: str) -> None:
    with ScriptedSmtp({"rcpt": for_first("550 5.1.1 nobody")}, extensions=PIPELINED) as server:
        server.script["data"] = lambda _command: said if server.count("RCPT") == 1 else None
        with to(server) as transport:
            outcomes = [deliver(transport, number).outcome for number in (1, 2)]

    assert outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert server.connections == 2


@pytest.mark.parametrize("answer", ["500 what", DROP, GARBAGE])
def test_content_never_follows_a_failed_reset(answer: str) -> None:
    # The reader before could still be in the transaction, and get what is meant for the next one.
    with ScriptedSmtp({"rset": answer}, extensions=PIPELINED) as server, to(server) as transport:
        server.script["data"] = lambda _command: "451 later" if server.count("RCPT") == 1 else None
        outcomes = [deliver(transport, number).outcome for number in (1, 2)]

    assert outcomes == [Outcome.DEFERRED, Outcome.ACCEPTED]
    assert (server.connections, server.message_ids) == (2, ["<e1.s2@news.example.org>"])


@pytest.mark.parametrize(("answer", "permanent"), [("451 later", False), ("550 5.7.1 blocked", True)])
def test_a_refused_sender_is_an_outage_and_no_reader_is_blamed(answer: str, permanent: bool) -> None:
    opened: list[bool] = []
    script = {"mail": answer}
    with (
        ScriptedSmtp(script, extensions=PIPELINED) as server,
        to(server) as transport,
        pytest.raises(TransportError, match=f"answered MAIL with {answer[:3]}") as raised,
    ):
        transport.deliver(*letter(), opened=lambda: opened.append(True))

    assert (raised.value.permanent, opened, server.contents) == (permanent, [], [])


@pytest.mark.parametrize(
    ("step", "extra"), [("mail", "450 x"), ("mail", "550 x"), ("mail", "354 x"), ("rcpt", "250 x"), ("rcpt", "450 x")]
)
def test_one_reply_too_many_never_lets_content_out(step: str, extra: str) -> None:
    # The reply that came in between would be taken for the next one's, and so on.
    with ScriptedSmtp({step: f"{DEFAULTS[step]}\r\n{extra}"}, extensions=PIPELINED) as server, to(server) as transport:
        receipt = deliver(transport)

    assert receipt.outcome is not Outcome.ACCEPTED
    assert (server.contents, server.accepted) == ([], [])


def test_whoever_cannot_record_the_attempt_sends_nothing() -> None:
    def fail() -> None:
        raise RuntimeError("disk full")

    with ScriptedSmtp(extensions=PIPELINED) as server, to(server) as transport:
        with pytest.raises(RuntimeError, match="disk full"):
            transport.deliver(*letter(1), opened=fail)
        outcome = deliver(transport, 2).outcome

    assert outcome is Outcome.ACCEPTED
    assert (server.connections, server.message_ids) == (2, ["<e1.s2@news.example.org>"])


@pytest.mark.parametrize(
    ("first", "then", "turns"), [(PIPELINED, ONE_BY_ONE, 4), (ONE_BY_ONE, PIPELINED, 2), (PIPELINED, PIPELINED, 2)]
)
def test_only_what_is_offered_inside_the_encryption_counts(
    tmp_path: Path, first: tuple[str, ...], then: tuple[str, ...], turns: int
) -> None:
    authority = Authority(tmp_path)
    with (
        ScriptedSmtp(extensions=first, after_tls=then, tls=authority.server()) as server,
        to(server, tls=Tls.STARTTLS, trust=authority.trusting()) as transport,
    ):
        deliver(transport, 1)
        before = server.turns
        deliver(transport, 2)
        spent = server.turns - before

    assert (spent, len(server.accepted)) == (turns, 2)
