"""What SendGrid reports, in our own words, once it is signed."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from signing import NOW, by_sendgrid, sendgrid_headers, sendgrid_key

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.hooks import HookEvent, HookRefused, sendgrid


def event(name: str = "bounce", **told: object) -> dict[str, Any]:
    return {
        "email": "dan@example.org",
        "timestamp": int(NOW.timestamp()) - 90,
        "event": name,
        "sg_event_id": "Ym91bmNlLTQtNTA0ODUxOTU",
        "sg_message_id": "euo2iKxdSayPF4YE4",
        "reason": "550 5.1.1 user unknown",
        "status": "5.1.1",
        "type": "bounce",
    } | told


def only(data: object) -> HookEvent:
    (found,) = by_sendgrid([data]).events
    return found


def test_a_bounce_is_told_in_full() -> None:
    assert only(event()) == HookEvent(
        key="sendgrid:Ym91bmNlLTQtNTA0ODUxOTU",
        kind=ReportKind.BOUNCE,
        address="dan@example.org",
        weight=Weight.HARD,
        status="5.1.1",
        diagnostic="550 5.1.1 user unknown",
        bounce_token="",
        at=NOW - timedelta(seconds=90),
    )


@pytest.mark.parametrize(
    ("data", "kind", "weight"),
    [
        (event(type="blocked"), ReportKind.BOUNCE, Weight.POLICY),
        (event("blocked"), ReportKind.BOUNCE, Weight.POLICY),
        (event(type="blocked", status="5.2.2", reason="552 5.2.2 full"), ReportKind.BOUNCE, Weight.SOFT),
        (event(type="blocked", status="4.4.1", reason="timeout"), ReportKind.BOUNCE, Weight.SOFT),
        (event(bounce_classification="Reputation"), ReportKind.BOUNCE, Weight.POLICY),
        (event(status="5.7.1", reason="550 5.7.1 blocked"), ReportKind.BOUNCE, Weight.POLICY),
        (event(status="", reason=""), ReportKind.BOUNCE, Weight.SOFT),
        (event("deferred", reason="", response="451 4.7.1 later"), ReportKind.DELAYED, Weight.SOFT),
        (event("spamreport"), ReportKind.COMPLAINT, Weight.SOFT),
        (event("unsubscribe"), ReportKind.LEAVING, Weight.SOFT),
        (event("group_unsubscribe"), ReportKind.LEAVING, Weight.SOFT),
        (event("dropped", reason="Bounced Address"), ReportKind.BOUNCE, Weight.SOFT),
        (event("dropped", reason="Invalid"), ReportKind.BOUNCE, Weight.SOFT),
        (event("dropped", reason="Spam Content"), ReportKind.BOUNCE, Weight.POLICY),
        (event("dropped", reason="Unsubscribed Address"), ReportKind.LEAVING, Weight.SOFT),
        (event("dropped", reason="Spam Reporting Address"), ReportKind.COMPLAINT, Weight.SOFT),
    ],
)
def test_each_event_has_its_kind_and_weight(data: object, kind: ReportKind, weight: Weight) -> None:
    found = only(data)

    assert (found.kind, found.weight) == (kind, weight)


def test_a_batch_is_told_in_order_without_what_means_nothing() -> None:
    batch = [
        event(sg_event_id="1"),
        event("open", sg_event_id="2"),
        event("spamreport", sg_event_id="3"),
        event("dropped", sg_event_id="4", reason="Recipient List over Package Quota"),
        event(sg_event_id=""),
        7,
        None,
        ["x"],
        event("deferred", sg_event_id="5"),
    ]

    assert [found.key for found in by_sendgrid(batch).events] == ["sendgrid:1", "sendgrid:3", "sendgrid:5"]


@pytest.mark.parametrize("name", [sendgrid.SIGNATURE, sendgrid.TIMESTAMP, "body"])
def test_whatever_octet_is_changed_the_report_is_refused(name: str) -> None:
    body = json.dumps([event()]).encode()
    headers = sendgrid_headers(body)
    told = {
        sendgrid.SIGNATURE: base64.b64decode(headers[sendgrid.SIGNATURE]),
        sendgrid.TIMESTAMP: headers[sendgrid.TIMESTAMP].encode(),
        "body": body,
    }

    for place in range(len(told[name])):
        octets = bytearray(told[name])
        octets[place] ^= 1
        altered = told | {name: bytes(octets)}
        fields = {
            sendgrid.SIGNATURE: base64.b64encode(altered[sendgrid.SIGNATURE]).decode(),
            sendgrid.TIMESTAMP: altered[sendgrid.TIMESTAMP].decode(),
        }
        with pytest.raises(HookRefused):
            sendgrid.verify_and_read(fields, altered["body"], now=NOW, key=sendgrid_key())


@pytest.mark.parametrize("missing", [sendgrid.SIGNATURE, sendgrid.TIMESTAMP])
def test_a_report_without_a_field_is_refused(missing: str) -> None:
    body = json.dumps([event()]).encode()
    headers = {name: value for name, value in sendgrid_headers(body).items() if name != missing}

    with pytest.raises(HookRefused):
        sendgrid.verify_and_read(headers, body, now=NOW, key=sendgrid_key())


@pytest.mark.parametrize("signature", ["", "!", "ÄÖ", "AAAA", "MEUCIQ==", "A" * 5_000])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    body = json.dumps([event()]).encode()
    headers = sendgrid_headers(body) | {sendgrid.SIGNATURE: signature}

    with pytest.raises(HookRefused, match="not signed by SendGrid"):
        sendgrid.verify_and_read(headers, body, now=NOW, key=sendgrid_key())


def test_the_key_of_another_account_is_refused() -> None:
    body = json.dumps([event()]).encode()
    other = written(ec.generate_private_key(ec.SECP256R1()).public_key())

    with pytest.raises(HookRefused, match="not signed by SendGrid"):
        sendgrid.verify_and_read(sendgrid_headers(body), body, now=NOW, key=other)


def written(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_bytes(serialization.Encoding.DER, form)).decode()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "!",
        "ÄÖ",
        "AAAA",
        written(ec.generate_private_key(ec.SECP384R1()).public_key()),
        written(ed25519.Ed25519PrivateKey.generate().public_key()),
    ],
    ids=["none", "a sign", "no ASCII", "too short", "another curve", "another kind"],
)
def test_a_key_that_is_none_is_said_by_its_setting(key: str) -> None:
    body = json.dumps([event()]).encode()

    with pytest.raises(HookRefused, match=r"hooks\.sendgrid_key"):
        sendgrid.verify_and_read(sendgrid_headers(body), body, now=NOW, key=key)


@pytest.mark.parametrize(
    ("later", "is_fresh"), [({}, True), ({"hours": 25}, True), ({"hours": 26}, False), ({"minutes": -16}, False)]
)
def test_reports_are_taken_for_as_long_as_sendgrid_tries(later: dict[str, float], is_fresh: bool) -> None:
    if is_fresh:
        assert len(by_sendgrid([event()], now=NOW + timedelta(**later)).events) == 1
    else:
        with pytest.raises(HookRefused, match="too long ago"):
            by_sendgrid([event()], now=NOW + timedelta(**later))


@pytest.mark.parametrize("moment", ["", "now", "1e9", "٣", "9" * 40])
def test_a_signed_moment_that_is_none_is_refused(moment: str) -> None:
    body = json.dumps([event()]).encode()
    headers = sendgrid_headers(body, moment)

    with pytest.raises(HookRefused):
        sendgrid.verify_and_read(headers, body, now=NOW, key=sendgrid_key())


@pytest.mark.parametrize("data", [{}, "text", 7, None])
def test_a_report_that_is_no_list_is_refused(data: object) -> None:
    with pytest.raises(HookRefused, match="no list"):
        by_sendgrid(data)


def test_a_long_id_is_hashed_and_stays_the_same() -> None:
    long = event(sg_event_id="x" * 100)

    assert only(long).key == only(long).key
    assert len(only(long).key) == 64
    assert only(long).key != only(event(sg_event_id="x" * 101)).key
