"""What Mailgun reports, in our own words, once it is signed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from signing import MAILGUN_KEY, NOW, TOKEN, by_mailgun, mailgun_body

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.hooks import HookEvent, HookRefused, mailgun

AT = NOW.timestamp() - 90


def failed(severity: str = "permanent", reason: str = "bounce", **told: object) -> dict[str, Any]:
    return {
        "event": "failed",
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": AT,
        "severity": severity,
        "reason": reason,
        "recipient": "dan@example.org",
        "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": "5.1.1 user unknown"} | told,
        "user-variables": {"bounce": TOKEN},
        "envelope": {"sender": "news@example.org", "targets": "dan@example.org"},
    }


def only(data: object) -> HookEvent:
    (event,) = by_mailgun(data).events
    return event


def test_a_bounce_is_told_in_full() -> None:
    assert only(failed()) == HookEvent(
        key="mailgun:G9Bn5sl1TC6nu79C8C0bwg",
        kind=ReportKind.BOUNCE,
        address="dan@example.org",
        weight=Weight.HARD,
        status="5.1.1",
        diagnostic="5.1.1 user unknown",
        bounce_token=TOKEN,
        at=NOW - timedelta(seconds=90),
    )


LISTED = {"code": 605, "enhanced-code": "", "message": "Not delivering to previously bounced address"}


@pytest.mark.parametrize(
    ("data", "kind", "weight"),
    [
        (failed("temporary"), ReportKind.DELAYED, Weight.SOFT),
        (failed(**{"enhanced-code": "5.7.1", "message": "blocked"}), ReportKind.BOUNCE, Weight.POLICY),
        (failed(reason="espblock"), ReportKind.BOUNCE, Weight.POLICY),
        (failed(reason="blacklisted"), ReportKind.BOUNCE, Weight.POLICY),
        (failed(**{"enhanced-code": "5.2.2", "message": "full"}), ReportKind.BOUNCE, Weight.SOFT),
        (failed(reason="espblock", **{"enhanced-code": "5.2.2"}), ReportKind.BOUNCE, Weight.SOFT),
        (failed(reason="old", **{"enhanced-code": "", "message": "Too old"}), ReportKind.BOUNCE, Weight.SOFT),
        (failed(reason="suppress-bounce", **LISTED), ReportKind.BOUNCE, Weight.SOFT),
        (failed(reason="suppress-bounce"), ReportKind.BOUNCE, Weight.SOFT),
        (failed(reason="suppress-complaint"), ReportKind.COMPLAINT, Weight.SOFT),
        (failed(reason="suppress-unsubscribe"), ReportKind.LEAVING, Weight.SOFT),
        (failed() | {"event": "complained"}, ReportKind.COMPLAINT, Weight.SOFT),
        (failed() | {"event": "unsubscribed"}, ReportKind.LEAVING, Weight.SOFT),
    ],
)
def test_each_event_has_its_kind_and_weight(data: object, kind: ReportKind, weight: Weight) -> None:
    event = only(data)

    assert (event.kind, event.weight, event.bounce_token) == (kind, weight, TOKEN)


@pytest.mark.parametrize(
    "data",
    [
        *(
            {"event": name, "id": "x", "recipient": "dan@example.org"}
            for name in ("delivered", "opened", "rejected", "")
        ),
        failed("unheard of"),
        failed() | {"id": ""},
        None,
        [],
        "text",
        {},
    ],
)
def test_other_events_give_none(data: object) -> None:
    assert by_mailgun(data).events == ()


@pytest.mark.parametrize("name", ["timestamp", "token", "signature"])
@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_changed_signature_is_refused(name: str, place: int) -> None:
    report = json.loads(mailgun_body(failed()))
    written = list(report["signature"][name])
    written[place] = "1" if written[place] != "1" else "2"
    report["signature"][name] = "".join(written)

    with pytest.raises(HookRefused, match="not signed"):
        mailgun.verify_and_read({}, json.dumps(report).encode(), now=NOW, key=MAILGUN_KEY)


@pytest.mark.parametrize("signature", [None, {}, [], "x", {"timestamp": 1, "token": [], "signature": None}])
def test_a_report_without_signature_is_refused(signature: object) -> None:
    report = {**json.loads(mailgun_body(failed())), "signature": signature}

    with pytest.raises(HookRefused, match="not signed"):
        mailgun.verify_and_read({}, json.dumps(report).encode(), now=NOW, key=MAILGUN_KEY)


def test_another_key_and_no_key_are_refused() -> None:
    for key in ("key-of-nobody", ""):
        with pytest.raises(HookRefused, match=r"hooks\.mailgun_key"):
            mailgun.verify_and_read({}, mailgun_body(failed()), now=NOW, key=key)


@pytest.mark.parametrize(("late", "is_fresh"), [(0, True), (900, True), (901, False), (-900, True), (-901, False)])
def test_only_what_was_signed_within_a_quarter_of_an_hour_is_taken(late: int, is_fresh: bool) -> None:
    moment = int(NOW.timestamp()) - late

    if is_fresh:
        assert len(by_mailgun(failed(), moment=moment).events) == 1
    else:
        with pytest.raises(HookRefused, match="too long ago"):
            by_mailgun(failed(), moment=moment)


@pytest.mark.parametrize("moment", ["", "now", "1e9", "-5", "9" * 40])
def test_a_moment_that_is_none_is_refused(moment: str) -> None:
    with pytest.raises(HookRefused):
        by_mailgun(failed(), moment=moment)


def test_a_report_told_twice_has_one_key() -> None:
    assert only(failed()).key == only(failed()).key
