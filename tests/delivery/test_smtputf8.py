"""Addresses with letters outside ASCII (RFC 6531): asked for where needed, and never sent unasked."""

from __future__ import annotations

import pytest
from scripted_smtp import CHUNKED, ONE_BY_ONE, PIPELINED, ScriptedSmtp

from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt

PLAIN = b"Subject: x\r\n\r\nbody\r\n"
UTF8_BODY = "Subject: x\r\n\r\nmarées\r\n".encode()
UTF8_HEADER = "To: élise@example.org\r\nSubject: x\r\n\r\nbody\r\n".encode()
WAYS = [ONE_BY_ONE, PIPELINED, CHUNKED]


def send(
    server: ScriptedSmtp,
    *,
    sender: str = "news@example.org",
    recipient: str = "ada@example.org",
    message: bytes = PLAIN,
) -> Receipt:
    settings = SmtpSettings(host="127.0.0.1", port=server.port, tls=Tls.NONE, local_name="news.example.org")
    with SmtpTransport(settings) as transport:
        return transport.deliver(Envelope(sender=sender, recipient=recipient), message, opened=lambda: None)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("recipient", "message", "parameters"),
    [
        ("ada@example.org", PLAIN, ""),
        ("ada@example.org", UTF8_BODY, " BODY=8BITMIME"),
        ("ada@example.org", UTF8_HEADER, " BODY=8BITMIME SMTPUTF8"),
        ("élise@example.org", PLAIN, " SMTPUTF8"),
        ("用户@xn--fsq.example", UTF8_HEADER, " BODY=8BITMIME SMTPUTF8"),
    ],
)
def test_smtputf8_is_asked_for_only_where_it_is_needed(
    way: tuple[str, ...], recipient: str, message: bytes, parameters: str
) -> None:
    with ScriptedSmtp(extensions=(*way, "SMTPUTF8")) as server:
        receipt = send(server, recipient=recipient, message=message)

    assert receipt.outcome is Outcome.ACCEPTED
    assert server.commands[1:3] == [f"MAIL FROM:<news@example.org>{parameters}", f"RCPT TO:<{recipient}>"]
    assert server.accepted == [message]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("recipient", "message", "place"),
    [("élise@example.org", PLAIN, "address"), ("ada@example.org", UTF8_HEADER, "header")],
)
def test_a_relay_without_it_is_told_nothing_and_the_sentence_says_why(
    way: tuple[str, ...], recipient: str, message: bytes, place: str
) -> None:
    with ScriptedSmtp(extensions=way) as server:
        receipt = send(server, recipient=recipient, message=message)

    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, 0)
    assert receipt.reply == f"Not sent: the relay takes no {place} with letters outside ASCII (RFC 6531)."
    assert (server.count("MAIL"), server.contents) == (0, [])


def test_a_sender_the_relay_cannot_name_is_no_reader_s_fault() -> None:
    with ScriptedSmtp() as server, pytest.raises(TransportError, match="SMTPUTF8") as raised:
        send(server, sender="zeitung-für-alle@example.org")

    assert raised.value.permanent
    assert server.count("MAIL") == 0


def test_the_next_reader_is_not_harmed_by_one_who_cannot_be_named() -> None:
    with ScriptedSmtp(extensions=CHUNKED) as server:
        settings = SmtpSettings(host="127.0.0.1", port=server.port, tls=Tls.NONE)
        with SmtpTransport(settings) as transport:
            outcomes = [
                transport.deliver(
                    Envelope(sender="news@example.org", recipient=address), PLAIN, opened=lambda: None
                ).outcome
                for address in ("élise@example.org", "ada@example.org")
            ]

    assert outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert server.connections == 1


@pytest.mark.parametrize(
    "recipient",
    [
        "élise@example.org\r\nRCPT TO:<eve@example.com>",
        "élise\u2028RSET@example.org",
        "élise> SMTPUTF8@example.org",
        '"élise quay"@example.org',
        "élise@bücher.example",
    ],
)
def test_no_script_opens_a_way_for_a_command(recipient: str) -> None:
    with ScriptedSmtp(extensions=(*CHUNKED, "SMTPUTF8")) as server:
        receipt = send(server, recipient=recipient)

    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, 0)
    assert server.commands == []
