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

from newsletter.delivery.transports.settings import SmtpSettings, Tls
from newsletter.delivery.transports.wire import Wire, WireLost, printable
from newsletter.errors import TransportError

_QUIT_TIMEOUT_S = 5.0
_SHOWN = 200  # characters of a server's words inside our sentences


@dataclass(kw_only=True, slots=True)
class Session:
    """One connection ready for MAIL; `carried` counts its messages, `since` is monotonic seconds."""

    smtp: smtplib.SMTP
    wire: Wire
    eight_bit: bool
    since: float
    carried: int = 0

    def quit(self) -> None:
        """Say goodbye and close. Whatever the server answers undoes nothing."""
        try:
            self.wire.command("QUIT", timeout_s=_QUIT_TIMEOUT_S)
        except WireLost:
            pass
        finally:
            self.smtp.close()


def open_session(settings: SmtpSettings, context: ssl.SSLContext) -> Session:
    """A connected, encrypted and logged-in session. Raises TransportError, with the cause."""
    smtp, stage = None, "the greeting"
    try:
        _refuse_clear_login(settings)
        smtp = _connect(settings, context)
        stage = "EHLO"
        _ehlo(smtp)
        if settings.tls is Tls.STARTTLS:
            stage = "STARTTLS"
            smtp.starttls(context=context)
            stage = "EHLO"
            # What was offered in clear may have been written by anybody: ask again (RFC 3207 §4.2).
            _ehlo(smtp)
        if settings.user:
            stage = "AUTH"
            smtp.login(settings.user, settings.password)
    except BaseException as error:
        if smtp is not None:
            smtp.close()
        if isinstance(error, OSError | UnicodeError):
            raise _explained(settings, stage, error) from error
        raise
    sock = smtp.sock
    if sock is None:
        raise TransportError(f"{_place(settings)}: the connection was closed. Try again later.")
    return Session(smtp=smtp, wire=Wire(sock), eight_bit=smtp.has_extn("8bitmime"), since=time.monotonic())


def _connect(settings: SmtpSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    # smtplib would ask the DNS for our own full name, which can take many seconds.
    name = settings.local_name or _own_name()
    timeout_s = settings.connect_timeout_s
    if settings.tls is Tls.IMPLICIT:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, local_hostname=name, timeout=timeout_s, context=context
        )
    else:
        smtp = smtplib.SMTP(settings.host, settings.port, local_hostname=name, timeout=timeout_s)
    if smtp.sock is not None:
        # Without it a 38 KB message over TLS took 44 ms instead of 1.1 ms.
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.sock.settimeout(settings.command_timeout_s)
    return smtp


def _ehlo(smtp: smtplib.SMTP) -> None:
    code, words = smtp.ehlo()
    if not 200 <= code <= 299:
        raise smtplib.SMTPHeloError(code, words)


def _own_name() -> str:
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _refuse_clear_login(settings: SmtpSettings) -> None:
    if settings.user and settings.tls is Tls.NONE and not (settings.plain_login and _is_loopback(settings.host)):
        raise TransportError(
            f"{_place(settings)}: a password never travels without TLS. Nothing was sent. "
            'Set tls = "starttls" or "implicit" for this transport, or take user and password away.',
            permanent=True,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _place(settings: SmtpSettings) -> str:
    return f"{settings.name} ({settings.host}:{settings.port})"


def _explained(settings: SmtpSettings, stage: str, error: OSError | UnicodeError) -> TransportError:
    what, todo, permanent = _diagnosis(stage, error)
    return TransportError(f"{_place(settings)}: {what}. Nothing was sent. {todo}", permanent=permanent)


def _diagnosis(stage: str, error: OSError | UnicodeError) -> tuple[str, str, bool]:
    """What happened, what to do, and whether a person has to act first."""
    later = "It is tried again later."
    match error:
        case UnicodeError():
            return "user or password holds a letter outside ASCII", "Choose an ASCII password at the relay.", True
        case smtplib.SMTPResponseException():
            words = f"{stage} was answered with {_said(error.smtp_code, error.smtp_error)}"
            if error.smtp_code >= 500:
                return words, f"{_REMEDY.get(stage, 'Ask whoever runs the relay.')} Then resume the edition.", True
            return words, later, False
        case smtplib.SMTPNotSupportedError():
            if stage == "STARTTLS":
                return "the server offers no encryption", 'Use another port, or tls = "implicit".', True
            return "the server offers no login", "Take user and password away, or use another port.", True
        case ssl.SSLCertVerificationError():
            fault = f"the server's certificate is not trusted ({error.verify_message})"
            return fault, "Set host to the name in the certificate, or have the relay renew it.", True
        case ssl.SSLError() if error.reason == "WRONG_VERSION_NUMBER":
            return "the server speaks no TLS on this port", 'Use tls = "starttls", or port 465.', True
        case socket.gaierror():
            return "the host name was not found", "Check host, or the network.", False
        case ConnectionRefusedError():
            return "nobody listens there", "Check host and port, or whether the relay is up.", False
        case TimeoutError():
            return f"no answer in time at {stage}", later, False
        case smtplib.SMTPException() if not isinstance(error, smtplib.SMTPServerDisconnected):
            return f"{stage} failed ({_cut(str(error))})", "Use another kind of login.", True
        case _:
            return f"the connection broke at {stage} ({_cut(str(error))})", later, False


_REMEDY = {
    "AUTH": "Check user and password.",
    "STARTTLS": 'Use another port, or tls = "implicit".',
    "the greeting": "This address may be blocked: ask whoever runs the relay.",
}


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {_cut(text)}" if code > 0 else "something that is not SMTP"


def _cut(text: str) -> str:
    return printable(" ".join(text.split()))[:_SHOWN]
