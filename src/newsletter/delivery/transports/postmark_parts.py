"""From a message of ours to the fields in which Postmark wants it.

Comes in: RFC 5322 bytes. Goes out: a JSON object. Header fields stay as they are written, on one line each.
"""

from __future__ import annotations

import base64
import re
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

# What Postmark writes itself, from fields of its own or anew.
_OWN = frozenset({"from", "to", "subject", "reply-to", "date", "mime-version", "return-path", "cc", "bcc"})


def parts_of(message: bytes, *, recipient: str) -> dict[str, object]:
    """The message to `recipient` alone: From, To, Subject, bodies, attachments and all other header fields."""
    parsed = message_from_bytes(message)
    fields = [(name, _on_one_line(str(value))) for name, value in parsed.raw_items()]
    first = {name.lower(): value for name, value in reversed(fields)}
    headers = [
        {"Name": name, "Value": value}
        for name, value in fields
        if name.lower() not in _OWN and not name.lower().startswith("content-")
    ]
    if "content-language" in first:
        headers.append({"Name": "Content-Language", "Value": first["content-language"]})
    if "message-id" in first:
        # Without it Postmark would put an id of its own in place of ours.
        headers.append({"Name": "X-PM-KeepID", "Value": "true"})
    said: dict[str, object] = {
        "From": _mailbox(first.get("from", "")),
        "To": recipient,
        "Subject": _decoded(first.get("subject", "")),
        "Headers": headers,
    }
    if "reply-to" in first:
        said["ReplyTo"] = _mailbox(first["reply-to"])
    return said | _bodies(parsed)


def _bodies(parsed: Message) -> dict[str, object]:
    said: dict[str, object] = {}
    attached: list[dict[str, str]] = []
    names = {"text/plain": "TextBody", "text/html": "HtmlBody"}
    for part in parsed.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        name = names.get(kind, "")
        octets = part.get_payload(decode=True)
        octets = octets if isinstance(octets, bytes) else b""
        if name and name not in said and part.get_content_disposition() != "attachment":
            said[name] = _text(octets, part.get_content_charset("utf-8"))
        else:
            attached.append(_attachment(part, kind, octets))
    return said | ({"Attachments": attached} if attached else {})


def _attachment(part: Message, kind: str, octets: bytes) -> dict[str, str]:
    name = _decoded(part.get_filename() or "part")
    said = {"Name": name, "Content": base64.b64encode(octets).decode("ascii"), "ContentType": kind}
    content_id = str(part.get("Content-ID", "")).strip().strip("<>")
    return said | ({"ContentID": f"cid:{content_id}"} if content_id else {})


def _text(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except LookupError:
        return octets.decode("utf-8", "replace")


def _on_one_line(value: str) -> str:
    """The value unfolded (RFC 5322 §2.2.3); octets beyond ASCII are read as UTF-8 (RFC 6532)."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    return unfolded.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        return value


def _mailbox(value: str) -> str:
    name, address = parseaddr(value)
    if not name:
        return address
    quoted = _decoded(name).replace("\\", r"\\").replace('"', r"\"")
    return f'"{quoted}" <{address}>'
