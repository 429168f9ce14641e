"""Returned mail in a mailbox of a real IMAP server: what is taken, what stays, and what is never touched."""

from __future__ import annotations

import socket

import pytest
from dovecot import PASSWORD, Account
from scripted_imap import scripted_imap
from taking import Taker, never, report

from newsletter.delivery.mailboxes import MAX_OCTETS, ImapBox, ImapSettings
from newsletter.delivery.transports import Tls
from newsletter.errors import ConfigError, TransportError


def settings(account: Account, **changes: object) -> ImapSettings:
    plain = {"host": "127.0.0.1", "port": account.port, "user": account.user, "password": PASSWORD, "tls": Tls.NONE}
    return ImapSettings(**{**plain, "timeout_s": 20.0, **changes})  # type: ignore[arg-type]


def scripted(port: int, **changes: object) -> ImapBox:
    """A box at a scripted server."""
    plain = {"host": "127.0.0.1", "port": port, "user": "ada", "password": "sesame", "tls": Tls.NONE, "timeout_s": 20.0}
    return ImapBox(ImapSettings(**{**plain, **changes}))  # type: ignore[arg-type]


def test_what_is_unseen_is_taken_octet_by_octet_and_marked_as_seen(account: Account) -> None:
    odd = b"Subject: \xff\x00\r\n\r\n.\r\nFrom here\r\n\ttab \xc3\xa9\r\n"
    account.keep(report(1), report(2), odd.replace(b"\x00", b""))
    taker = Taker()

    collected = ImapBox(settings(account)).collect(taker, stop=never)

    assert taker.taken == [(report(1), ()), (report(2), ()), (odd.replace(b"\x00", b""), ())]
    assert (collected.taken, collected.failed, collected.fault) == (3, 0, "")
    assert account.flags() == {1: {"\\Seen"}, 2: {"\\Seen"}, 3: {"\\Seen"}}


def test_second_look_takes_nothing_again(account: Account) -> None:
    account.keep(report(1))
    box, taker = ImapBox(settings(account)), Taker()
    box.collect(taker, stop=never)
    account.keep(report(2), flags="\\Seen")

    collected = box.collect(taker, stop=never)

    assert taker.messages == [report(1)]
    assert collected.taken == 0


def test_message_is_unseen_while_it_is_being_taken(account: Account) -> None:
    account.keep(report(1))
    flags = []

    ImapBox(settings(account)).collect(lambda *_: flags.append(account.flags()), stop=never)

    assert flags == [{1: set()}]


def test_message_that_cannot_be_taken_stays_unseen_and_the_others_go_on(account: Account) -> None:
    account.keep(*(report(number) for number in range(1, 5)))
    taker = Taker(refuses=lambda message: message in (report(1), report(3)))

    collected = ImapBox(settings(account)).collect(taker, stop=never)

    assert taker.messages == [report(2), report(4)]
    assert account.flags() == {1: set(), 2: {"\\Seen"}, 3: set(), 4: {"\\Seen"}}
    assert (collected.taken, collected.failed) == (2, 2)
    assert collected.fault == (
        "127.0.0.1: message 1 of INBOX stays there, for it could not be taken "
        "(the disk is full for <an address>. Make room). Another one stays there, too."
    )


def test_message_that_could_not_be_taken_is_offered_again(account: Account) -> None:
    account.keep(report(1))
    box, taker = ImapBox(settings(account)), Taker(refuses=lambda _: True)
    box.collect(taker, stop=never)
    taker.refuses = lambda _: False

    box.collect(taker, stop=never)

    assert taker.messages == [report(1)]


def test_message_that_its_owner_marked_for_deletion_is_not_deleted_by_us(account: Account) -> None:
    account.keep(report(1), flags="\\Deleted \\Seen")
    account.keep(report(2))

    ImapBox(settings(account)).collect(Taker(), stop=never)

    assert account.flags() == {1: {"\\Deleted", "\\Seen"}, 2: {"\\Seen"}}


def test_longer_message_is_cut_and_taken(account: Account) -> None:
    account.keep(report(1) + (b"x" * 76 + b"\r\n") * 40_000)
    taker = Taker()

    ImapBox(settings(account)).collect(taker, stop=never)

    assert [len(message) for message in taker.messages] == [MAX_OCTETS]
    assert account.flags() == {1: {"\\Seen"}}


