"""The tokens of ours that a returned message carries. They are collected and not verified: the desk holds the keys.

Comes in: envelope addresses and a tree of parts. Goes out: tokens and message ids, most trustworthy first, each
once. Called by `reading`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from newsletter.delivery.bounces.parts import Part, fields_of, own_parts, text_of

MAX_FOUND = 20
MAX_BODY = 64_000
MAX_FIELD = 10_000  # characters: an address may stand behind many others
# Mail servers keep the address that they delivered to in the first three, which a To line may not show.
_ARRIVAL_FIELDS = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_QUOTED_FIELDS = ("Return-Path", "Original-Mail-From", "X-Envelope-From", "X-Original-Mail-From", "Envelope-From")
# The forms of a local part that others make of ours (SRS, BATV) end with it, behind "=".
_BOUNCE = re.compile(r"(?<![A-Za-z0-9_.+-])b\+([a-z2-7]{39})@", re.IGNORECASE)
_LEAVING = re.compile(r"(?<![A-Za-z0-9_.+-])unsub\+([A-Za-z0-9_-]{16,64})@")
_LEAVING_LINK = re.compile(r"/u/([A-Za-z0-9_-]{16,64})(?![A-Za-z0-9_-])")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_RETURN_PATH_LINE = re.compile(r"^[> \t]*Return-Path:\s*(<[^<>\n]{1,254}>)", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID_LINE = re.compile(r"^[> \t]*Message-ID:\s*(<[!-;=?-~]{1,250}>)", re.IGNORECASE | re.MULTILINE)


def bounce_tokens(recipients: Sequence[str], message: Part, quoted: Sequence[Part]) -> tuple[str, ...]:
    """What stands behind `b+`, in lower case: of the envelope, of the message's fields, of what it quotes."""
    texts = [*recipients, *_in_fields(message, _ARRIVAL_FIELDS)]
    for original in quoted:
        texts += _in_fields(original, _QUOTED_FIELDS)
    texts += _RETURN_PATH_LINE.findall(_body(message))
    return tokens_in(texts)


def tokens_in(addresses: Iterable[str]) -> tuple[str, ...]:
    """What stands behind `b+` in these addresses, in lower case."""
    return _each_once(token.lower() for text in addresses for token in _BOUNCE.findall(text))


def arrival_tokens(recipients: Sequence[str], message: Part) -> tuple[str, ...]:
    """The tokens of the unsubscribe addresses that the message itself went to."""
    texts = [*recipients, *_in_fields(message, (*_ARRIVAL_FIELDS, "Cc"))]
    return _each_once(token for text in texts for token in _LEAVING.findall(text))


def quoted_leaving_tokens(quoted: Sequence[Part]) -> tuple[str, ...]:
    """The tokens in List-Unsubscribe of the quoted messages: of the mail address, then of the link."""
    texts = [text for original in quoted for text in fields_of(original, "List-Unsubscribe")]
    return _each_once(token for text in texts for token in (*_LEAVING.findall(text), *_LEAVING_LINK.findall(text)))


def quoted_message_ids(message: Part, quoted: Sequence[Part]) -> tuple[str, ...]:
    """The Message-IDs of the quoted messages, in angle brackets; last those quoted as mere text."""
    texts = [text for original in quoted for text in fields_of(original, "Message-ID")]
    texts += _MESSAGE_ID_LINE.findall(_body(message))
    return _each_once(found for text in texts for found in _MESSAGE_ID.findall(text))


def _in_fields(part: Part, names: Iterable[str]) -> list[str]:
    return [text for name in names for text in fields_of(part, name, limit=MAX_FIELD)]


def _body(message: Part) -> str:
    """The texts of the report itself: qmail and Exim quote the original in them."""
    leaves = (part for part in own_parts(message) if part.get_content_type() == "text/plain")
    return "\n".join(text_of(part)[:MAX_BODY] for part in leaves)[:MAX_BODY]


def _each_once(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:MAX_FOUND]
