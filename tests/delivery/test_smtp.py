"""SMTP against a scripted server: the connection, its limits, and what goes over it."""

from __future__ import annotations

import re
import socket

import pytest
from ledger_rows import NOW, compose
from scripted_smtp import CHUNKED, DROP, ONE_BY_ONE, PIPELINED, ScriptedSmtp

from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt, Recipient, SubscriberId, VariantId

TOO_MANY = "421 4.7.0 too many messages in this connection"
PLAIN = {"host": "127.0.0.1", "tls": Tls.NONE, "local_name": "news.example.org"}


def letter(number: int = 1) -> tuple[Envelope, bytes]:
    reader = Recipient(
        subscriber_id=SubscriberId(number), uid=f"s{number}", address=f"r{number}@example.org", name="", token="t"
    )
    return compose(VariantId(1), reader, NOW)


def deliver(transport: SmtpTransport, number: int = 1) -> Receipt:
    return transport.deliver(*letter(number), opened=lambda: None)


def to(server: ScriptedSmtp, **settings: object) -> SmtpTransport:
    return SmtpTransport(SmtpSettings(**(PLAIN | {"port": server.port} | settings)))  # type: ignore[arg-type]  # a bag


def test_the_steps_are_the_plain_ones_of_rfc_5321() -> None:
    with ScriptedSmtp() as server, to(server) as transport:
        deliver(transport, 1)

    assert server.commands == [
        "ehlo news.example.org",
        "MAIL FROM:<news@example.org>",
        "RCPT TO:<r1@example.org>",
        "DATA",
        "QUIT",
    ]


def test_one_connection_carries_many_messages() -> None:
    with ScriptedSmtp() as server, to(server) as transport:
        outcomes = {deliver(transport, number).outcome for number in range(1, 6)}

    assert outcomes == {Outcome.ACCEPTED}
    assert (server.connections, server.count("EHLO"), len(server.accepted)) == (1, 1, 5)


@pytest.mark.parametrize(("limits", "connections"), [({"max_messages": 2}, 3), ({"max_age_s": 0.0}, 5)])
def test_a_connection_is_renewed_after_so_many_messages_or_seconds(limits: dict[str, float], connections: int) -> None:
    with ScriptedSmtp() as server, to(server, **limits) as transport:
        for number in range(1, 6):
            deliver(transport, number)

    assert (server.connections, server.count("QUIT"), len(server.accepted)) == (connections, connections, 5)


@pytest.mark.parametrize(
    ("way", "step", "limit"),
    [
        *[(way, step, TOO_MANY) for way in (ONE_BY_ONE, PIPELINED) for step in ("mail", "rcpt", "data")],
        *[(way, "mail", DROP) for way in (ONE_BY_ONE, PIPELINED)],
        *[(CHUNKED, step, TOO_MANY) for step in ("mail", "rcpt")],
    ],
)
def test_a_relay_that_closes_a_used_connection_costs_nobody_a_try(way: tuple[str, ...], step: str, limit: str) -> None:
    seen = 0

    def every_third(_command: str) -> str | None:
        nonlocal seen
        seen += 1
        return limit if seen % 3 == 0 else None

    with ScriptedSmtp({step: every_third}, extensions=way) as server, to(server) as transport:
        outcomes = [deliver(transport, number).outcome for number in range(1, 8)]

    assert outcomes == [Outcome.ACCEPTED] * 7
    assert server.connections > 1
    assert len(set(server.message_ids)) == len(server.message_ids) == 7


def test_a_fresh_connection_that_is_closed_at_once_is_an_outage() -> None:
    with (
        ScriptedSmtp({"mail": "421 4.3.2 not now"}) as server,
        to(server) as transport,
        pytest.raises(TransportError, match="421") as raised,
    ):
        deliver(transport)

    assert not raised.value.permanent


def test_a_refused_reader_is_followed_by_rset_and_the_next_one_goes_through() -> None:
    def only_the_first(command: str) -> str | None:
        return "550 5.1.1 nobody" if "r1@" in command else None

    with ScriptedSmtp({"rcpt": only_the_first}) as server, to(server) as transport:
        first, second = deliver(transport, 1), deliver(transport, 2)

    assert (first.outcome, first.code, first.enhanced) == (Outcome.REFUSED, 550, "5.1.1")
    assert second.outcome is Outcome.ACCEPTED
    assert server.commands[2:5] == ["RCPT TO:<r1@example.org>", "RSET", "MAIL FROM:<news@example.org>"]
    assert server.connections == 1


@pytest.mark.parametrize("answer", ["500 what", DROP])
def test_a_failing_rset_costs_the_connection_and_nothing_else(answer: str) -> None:
    script = {"rcpt": lambda command: "550 5.1.1 nobody" if "r1@" in command else None, "rset": answer}
    with ScriptedSmtp(script) as server, to(server) as transport:
        outcomes = [deliver(transport, number).outcome for number in (1, 2)]

    assert outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert server.connections == 2


