"""F13: neither password nor mail ever travels in clear, and the sentence says which fault it was."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from certificates import Authority
from ledger_rows import NOW, compose
from scripted_smtp import CHUNKED, ONE_BY_ONE, PIPELINED, ScriptedSmtp

from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.errors import TransportError
from newsletter.model import Outcome, Receipt, Recipient, SubscriberId, VariantId

ADA = Recipient(subscriber_id=SubscriberId(1), uid="s1", address="ada@example.org", name="", token="t")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def send(server: ScriptedSmtp, trust: ssl.SSLContext, *, tls: Tls = Tls.STARTTLS, insecure: bool = False) -> Receipt:
    settings = SmtpSettings(
        host="127.0.0.1", port=server.port, tls=tls, user="news", password="s3cret", insecure=insecure
    )
    with SmtpTransport(settings, context=None if insecure else trust) as transport:
        return transport.deliver(*compose(VariantId(1), ADA, NOW), opened=lambda: None)


def kept_quiet(server: ScriptedSmtp) -> bool:
    """Whether neither login nor envelope nor content reached the server."""
    return not server.contents and not any(server.count(verb) for verb in ("AUTH", "MAIL", "RCPT"))


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_a_good_certificate_lets_mail_through(authority: Authority, tls: Tls) -> None:
    with ScriptedSmtp(tls=authority.server(), implicit=tls is Tls.IMPLICIT) as server:
        assert send(server, authority.trusting(), tls=tls).outcome is Outcome.ACCEPTED

    assert server.count("AUTH") == 1


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"expired": True}, "certificate has expired"),
        ({"name": "mail.example.com"}, "IP address mismatch"),
    ],
)
def test_a_bad_certificate_ends_before_the_password(
    authority: Authority, tls: Tls, fault: dict[str, object], said: str
) -> None:
    context = authority.server(**fault)  # type: ignore[arg-type]  # a bag of faults
    with ScriptedSmtp(tls=context, implicit=tls is Tls.IMPLICIT) as server:
        with pytest.raises(TransportError, match=said) as raised:
            send(server, authority.trusting(), tls=tls)

        assert raised.value.permanent
        assert kept_quiet(server)


def test_an_unknown_authority_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    with ScriptedSmtp(tls=stranger.server()) as server:
        with pytest.raises(TransportError, match="not trusted"):
            send(server, authority.trusting())

        assert kept_quiet(server)


def test_the_default_trust_does_not_take_an_unknown_authority(tmp_path: Path) -> None:
    with ScriptedSmtp(tls=Authority(tmp_path).server()) as server:
        settings = SmtpSettings(host="127.0.0.1", port=server.port)
        with pytest.raises(TransportError, match="not trusted"), SmtpTransport(settings) as transport:
            transport.deliver(*compose(VariantId(1), ADA, NOW), opened=lambda: None)


def test_only_its_own_setting_takes_any_certificate(authority: Authority) -> None:
    with ScriptedSmtp(tls=authority.server(name="mail.example.com")) as server:
        assert send(server, authority.trusting(), insecure=True).outcome is Outcome.ACCEPTED


def test_stripped_starttls_ends_the_conversation(authority: Authority) -> None:
    with ScriptedSmtp(extensions=("8BITMIME", "AUTH PLAIN")) as server:
        with pytest.raises(TransportError, match="offers no encryption") as raised:
            send(server, authority.trusting())

        assert raised.value.permanent
        assert kept_quiet(server)


def test_refused_starttls_ends_the_conversation(authority: Authority) -> None:
    with ScriptedSmtp({"starttls": "454 4.7.0 not now"}) as server:
        with pytest.raises(TransportError, match="STARTTLS was answered with 454") as raised:
            send(server, authority.trusting())

        assert not raised.value.permanent
        assert kept_quiet(server)


def test_replies_injected_before_the_encryption_are_not_believed(authority: Authority) -> None:
    # CVE-2011-0411: what an attacker puts behind the 220 in clear must not count as said inside TLS.
    trail = b"250-evil.example.com\r\n250 AUTH PLAIN\r\n235 welcome\r\n"
    with ScriptedSmtp(tls=authority.server(), starttls_trail=trail) as server:
        with pytest.raises(TransportError):
            send(server, authority.trusting())

        assert kept_quiet(server)


@pytest.mark.parametrize("trail", [b"250 evil\r\n", b"2", b"250-evil\r\n250 AUTH PLAIN\r\n235 welcome\r\n"])
def test_words_in_clear_behind_the_go_ahead_end_the_conversation(authority: Authority, trail: bytes) -> None:
    # In one packet with the 220 they would sit in a buffer and could be read as if they came encrypted.
    with ScriptedSmtp(tls=authority.server(), starttls_trail=trail, joined=True) as server:
        with pytest.raises(TransportError, match="spoke in clear") as raised:
            send(server, authority.trusting())

        assert not raised.value.permanent
        assert kept_quiet(server)
        assert server.count("EHLO") == 1


@pytest.mark.parametrize("way", [ONE_BY_ONE, PIPELINED, CHUNKED])
@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_one_encrypted_connection_carries_many_messages(authority: Authority, tls: Tls, way: tuple[str, ...]) -> None:
    # What TLS says for itself, such as session tickets, is not a server that speaks out of turn.
    with ScriptedSmtp(tls=authority.server(), implicit=tls is Tls.IMPLICIT, extensions=way) as server:
        settings = SmtpSettings(host="127.0.0.1", port=server.port, tls=tls)
        with SmtpTransport(settings, context=authority.trusting()) as transport:
            outcomes = {
                transport.deliver(*compose(VariantId(1), ADA, NOW), opened=lambda: None).outcome for _ in range(5)
            }

    assert outcomes == {Outcome.ACCEPTED}
    assert (server.connections, len(server.accepted)) == (1, 5)


def test_tls_on_a_plain_port_is_said(authority: Authority) -> None:
    with (
        ScriptedSmtp() as server,
        pytest.raises(TransportError, match="speaks no TLS on this port") as raised,
    ):
        send(server, authority.trusting(), tls=Tls.IMPLICIT)

    assert raised.value.permanent


def test_a_name_that_does_not_exist_is_said() -> None:
    settings = SmtpSettings(host="smtp.invalid", port=25, tls=Tls.NONE)

    with pytest.raises(TransportError) as raised, SmtpTransport(settings) as transport:
        transport.deliver(*compose(VariantId(1), ADA, NOW), opened=lambda: None)

    assert "host name was not found" in str(raised.value)
