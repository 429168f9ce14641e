"""Header fields, written and read back.

Comes in: plain text, mailboxes, URIs. Goes out: `Field` records whose octets are final. Everything is
written here and not by the standard library, which turns a List-Unsubscribe URI of 78 characters
into encoded-words and so kills one-click unsubscribing. Called by the compilers of this room.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from newsletter.mail.addresses import wire_address
from newsletter.mail.encoded_words import encode_phrase, encode_text, refuse_controls
from newsletter.mail.errors import MessageError
from newsletter.model import Mailbox

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAME = re.compile(rb"([!-9;-~]+):[ \t]")
_VISIBLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!#-;=?-Z\[\]_a-z~%]+")
_FOLD_AT = 78
_LINE_OCTETS = 998


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One header field: its name, and its octets with folds and the final CRLF."""

    name: str
    wire: bytes


def text_field(name: str, text: str) -> Field:
    """An unstructured field such as Subject; anything but safe ASCII becomes encoded-words."""
    return _field(name, encode_text(name, text))


def plain_field(name: str, value: str) -> Field:
    """A field whose value is written exactly as given: printable ASCII, blanks only inside.

    Raises MessageError for anything else, so nothing foreign can end the field.
    """
    if not _VISIBLE.fullmatch(value):
        raise MessageError(f"{name}: the value is not plain ASCII. Correct the setting it comes from.")
    return _field(name, value)


def mailbox_field(name: str, mailbox: Mailbox) -> Field:
    """From or To: a display name where there is one, and the address, never encoded."""
    return Field(name=name, wire=_with_phrase(name, mailbox.name, wire_address(mailbox.address)))


def list_id_field(title: str, list_id: str) -> Field:
    """List-ID (RFC 2919 §3): the newsroom's title as the phrase, the bare identifier in brackets."""
    return Field(name="List-ID", wire=_with_phrase("List-ID", title, list_id))


def uri_field(name: str, uris: Sequence[str]) -> Field:
    """A field of URIs in angle brackets (RFC 2369 §2), folded only between them.

    Letters outside ASCII are percent-encoded. Raises MessageError for what is no absolute URI.
    """
    for uri in uris:
        refuse_controls(name, uri)
    written = [quote(uri, safe="!#$%&'()*+,-./:;=?@[]_~") for uri in uris]
    for uri in written:
        if not _URI.fullmatch(uri):
            raise MessageError(f"{name}: there is an address in it that is no absolute URL. Correct base_url.")
    one_line = ", ".join(f"<{uri}>" for uri in written)
    fits = len(name) + 2 + len(one_line) <= _FOLD_AT
    return _field(name, one_line if fits else one_line.replace(">, <", ">,\r\n <"))


def date_field(moment: datetime) -> Field:
    """Date in UTC (RFC 5322 §3.3), in English whatever the process's locale is.

    Raises MessageError for a naive time.
    """
    if moment.tzinfo is None:
        raise MessageError("Date: the time has no zone. Hand in an aware UTC time.")
    at = moment.astimezone(UTC)
    day = f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04}"
    return Field(name="Date", wire=f"Date: {day} {at.hour:02}:{at.minute:02}:{at.second:02} +0000\r\n".encode())


def join_fields(fields: Sequence[Field]) -> bytes:
    """The octets of `fields` in order, once their names have been read back from those octets.

    Raises MessageError if a value smuggled a field in (CVE-2024-6923 did) or a line is too long.
    """
    block = b"".join(field.wire for field in fields)
    if header_names(block) != [field.name for field in fields]:
        raise MessageError("The written header fields are not the intended ones. Nothing was sent; report this.")
    return block


def header_names(message: bytes) -> list[str]:
    """The names of the header fields of `message`, in order and as written.

    Raises MessageError for a line that is neither a field nor a fold, a bare CR or LF, a NUL, or a
    line of more than 998 octets (RFC 5322 §2.1.1).
    """
    names = []
    block = message.partition(b"\r\n\r\n")[0].removesuffix(b"\r\n")
    for line in block.split(b"\r\n"):
        if b"\r" in line or b"\n" in line or b"\0" in line or len(line) > _LINE_OCTETS:
            raise MessageError("A header line is broken or longer than 998 octets. Nothing was sent; report this.")
        found = _NAME.match(line)
        if found:
            names.append(found.group(1).decode("ascii"))
        elif not names or line[:1] not in (b" ", b"\t") or not line.strip():
            raise MessageError("A header line is not a field. Nothing was sent; report this.")
    return names


def _field(name: str, value: str) -> Field:
    return Field(name=name, wire=f"{name}: {value}\r\n".encode("ascii"))


def _with_phrase(name: str, phrase: str, bracketed: str) -> bytes:
    if not phrase:
        shown = f"<{bracketed}>" if name == "List-ID" else bracketed
        return f"{name}: {shown}\r\n".encode("ascii")
    written = f"{name}: {encode_phrase(name, phrase)}"
    last = written.rpartition("\r\n")[2]
    gap = " " if len(last) + len(bracketed) + 3 <= _FOLD_AT else "\r\n "
    return f"{written}{gap}<{bracketed}>\r\n".encode("ascii")
