"""Amazon SES: what is posted, and what each recorded answer makes of a message."""

from __future__ import annotations

import base64
import json

import pytest
from provider_cases import SENDER, UNSIGNED, tell
from provider_server import Said

from newsletter.delivery.transports.ses import host_of
from newsletter.model import DeliveryState, Outcome


def error(kind: str, message: str, status: int = 400) -> Said:
    fields = {"x-amzn-errortype": kind, "x-amzn-RequestId": "r"}
    return Said(status, body=json.dumps({"message": message}).encode(), fields=fields)


def test_the_message_goes_to_the_reader_alone_without_our_signatures() -> None:
    told = tell("ses")

    (post,) = told.posts
    said = json.loads(post.body)
    assert post.path == "/v2/email/outbound-emails"
    assert base64.b64decode(said["Content"]["Raw"]["Data"]) == UNSIGNED
    assert said["Destination"] == {"ToAddresses": ["ada@example.org"]}
    assert said["FeedbackForwardingEmailAddress"] == SENDER
    assert said["EmailTags"] == [{"Name": "bounce", "Value": "ah5Tokens_of-Ours"}]


def test_a_notice_without_return_address_names_none() -> None:
    told = tell("ses", sender="")

    assert set(json.loads(told.posts[0].body)) == {"Destination", "Content"}


def test_the_request_is_signed_for_the_region_and_its_moment() -> None:
    told = tell("ses")

    fields = told.posts[0].fields
    assert fields["X-Amz-Date"] == "20261124T090000Z"
    assert fields["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-west-1/ses/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, Signature="
    )


def test_each_region_has_its_host() -> None:
    assert host_of("eu-west-1") == "email.eu-west-1.amazonaws.com"
    assert host_of("cn-north-1") == "email.cn-north-1.amazonaws.com.cn"


def test_an_id_is_an_acceptance() -> None:
    receipt = tell("ses").given

    assert (receipt.outcome, receipt.reply) == (Outcome.ACCEPTED, "ses (127.0.0.1): 0102018f-ses")


@pytest.mark.parametrize(
    "said",
    [
        error("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
        error("TooManyRequestsException:http://internal.amazon.com/coral/com.amazonaws.sesv2/", "Slow down", 400),
        error("LimitExceededException", "Daily message quota exceeded."),
        error("ThrottlingException", "Rate exceeded"),
        error("ServiceUnavailableException", "Service is unavailable", 503),
        Said(400, body=b'{"__type":"com.amazonaws.sesv2#LimitExceededException","message":"quota"}'),
        Said(429, body=b""),
    ],
)
def test_being_asked_to_wait_defers_and_blames_nobody(said: Said) -> None:
    told = tell("ses", said)

    assert (told.given.outcome, told.given.code) == (Outcome.DEFERRED, 452)
    assert (told.decision.state, told.decision.counts) == (DeliveryState.DEFERRED, False)


NEWS = "Email address is not verified. The following identities failed the check in region EU-WEST-1: news@example.org"


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        (error("UnrecognizedClientException", "The security token included in the request is invalid", 403), "user"),
        (error("InvalidSignatureException", "The request signature we calculated does not match", 403), "password"),
        (error("InvalidSignatureException", "Signature expired: 20261124T090000Z is now earlier than", 403), "clock"),
        (error("AccessDeniedException", "User is not authorized to perform: ses:SendRawEmail", 403), "ses:SendEmail"),
        (error("IncompleteSignature", "Date must be in ISO-8601 basic format", 400), "transports.ses.user"),
        (error("AccountSuspendedException", "Account is suspended"), "ask Amazon"),
        (error("SendingPausedException", "Sending paused"), "ask Amazon"),
        (error("MailFromDomainNotVerifiedException", "MAIL FROM domain is not verified"), "email.bounce_domain"),
        (error("MessageRejected", NEWS), "email.sender"),
        (error("NotFoundException", "Configuration set <news> does not exist.", 404), "configuration set"),
        (Said(403, body=b"<html>Forbidden</html>"), "transports.ses.password"),
        (Said(401), "transports.ses.password"),
    ],
)
def test_what_only_a_person_can_mend_stops_the_transport(said: Said, todo: str) -> None:
    told = tell("ses", said)

    assert told.raised.permanent
    assert todo in str(told.raised)
    assert "@" not in str(told.raised)


@pytest.mark.parametrize(
    "said",
    [
        error("MessageRejected", "Address blacklisted."),
        error("BadRequestException", "Local address contains control or whitespace"),
        error("BadRequestException", "Missing final '@domain'"),
        error("BadRequestException", "Domain contains dot-dot"),
        error("BadRequestException", "Illegal address"),
    ],
)
def test_a_refused_address_fails_that_delivery_and_is_no_bounce(said: Said) -> None:
    told = tell("ses", said)

    assert (told.given.outcome, told.given.of_reader) == (Outcome.REFUSED, True)
    assert (told.decision.state, told.decision.bounced, told.decision.pause) == (DeliveryState.FAILED, False, None)


@pytest.mark.parametrize(
    "said",
    [
        error("MessageRejected", "Transaction failed: Duplicate header 'Subject'."),
        error("BadRequestException", "Missing required header 'From'."),
        error("BadRequestException", "Message length is more than 41943040 bytes long: '50000000'."),
        Said(413, body=b"<html>Request Entity Too Large</html>"),
    ],
)
def test_a_refused_message_pauses_the_edition_instead_of_failing_its_readers(said: Said) -> None:
    told = tell("ses", said)

    assert (told.given.outcome, told.given.of_reader) == (Outcome.REFUSED, False)
    assert told.decision.pause is not None


def test_a_refusal_nobody_knows_fails_one_delivery_and_counts() -> None:
    told = tell("ses", error("SomethingNewException", "No."))

    assert (told.decision.state, told.decision.counts) == (DeliveryState.FAILED, True)
