"""What kept an IMAP mailbox from being read, and what to do about it, in one sentence."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from enum import StrEnum

from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError

from newsletter.delivery.words import fit_for_log
from newsletter.errors import TransportError

_SHOWN = 200  # characters of a server's words inside our sentences
# Response codes that ask for patience (RFC 5530 §3).
_LATER = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|OVERQUOTA)\]", re.IGNORECASE)


class Stage(StrEnum):
    """How far a look had come, as a sentence says it."""

    CONNECT = "the greeting"
    STARTTLS = "STARTTLS"
    LOGIN = "the login"
    SELECT = "opening the mailbox"
    READ = "reading"


_REMEDY = {
    Stage.STARTTLS: 'Use port 993 and imap_tls = "implicit".',
    Stage.LOGIN: "Check imap_user and imap_password under [bounces]; some providers want a password made for programs.",
    Stage.SELECT: "Check imap_mailbox under [bounces], and whether that user may write there.",
}


def explained(place: str, stage: Stage, error: Exception, *, password: str) -> TransportError:
    """The error to raise for one that ended `stage`; `permanent` when a person has to act first.

    `password` is kept out of it, should the server repeat what it was sent.
    """
    what, todo, permanent = _diagnosis(stage, error)
    if password:
        what = what.replace(password, "********")
    return TransportError(f"{place}: {what}. Nothing is lost: the mail stays there. {todo}", permanent=permanent)


def _diagnosis(stage: Stage, error: Exception) -> tuple[str, str, bool]:
    """What happened, what to do, and whether a person has to act first."""
    later = "It is looked into again later."
    match error:
        case ssl.SSLCertVerificationError():
            fault = f"the server's certificate is not trusted ({error.verify_message})"
            return fault, "Set imap_host to the name in the certificate, or have the server renew it.", True
        case ssl.SSLError() if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
            return "the server speaks no TLS on this port", 'Use imap_tls = "starttls", or port 993.', True
        case socket.gaierror():
            return "the host name was not found", "Check imap_host, or the network.", False
        case ConnectionRefusedError():
            return "nobody listens there", "Check imap_host and imap_port, or whether the server is up.", False
        case TimeoutError():
            return f"no answer in time at {stage}", later, False
        case imaplib.IMAP4.readonly():
            return "the mailbox can be read only", "Let imap_user mark messages as read there.", True
        case imaplib.IMAP4.abort() if stage is not Stage.STARTTLS:
            return f"the connection broke at {stage} ({_cut(str(error))})", later, False
        case imaplib.IMAP4.error() | ImapToolsError():
            words = _words_of(error)
            permanent = stage in _REMEDY and not _LATER.search(words)
            return f"{stage} was refused ({_cut(words)})", _REMEDY[stage] if permanent else later, permanent
        case OSError():
            return f"the connection broke at {stage} ({_cut(str(error))})", later, False
        case _:
            return f"the server's answer at {stage} makes no sense ({_cut(str(error))})", later, False


def _words_of(error: Exception) -> str:
    """What the server said, without the Python around it."""
    parts = error.command_result[1] or [] if isinstance(error, UnexpectedCommandStatusError) else error.args
    if not any(isinstance(part, bytes) for part in parts):
        return str(error)
    return " ".join(part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes))


def _cut(text: str) -> str:
    return fit_for_log(" ".join(text.split()))[:_SHOWN]