def test_message_that_vanishes_meanwhile_is_no_fault(account: Account) -> None:
    account.keep(report(1), report(2), report(3))
    taker = Taker()

    def take(message: bytes, recipients: tuple[str, ...]) -> None:
        taker(message, recipients)
        if message == report(1):
            account.remove(2)

    collected = ImapBox(settings(account)).collect(take, stop=never)

    assert taker.messages == [report(1), report(3)]
    assert (collected.taken, collected.failed) == (2, 0)


def test_stop_is_heard_between_two_messages(account: Account) -> None:
    account.keep(*(report(number) for number in range(5)))
    taker = Taker()

    ImapBox(settings(account)).collect(taker, stop=lambda: len(taker.taken) == 2)

    assert taker.messages == [report(0), report(1)]
    assert [uid for uid, flags in account.flags().items() if not flags] == [3, 4, 5]


def test_mailbox_with_an_odd_name_is_found(account: Account) -> None:
    account.keep(report(1), mailbox='Returned (all) & \\"more\\"'.replace("&", "&-"))
    taker = Taker()

    ImapBox(settings(account, mailbox='Returned (all) & "more"')).collect(taker, stop=never)

    assert taker.messages == [report(1)]


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
def test_encrypted_mailbox_is_read(account: Account, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(account.authority))
    account.keep(report(1))
    taker = Taker()
    port = account.tls_port if tls is Tls.IMPLICIT else account.port

    ImapBox(settings(account, tls=tls, port=port)).collect(taker, stop=never)

    assert taker.messages == [report(1)]


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
def test_server_that_nobody_vouches_for_is_told_no_password(account: Account, tls: Tls) -> None:
    port = account.tls_port if tls is Tls.IMPLICIT else account.port

    with pytest.raises(TransportError, match="the server's certificate is not trusted") as caught:
        ImapBox(settings(account, tls=tls, port=port)).collect(Taker(), stop=never)

    assert caught.value.permanent
    assert "imap_host" in str(caught.value)


def test_server_with_another_name_is_told_no_password(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(account.authority))

    with pytest.raises(TransportError, match="certificate is not trusted"):
        ImapBox(settings(account, host="localhost", tls=Tls.IMPLICIT, port=account.tls_port)).collect(
            Taker(), stop=never
        )


def test_port_without_tls_is_told(account: Account) -> None:
    with pytest.raises(TransportError, match="speaks no TLS on this port"):
        ImapBox(settings(account, tls=Tls.IMPLICIT)).collect(Taker(), stop=never)


@pytest.mark.parametrize("password", ["wrong", 'wr"o\\ng', "falsch ß"])
def test_wrong_password_is_told_without_it(account: Account, password: str) -> None:
    with pytest.raises(TransportError, match="the login was refused") as caught:
        ImapBox(settings(account, password=password)).collect(Taker(), stop=never)

    assert caught.value.permanent
    assert password not in str(caught.value)
    assert "Check imap_user and imap_password under [bounces]" in str(caught.value)


def test_missing_mailbox_is_told(account: Account) -> None:
    with pytest.raises(TransportError, match="opening the mailbox was refused") as caught:
        ImapBox(settings(account, mailbox="Nowhere")).collect(Taker(), stop=never)

    assert caught.value.permanent
    assert "Check imap_mailbox" in str(caught.value)


def test_server_that_is_gone_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(TransportError, match=f"127.0.0.1:{port}: nobody listens there. Nothing is lost") as caught:
        scripted(port).collect(Taker(), stop=never)

    assert not caught.value.permanent


@pytest.mark.parametrize("name", ["mailbox", "user", "password"])
@pytest.mark.parametrize("control", ["\r\n", "\n", "\0", "\x7f"])
def test_control_character_never_reaches_a_command(name: str, control: str) -> None:
    with pytest.raises(ConfigError, match=rf"bounces\.imap_{name}: holds a control character") as caught:
        scripted(1, **{name: f"x{control}A1 DELETE INBOX"})

    assert "DELETE" not in str(caught.value)


def test_password_crosses_no_network_in_the_clear() -> None:
    with pytest.raises(ConfigError, match=r"bounces\.imap_tls: would show the password"):
        scripted(143, host="mail.example.org")


def test_password_is_in_no_repr() -> None:
    assert "sesame" not in repr(ImapSettings(host="mail.example.org", user="ada", password="sesame"))


