"""SMTP over one connection at a time: opened at the first message, reused, renewed, dropped at the first doubt.

Comes in: a message and its envelope. Goes out: what the relay said, as a `Receipt`. `session` opens
the connection, `transaction` speaks over it.
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
from newsletter.delivery.transports.transaction import Letter, hand_over
from newsletter.errors import TransportError
from newsletter.model import Envelope, Receipt


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
        unfit = refuse_unfit(envelope, message, utf8=True)
        if unfit is not None:
            return unfit
        letter = Letter(envelope=envelope, message=message, opened=opened)
        try:
            session = self._ready()
            used = session.carried > 0
            try:
                return hand_over(session, letter)
            except TransportError as error:
                if not used or error.permanent:
                    raise
            # A connection in use is closed at some count or age (421, or just gone). Nothing of
            # this message was accepted, so a fresh one may try it at once.
            self._drop()
            return hand_over(self._ready(), letter)
        except BaseException:
            # Only closing tells a server that waits for content that none will come.
            self._drop()
            raise

    def _ready(self) -> Session:
        session, limits = self._session, self._settings
        if session is not None and (
            session.is_closed
            or session.carried >= limits.max_messages
            or time.monotonic() - session.since >= limits.max_age_s
        ):
            session.quit()
            self._session = session = None
        if session is None:
            self._session = session = open_session(limits, self._context)
        return session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _trust(settings: SmtpSettings) -> ssl.SSLContext:
    if settings.tls is Tls.NONE:
        # Reading the system's certificates takes 25 ms; this one trusts nobody.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context()
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
