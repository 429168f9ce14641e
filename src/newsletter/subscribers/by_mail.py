"""Leaving by an email to the address in List-Unsubscribe (RFC 2369 §3.2): whose token it was sent to.

Comes in: the octets of a message, as a mail server pipes them. Goes out: the token, or "". Pure.
"""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser

# Mail servers keep the address they delivered to in one of these, which a To line may not show.
_FIELDS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
_TOKEN = re.compile(r"\bunsub\+([A-Za-z0-9_-]{16,64})@")
MAX_FIELD_CHARACTERS = 10_000


def token_in_message(message: bytes) -> str:
    """The token of the unsubscribe address the message went to; "" when there is none.

    Reads header fields only: what somebody quotes in a text unsubscribes nobody.
    """
    fields = BytesHeaderParser().parsebytes(message)
    for name in _FIELDS:
        for value in fields.get_all(name, []):
            if found := _TOKEN.search(str(value)[:MAX_FIELD_CHARACTERS]):
                return found[1]
    return ""
