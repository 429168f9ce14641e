"""Amazon's envelope: only what Amazon signed, for our topic, just now, is opened."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from signing import CERTIFICATE_URL, CONFIRM_URL, NOW, TOPIC, Web, by_ses, certificate, envelope

from newsletter.delivery.hooks import HookRefused, HookUndecided, ses
from newsletter.delivery.hooks.sns import KeptCertificates

BOUNCE = {
    "notificationType": "Bounce",
    "mail": {"messageId": "m"},
    "bounce": {"feedbackId": "f", "bouncedRecipients": [{"emailAddress": "dan@example.org"}]},
}


def opened(told: dict[str, object], web: Web | None = None, topic: str = TOPIC) -> object:
    return ses.verify_and_read({}, json.dumps(told).encode(), now=NOW, topic=topic, fetch=web or Web())


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Amazon SES", "", None, "Zustellung für Häfen\nund mehr"])
def test_a_signed_notification_is_read(version: str, subject: str | None) -> None:
    reading = by_ses(BOUNCE, version=version, Subject=subject)

    assert [event.address for event in reading.events] == ["dan@example.org"]


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "Type", "Signature"])
@pytest.mark.parametrize("version", ["1", "2"])
def test_a_changed_field_is_refused(name: str, version: str) -> None:
    told = envelope(BOUNCE, version)
    told[name] = {
        "Timestamp": "2026-11-24T08:59:58.124Z",
        "Type": "UnsubscribeConfirmation",
        "Signature": told["Signature"][:40] + ("A" if told["Signature"][40] != "A" else "B") + told["Signature"][41:],
    }.get(name, told[name].replace(told[name][5], "~", 1))

    with pytest.raises(HookRefused):
        opened(told)


def test_a_subject_that_is_added_or_taken_away_is_refused() -> None:
    without = envelope(BOUNCE, Subject=None)
    told = envelope(BOUNCE)
    told.pop("Subject")

    for altered in (told, {**without, "Subject": "Hello"}):
        with pytest.raises(HookRefused, match="not signed by Amazon"):
            opened(altered)


@pytest.mark.parametrize(
    "name", ["Message", "MessageId", "Timestamp", "TopicArn", "Type", "Signature", "SigningCertURL"]
)
@pytest.mark.parametrize("value", [None, "", 7, [], {}, "\ud800", "\0", "x" * 5_000])
def test_a_field_that_is_missing_or_strange_is_refused(name: str, value: object) -> None:
    told = {each: found for each, found in {**envelope(BOUNCE), name: value}.items() if found is not None}

    with pytest.raises(HookRefused):
        opened(told)


@pytest.mark.parametrize("version", ["0", "3", "", "01", "1 ", "²"])
def test_an_unknown_way_of_signing_is_refused(version: str) -> None:
    with pytest.raises(HookRefused, match="unknown way"):
        opened({**envelope(BOUNCE), "SignatureVersion": version})


def test_a_signature_of_one_way_does_not_hold_for_the_other() -> None:
    with pytest.raises(HookRefused, match="not signed by Amazon"):
        opened({**envelope(BOUNCE, "1"), "SignatureVersion": "2"})


@pytest.mark.parametrize("topic", [TOPIC.upper(), TOPIC + "2", TOPIC[:-1], TOPIC + "\n", TOPIC.replace("12", "21")])
def test_the_topic_of_another_is_refused_before_anything_is_fetched(topic: str) -> None:
    web = Web()

    with pytest.raises(HookRefused, match="another topic"):
        by_ses(BOUNCE, web=web, TopicArn=topic)

    assert web.asked == []


def test_without_a_topic_nothing_is_taken() -> None:
    with pytest.raises(HookRefused, match="another topic"):
        opened(envelope(BOUNCE, TopicArn=""), topic="")


@pytest.mark.parametrize(
    ("moment", "is_fresh"),
    [
        ("2026-11-24T08:00:00.000Z", True),
        ("2026-11-24T07:59:59.999Z", False),
        ("2026-11-24T09:15:00.000Z", True),
        ("2026-11-24T09:15:00.001Z", False),
        ("2026-11-24T10:30:00.000+02:00", True),
        ("2026-11-24T08:59:58.123", False),
        ("2026-11-24", False),
        ("1795510800", True),
        ("9" * 30, False),
        ("٣٤", False),
        ("0001-01-01T00:00:00+23:59", False),
        ("now", False),
    ],
)
def test_only_what_was_signed_just_now_is_taken(moment: str, is_fresh: bool) -> None:
    if is_fresh:
        assert len(by_ses(BOUNCE, Timestamp=moment).events) == 1
    else:
        with pytest.raises(HookRefused, match="signed"):
            by_ses(BOUNCE, Timestamp=moment)


FOREIGN = [
    "http://sns.eu-west-1.amazonaws.com/a.pem",
    "HTTPS://sns.eu-west-1.amazonaws.com/a.pem",
    "https://SNS.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
    "https://sns.eu-west-1.amazonaws.com.cn.evil.example/a.pem",
    "https://sns.eu-west-1.amazonaws.comevil.example/a.pem",
    "https://sns.eu-west-1.amazonaws.evil.com/a.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
    "https://evil.example/https://sns.eu-west-1.amazonaws.com/a.pem",
    "https://evil.example#https://sns.eu-west-1.amazonaws.com/a.pem",
    "https://evil.example?https://sns.eu-west-1.amazonaws.com/a.pem",
    "https://evil.example\\@sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/a.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
    "https://sns.eu-west-1.amazonaws.com:443@evil.example/a.pem",
    "https://evil@sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
    "https://sns.eu-west-1.amazonaws.com:/a.pem",
    "https://sns.eu-west-1.amazonaws.com./a.pem",
    "https://sns..amazonaws.com/a.pem",
    "https://sns.amazonaws.com/a.pem",
    "https://sns.a.b.amazonaws.com/a.pem",
    "https://xsns.eu-west-1.amazonaws.com/a.pem",
    "https://s3.eu-west-1.amazonaws.com/sns/a.pem",
    "https://sns.eu-west-1.amazonaws.com.cnn/a.pem",
    "https://sns.eu-wést-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1。amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com/a.pem?x=1",
    "https://sns.eu-west-1.amazonaws.com/a.pem#x",
    "https://sns.eu-west-1.amazonaws.com/a.pem\n",
    "https://sns.eu-west-1.amazonaws.com/a.pem%00",
    "https://sns.eu-west-1.amazonaws.com/../a.pem",
    "https://sns.eu-west-1.amazonaws.com//evil.example/a.pem",
    "https://sns.eu-west-1.amazonaws.com/?Action=a.pem",
    "https://sns.eu-west-1.amazonaws.com/a.crt",
    "https://sns.eu-west-1.amazonaws.com/.pem",
    " https://sns.eu-west-1.amazonaws.com/a.pem",
    "https:///sns.eu-west-1.amazonaws.com/a.pem",
    "//sns.eu-west-1.amazonaws.com/a.pem",
    "file:///etc/ssl/a.pem",
    "https://127.0.0.1/a.pem",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_a_certificate_elsewhere_is_not_even_fetched(url: str) -> None:
    web = Web()

    with pytest.raises(HookRefused, match="somewhere else"):
        by_ses(BOUNCE, web=web, SigningCertURL=url)

    assert web.asked == []


@pytest.mark.parametrize("host", ["sns.us-gov-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"])
def test_a_certificate_of_any_region_of_amazon_counts(host: str) -> None:
    web = Web()

    by_ses(BOUNCE, web=web, SigningCertURL=f"https://{host}/SimpleNotificationService-0a.pem")

    assert web.asked == [f"https://{host}/SimpleNotificationService-0a.pem"]


@pytest.mark.parametrize(
    "written",
    [
        certificate(timedelta(days=-9), timedelta(seconds=-1)),
        certificate(timedelta(seconds=1), timedelta(days=9)),
        certificate(kind="ec"),
        b"",
        b"<html>Not found</html>",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        certificate()[:500],
        b"\n" * 100_000 + certificate(),
    ],
)
def test_a_certificate_that_is_none_or_not_valid_now_is_refused(written: bytes) -> None:
    with pytest.raises(HookRefused):
        by_ses(BOUNCE, web=Web(written))


def test_a_certificate_that_cannot_be_had_now_leaves_the_report_undecided() -> None:
    with pytest.raises(HookUndecided, match="sent again"):
        by_ses(BOUNCE, web=Web(ConnectionRefusedError("no")))


def test_a_kept_certificate_is_fetched_once() -> None:
    web = Web()
    kept = KeptCertificates(web)

    for _ in range(3):
        opened(envelope(BOUNCE), kept)

    assert web.asked == [CERTIFICATE_URL]


def test_only_certificates_are_kept_and_only_a_few() -> None:
    web = Web(b"<html>")
    kept = KeptCertificates(web)
    kept("https://a")
    web.answer = certificate()

    assert kept("https://a") == certificate()
    for number in range(8):
        kept(f"https://{number}")
    kept("https://a")
    assert web.asked.count("https://a") == 3


def test_a_confirmation_says_what_to_fetch_and_reports_nothing() -> None:
    reading = by_ses("You have chosen to subscribe", Type="SubscriptionConfirmation")

    assert (reading.events, reading.confirm_url) == ((), CONFIRM_URL)


@pytest.mark.parametrize(
    "url",
    [
        *(url.replace("a.pem", "?Action=ConfirmSubscription&Token=1") for url in FOREIGN[:27]),
        "https://sns.eu-west-1.amazonaws.com/",
        "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&Token=1",
        "https://sns.eu-west-1.amazonaws.com/?Token=1&Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1\r\nHost: evil.example",
        "https://sns.eu-west-1.amazonaws.com/x?Action=ConfirmSubscription&Token=1",
        "",
    ],
)
def test_a_confirmation_that_leads_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(HookRefused, match="confirmed somewhere else"):
        by_ses("hello", Type="SubscriptionConfirmation", SubscribeURL=url)


def test_a_confirmation_whose_address_was_changed_is_refused() -> None:
    told = envelope("hello", Type="SubscriptionConfirmation")

    with pytest.raises(HookRefused, match="not signed by Amazon"):
        opened({**told, "SubscribeURL": CONFIRM_URL + "1"})


def test_a_farewell_asks_for_nothing() -> None:
    reading = by_ses("You have chosen to leave", Type="UnsubscribeConfirmation")

    assert (reading.events, reading.confirm_url) == ((), "")
