"""Mailgun's reports. They are signed with a key of the account, but for what they say: only a moment and a token are.

So a report is as good as the connection it came by, and as whoever heard it within these minutes.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.hooks import read
from newsletter.delivery.hooks.errors import HookRefused
from newsletter.delivery.hooks.read import HookEvent, HookReading
from newsletter.delivery.hooks.weighing import weigh_bounce

WITHIN = timedelta(minutes=15)
_POLICY = frozenset({"espblock", "blacklisted"})
# Mailgun did not even try: the address is on a list of its own.
_LISTED = "suppress-bounce"
_KINDS = {
    ("complained", ""): ReportKind.COMPLAINT,
    ("unsubscribed", ""): ReportKind.LEAVING,
    ("failed", "suppress-complaint"): ReportKind.COMPLAINT,
    ("failed", "suppress-unsubscribe"): ReportKind.LEAVING,
}


def verify_and_read(headers: Mapping[str, str], body: bytes, *, now: datetime, key: str) -> HookReading:
    """The event that Mailgun reports, none for a kind that means nothing to us; `key` signs its webhooks.

    Raises HookRefused.
    """
    read.refuse_oversized(body)
    report = read.read_object(body)
    _prove(read.object_in(report, "signature"), key, now)
    event = _event(read.object_in(report, "event-data"), now)
    return HookReading(events=() if event is None else (event,))


def _prove(signature: Mapping[str, object], key: str, now: datetime) -> None:
    moment, token, written = (read.text_in(signature, name) for name in ("timestamp", "token", "signature"))
    signed = hmac.new(key.encode(), f"{moment}{token}".encode(), "sha256").hexdigest()
    if not key or not token or not hmac.compare_digest(signed.encode(), written.encode()):
        raise HookRefused(
            "The report is not signed with our key at Mailgun. It was not read. "
            "If it was theirs, check hooks.mailgun_key."
        )
    read.refuse_stale(moment, now=now, within=WITHIN)


def _event(data: Mapping[str, object], now: datetime) -> HookEvent | None:
    name, reason = read.text_in(data, "event"), read.text_in(data, "reason")
    told = read.object_in(data, "delivery-status")
    status = read.status_in(told, "enhanced-code")
    diagnostic = read.text_in(told, "message") or read.text_in(told, "description") or reason
    address, key = read.address_in(data, "recipient"), read.text_in(data, "id")
    kind = _KINDS.get((name, reason if name == "failed" else ""))
    weight = Weight.SOFT
    if kind is None and name == "failed":
        severity = read.text_in(data, "severity")
        kind = {"permanent": ReportKind.BOUNCE, "temporary": ReportKind.DELAYED}.get(severity)
        if kind is ReportKind.BOUNCE:
            weight = weigh_bounce(status, diagnostic, policy=reason in _POLICY, proven=reason != _LISTED)
    if kind is None or not key:
        return None
    return HookEvent(
        key=read.key_of("mailgun", key),
        kind=kind,
        address=address,
        weight=weight,
        status=status,
        diagnostic=diagnostic,
        bounce_token=_token(data),
        at=read.moment_of(data.get("timestamp"), now=now),
    )


def _token(data: Mapping[str, object]) -> str:
    given = read.text_in(read.object_in(data, "user-variables"), "bounce")
    return read.token_from(given) or read.token_from(read.address_in(read.object_in(data, "envelope"), "sender"))
