"""Providers' hooks: what is proven counts once, what is not changes nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from real_newsroom import TIDES, Desk

from newsletter.hooks_desk import HookAnswer, HooksDesk
from newsletter.model import Subscriber, SubscriberState
from newsletter.store.tables import bounces, suppressions
from newsletter.subscribers import bounce_token, find

KEY = "a key that Mailgun shows"
CONFIGURED = f'[hooks]\nmailgun_key = "{KEY}"\npostmark_password = "quay"\n[topics.harbour]'


@pytest.fixture
def hooked(either_desk: Desk) -> Desk:
    (either_desk.folder / "config.toml").chmod(0o600)
    either_desk.configure("[topics.harbour]", CONFIGURED)
    return either_desk


def hooks(desk: Desk) -> HooksDesk:
    return desk.newsroom.hooks_desk(desk.newsroom.returns_desk())


def mailgun(desk: Desk, *events: dict[str, object], key: str = KEY) -> list[HookAnswer]:
    """Have Mailgun report events, one by one, each signed at this hour."""
    return [hooks(desk).take("mailgun", {}, signed(desk, event, key)) for event in events]


def signed(desk: Desk, event: dict[str, object], key: str = KEY) -> bytes:
    moment, token = str(int(desk.now.timestamp())), hashlib.sha256(repr(event).encode()).hexdigest()[:50]
    proof = hmac.new(key.encode(), f"{moment}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": moment, "token": token, "signature": proof}
    return json.dumps({"signature": signature, "event-data": event}).encode()


def failed(address: str, *, number: int = 1, sender: str = "", code: int = 550, words: str = "5.1.1 No such user"):
    return {
        "event": "failed",
        "id": f"event-{number}",
        "timestamp": 1795597200.5,
        "severity": "permanent",
        "reason": "bounce",
        "recipient": address,
        "envelope": {"sender": sender, "targets": address},
        "delivery-status": {"code": code, "message": words, "enhanced-code": words.split()[0]},
        "message": {"headers": {"message-id": "x@example.org"}},
    }


def mailed(desk: Desk) -> Subscriber:
    ada = desk.add()
    desk.mail(desk.write("articles/tides.md", TIDES))
    return ada


def state(desk: Desk) -> SubscriberState:
    reader = find(desk.store, "ada@example.org")
    assert reader is not None
    return reader.state


def test_only_configured_hooks_are_open(desk: Desk) -> None:
    assert hooks(desk).providers == ()
    assert hooks(desk).take("mailgun", {}, b"{}").status == 404


def test_a_proven_bounce_ends_mail_to_its_address(hooked: Desk) -> None:
    mailed(hooked)

    (answer,) = mailgun(hooked, failed("Ada@Example.org"))

    assert (answer.status, answer.events) == (200, 1)
    assert state(hooked) is SubscriberState.BOUNCED
    assert hooked.rows(suppressions)[0]["source"] == "bounce by mailgun 5.1.1"


def test_an_event_told_twice_counts_once(hooked: Desk) -> None:
    mailed(hooked)

    answers = mailgun(hooked, failed("ada@example.org"), failed("ada@example.org"))

    assert [answer.events for answer in answers] == [1, 0]
    assert hooked.count(bounces) == 1


def test_a_report_that_nobody_signed_changes_nothing(hooked: Desk) -> None:
    mailed(hooked)

    (forged,) = mailgun(hooked, failed("ada@example.org"), key="another key")

    assert forged.status == 403
    assert state(hooked) is SubscriberState.ACTIVE
    assert hooked.count(bounces) == 0


def test_an_old_report_is_refused_even_with_its_signature(hooked: Desk) -> None:
    mailed(hooked)
    body = signed(hooked, failed("ada@example.org"))

    hooked.pass_time(hours=1)

    assert hooks(hooked).take("mailgun", {}, body).status == 403
    assert state(hooked) is SubscriberState.ACTIVE


def test_the_envelope_says_which_edition_it_was(hooked: Desk) -> None:
    ada = mailed(hooked)
    with hooked.store.reading() as connection:
        from newsletter.store.editions import list_editions

        edition = list_editions(connection)[0].id
    token = bounce_token(hooked.newsroom.keys, edition, ada.id)

    mailgun(hooked, failed("ada@example.org", sender=f"b+{token}@example.org"))

    assert hooked.rows(bounces)[0]["edition_id"] == edition


def test_a_policy_that_a_provider_reports_harms_nobody(hooked: Desk) -> None:
    mailed(hooked)

    mailgun(hooked, failed("ada@example.org", words="5.7.26 Unauthenticated mail is refused"))

    assert state(hooked) is SubscriberState.ACTIVE
    assert hooked.rows(bounces)[0]["weight"] == "policy"


def test_a_stranger_s_address_is_written_down_and_changes_nothing(hooked: Desk) -> None:
    mailed(hooked)

    (answer,) = mailgun(hooked, failed("stranger@example.net"))

    assert (answer.status, answer.events) == (200, 1)
    assert hooked.rows(bounces)[0]["outcome"] == "unproven"
    assert "stranger" not in str(hooked.rows(bounces))
    assert hooked.count(suppressions) == 0


def test_a_complaint_by_a_provider_ends_mail_for_good(hooked: Desk) -> None:
    mailed(hooked)
    authorization = "Basic " + base64.b64encode(b"postmark:quay").decode()
    body = json.dumps({"RecordType": "SpamComplaint", "ID": 7, "Email": "ada@example.org", "Type": "SpamComplaint"})

    answer = hooks(hooked).take("postmark", {"authorization": authorization}, body.encode())

    assert answer.status == 200
    assert state(hooked) is SubscriberState.COMPLAINED


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic cG9zdG1hcms6d3Jvbmc=", "Bearer quay", "Basic \xff"])
def test_a_wrong_password_is_refused(hooked: Desk, authorization: str) -> None:
    answer = hooks(hooked).take("postmark", {"authorization": authorization}, b'{"RecordType": "Bounce"}')

    assert answer.status == 403