def test_only_reading_and_marking_is_asked_of_the_server() -> None:
    with scripted_imap() as server:
        collected = scripted(server.port).collect(Taker(), stop=never)

    assert collected.taken == 1
    assert [words for words in server.heard if not words.startswith(("CAPABILITY", "LOGIN"))] == [
        'SELECT "INBOX"',
        "UID SEARCH UNSEEN",
        f"UID FETCH 7 (BODY.PEEK[]<0.{MAX_OCTETS}>)",
        "UID STORE 7 +FLAGS.SILENT (\\Seen)",
        "LOGOUT",
    ]


@pytest.mark.parametrize(
    ("answers", "said", "permanent"),
    [
        ({"greeting": ""}, "the connection broke at the greeting", False),
        ({"greeting": "* BYE too many of you\r\n"}, "too many of you", False),
        ({"greeting": "220 mail.example.org ESMTP\r\n"}, "the greeting", False),
        ({"login": ""}, "the connection broke at the login", False),
        ({"login": "{tag} NO [UNAVAILABLE] later\r\n"}, "later). Nothing is lost", False),
        ({"login": "{tag} NO sesame is wrong\r\n"}, "******** is wrong", True),
        ({"login": "{tag} BAD LOGIN ada sesame\r\n"}, "LOGIN ada ********", True),
        ({"select": "* 1 EXISTS\r\n{tag} OK [READ-ONLY] open\r\n"}, "", True),
        ({"search": ""}, "the connection broke at reading", False),
        ({"search": "* SEARCH seven\r\n{tag} OK done\r\n"}, "makes no sense", False),
        ({"search": "{tag} NO [SERVERBUG] oh\r\n"}, "reading was refused", False),
        ({"fetch": ""}, "the connection broke at reading", False),
        ({"fetch": "* 1 FETCH (BODY[]<0> {{50}}\r\nhel"}, "", False),
        ({"store": ""}, "the connection broke at reading", False),
    ],
)
def test_server_that_fails_is_told_in_a_sentence(answers: dict[str, str], said: str, permanent: bool) -> None:
    with scripted_imap(**answers) as server, pytest.raises(TransportError) as caught:
        scripted(server.port, timeout_s=0.5).collect(Taker(), stop=never)

    assert said in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize("silent", ["greeting", "login", "select", "search", "fetch", "store"])
def test_silent_server_is_not_waited_for_long(silent: str) -> None:
    with scripted_imap(**{silent: None}) as server, pytest.raises(TransportError, match="no answer in time") as caught:
        scripted(server.port, timeout_s=0.2).collect(Taker(), stop=never)

    assert not caught.value.permanent


def test_server_that_does_not_offer_starttls_is_told_no_password() -> None:
    with scripted_imap(capability="* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n") as server:
        with pytest.raises(TransportError, match="STARTTLS was refused") as caught:
            scripted(server.port, tls=Tls.STARTTLS).collect(Taker(), stop=never)
        heard = list(server.heard)

    assert caught.value.permanent
    assert not [words for words in heard if "sesame" in words]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"fetch": "{tag} NO damaged\r\n"}, "is not given by the server"),
        ({"fetch": "* 1 FETCH (UID 7 FLAGS (\\Recent))\r\n{tag} OK done\r\n"}, "is not given by the server"),
        ({"store": "{tag} NO read-only\r\n"}, "may not be marked as read"),
    ],
)
def test_message_that_the_server_keeps_from_us_stops_no_other(answers: dict[str, str], said: str) -> None:
    with scripted_imap(search="* SEARCH 7 9 8\r\n{tag} OK done\r\n", **answers) as server:
        collected = scripted(server.port).collect(Taker(), stop=never)

    assert (collected.taken, collected.failed) == (0, 3)
    assert f"127.0.0.1: message 7 of INBOX {'was taken, but ' if 'STORE' in said else ''}" in collected.fault
    assert said in collected.fault


def test_empty_message_is_taken() -> None:
    taker = Taker()

    with scripted_imap(fetch='* 1 FETCH (BODY[]<0> "" UID 7)\r\n{tag} OK done\r\n') as server:
        scripted(server.port).collect(taker, stop=never)

    assert taker.messages == [b""]


def test_goodbye_that_fails_undoes_nothing() -> None:
    with scripted_imap(logout="") as server:
        collected = scripted(server.port).collect(Taker(), stop=never)

    assert (collected.taken, collected.failed) == (1, 0)
