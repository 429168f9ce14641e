"""From a host name to a conversation: connect, greet, encrypt, log in. smtplib does these steps.

Every way this can fail ends in a TransportError whose sentence says what the server or the network
answered and what to do. Nothing is ever sent in clear that the settings wanted encrypted.
"""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass

from newsletter.delivery.transports.diagnosis import explained, place_of
from newsletter.delivery.transports.settings import SmtpSettings, Tls
from newsletter.delivery.transports.turns import turns_here
from newsletter.delivery.transports.wire import MAX_LINES, Wire, WireLost
from newsletter.errors import TransportError

_QUIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """What the server offered after the last EHLO, and the settings let us use."""

    eight_bit: bool
    utf8: bool
    pipelining: bool
    chunking: bool


@dataclass(kw_only=True, slots=True)
class Session:
    """One connection ready for MAIL; `carried` counts its messages, `since` is monotonic seconds.

    Once `is_stained`, an unfinished transaction lies on it, which RSET has to clear first.
    """

    smtp: smtplib.SMTP
    wire: Wire
    offers: Offers
    settings: SmtpSettings
    since: float
    carried: int = 0
    is_stained: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether it can carry nothing more."""
        return self.smtp.sock is None

    def close(self) -> None:
        """Close without a word; safe to repeat."""
        self.smtp.close()

    def quit(self) -> None:
        """Say goodbye and close. Whatever the server answers undoes nothing."""
        try:
            if not self.is_closed:
                self.wire.command(b"QUIT\r\n", timeout_s=_QUIT_TIMEOUT_S)
        except WireLost:
            pass
        finally:
            self.close()


def open_session(settings: SmtpSettings, context: ssl.SSLContext) -> Session:
    """A connected, encrypted and logged-in session. Raises TransportError, with the cause."""
    turns = turns_here()
    if turns is not None:
        # Names, connections and handshakes are waited for by the libraries, which know nothing of turns.
        try:
            return turns.apart(lambda: open_session(settings, context))
        except OSError as error:
            raise explained(settings, "the beginning", error) from error
    opening = _Opening(settings, context)
    try:
        _refuse_clear_login(settings)
        opening.connect()
        opening.greet()
        if settings.tls is Tls.STARTTLS:
            opening.encrypt()
            # What was offered in clear may have been written by anybody: ask again (RFC 3207 §4.2).
            opening.greet()
        if settings.user:
            opening.stage = "AUTH"
            opening.smtp.login(settings.user, settings.password)
        return opening.session()
    except BaseException as error:
        opening.smtp.close()
        if isinstance(error, OSError | UnicodeError | WireLost):
            raise explained(settings, opening.stage, error) from error
        raise


class _Lines:
    """What smtplib reads replies from: each whole reply within a deadline, and none without end.

    A socket's own file waits anew after every octet: at one a second a greeting would never be over.
    """

    def __init__(self, wire: Wire, timeout_s: float) -> None:
        self._wire, self._timeout_s = wire, timeout_s
        self._seen, self._deadline = 0, 0.0

    def readline(self, _limit: int = -1, /) -> bytes:
        """The next line with its end. Raises WireLost."""
        if self._seen == 0:
            self._deadline = time.monotonic() + self._timeout_s
        if self._seen == MAX_LINES:
            raise WireLost("the server's reply has no end")
        line = self._wire.line(self._deadline)
        self._seen = self._seen + 1 if line[3:4] == b"-" else 0
        return line + b"\r\n"

    def close(self) -> None:
        """Nothing: the socket is closed by whoever opened it."""


class _Opening:
    """The steps of opening a connection; `stage` names the one at hand for a later sentence."""

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext) -> None:
        # smtplib would ask the DNS for our own full name, which can take many seconds.
        self.smtp = smtplib.SMTP(local_hostname=settings.local_name or _own_name())
        self.stage = "the greeting"
        self._settings, self._context = settings, context

    def connect(self) -> None:
        """Connect, encrypt if that comes first, and read the greeting."""
        settings, smtp = self._settings, self.smtp
        sock = socket.create_connection((settings.host, settings.port), settings.connect_timeout_s)
        smtp.sock = sock
        # Without it a 38 KB message over TLS took 44 ms instead of 1.1 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if settings.tls is Tls.IMPLICIT:
            smtp.sock = sock = self._context.wrap_socket(sock, server_hostname=settings.host)
        self._listen(sock, settings.connect_timeout_s)
        code, words = smtp.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, words)
        smtp.file = _Lines(self._wire, settings.command_timeout_s)

    def greet(self) -> None:
        """Say EHLO and note what is offered."""
        self.stage = "EHLO"
        code, words = self.smtp.ehlo()
        if not 200 <= code <= 299:
            raise smtplib.SMTPHeloError(code, words)

    def encrypt(self) -> None:
        """Go over to TLS, and forget all that was said before."""
        self.stage = "STARTTLS"
        smtp = self.smtp
        if not smtp.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError
        code, words = smtp.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        # What lies behind the 220 came in clear, from anybody, and must not be heard as if it came
        # encrypted (CVE-2011-0411). smtplib would drop it without a word.
        if not self._wire.is_quiet:
            raise WireLost("somebody spoke in clear behind the answer")
        if smtp.sock is None:
            raise WireLost("the connection was closed")
        smtp.sock = self._context.wrap_socket(smtp.sock, server_hostname=self._settings.host)
        self._listen(smtp.sock, self._settings.command_timeout_s)
        smtp.esmtp_features, smtp.does_esmtp = {}, False
        smtp.ehlo_resp = smtp.helo_resp = None

    def session(self) -> Session:
        """The session, once every step is done."""
        smtp, settings = self.smtp, self._settings
        pipelining = smtp.has_extn("pipelining")
        offers = Offers(
            eight_bit=smtp.has_extn("8bitmime"),
            utf8=smtp.has_extn("smtputf8"),
            pipelining=pipelining,
            # Without PIPELINING a chunk would cost the same round trips as DATA.
            chunking=settings.chunking and pipelining and smtp.has_extn("chunking"),
        )
        return Session(smtp=smtp, wire=self._wire, offers=offers, settings=settings, since=time.monotonic())

    def _listen(self, sock: socket.socket, timeout_s: float) -> None:
        sock.settimeout(timeout_s)
        self._wire = Wire(sock)
        self.smtp.file = _Lines(self._wire, timeout_s)


def _own_name() -> str:
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _refuse_clear_login(settings: SmtpSettings) -> None:
    if settings.user and settings.tls is Tls.NONE and not (settings.plain_login and _is_loopback(settings.host)):
        raise TransportError(
            f"{place_of(settings)}: a password never travels without TLS. Nothing was sent. "
            'Set tls = "starttls" or "implicit" for this transport, or take user and password away.',
            permanent=True,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
