"""DKIM signatures (RFC 6376, RFC 8463), `relaxed/simple`, over the finished octets of a message.

Comes in: a message and the keys. Goes out: the fields to be put before it. Whatever is the same for all
readers is canonicalised and hashed once; per reader a signature costs little more than the key's own work.
Called by `compiled` for mailings and by `sign_message` for all other mail; nothing touches the octets afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from newsletter.mail.dkim_keys import DkimKey as DkimKey
from newsletter.mail.dkim_keys import DkimKind as DkimKind
from newsletter.mail.dkim_keys import new_dkim_key as new_dkim_key
from newsletter.mail.dkim_keys import read_dkim_key as read_dkim_key
from newsletter.mail.errors import MessageError

# Never Return-Path and Received, which change on the way (RFC 6376 §5.4.1); List-Unsubscribe and
# List-Unsubscribe-Post have to be covered (RFC 8058 §4).
_LIST = ("id", "unsubscribe", "unsubscribe-post", "archive", "help", "subscribe", "owner", "post")
SIGNED = frozenset(
    (
        *("from", "to", "subject", "date", "message-id", "reply-to", "feedback-id", "archived-at", "x-article-uid"),
        *("mime-version", "content-type", "content-language", "content-transfer-encoding", "auto-submitted"),
        *(f"list-{name}" for name in _LIST),
    )
)
# Named once more than they are there, so that nobody adds a second one (RFC 6376 §8.15).
OVERSIGNED = ("From", "To", "Subject", "Date", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post")
_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)\r\n")
_BLANKS = re.compile(rb"[ \t\r\n]+")
_LINE = 74


class Hash(Protocol):
    """A SHA-256 under way, as hashlib makes it."""

    def update(self, octets: bytes | memoryview, /) -> None:
        """Go on with `octets`."""
        ...

    def copy(self) -> Self:
        """Another one that has come as far."""
        ...

    def digest(self) -> bytes:
        """The result so far."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class DkimSigner:
    """Signs for `domain` with each of `keys`; safe to share between threads."""

    domain: str
    keys: tuple[DkimKey, ...]

    def fields(self, signed: str, headers: Hash, body_hash: bytes, *, now: datetime) -> bytes:
        """One DKIM-Signature field for each key, each with its final CRLF.

        `signed` is the written list of field names (`h=`, see `written_names`), `headers` has hashed those
        fields in that order, each canonical and with CRLF, `body_hash` is the SHA-256 of the body.
        `now` is aware and becomes `t=`. A fold counts as a blank: the field is folded first and then hashed.
        """
        stamp, hashed = int(now.timestamp()), base64.b64encode(body_hash).decode("ascii")
        fields = []
        for key in self.keys:
            value = (
                f"v=1; a={key.kind}-sha256; c=relaxed/simple; d={self.domain};\r\n s={key.selector}; t={stamp};\r\n"
                f" h={signed};\r\n bh={hashed};\r\n b="
            )
            asked = headers.copy()
            asked.update(b"dkim-signature:" + value.replace("\r\n ", " ").encode("ascii"))
            signature = base64.b64encode(key.sign(asked.digest())).decode("ascii")
            folded = "\r\n ".join(signature[start : start + _LINE] for start in range(0, len(signature), _LINE))
            fields.append(f"DKIM-Signature: {value}{folded}\r\n")
        return "".join(fields).encode("ascii")


def sign_message(message: bytes, signer: DkimSigner | None, *, now: datetime) -> bytes:
    """`message` (whole RFC 5322 octets with CRLF) behind its signatures; as it is where there is no signer.

    Raises MessageError for a message without From, or with a field twice that may be there once.
    """
    if signer is None:
        return message
    head, _, body = message.partition(b"\r\n\r\n")
    found = [(name, value) for name, value in _FIELD.findall(head + b"\r\n") if name.decode("ascii").lower() in SIGNED]
    names = [name.decode("ascii") for name, _ in found]
    lowered = [name.lower() for name in names]
    if "from" not in lowered or len(set(lowered)) != len(lowered):
        raise MessageError("The message cannot be signed: a header field is missing or there twice. Report this.")
    headers = hashlib.sha256(canonical_fields(head + b"\r\n"))
    body_hash = hashlib.sha256(canonical_body(body)).digest()
    return signer.fields(written_names(names), headers, body_hash, now=now) + message


def canonical_fields(block: bytes) -> bytes:
    """The signed fields of `block` (fields with their CRLF) as `relaxed` has them (RFC 6376 §3.4.2)."""
    return b"".join(
        lowered + b":" + _BLANKS.sub(b" ", value).strip(b" ") + b"\r\n"
        for name, value in _FIELD.findall(block)
        if (lowered := name.lower()).decode("ascii") in SIGNED
    )


def canonical_body(body: bytes) -> bytes:
    """`body` as `simple` has it: empty lines at its end are one line end (RFC 6376 §3.4.3)."""
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n"


def written_names(names: Iterable[str]) -> str:
    """The value of `h=`: `names` in order, then what is oversigned, folded between them (RFC 6376 §3.5)."""
    lines, line = [], "h="
    for name in (*names, *OVERSIGNED):
        if len(line) + len(name) > _LINE:
            lines.append(line)
            line = ""
        line += f"{name}:"
    return "\r\n ".join([*lines, line]).removeprefix("h=").removesuffix(":")


def signed_names(names: Sequence[str]) -> list[str]:
    """Those of `names` that are signed, in order."""
    return [name for name in names if name.lower() in SIGNED]
