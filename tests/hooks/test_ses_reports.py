"""What Amazon SES reports, in both of its shapes, in our own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from signing import NOW, TOKEN, by_ses

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.hooks import HookEvent

FEEDBACK = "01000137860315fd-3a4f0b4a-6d84-4e2b-8f7a-6e0a4c1d7a3b-000000"
MAIL: dict[str, Any] = {
    "timestamp": "2026-11-24T08:00:00.000Z",
    "source": f"b+{TOKEN}@example.org",
    "messageId": "0102018f-ses",
    "destination": ["dan@example.org"],
}


def bounce(kind: str = "Permanent", sort: str = "General", shape: str = "notificationType", **reader: str) -> Any:
    told = {"emailAddress": "dan@example.org", "action": "failed", "status": "5.1.1"} | reader
    return {
        shape: "Bounce",
        "mail": MAIL,
        "bounce": {
            "bounceType": kind,
            "bounceSubType": sort,
            "bouncedRecipients": [told],
            "timestamp": "2026-11-24T08:30:00.000Z",
            "feedbackId": FEEDBACK,
            "reportingMTA": "dsn; a8-70.smtp-out.amazonses.com",
        },
    }


def only(message: object) -> HookEvent:
    (event,) = by_ses(message).events
    return event


@pytest.mark.parametrize("shape", ["notificationType", "eventType"])
def test_a_bounce_is_told_in_full(shape: str) -> None:
    event = only(bounce(shape=shape, diagnosticCode="smtp; 550 5.1.1 user unknown"))

    assert event == HookEvent(
        key=f"ses:{FEEDBACK}",
        kind=ReportKind.BOUNCE,
        address="dan@example.org",
        weight=Weight.HARD,
        status="5.1.1",
        diagnostic="smtp; 550 5.1.1 user unknown",
        bounce_token=TOKEN,
        at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("message", "weight"),
    [
        (bounce(status="5.1.1"), Weight.HARD),
        (bounce(status="5.7.1", diagnosticCode="smtp; 550 5.7.1 blocked"), Weight.POLICY),
        (bounce(status="5.0.0", diagnosticCode="smtp; 550 message looks like spam"), Weight.POLICY),
        (bounce(status=""), Weight.SOFT),
        (bounce("Permanent", "Suppressed", status="5.1.1"), Weight.HARD),
        (bounce("Permanent", "OnAccountSuppressionList", status="5.1.1"), Weight.SOFT),
        (bounce("Permanent", "ContentRejected", status="5.1.1"), Weight.POLICY),
        (bounce("Transient", "ContentRejected", status=""), Weight.POLICY),
        (bounce("Transient", "MailboxFull", status="5.2.2"), Weight.SOFT),
        (bounce("Transient", "General", status="5.1.1"), Weight.SOFT),
        (bounce("Undetermined", "Undetermined", status="5.1.1"), Weight.SOFT),
    ],
)
def test_only_a_dead_mailbox_weighs_hard(message: Any, weight: Weight) -> None:
    event = only(message)

    assert (event.kind, event.weight) == (ReportKind.BOUNCE, weight)


def test_a_delay_is_no_bounce() -> None:
    delay = {
        "eventType": "DeliveryDelay",
        "mail": MAIL,
        "deliveryDelay": {
            "timestamp": "2026-11-24T08:30:00.000Z",
            "delayType": "TransientCommunicationFailure",
            "delayedRecipients": [{"emailAddress": "dan@example.org", "status": "4.4.1", "diagnosticCode": "timeout"}],
        },
    }

    for message in (delay, bounce(action="delayed")):
        event = only(message)
        assert (event.kind, event.weight) == (ReportKind.DELAYED, Weight.SOFT)


@pytest.mark.parametrize("shape", ["notificationType", "eventType"])
def test_a_complaint_is_told(shape: str) -> None:
    complaint = {"complainedRecipients": [{"emailAddress": "dan@example.org"}], "feedbackId": "f", "timestamp": "x"}

    event = only({shape: "Complaint", "mail": MAIL, "complaint": complaint})

    assert (event.kind, event.key, event.address, event.at) == (ReportKind.COMPLAINT, "ses:f", "dan@example.org", NOW)


def test_a_reader_who_says_it_is_no_spam_does_not_complain() -> None:
    complaint = {
        "complainedRecipients": [{"emailAddress": "dan@example.org"}],
        "feedbackId": "f",
        "complaintFeedbackType": "not-spam",
    }

    assert by_ses({"eventType": "Complaint", "mail": MAIL, "complaint": complaint}).events == ()


@pytest.mark.parametrize(("leaves", "number"), [(True, 1), (False, 0), ("true", 0)])
def test_a_reader_who_leaves_by_the_button_of_amazon_leaves(leaves: object, number: int) -> None:
    change = {"timestamp": "2026-11-24T08:30:00Z", "newTopicPreferences": {"unsubscribeAll": leaves}}

    events = by_ses({"eventType": "Subscription", "mail": MAIL, "subscription": change}).events

    assert [(each.kind, each.address) for each in events] == [(ReportKind.LEAVING, "dan@example.org")] * number


def test_the_token_is_found_in_the_tags_too() -> None:
    mail = MAIL | {"source": "news@example.org", "tags": {"bounce": [TOKEN], "ses:source-ip": ["192.0.2.1"]}}

    assert only(bounce() | {"mail": mail}).bounce_token == TOKEN
    assert only(bounce() | {"mail": MAIL | {"source": "news@example.org"}}).bounce_token == ""


def test_one_bounce_in_both_shapes_and_told_twice_has_one_key() -> None:
    keys = {only(bounce(shape=shape)).key for shape in ("notificationType", "eventType", "eventType")}

    assert keys == {f"ses:{FEEDBACK}"}


def test_two_readers_of_one_bounce_have_two_keys() -> None:
    message = bounce()
    message["bounce"]["bouncedRecipients"].append({"emailAddress": "cleo@example.org"})

    keys = [event.key for event in by_ses(message).events]

    assert len(set(keys)) == 2
    assert all(len(key) <= 64 for key in keys)


@pytest.mark.parametrize("kind", ["Send", "Delivery", "Open", "Click", "Reject", "Rendering Failure", "", "bounce"])
def test_other_kinds_give_no_event(kind: str) -> None:
    assert by_ses(bounce() | {"notificationType": kind}).events == ()


def test_words_of_amazon_that_are_no_report_give_no_event() -> None:
    assert by_ses("Successfully validated SNS topic for Amazon SES event publishing.").events == ()


def test_a_moment_in_the_future_is_now() -> None:
    message = bounce()
    message["bounce"]["timestamp"] = "2031-01-01T00:00:00Z"

    assert only(message).at == NOW
