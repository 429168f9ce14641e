"""What Postmark reports, in our own words, once it knows the password."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from signing import NOW, POSTMARK_PASSWORD, TOKEN, by_postmark, login

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.hooks import HookEvent, HookRefused, postmark

UNKNOWN = "smtp;550 5.1.1 The email account that you tried to reach does not exist."


def bounce(sort: str = "HardBounce", **told: object) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": sort,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": UNKNOWN,
        "Email": "dan@example.org",
        "From": "news@example.org",
        "BouncedAt": "2026-11-24T08:33:54.9070259Z",
        "Inactive": True,
        "Metadata": {"bounce": TOKEN},
    } | told


def only(data: object) -> HookEvent:
    (event,) = by_postmark(data).events
    return event


def test_a_bounce_is_told_in_full() -> None:
    assert only(bounce()) == HookEvent(
        key="postmark:4323372036854775807",
        kind=ReportKind.BOUNCE,
        address="dan@example.org",
        weight=Weight.HARD,
        status="5.1.1",
        diagnostic=UNKNOWN,
        bounce_token=TOKEN,
        at=datetime(2026, 11, 24, 8, 33, 54, 907025, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("data", "kind", "weight"),
    [
        (bounce(Details="smtp;550 5.7.1 blocked"), ReportKind.BOUNCE, Weight.POLICY),
        (bounce(Details=""), ReportKind.BOUNCE, Weight.SOFT),
        (bounce("SoftBounce", Details="smtp;452 4.2.2 full"), ReportKind.BOUNCE, Weight.SOFT),
        (bounce("SoftBounce"), ReportKind.BOUNCE, Weight.SOFT),
        (bounce("DnsError", Details=""), ReportKind.BOUNCE, Weight.SOFT),
        (bounce("BadEmailAddress"), ReportKind.BOUNCE, Weight.SOFT),
        (bounce("SpamNotification"), ReportKind.BOUNCE, Weight.POLICY),
        (bounce("Blocked", Details=""), ReportKind.BOUNCE, Weight.POLICY),
        (bounce("DMARCPolicy"), ReportKind.BOUNCE, Weight.POLICY),
        (bounce("VirusNotification"), ReportKind.BOUNCE, Weight.POLICY),
        (bounce("Transient"), ReportKind.DELAYED, Weight.SOFT),
        (bounce("Unsubscribe"), ReportKind.LEAVING, Weight.SOFT),
        (bounce("SpamComplaint"), ReportKind.COMPLAINT, Weight.SOFT),
        (bounce("SpamComplaint", RecordType="SpamComplaint"), ReportKind.COMPLAINT, Weight.SOFT),
    ],
)
def test_each_record_has_its_kind_and_weight(data: object, kind: ReportKind, weight: Weight) -> None:
    event = only(data)

    assert (event.kind, event.weight, event.bounce_token) == (kind, weight, TOKEN)


def change(**told: object) -> dict[str, Any]:
    return {
        "RecordType": "SubscriptionChange",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "MessageStream": "broadcast",
        "ChangedAt": "2026-11-24T08:33:54Z",
        "Recipient": "dan@example.org",
        "Origin": "Recipient",
        "SuppressSending": True,
        "SuppressionReason": "ManualSuppression",
        "Metadata": {"bounce": TOKEN},
    } | told


def test_a_reader_who_leaves_by_the_link_of_postmark_leaves() -> None:
    event = only(change())

    assert (event.kind, event.address, event.bounce_token) == (ReportKind.LEAVING, "dan@example.org", TOKEN)
    assert event.key == only(change()).key
    assert event.key != only(change(ChangedAt="2026-11-24T08:33:55Z")).key
    assert len(event.key) <= 64


@pytest.mark.parametrize(
    "data",
    [
        change(SuppressSending=False),
        change(SuppressSending="true"),
        change(Origin="Customer"),
        change(SuppressionReason="HardBounce"),
        bounce("AutoResponder"),
        bounce("Subscribe"),
        bounce("ManuallyDeactivated"),
        bounce("Tomorrow"),
        bounce(ID=None),
        bounce(RecordType="Open"),
        bounce(RecordType="Delivery"),
        bounce(RecordType=["Bounce"]),
        {},
    ],
)
def test_other_records_give_no_event(data: object) -> None:
    assert by_postmark(data).events == ()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic ÄÖ"},
        {"authorization": "Basic !!!!"},
        {"authorization": login()["authorization"].replace("Basic", "Bearer")},
        {"authorization": login()["authorization"] + "="},
        {"Authorization": login()["authorization"]},
        login(password="correct horse "),
        login(password="Correct horse"),
        login(password="correct hors"),
        login(password=""),
        login(user="Postmark"),
        login(user=""),
        {"authorization": "Basic " + base64.b64encode(b"postmark:\xff\xfe").decode()},
        {"authorization": "Basic " + base64.b64encode(b"postmark").decode()},
    ],
)
def test_whoever_does_not_know_the_password_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(HookRefused, match="does not know our password"):
        postmark.verify_and_read(headers, json.dumps(bounce()).encode(), now=NOW, password=POSTMARK_PASSWORD)


def test_without_a_password_nothing_is_taken() -> None:
    with pytest.raises(HookRefused, match="does not know our password"):
        postmark.verify_and_read(login(password=""), json.dumps(bounce()).encode(), now=NOW, password="")


def test_a_password_may_hold_colons_and_letters_of_any_script() -> None:
    headers = login(password="clé:مفتاح")

    reading = postmark.verify_and_read(headers, json.dumps(bounce()).encode(), now=NOW, password="clé:مفتاح")

    assert len(reading.events) == 1
