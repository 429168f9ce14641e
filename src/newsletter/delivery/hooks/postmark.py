"""Postmark's reports. They are not signed: a password in the address that Postmark was given proves them."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.bounces.weights import code_in
from newsletter.delivery.hooks import read
from newsletter.delivery.hooks.errors import HookRefused
from newsletter.delivery.hooks.read import HookEvent, HookReading
from newsletter.delivery.hooks.weighing import weigh_bounce

USER = "postmark"
# From the list "Bounce types" of Postmark. What is missing here says nothing about a reader.
_KINDS = {
    "HardBounce": ReportKind.BOUNCE,
    "BadEmailAddress": ReportKind.BOUNCE,
    "SoftBounce": ReportKind.BOUNCE,
    "DnsError": ReportKind.BOUNCE,
    "Unknown": ReportKind.BOUNCE,
    "SpamNotification": ReportKind.BOUNCE,
    "VirusNotification": ReportKind.BOUNCE,
    "Blocked": ReportKind.BOUNCE,
    "DMARCPolicy": ReportKind.BOUNCE,
    "Transient": ReportKind.DELAYED,
    "SpamComplaint": ReportKind.COMPLAINT,
    "Unsubscribe": ReportKind.LEAVING,
}
_POLICY = frozenset({"SpamNotification", "VirusNotification", "Blocked", "DMARCPolicy"})
_PROVEN = frozenset({"HardBounce"})


def verify_and_read(headers: Mapping[str, str], body: bytes, *, now: datetime, password: str) -> HookReading:
    """The event that Postmark reports, none for a kind that means nothing to us; `headers` have lower-case names.

    The user in front of the password is "postmark". Raises HookRefused.
    """
    _prove(headers.get("authorization", ""), password)
    read.refuse_oversized(body)
    report = read.read_object(body)
    match read.text_in(report, "RecordType"):
        case "Bounce":
            event = _bounce(report, _KINDS.get(read.text_in(report, "Type")), now)
        case "SpamComplaint":
            event = _bounce(report, ReportKind.COMPLAINT, now)
        case "SubscriptionChange":
            event = _change(report, now)
        case _:
            event = None
    return HookReading(events=() if event is None else (event,))


def _prove(authorization: str, password: str) -> None:
    scheme, _, written = authorization.partition(" ")
    try:
        told = base64.b64decode(written.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        told = b""
    is_right = hmac.compare_digest(told, f"{USER}:{password}".encode())
    if not password or scheme.lower() != "basic" or not is_right:
        raise HookRefused(
            "The report does not know our password. It was not read. If it was Postmark's, give it the address "
            f"https://{USER}:PASSWORD@… with hooks.postmark_password."
        )


def _bounce(report: Mapping[str, object], kind: ReportKind | None, now: datetime) -> HookEvent | None:
    key, sort = read.text_in(report, "ID"), read.text_in(report, "Type")
    if kind is None or not key:
        return None
    # The description is Postmark's own and the same for all of a sort: "(ex: unknown user, mailbox not found)".
    details = read.text_in(report, "Details")
    status = code_in(details)
    is_bounce = kind is ReportKind.BOUNCE
    return HookEvent(
        key=read.key_of("postmark", key),
        kind=kind,
        address=read.address_in(report, "Email"),
        weight=weigh_bounce(status, details, policy=sort in _POLICY, proven=sort in _PROVEN)
        if is_bounce
        else Weight.SOFT,
        status=status,
        diagnostic=details or read.text_in(report, "Description"),
        bounce_token=_token(report),
        at=read.moment_of(report.get("BouncedAt"), now=now),
    )


def _change(report: Mapping[str, object], now: datetime) -> HookEvent | None:
    """A reader's own wish; what Postmark or the owner suppressed is told elsewhere, or known."""
    reason, moment = read.text_in(report, "SuppressionReason"), read.text_in(report, "ChangedAt")
    kind = {"ManualSuppression": ReportKind.LEAVING, "SpamComplaint": ReportKind.COMPLAINT}.get(reason)
    address = read.address_in(report, "Recipient")
    if kind is None or report.get("SuppressSending") is not True or read.text_in(report, "Origin") != "Recipient":
        return None
    return HookEvent(
        key=read.key_of("postmark", read.text_in(report, "MessageID"), moment, address),
        kind=kind,
        address=address,
        weight=Weight.SOFT,
        status="",
        diagnostic=reason,
        bounce_token=_token(report),
        at=read.moment_of(moment, now=now),
    )


def _token(report: Mapping[str, object]) -> str:
    return read.token_from(read.text_in(read.object_in(report, "Metadata"), "bounce"))
