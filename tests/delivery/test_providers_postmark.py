"""Postmark: what is posted, and what each recorded answer makes of a message."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provider_cases import MESSAGE, tell
from provider_server import ProviderServer, Said

from newsletter.delivery.transports import PostmarkSettings
from newsletter.delivery.transports.postmark import PostmarkTransport
from newsletter.delivery.transports.postmark_parts import parts_of
from newsletter.errors import TransportError
from newsletter.model import DeliveryState, Envelope, Outcome


def error(code: int, message: str, status: int = 422) -> Said:
    return Said(status, body=json.dumps({"ErrorCode": code, "Message": message}).encode())


def test_the_message_is_told_in_parts() -> None:
    told = tell("postmark")

    (post,) = told.posts
    said = json.loads(post.body)
    headers = {each["Name"]: each["Value"] for each in said.pop("Headers")}
    assert (post.path, post.fields["X-Postmark-Server-Token"]) == ("/email", "secret")
    assert said == {
        "From": '"Häfen, Post" <news@example.org>',
        "To": "ada@example.org",
        "Subject": "Marées",
        "TextBody": "Marées\r\nDKIM-Signature: is a word here",
        "HtmlBody": "<p>Marées</p>",
        "MessageStream": "broadcast",
        "TrackOpens": False,
        "TrackLinks": "None",
        "Metadata": {"bounce": "ah5Tokens_of-Ours"},
    }
    assert headers == {
        "Message-ID": "<e1.s1@example.org>",
        "X-PM-KeepID": "true",
        "List-Unsubscribe": "<https://news.example.org/u/t>, <mailto:unsub+t@example.org?subject=unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-ID": "Post <post.news.example.org>",
        "X-Article-UID": "tag:example.org,2026:1",
        "Feedback-ID": "1:post:single:post",
        "Content-Language": "fr",
    }


def test_a_notice_without_return_address_carries_no_token() -> None:
    told = tell("postmark", sender="")

    assert "Metadata" not in json.loads(told.posts[0].body)


def test_pictures_and_files_travel_as_attachments() -> None:
    message = (
        b"From: news@example.org\r\nReply-To: Ada <ada@example.org>\r\nContent-Type: multipart/related; boundary=b\r\n"
        b"\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src='cid:sea'>\r\n--b\r\nContent-Type: image/png\r\n"
        b"Content-ID: <sea>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--b\r\nContent-Type: text/plain\r\n"
        b'Content-Disposition: attachment; filename="tides.txt"\r\n\r\nhigh\r\n--b--\r\n'
    )

    said = parts_of(message, recipient="ben@example.org")

    assert (said["HtmlBody"], said["ReplyTo"]) == ("<img src='cid:sea'>", '"Ada" <ada@example.org>')
    assert "TextBody" not in said
    assert said["Attachments"] == [
        {"Name": "part", "Content": "iVBORw==", "ContentType": "image/png", "ContentID": "cid:sea"},
        {"Name": "tides.txt", "Content": base64.b64encode(b"high").decode(), "ContentType": "text/plain"},
    ]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"From:", b"Subject:", b"=?utf-8?b?", b"?=", b"<", b'"', b"\xff", b"\r\n", b" "])
        | st.binary(max_size=12),
        max_size=30,
    ).map(b"".join)
)
def test_whatever_the_message_it_becomes_json(message: bytes) -> None:
    said = parts_of(message, recipient="ada@example.org")

    assert json.loads(json.dumps(said).encode()) == said


@pytest.mark.parametrize("key", ["secret\r\nX-Evil: yes", "clé"])
def test_a_key_that_cannot_be_one_stops_before_anything_leaves(key: str) -> None:
    opened: list[bool] = []
    with ProviderServer() as server:
        server_settings = PostmarkSettings(token=key, host="127.0.0.1", port=server.port, insecure=True)
        with PostmarkTransport(server_settings) as transport, pytest.raises(TransportError) as told:
            transport.deliver(
                Envelope(sender="", recipient="ada@example.org"), MESSAGE, opened=lambda: opened.append(True)
            )

    assert (told.value.permanent, opened, server.posts) == (True, [], [])
    assert "Nothing was sent" in str(told.value)
    assert key not in str(told.value)


def test_an_id_is_an_acceptance() -> None:
    receipt = tell("postmark").given

    assert (receipt.outcome, receipt.reply) == (Outcome.ACCEPTED, "postmark (127.0.0.1): 0a129aee-e1cd-480d")


def test_an_id_with_an_error_beside_it_leaves_the_message_in_doubt() -> None:
    told = tell("postmark", Said(body=b'{"ErrorCode":406,"Message":"inactive","MessageID":"0a129aee"}'))

    assert told.given.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        error(0, "Rate limit exceeded", 429),
        Said(429, body=b""),
        error(100, "Maintenance. The Postmark API is offline for maintenance.", 503),
    ],
)
def test_being_asked_to_wait_defers_and_blames_nobody(said: Said) -> None:
    told = tell("postmark", said)

    assert (told.given.outcome, told.given.code) == (Outcome.DEFERRED, 452)
    assert (told.decision.state, told.decision.counts) == (DeliveryState.DEFERRED, False)


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        (error(10, "No Account or Server API tokens were supplied in the HTTP headers.", 401), "postmark.password"),
        (Said(403, body=b"<html>"), "postmark.password"),
        (error(400, "The 'From' address you supplied (news@example.org) is not a Sender Signature"), "email.sender"),
        (error(401, "The Sender Signature is not confirmed."), "email.sender"),
        (error(300, "Invalid 'From' address: 'news@@example.org'."), "email.sender"),
        (error(405, "Not allowed to send. Your account has run out of credits."), "ask Postmark"),
        (error(412, "While your account is pending approval, all recipient addresses must share"), "ask Postmark"),
        (error(413, "This account is not allowed to send."), "ask Postmark"),
        (error(1235, "The message stream 'broadcast' provided does not exist on this server."), "postmark.stream"),
    ],
)
def test_what_only_a_person_can_mend_stops_the_transport(said: Said, todo: str) -> None:
    told = tell("postmark", said)

    assert told.raised.permanent
    assert todo in str(told.raised)
    assert "@" not in str(told.raised)


INACTIVE = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: ada@example.org. "
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression."
)


@pytest.mark.parametrize(
    ("said", "bounced"),
    [
        (error(406, INACTIVE), False),
        (error(406, "ada@example.org is inactive: it generated a spam complaint."), False),
        (error(406, "ada@example.org is inactive: it generated a hard bounce."), True),
        (error(300, "Error parsing 'To': Illegal email address 'ada@example..org'. It must not contain '..'."), False),
        (error(300, "Zero recipients specified"), False),
    ],
)
def test_a_refused_address_is_a_bounce_only_where_that_is_plainly_said(said: Said, bounced: bool) -> None:
    told = tell("postmark", said)

    assert (told.given.outcome, told.given.of_reader) == (Outcome.REFUSED, True)
    assert (told.decision.state, told.decision.bounced) == (DeliveryState.FAILED, bounced)


@pytest.mark.parametrize(
    "said",
    [
        error(300, "Provide either email TextBody or HtmlBody or both."),
        error(402, "Received invalid JSON input."),
        error(411, "Attachment type is not allowed."),
        error(0, "Payload Too Large", 413),
    ],
)
def test_a_refused_message_pauses_the_edition_instead_of_failing_its_readers(said: Said) -> None:
    told = tell("postmark", said)

    assert (told.given.outcome, told.given.of_reader) == (Outcome.REFUSED, False)
    assert told.decision.pause is not None


def test_a_refusal_nobody_knows_fails_one_delivery_and_counts() -> None:
    told = tell("postmark", error(9999, "No."))

    assert (told.decision.state, told.decision.counts) == (DeliveryState.FAILED, True)
