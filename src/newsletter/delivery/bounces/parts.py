"""The parts of a message that came back: tamed before a parser sees it, read with `email`, taken as foreign text.

Comes in: octets written by strangers. Goes out: a tree of parts, and strings that are safe to keep: one line, no
control characters, cut to length. Called by the readers of this folder.
"""

from __future__ import annotations

import base64
import email
import quopri
import re
from collections.abc import Iterator
from email.message import Message
from typing import TypeAlias

Part: TypeAlias = "Message[str, str]"

MAX_OCTETS = 1_000_000
MAX_DEPTH = 10
MAX_LINES = 20_000  # a line of base64 has 76 octets: 1 MB of them are 13,000
MAX_LINE = 998  # RFC 5322 §2.1.1
# `email` takes a field of n parameters apart in n² steps, so a Content field may not fold for ever.
MAX_FOLDS = 20
# The parser asks each open container about each line, and calls itself for each: a few of them are a report, many
# are an attack.
MAX_CONTAINERS = 20
MAX_TEXT = 1_000
MAX_ADDRESS_OCTETS = 254
_CONTAINER = re.compile(rb"^content-type[ \t]*:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_FOLDS = re.compile(
    rb"(^content-[a-z-]+[ \t]*:.*\n(?:[ \t].*\n){%d})(?:[ \t].*\n)+" % MAX_FOLDS, re.IGNORECASE | re.MULTILINE
)
STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_QUOTED_FIELDS = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})
_QUOTED_WHOLE = frozenset({"message/rfc822", "message/global"})
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def tamed(message: bytes) -> bytes:
    """The message within our limits: 1 MB, lines ended by LF and cut to 998 octets, no endless fields, few containers.

    What lies beyond is cut away and not refused: a report stands before the message that it quotes.
    """
    unified = message[:MAX_OCTETS].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = unified.split(b"\n", MAX_LINES)[:MAX_LINES]
    within = _FOLDS.sub(rb"\1", b"\n".join(line[:MAX_LINE] for line in lines) + b"\n")
    containers = [found.start() for found in _CONTAINER.finditer(within)]
    return within[: containers[MAX_CONTAINERS]] if len(containers) > MAX_CONTAINERS else within


def parsed(message: bytes) -> Part:
    """The tree of a tamed message, ten parts deep; what lay deeper is left out."""
    tree = email.message_from_bytes(message)
    _cut(tree, MAX_DEPTH)
    return tree


def without_quoted(part: Part) -> Part:
    """The same tree, in which quoted messages are empty."""
    for each in own_parts(part):
        if each.get_content_type() in _QUOTED_WHOLE | _QUOTED_FIELDS:
            each.set_payload("")
    return part


def own_parts(part: Part) -> Iterator[Part]:
    """The part and what it contains, outermost first; a quoted message is one part, not looked into."""
    yield part
    if part.get_content_maintype() != "message":
        for child in _children(part):
            yield from own_parts(child)


def quoted_messages(message: Part) -> list[Part]:
    """The messages quoted in the report, whole or by their header fields alone."""
    return [
        original
        for part in own_parts(message)
        if part is not message or part.get_content_type() in _QUOTED_WHOLE
        if (original := _quoted(part)) is not None
    ]


def fields_of(part: Part, name: str, *, limit: int = MAX_TEXT) -> list[str]:
    """What stands in the header fields of this name, as foreign text of at most `limit` characters each."""
    wanted = name.lower()
    return [one_line(_whole(value), limit=limit) for field, value in part.raw_items() if field.lower() == wanted]


def field_of(part: Part, name: str) -> str:
    """What stands in the first header field of this name; "" where there is none."""
    return next(iter(fields_of(part, name)), "")


def text_of(part: Part) -> str:
    """The text of a part that holds no others, its transfer encoding undone; not yet fit to keep."""
    return _in_charset(part, _octets_of(part))


def groups_of(part: Part) -> list[Part]:
    """The groups of fields in a delivery status (RFC 3464 §2.1, RFC 6533 §3): of the message, then of each recipient.

    `email` splits `message/delivery-status` into groups, takes `message/global-delivery-status` for a message, and
    knows no transfer encoding in either.
    """
    if not part.is_multipart():
        text = text_of(part)
    elif field_of(part, "Content-Transfer-Encoding").lower() in {"base64", "quoted-printable"}:
        text = _decoded(part, b"\n".join(_source(block) for block in _children(part)))
    elif part.get_content_subtype() == "delivery-status":
        return _children(part)
    else:
        text = "\n\n".join(_source(block).decode("utf-8", "replace") for block in _children(part))
    groups = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    return [email.message_from_bytes(group.lstrip().encode()) for group in groups]


def one_line(text: str, *, limit: int = MAX_TEXT) -> str:
    """Foreign text as we keep it: one line, without characters that control anything, cut to length."""
    return " ".join(_UNPRINTABLE.sub(" ", text[: limit * 4]).split())[:limit]


def _cut(part: Part, depth: int) -> None:
    # The groups of a delivery status are parts to `email`, and to nobody else.
    if depth == 1 and part.is_multipart() and part.get_content_type() not in STATUS_TYPES:
        part.set_payload("")
    for child in _children(part):
        _cut(child, depth - 1)


def _children(part: Part) -> list[Part]:
    # Asked for its payload, a part that holds text decodes it, and some charsets raise.
    payload = part.get_payload() if part.is_multipart() else ()
    return [child for child in payload if isinstance(child, Message)]


def _quoted(part: Part) -> Part | None:
    kind = part.get_content_type()
    if kind in _QUOTED_FIELDS:
        children = _children(part)
        return children[0] if children else email.message_from_string(text_of(part).lstrip())
    if kind not in _QUOTED_WHOLE:
        return None
    original = next(iter(_children(part)), None)
    if original is not None and not original.keys():
        # RFC 2046 §5.2.1 forbids base64 here; some write it all the same.
        return email.message_from_bytes(tamed(_decoded(part, _source(original)).encode()).lstrip())
    return original


def _source(part: Part) -> bytes:
    fields = [f"{name}: {value}".encode("ascii", "surrogateescape") for name, value in part.raw_items()]
    body = _octets_of(part)
    return b"\n".join([*fields, b"", body]) if fields else body


def _octets_of(part: Part) -> bytes:
    octets = part.get_payload(decode=True)
    return octets if isinstance(octets, bytes) else b""


def _decoded(part: Part, body: bytes) -> str:
    """What a part that may hold others says, if it was encoded all the same."""
    encoding = field_of(part, "Content-Transfer-Encoding").lower()
    if encoding == "base64":
        digits = _NO_BASE64.sub(b"", body)
        body = base64.b64decode(digits[: len(digits) // 4 * 4])
    elif encoding == "quoted-printable":
        body = quopri.decodestring(body)
    return _in_charset(part, body)


def _in_charset(part: Part, body: bytes) -> str:
    charset = str(part.get_param("charset") or "utf-8")[:40]
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError, TypeError):
        return body.decode("utf-8", "replace")


def _whole(value: object) -> str:
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
