"""One suite over all transports: real aiosmtpd in clear, with STARTTLS and with TLS; providers; Maildir; memory."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Session
from certificates import Authority
from ledger_rows import NOW, compose
from provider_server import NAMES as PROVIDERS
from provider_server import TAKEN_BODY, ProviderServer, message_in, outline_of, transport_to

from newsletter.delivery.transports import (
    MaildirSettings,
    MemoryTransport,
    SmtpSettings,
    SmtpTransport,
    Tls,
    Transport,
    open_transport,
)
from newsletter.model import Envelope, Outcome, Recipient, SubscriberId, VariantId

KINDS = ["smtp", "smtp-starttls", "smtp-implicit", "maildir", "memory", *PROVIDERS]


@dataclass(frozen=True)
class Place:
    """A transport under test and what its other side has taken.

    `as_taken` is how a message looks there: Postmark takes no MIME, and builds it anew.
    """

    transport: Transport
    taken: Callable[[], list[bytes]]
    as_taken: Callable[[bytes], bytes] = bytes


class _Inbox:
    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: object) -> str:  # its name
        self.messages.append(envelope.original_content)  # type: ignore[attr-defined]  # aiosmtpd is untyped
        return "250 2.0.0 kept"


def _authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"news", b"secret"))  # type: ignore[attr-defined]  # as above


@contextmanager
def _serving(inbox: _Inbox, tls: Tls, server: ssl.SSLContext | None) -> Iterator[int]:
    """An aiosmtpd server on an event loop of its own; gives its port."""
    options: dict[str, object] = {"hostname": "sink.example.org", "loop": (loop := asyncio.new_event_loop())}
    if tls is not Tls.NONE:
        # Behind an outer TLS aiosmtpd does not know that it is encrypted, and warns of logins in clear.
        inner = tls is Tls.STARTTLS
        options |= {"authenticator": _authenticate, "auth_required": inner, "auth_require_tls": inner}
    if tls is Tls.STARTTLS:
        options |= {"tls_context": server, "require_starttls": True}
    outer = server if tls is Tls.IMPLICIT else None
    listening = loop.run_until_complete(loop.create_server(lambda: SMTP(inbox, **options), "127.0.0.1", 0, ssl=outer))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@contextmanager
def _smtp(tls: Tls, folder: Path) -> Iterator[Place]:
    authority, inbox = Authority(folder), _Inbox()
    with _serving(inbox, tls, None if tls is Tls.NONE else authority.server()) as port:
        login = {} if tls is Tls.NONE else {"user": "news", "password": "secret"}
        settings = SmtpSettings(host="127.0.0.1", port=port, tls=tls, **login)
        with SmtpTransport(settings, context=authority.trusting()) as transport:
            yield Place(transport, lambda: inbox.messages)


@contextmanager
def _maildir(folder: Path) -> Iterator[Place]:
    with open_transport(MaildirSettings(path=folder / "outbox")) as transport:
        yield Place(transport, lambda: [path.read_bytes() for path in (folder / "outbox" / "new").iterdir()])


@contextmanager
def _memory() -> Iterator[Place]:
    with MemoryTransport() as transport:
        yield Place(transport, lambda: [each.message for each in transport.accepted])


@contextmanager
def _provider(name: str, folder: Path) -> Iterator[Place]:
    authority = Authority(folder)
    with (
        ProviderServer(TAKEN_BODY[name], tls=authority.server()) as server,
        transport_to(name, server.port, tls=authority.trusting()) as transport,
    ):
        as_taken = outline_of if name == "postmark" else bytes
        yield Place(transport, lambda: [message_in(name, post) for post in server.posts], as_taken)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    kinds = {"smtp": Tls.NONE, "smtp-starttls": Tls.STARTTLS, "smtp-implicit": Tls.IMPLICIT}
    if request.param in kinds:
        made = _smtp(kinds[request.param], tmp_path)
    elif request.param in PROVIDERS:
        made = _provider(request.param, tmp_path)
    else:
        made = _maildir(tmp_path) if request.param == "maildir" else _memory()
    with made as place:
        yield place


def letter(number: int = 1) -> tuple[Envelope, bytes]:
    reader = Recipient(
        subscriber_id=SubscriberId(number), uid=f"s{number}", address=f"r{number}@example.org", name="", token="t"
    )
    return compose(VariantId(1), reader, NOW)


def test_a_message_arrives_as_it_was(place: Place) -> None:
    envelope, message = letter()

    receipt = place.transport.deliver(envelope, message, opened=lambda: None)

    assert receipt.outcome is Outcome.ACCEPTED
    assert place.taken() == [place.as_taken(message)]


def test_many_messages_go_through_one_entry(place: Place) -> None:
    sent = [letter(number) for number in range(1, 6)]

    outcomes = {place.transport.deliver(*each, opened=lambda: None).outcome for each in sent}

    assert outcomes == {Outcome.ACCEPTED}
    assert sorted(place.taken()) == sorted(place.as_taken(message) for _, message in sent)


def test_the_attempt_is_opened_once_and_before_anything_is_taken(place: Place) -> None:
    seen: list[int] = []
    place.transport.deliver(*letter(1), opened=lambda: None)

    place.transport.deliver(*letter(2), opened=lambda: seen.append(len(place.taken())))

    assert seen == [1]


def test_nothing_leaves_when_the_attempt_cannot_be_recorded(place: Place) -> None:
    def refuse() -> None:
        raise LookupError("the books are closed")

    with pytest.raises(LookupError):
        place.transport.deliver(*letter(1), opened=refuse)
    place.transport.deliver(*letter(2), opened=lambda: None)

    assert place.taken() == [place.as_taken(letter(2)[1])]


@pytest.mark.parametrize(
    ("recipient", "message"),
    [
        ("ada@example.org>\r\nRCPT TO:<eve@example.com", b"Subject: x\r\n\r\nx\r\n"),
        ("élise@example.org", b"Subject: x\r\n\r\nx\r\n"),
        ("ada@example.org", b"Subject: x\r\n\r\nx\n.\nMAIL FROM:<eve@example.com>\r\n"),
        ("ada@example.org", b"Subject: x\0\r\n\r\n"),
    ],
)
def test_what_is_not_fit_for_a_wire_is_refused_before_it(place: Place, recipient: str, message: bytes) -> None:
    opened: list[bool] = []
    place.transport.deliver(*letter(), opened=lambda: None)

    receipt = place.transport.deliver(
        Envelope(sender="news@example.org", recipient=recipient), message, opened=lambda: opened.append(True)
    )

    assert (receipt.outcome, receipt.code, opened) == (Outcome.REFUSED, 0, [])
    assert len(place.taken()) == 1


@pytest.mark.parametrize("lines", [".", "..", ".\r\n.", "a\r\n.\r\nb", "...\r\n\r\n.", ""])
def test_dots_at_the_start_of_lines_stay_as_they_were(place: Place, lines: str) -> None:
    envelope, _ = letter()
    message = f"Subject: x\r\nMessage-ID: <d@x>\r\n\r\n{lines}\r\n".encode()

    place.transport.deliver(envelope, message, opened=lambda: None)

    assert place.taken() == [place.as_taken(message)]


def test_letters_beyond_ascii_arrive(place: Place) -> None:
    envelope, _ = letter()
    message = "Subject: x\r\nMessage-ID: <u@x>\r\n\r\nMarées d’équinoxe, البحر\r\n".encode()

    receipt = place.transport.deliver(envelope, message, opened=lambda: None)

    assert (receipt.outcome, place.taken()) == (Outcome.ACCEPTED, [place.as_taken(message)])


def test_it_has_a_name_that_fits_the_books(place: Place) -> None:
    assert 0 < len(place.transport.name) <= 64
