"""SMTP, one step at a time, so that each failure is known to lie before or after the content.

MAIL, RCPT, DATA and the content are one round trip each; the connection is reused. Outcomes follow
RFC 5321 §4.2 and the place where the words fell: a server that never had the content cannot have
accepted it, one that had it may have (RFC 1047).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from newsletter.delivery.transports.screen import refuse_unfit
from newsletter.delivery.transports.session import Session, open_session
from newsletter.delivery.transports.settings import SmtpSettings, Tls
from newsletter.delivery.transports.wire import Reply, WireLost
from newsletter.errors import TransportError
from newsletter.model import Envelope, Outcome, Receipt

_CLOSING = 421


class SmtpTransport:
    """Hands messages to a relay over one connection, renewed after so many messages or seconds."""

    def __init__(self, settings: SmtpSettings, *, context: ssl.SSLContext | None = None) -> None:
        """Connect as `settings` say, at the first message; `context` replaces the system's trust."""
        self._settings = settings
        self._context = context or _trust(settings)
        self._session: Session | None = None

    @property
    def name(self) -> str:
        """The name the settings gave it."""
        return self._settings.name

    def __enter__(self) -> Self:
        """Nothing yet: the first message connects."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Say QUIT and close."""
        if self._session is not None:
            self._session.quit()
            self._session = None

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        """Hand over one message; see `Transport.deliver`."""
        unfit = refuse_unfit(envelope, message)
        if unfit is not None:
            return unfit
        try:
            session = self._ready()
            used = session.carried > 0
            try:
                return self._transact(session, envelope, message, opened)
            except TransportError as error:
                if not used or error.permanent:
                    raise
            # A connection in use is closed at some count or age (421, or just gone). Nothing of
            # this message was sent, so a fresh one may try it at once.
            self._drop()
            return self._transact(self._ready(), envelope, message, opened)
        except BaseException:
            # Only closing tells a server that waits for content that none will come.
            self._drop()
            raise

    def _ready(self) -> Session:
        session, limits = self._session, self._settings
        if session is not None and (
            session.carried >= limits.max_messages or time.monotonic() - session.since >= limits.max_age_s
        ):
            session.quit()
            self._session = session = None
        if session is None:
            self._session = session = open_session(limits, self._context)
        return session

    def _transact(self, session: Session, envelope: Envelope, message: bytes, opened: Callable[[], None]) -> Receipt:
        self._mail(session, envelope, message)
        early = self._invite(session, envelope)
        session.carried += 1
        if early is not None:
            return early
        opened()
        return self._hand_over(session, message)

    def _mail(self, session: Session, envelope: Envelope, message: bytes) -> None:
        """Name the sender, or raise TransportError: whoever the reader is, this server will not."""
        is_plain = message.isascii()
        if not is_plain and not session.eight_bit:
            raise TransportError(
                f"{self.name}: the relay takes no 8-bit content (RFC 6152), and the message has some. Nothing was "
                "sent. Use a relay that offers 8BITMIME, or quoted-printable content.",
                permanent=True,
            )
        body = "" if is_plain else " BODY=8BITMIME"
        try:
            reply = self._command(session, f"MAIL FROM:<{envelope.sender}>{body}")
        except WireLost as lost:
            raise TransportError(f"{self.name}: {lost} at MAIL. Nothing was sent. It is tried again later.") from lost
        if not _is_yes(reply):
            raise self._refusal("MAIL", reply)

    def _invite(self, session: Session, envelope: Envelope) -> Receipt | None:
        """Name the reader and ask to send content: None when the server waits for it."""
        try:
            reply = self._command(session, f"RCPT TO:<{envelope.recipient}>")
            if _is_yes(reply):
                reply = self._command(session, "DATA")
                if reply.code == 354 and session.wire.is_quiet:
                    return None
            if reply.code == _CLOSING:
                raise self._refusal("RCPT or DATA", reply)
            if reply.code < 400:
                raise WireLost("the server lost its place in the conversation")
            self._reset(session)
        except WireLost as lost:
            self._drop()
            return Receipt(outcome=Outcome.DEFERRED, reply=f"Before the content: {lost}.")
        return _receipt(Outcome.DEFERRED if reply.code < 500 else Outcome.REFUSED, reply)

    def _hand_over(self, session: Session, message: bytes) -> Receipt:
        """Send content and final dot, and wait for the word that decides."""
        limits = self._settings
        try:
            session.wire.send(with_dots(message), timeout_s=limits.command_timeout_s)
            reply = session.wire.reply(deadline=time.monotonic() + limits.dot_timeout_s)
            if 300 <= reply.code <= 399:
                raise WireLost("the server lost its place in the conversation")
        except WireLost as lost:
            self._drop()
            return Receipt(outcome=Outcome.UNKNOWN, reply=f"After the content: {lost}.")
        if reply.code == _CLOSING:
            self._drop()
        if _is_yes(reply):
            return _receipt(Outcome.ACCEPTED, reply)
        return _receipt(Outcome.DEFERRED if reply.code < 500 else Outcome.REFUSED, reply)

    def _reset(self, session: Session) -> None:
        """Clear the transaction, so that the next MAIL is not taken for a second one."""
        try:
            if _is_yes(self._command(session, "RSET")):
                return
        except WireLost:
            pass
        self._drop()

    def _command(self, session: Session, line: str) -> Reply:
        return session.wire.command(line, timeout_s=self._settings.command_timeout_s)

    def _refusal(self, step: str, reply: Reply) -> TransportError:
        permanent = reply.code >= 500
        todo = "Ask whoever runs the relay, then resume the edition." if permanent else "It is tried again later."
        return TransportError(
            f"{self.name}: the relay answered {step} with {reply.code} {reply.text[:200]}. Nothing was sent. {todo}",
            permanent=permanent,
        )

    def _drop(self) -> None:
        if self._session is not None:
            self._session.smtp.close()
            self._session = None


def with_dots(message: bytes) -> bytes:
    """The content as it goes out: CRLF at its end, leading dots doubled, final dot (RFC 5321 §4.5.2)."""
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


def _trust(settings: SmtpSettings) -> ssl.SSLContext:
    if settings.tls is Tls.NONE:
        # Reading the system's certificates takes 25 ms; this one trusts nobody.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context()
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _is_yes(reply: Reply) -> bool:
    return 200 <= reply.code <= 299


def _receipt(outcome: Outcome, reply: Reply) -> Receipt:
    return Receipt(outcome=outcome, code=reply.code, enhanced=reply.enhanced, reply=reply.text)
