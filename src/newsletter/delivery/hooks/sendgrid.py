"""SendGrid's reports: batches of events, signed as a whole with an elliptic curve key of the account."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.bounces.weights import weigh
from newsletter.delivery.hooks import read
from newsletter.delivery.hooks.errors import HookRefused
from newsletter.delivery.hooks.read import HookEvent, HookReading
from newsletter.delivery.hooks.weighing import weigh_bounce

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
# SendGrid sends again for 24 hours what was not answered; a replay is known by its key.
WITHIN = timedelta(hours=25)
_KINDS = {
    "bounce": ReportKind.BOUNCE,
    "blocked": ReportKind.BOUNCE,
    "deferred": ReportKind.DELAYED,
    "spamreport": ReportKind.COMPLAINT,
    "unsubscribe": ReportKind.LEAVING,
    "group_unsubscribe": ReportKind.LEAVING,
}
# Why SendGrid did not even try. Other reasons are about the account.
_DROPPED = {
    "bounced address": ReportKind.BOUNCE,
    "invalid": ReportKind.BOUNCE,
    "spam content": ReportKind.BOUNCE,
    "unsubscribed address": ReportKind.LEAVING,
    "spam reporting address": ReportKind.COMPLAINT,
}
_POLICY = frozenset({"content", "reputation", "frequency or volume", "spam content"})


def verify_and_read(headers: Mapping[str, str], body: bytes, *, now: datetime, key: str) -> HookReading:
    """The events that SendGrid reports, in order; `key` is its public key (base64), `headers` have lower-case names.

    Raises HookRefused.
    """
    read.refuse_oversized(body)
    moment = headers.get(TIMESTAMP, "")
    _prove(headers.get(SIGNATURE, ""), moment.encode("utf-8", "replace") + body, key)
    read.refuse_stale(moment, now=now, within=WITHIN)
    report = read.read_json(body)
    if not isinstance(report, list):
        raise HookRefused("The report is no list of events. It was not read.")
    events = (_event(data, now) for data in read.objects_in(report))
    return HookReading(events=tuple(event for event in events if event is not None))


def _prove(written: str, signed: bytes, key: str) -> None:
    try:
        public = load_der_public_key(base64.b64decode(key, validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise HookRefused("hooks.sendgrid_key is no public key. Copy the verification key from SendGrid.") from error
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise HookRefused("hooks.sendgrid_key is no key of the curve P-256. Copy the verification key from SendGrid.")
    try:
        public.verify(base64.b64decode(written.encode("ascii"), validate=True), signed, ec.ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise HookRefused(
            "The report is not signed by SendGrid. It was not read. If it was theirs, check hooks.sendgrid_key."
        ) from error


def _event(data: Mapping[str, object], now: datetime) -> HookEvent | None:
    name, key = read.text_in(data, "event"), read.text_in(data, "sg_event_id")
    reason = read.text_in(data, "reason") or read.text_in(data, "response")
    kind = _DROPPED.get(reason.lower()) if name == "dropped" else _KINDS.get(name)
    if kind is None or not key:
        return None
    return HookEvent(
        key=read.key_of("sendgrid", key),
        kind=kind,
        address=read.address_in(data, "email"),
        weight=_weight(data, reason) if kind is ReportKind.BOUNCE else Weight.SOFT,
        status=read.status_in(data, "status"),
        diagnostic=reason,
        # The envelope's sender is SendGrid's own, and ours is not told.
        bounce_token="",
        at=read.moment_of(data.get("timestamp"), now=now),
    )


def _weight(data: Mapping[str, object], reason: str) -> Weight:
    status, name = read.status_in(data, "status"), read.text_in(data, "event")
    sort = read.text_in(data, "bounce_classification").lower()
    is_blocked = "blocked" in (name, read.text_in(data, "type"))
    if is_blocked and (status or reason).startswith("4"):
        return weigh(status, reason, permanent=False)
    is_policy = is_blocked or sort in _POLICY or reason.lower() in _POLICY
    return weigh_bounce(status, reason, policy=is_policy, proven=name == "bounce")