@pytest.mark.parametrize("answer", ["421 busy", "500 what", DROP])
def test_a_failing_quit_undoes_nothing(answer: str) -> None:
    with ScriptedSmtp({"quit": answer}) as server:
        with to(server) as transport:
            receipt = deliver(transport)

        assert receipt.outcome is Outcome.ACCEPTED
        assert len(server.accepted) == 1


def test_8bitmime_is_declared_only_where_it_is_offered_and_needed() -> None:
    eight_bit = b"Subject: x\r\nMessage-ID: <e1.s1@x>\r\n\r\nmar\xc3\xa9es\r\n"
    with ScriptedSmtp() as server, to(server) as transport:
        deliver(transport)
        transport.deliver(letter()[0], eight_bit, opened=lambda: None)

    mails = [line for line in server.commands if line.startswith("MAIL")]
    assert mails == ["MAIL FROM:<news@example.org>", "MAIL FROM:<news@example.org> BODY=8BITMIME"]


def test_8_bit_content_never_goes_to_a_relay_that_does_not_offer_it() -> None:
    with (
        ScriptedSmtp(extensions=("SIZE",)) as server,
        to(server) as transport,
        pytest.raises(TransportError, match="8BITMIME") as raised,
    ):
        transport.deliver(letter()[0], b"Subject: x\r\n\r\nmar\xc3\xa9es\r\n", opened=lambda: None)

    assert raised.value.permanent
    assert server.count("MAIL") == 0


def test_the_attempt_is_opened_when_the_server_waits_for_the_content() -> None:
    seen: list[tuple[str, int]] = []
    with ScriptedSmtp() as server, to(server) as transport:
        transport.deliver(*letter(), opened=lambda: seen.append((server.commands[-1], len(server.contents))))

    assert seen == [("DATA", 0)]


@pytest.mark.parametrize("way", [ONE_BY_ONE, PIPELINED])
def test_the_content_goes_out_once_with_its_dots_doubled(way: tuple[str, ...]) -> None:
    with ScriptedSmtp(extensions=way) as server, to(server) as transport:
        deliver(transport)

    [content] = server.contents
    assert content.endswith(b"\r\n..hidden\r\n.\r\n")
    assert server.accepted == [letter()[1]]


def test_small_writes_are_not_held_back() -> None:
    with ScriptedSmtp() as server, to(server) as transport:
        deliver(transport)
        session = transport._session
        assert session is not None
        assert session.smtp.sock is not None
        delayed = session.smtp.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert delayed != 0


def test_a_foreign_reply_is_kept_readable_and_short() -> None:
    with ScriptedSmtp({"rcpt": "550 5.7.1 " + "é" * 3_000}) as server, to(server) as transport:
        server.script["rcpt"] = "550-5.7.1 first\r\n550 5.7.1 " + "y" * 1_500
        receipt = deliver(transport)

    assert (receipt.code, receipt.enhanced, len(receipt.reply)) == (550, "5.7.1", 1_000)


def test_the_password_is_in_no_representation_and_no_error() -> None:
    settings = SmtpSettings(host="127.0.0.1", user="news", password="s3cret", tls=Tls.NONE)

    with pytest.raises(TransportError) as raised, SmtpTransport(settings) as transport:
        deliver(transport)

    assert "s3cret" not in repr(settings) + str(raised.value)
    assert "never travels without TLS" in str(raised.value)


def test_a_password_in_clear_goes_to_loopback_alone_and_only_when_asked() -> None:
    far = SmtpSettings(host="smtp.example.org", user="news", password="x", tls=Tls.NONE, plain_login=True)
    with pytest.raises(TransportError, match="without TLS"), SmtpTransport(far) as transport:
        deliver(transport)

    with ScriptedSmtp() as server, to(server, user="news", password="x", plain_login=True) as near:
        assert deliver(near).outcome is Outcome.ACCEPTED


def test_a_password_outside_ascii_is_said_instead_of_crashing() -> None:
    with (
        ScriptedSmtp() as server,
        to(server, user="news", password="pässword", plain_login=True) as transport,
        pytest.raises(TransportError, match="outside ASCII"),
    ):
        deliver(transport)


@pytest.mark.parametrize("address", ["ada@example.org\r\nRSET", "ada@example.org> NOTIFY=NEVER", "a b@example.org"])
def test_no_address_adds_a_command(address: str) -> None:
    with ScriptedSmtp() as server, to(server) as transport:
        receipt = transport.deliver(
            Envelope(sender="news@example.org", recipient=address), letter()[1], opened=lambda: None
        )

    assert receipt.outcome is Outcome.REFUSED
    assert server.commands == []


def test_every_sentence_names_place_and_next_step() -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()

    with pytest.raises(TransportError) as raised, SmtpTransport(SmtpSettings(**(PLAIN | {"port": port}))) as transport:
        deliver(transport)

    assert re.fullmatch(
        rf"smtp \(127.0.0.1:{port}\): nobody listens there. Nothing was sent. Check host and port, or .*",
        str(raised.value),
    )
