"""What went wrong while a connection was opened, and what to do about it, in one sentence."""

from __future__ import annotations

import smtplib
import socket
import ssl

from newsletter.delivery.transports.settings import SmtpSettings
from newsletter.delivery.transports.wire import WireLost, printable
from newsletter.errors import TransportError

_SHOWN = 200  # characters of a server's words inside our sentences


def place_of(settings: SmtpSettings) -> str:
    """The transport's name and where it connects to."""
    return f"{settings.name} ({settings.host}:{settings.port})"


def explained(settings: SmtpSettings, stage: str, error: OSError | UnicodeError | WireLost) -> TransportError:
    """The error to raise for one that ended `stage`; `permanent` when a person has to act first."""
    what, todo, permanent = _diagnosis(stage, error)
    return TransportError(f"{place_of(settings)}: {what}. Nothing was sent. {todo}", permanent=permanent)


def _diagnosis(stage: str, error: OSError | UnicodeError | WireLost) -> tuple[str, str, bool]:
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
        case WireLost():
            return f"{error} at {stage}", later, False
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
