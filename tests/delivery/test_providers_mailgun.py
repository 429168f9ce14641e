"""Mailgun: what is posted, and what each recorded answer makes of a message."""

from __future__ import annotations

import json

import pytest
from provider_cases import UNSIGNED, tell
from provider_server import Said, form_in

from newsletter.model import DeliveryState, Outcome


def error(message: str, status: int = 400) -> Said:
    return Said(status, body=json.dumps({"message": message}).encode())


def test_the_message_goes_to_the_reader_alone_without_our_signatures() -> None:
    told = tell("mailgun")

    (post,) = told.posts
    assert post.path == "/v3/mg.example.org/messages.mime"
    assert post.fields["Authorization"] == "Basic YXBpOnNlY3JldA=="
    assert form_in(post) == {
        "to": b"ada@example.org",
        "message": UNSIGNED,
        "o:tracking": b"no",
        "o:tracking-opens": b"no",
        "o:tracking-clicks": b"no",
        "v:bounce": b"ah5Tokens_of-Ours",
    }


def test_a_notice_without_return_address_carries_no_token() -> None:
    told = tell("mailgun", sender="")

    assert "v:bounce" not in form_in(told.posts[0])


def test_an_id_is_an_acceptance() -> None:
    receipt = tell("mailgun").given

    assert receipt.outcome is Outcome.ACCEPTED
    assert receipt.reply == "mailgun (127.0.0.1): <20261124.1@mg.example.org>"


@pytest.mark.parametrize(
    "said",
    [
        error("Too Many Requests", 429),
        Said(429, body=b"<html>"),
        error(
            "Domain mg.example.org is not allowed to send: recipient limit exceeded, try again after 60 minutes", 420
        ),
        error(
            "Domain mg.example.org is not allowed to send: recipient limit exceeded, try again after 60 minutes", 400
        ),
    ],
)
def test_being_asked_to_wait_defers_and_blames_nobody(said: Said) -> None:
    told = tell("mailgun", said)

    assert (told.given.outcome, told.given.code) == (Outcome.DEFERRED, 452)
    assert (told.decision.state, told.decision.counts) == (DeliveryState.DEFERRED, False)


SANDBOX = "Sandbox subdomains are for test purposes only. Please add your own domain or authorize ada@example.org."


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        (Said(401, body=b"Forbidden"), "transports.mailgun.password"),
        (Said(403, body=b"Forbidden"), "transports.mailgun.domain"),
        (error("Domain mg.example.org is not allowed to send: The domain is unverified", 403), "See mg.example.org"),
        (error(SANDBOX, 400), "See mg.example.org"),
        (error("Your account is disabled. Please contact support.", 403), "See mg.example.org"),
        (error("Payment required", 402), "See mg.example.org"),
        (error("Domain not found: mg.example.org", 404), "api.eu.mailgun.net"),
        (error("from parameter is not a valid address. please check documentation"), "email.sender"),
    ],
)
def test_what_only_a_person_can_mend_stops_the_transport(said: Said, todo: str) -> None:
    told = tell("mailgun", said)

    assert told.raised.permanent
    assert todo in str(told.raised)
    assert "@" not in str(told.raised)


def test_a_refused_address_fails_that_delivery_and_is_no_bounce() -> None:
    told = tell("mailgun", error("to parameter is not a valid address. please check documentation"))

    assert (told.given.outcome, told.given.of_reader) == (Outcome.REFUSED, True)
    assert (told.decision.state, told.decision.bounced, told.decision.pause) == (DeliveryState.FAILED, False, None)


@pytest.mark.parametrize("said", [error("Message is malformed"), error("message too big", 413), Said(413)])
def test_a_refused_message_pauses_the_edition_instead_of_failing_its_readers(said: Said) -> None:
    told = tell("mailgun", said)

    assert (told.given.outcome, told.given.of_reader) == (Outcome.REFUSED, False)
    assert told.decision.pause is not None


def test_a_refusal_nobody_knows_fails_one_delivery_and_counts() -> None:
    told = tell("mailgun", error("No.", 422))

    assert (told.decision.state, told.decision.counts) == (DeliveryState.FAILED, True)
