"""Tokens are collected, most trustworthy first, and prove nothing here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.delivery.bounces import ReportKind, read_report

ENVELOPE = "a" * 39
DELIVERED = "b" * 39
TO = "c" * 39
QUOTED = "d" * 39
REPORT = f"""From: MAILER-DAEMON@mx.example.org
To: b+{TO}@news.example.org
Delivered-To: b+{DELIVERED}@news.example.org
Content-Type: multipart/report; report-type=delivery-status; boundary=part

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; dan@example.com
Action: failed
Status: 5.1.1

--part
Content-Type: message/rfc822

Return-Path: <b+{QUOTED}@news.example.org>
Message-ID: <1@news.example.org>

Text.
--part--
"""


def test_the_envelope_comes_first_then_the_fields_then_what_is_quoted() -> None:
    report = read_report(REPORT.encode(), recipients=[f"b+{ENVELOPE}@news.example.org"])

    assert report.bounce_tokens == (ENVELOPE, DELIVERED, TO, QUOTED)
    assert report.message_ids == ("<1@news.example.org>",)


def test_the_case_of_letters_is_ours_again_and_no_token_is_named_twice() -> None:
    report = read_report(REPORT.encode(), recipients=[f"B+{DELIVERED.upper()}@NEWS.EXAMPLE.ORG"])

    assert report.bounce_tokens == (DELIVERED, TO, QUOTED)


@pytest.mark.parametrize(
    "path",
    [
        f"SRS0=Ab1C=ZZ=news.example.org=b+{QUOTED}@forwarder.example",
        f"prvs=1234567abc=b+{QUOTED}@news.example.org",
        f"<B+{QUOTED.upper()}@news.example.org>",
    ],
)
def test_a_return_path_that_others_have_wrapped_is_read(path: str) -> None:
    report = read_report(REPORT.replace(f"<b+{QUOTED}@news.example.org>", path).encode())

    assert report.bounce_tokens == (DELIVERED, TO, QUOTED)


@pytest.mark.parametrize(
    "address",
    [
        f"b+{'a' * 38}@news.example.org",
        f"b+{'a' * 40}@news.example.org",
        f"b+{'1' * 39}@news.example.org",
        f"bob+{'a' * 39}@news.example.org",
        f"rob.b+{'a' * 39}@news.example.org",
        f"b+{'a' * 39}",
    ],
)
def test_what_cannot_be_a_token_is_none(address: str) -> None:
    assert read_report(b"From: x@example.org\n\n", recipients=[address]).bounce_tokens == ()


def test_a_forged_report_gives_its_tokens_and_no_opinion_of_them(
    sample: Callable[[str], bytes], bounce_token: str
) -> None:
    forged = "2" * 39

    report = read_report(sample("postfix").replace(bounce_token.encode(), forged.encode()))

    assert (report.kind, report.bounce_tokens) == (ReportKind.BOUNCE, (forged,))


def test_what_somebody_quotes_in_a_text_makes_nobody_leave(leaving_token: str) -> None:
    report = read_report(f"To: news@example.org\n\nI got mail to unsub+{leaving_token}@example.org".encode())

    assert (report.kind, report.leaving_tokens) == (ReportKind.UNCLEAR, ())


@pytest.mark.parametrize("field", ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"])
def test_every_field_of_arrival_can_name_an_unsubscribe_address(field: str, leaving_token: str) -> None:
    many = ", ".join(f"reader{number}@example.org" for number in range(200))

    report = read_report(f"{field}: {many}, <unsub+{leaving_token}@example.org>\n\n".encode().replace(b", ", b",\n "))

    assert (report.kind, report.leaving_tokens) == (ReportKind.LEAVING, (leaving_token,))


def test_the_envelope_names_an_unsubscribe_address_that_no_field_shows(leaving_token: str) -> None:
    report = read_report(b"To: undisclosed:;\n\n", recipients=[f"unsub+{leaving_token}@example.org"])

    assert (report.kind, report.leaving_tokens) == (ReportKind.LEAVING, (leaving_token,))


def test_a_complaint_names_the_reader_by_the_link_alone(sample: Callable[[str], bytes], leaving_token: str) -> None:
    message = sample("arf-generic").replace(f"unsub+{leaving_token}".encode(), b"redacted")

    assert read_report(message).leaving_tokens == (leaving_token,)
