"""The last look before the wire: what no transport carries, whoever composed it."""

from __future__ import annotations

import re

from newsletter.model import Envelope, Outcome, Receipt

# A dot-string with an ASCII domain or an address literal (RFC 5321 §4.1.2). Quoted local parts,
# source routes and everything that could end the command early stay out (CVE-2026-53533).
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9.-]{1,253}|\[[A-Fa-f0-9.:]{2,45}\])")
_MAX_ADDRESS = 254


def refuse_unfit(envelope: Envelope, message: bytes) -> Receipt | None:
    """A refusal with code 0 for what must not reach a wire, or None when all is well.

    An empty sender is the null reverse-path of notices (RFC 5321 §4.5.5). A bare CR, LF or NUL in
    the content is refused, never mended: servers that end a message at one of them would read the
    rest as commands (CVE-2023-51764).
    """
    if envelope.sender and not _is_address(envelope.sender):
        return _refused("the sender's address is not one that SMTP can carry")
    if not _is_address(envelope.recipient):
        return _refused("the reader's address is not one that SMTP can carry")
    if not message:
        return _refused("the message is empty")
    if b"\0" in message:
        return _refused("the message holds a NUL")
    pairs = message.count(b"\r\n")
    if pairs != message.count(b"\n") or pairs != message.count(b"\r"):
        return _refused("the message holds a bare CR or LF")
    return None


def _is_address(address: str) -> bool:
    return len(address) <= _MAX_ADDRESS and _ADDRESS.fullmatch(address) is not None


def _refused(reason: str) -> Receipt:
    return Receipt(outcome=Outcome.REFUSED, reply=f"Not sent: {reason}.")
