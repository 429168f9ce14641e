"""Whatever a proven provider sends, it is read within limits, and nothing but a refusal comes of nonsense."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing import (
    MAILGUN_KEY,
    NOW,
    POSTMARK_PASSWORD,
    PROVIDERS,
    TOPIC,
    Provider,
    Web,
    by_sendgrid,
    by_ses,
    sendgrid_key,
)

from newsletter.delivery.bounces.report import Weight
from newsletter.delivery.hooks import HookEvent, HookReading, HookRefused, mailgun, postmark, sendgrid, ses
from newsletter.delivery.hooks.read import MAX_BODY

NAMES = [
    *("notificationType", "eventType", "bounce", "complaint", "deliveryDelay", "subscription", "mail", "tags"),
    *("bouncedRecipients", "complainedRecipients", "delayedRecipients", "emailAddress", "feedbackId", "status"),
    *("destination", "newTopicPreferences", "unsubscribeAll", "timestamp", "action", "diagnosticCode", "source"),
    *("event", "id", "severity", "reason", "recipient", "delivery-status", "enhanced-code", "message"),
    *("user-variables", "RecordType", "Type", "ID", "Email", "Details", "BouncedAt", "Metadata", "Recipient"),
    *("Origin", "SuppressSending", "SuppressionReason", "ChangedAt", "MessageID", "email", "sg_event_id", "type"),
]
WORDS = [
    *("Bounce", "Complaint", "DeliveryDelay", "Subscription", "failed", "complained", "unsubscribed", "permanent"),
    *("HardBounce", "SpamComplaint", "SubscriptionChange", "ManualSuppression", "bounce", "blocked", "dropped"),
    *("deferred", "spamreport", "Bounced Address", "5.1.1", "dan@example.org", "2026-11-24T08:00:00Z", "\ud800"),
    *("9999-12-31T23:59:59-23:59", "مفتاح", "\0\r\n", "<dan@example.org>", "b+abc@example.org"),
]
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 1e308, 253402300800])
LEAVES = st.none() | st.booleans() | NUMBERS | st.sampled_from(WORDS) | st.text(max_size=9)
VALUES = st.recursive(
    LEAVES,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), below, max_size=8)
    ),
    max_leaves=25,
)


def written(value: object) -> bytes:
    # Python's own limit on the digits of a number keeps it from writing what it would not read.
    with suppress(ValueError):
        return json.dumps(value).encode()
    return b"[]"


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.name)
def provider(request: pytest.FixtureRequest) -> Provider:
    found = request.param
    assert isinstance(found, Provider)
    return found


def read(provider: Provider, content: bytes) -> HookReading:
    try:
        return provider.read(content)
    except HookRefused:
        return HookReading()


def check(event: HookEvent, name: str) -> None:
    assert event.key.startswith(f"{name}:")
    assert len(event.key) <= 64
    assert len(event.address) <= 254
    assert len(event.diagnostic) <= 1_000
    assert (event.diagnostic + event.address + event.status + event.bounce_token + event.key).isprintable()
    assert event.at.utcoffset() is not None
    assert event.at <= NOW
    assert event.kind == "bounce" or event.weight is Weight.SOFT


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda each: each.name)
@settings(max_examples=250, deadline=None)
@given(value=VALUES | st.lists(VALUES, max_size=3))
def test_no_json_raises_anything_but_a_refusal(provider: Provider, value: object) -> None:
    for event in read(provider, written(value)).events:
        check(event, provider.name)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda each: each.name)
@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200))
def test_no_octets_raise_anything_but_a_refusal(provider: Provider, content: bytes) -> None:
    assert read(provider, content).events == ()


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary(max_size=80) | VALUES.map(written),
    headers=st.dictionaries(
        st.sampled_from(["authorization", sendgrid.SIGNATURE, sendgrid.TIMESTAMP]), st.text(max_size=30), max_size=3
    ),
)
def test_nothing_unproven_is_ever_read(body: bytes, headers: dict[str, str]) -> None:
    for attempt in (
        lambda: ses.verify_and_read(headers, body, now=NOW, topic=TOPIC, fetch=Web()),
        lambda: mailgun.verify_and_read(headers, body, now=NOW, key=MAILGUN_KEY),
        lambda: postmark.verify_and_read(headers, body, now=NOW, password=POSTMARK_PASSWORD),
        lambda: sendgrid.verify_and_read(headers, body, now=NOW, key=sendgrid_key()),
    ):
        with pytest.raises(HookRefused):
            attempt()


NEST = [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 50_000 + b"]" * 50_000, b'{"bounce":' * 400 + b"1" + b"}" * 400]


@pytest.mark.parametrize("content", NEST, ids=range(len(NEST)))
def test_a_nest_without_end_gives_no_event(provider: Provider, content: bytes) -> None:
    assert read(provider, content).events == ()


def test_a_body_of_more_than_a_megabyte_is_refused_unread(provider: Provider) -> None:
    with pytest.raises(HookRefused, match="larger than 1 MB"):
        provider.read(b'"' + b"x" * MAX_BODY + b'"')


@pytest.mark.parametrize("number", [1_000, 1_001])
def test_a_thousand_events_are_read_and_not_one_more(number: int) -> None:
    sent = [{"event": "spamreport", "email": "d@x.org", "sg_event_id": str(each)} for each in range(number)]
    readers = [{"emailAddress": f"r{each}@x.org"} for each in range(number)]
    bounce: dict[str, Any] = {"notificationType": "Bounce", "bounce": {"bouncedRecipients": readers}}

    for send in (lambda: by_sendgrid(sent), lambda: by_ses(bounce)):
        if number == 1_000:
            assert len({event.key for event in send().events}) == 1_000
        else:
            with pytest.raises(HookRefused, match=r"more than 1,000"):
                send()


@pytest.mark.parametrize(
    ("written_", "address"),
    [
        ("dan@example.org", "dan@example.org"),
        ("Dan <dan@example.org>", "dan@example.org"),
        ("<dan@example.org>", "dan@example.org"),
        ("élise@example.org", "élise@example.org"),
        ("dan", ""),
        ("@example.org", ""),
        ("dan@", ""),
        ("a b@example.org", ""),
        ("x" * 300 + "@example.org", ""),
        (["dan@example.org"], ""),
    ],
)
def test_an_address_is_bare_or_none(written_: object, address: str) -> None:
    (event,) = by_sendgrid([{"event": "spamreport", "email": written_, "sg_event_id": "1"}]).events

    assert event.address == address
