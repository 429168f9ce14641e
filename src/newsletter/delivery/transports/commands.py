"""What a client says to a server, as octets: the envelope with its parameters, the content with its dots.

Comes in: an envelope and a message that passed the screen. Goes out: lines for the wire.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.model import Envelope


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What a server must offer for a message to pass unharmed, beyond RFC 5321 itself."""

    eight_bit: bool
    utf8: bool


_LEADING_DOT = re.compile(rb"\n\.")
_NOTHING = Needs(eight_bit=False, utf8=False)


def needs_of(envelope: Envelope, message: bytes) -> Needs:
    """What this message needs: 8BITMIME for an octet above 127, SMTPUTF8 for one in address or header.

    RFC 6531 §3.4 wants no SMTPUTF8 for what passes without it.
    """
    is_plain = envelope.sender.isascii() and envelope.recipient.isascii()
    if is_plain and message.isascii():
        return _NOTHING
    header = message[: message.find(b"\r\n\r\n") + 1] or message
    return Needs(eight_bit=not message.isascii(), utf8=not (is_plain and header.isascii()))


def mail_line(envelope: Envelope, needs: Needs) -> bytes:
    """The MAIL command; its parameters only as needed (RFC 6152 §3, RFC 6531 §3.4)."""
    eight_bit = " BODY=8BITMIME" if needs.eight_bit else ""
    utf8 = " SMTPUTF8" if needs.utf8 else ""
    return f"MAIL FROM:<{envelope.sender}>{eight_bit}{utf8}\r\n".encode()


def rcpt_line(envelope: Envelope) -> bytes:
    """The RCPT command."""
    return f"RCPT TO:<{envelope.recipient}>\r\n".encode()


def with_dots(message: bytes) -> bytes:
    """The content as DATA takes it: CRLF at its end, leading dots doubled, final dot (RFC 5321 §4.5.2)."""
    # Most messages have none, and a regular expression finds that out in half the time of `replace`.
    stuffed = message.replace(b"\r\n.", b"\r\n..") if _LEADING_DOT.search(message) else message
    start = b"." if message.startswith(b".") else b""
    return b"".join((start, stuffed, _last_line_end(message), b".\r\n"))


def as_chunk(message: bytes) -> bytes:
    """The content as one last chunk, its length before it: nothing in it needs hiding (RFC 3030 §2)."""
    end = _last_line_end(message)
    return b"".join((b"BDAT %d LAST\r\n" % (len(message) + len(end)), message, end))


def _last_line_end(message: bytes) -> bytes:
    return b"" if message.endswith(b"\r\n") else b"\r\n"
