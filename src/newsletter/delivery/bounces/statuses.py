"""Reports by the standard: what a delivery status (RFC 3464, RFC 6533) says about each recipient.

Comes in: a tree of parts. Goes out: `Failure`s and a kind. Called by `reading`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.delivery.bounces.parts import (
    MAX_ADDRESS_OCTETS,
    STATUS_TYPES,
    Part,
    field_of,
    groups_of,
    one_line,
    own_parts,
)
from newsletter.delivery.bounces.report import Failure, Weight
from newsletter.delivery.bounces.weights import code_in, status_in, weigh

MAX_RECIPIENTS = 1_000
# RFC 6533 §3: what is not ASCII may be written \x{20AC}.
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_ADDRESS_TYPE = re.compile(r"^\s*[A-Za-z0-9-]{1,20}\s*;")
_DIAGNOSTIC_TYPE = re.compile(r"^\s*smtp\s*;\s*", re.IGNORECASE)
_IN_ANGLES = re.compile(r"<([^<>\s]+@[^<>\s]+)>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Statuses:
    """What the groups of a delivery status say: who failed, who is still being tried, and whether it named anybody."""

    failed: tuple[Failure, ...] = ()
    delayed: tuple[Failure, ...] = ()
    named: bool = False


def read_statuses(message: Part) -> Statuses:
    """What the message's own delivery statuses say of each recipient; one in a quoted message is not asked.

    `failed` and `delayed` are in the order of the report; those without an address only where all are. A recipient
    who was delivered to, relayed or expanded (RFC 3464 §2.3.3) is named and no more.
    """
    failed: list[Failure] = []
    delayed: list[Failure] = []
    named = False
    groups = [
        group for part in own_parts(message) if part.get_content_type() in STATUS_TYPES for group in groups_of(part)
    ]
    for group in groups[:MAX_RECIPIENTS]:
        address = _recipient(group)
        action = field_of(group, "Action").lower()
        named = named or bool(address and action)
        # OpenSMTPD writes "error", which RFC 3464 does not know; others put a comment behind the word.
        if action.startswith(("fail", "error")):
            failed.append(_failure(group, address, permanent=True))
        elif action.startswith("delayed"):
            delayed.append(_failure(group, address, permanent=False))
    if named:
        failed, delayed = ([each for each in found if each.address] for found in (failed, delayed))
    return Statuses(failed=tuple(failed), delayed=tuple(delayed), named=named)


def address_in(text: str) -> str:
    """The address in a recipient field, without its type, angles and escapes; "" for what cannot be one."""
    bare = _ADDRESS_TYPE.sub("", text)
    angled = _IN_ANGLES.search(bare)
    bare = angled[1] if angled else re.sub(r"\s*\([^()]*\)\s*$", "", bare)
    address = one_line(_ESCAPED.sub(_character, bare.strip(" <>\t\"'")))
    if "@" not in address or len(address.encode("utf-8", "replace")) > MAX_ADDRESS_OCTETS:
        return ""
    return address


def _recipient(group: Part) -> str:
    # The original address is the one that we wrote to; the final one may be where it was forwarded.
    return address_in(field_of(group, "Original-Recipient")) or address_in(field_of(group, "Final-Recipient"))


def _failure(group: Part, address: str, *, permanent: bool) -> Failure:
    diagnostic = _DIAGNOSTIC_TYPE.sub("", field_of(group, "Diagnostic-Code"))
    status = status_in(field_of(group, "Status"))
    weight = weigh(status, diagnostic, permanent=permanent) if permanent else Weight.SOFT
    return Failure(address=address, status=status or code_in(diagnostic), diagnostic=diagnostic, weight=weight)


def _character(escaped: re.Match[str]) -> str:
    number = int(escaped[1], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
