"""Reports as servers write them: what kind they are, whom they name, how heavy the failure is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.delivery.bounces import Report, ReportKind, Weight, read_report

Read = Callable[[str], Report]
Sample = Callable[[str], bytes]


@pytest.mark.parametrize(
    ("name", "status", "weight"),
    [
        ("postfix", "5.1.1", Weight.HARD),
        ("exim", "5.0.0", Weight.HARD),
        ("exchange-365", "5.1.10", Weight.HARD),
        ("gmail", "5.1.1", Weight.HARD),
        ("gmail-full", "5.2.2", Weight.SOFT),
        ("outlook-policy", "5.0.0", Weight.POLICY),
        ("yahoo", "", Weight.HARD),
        ("opensmtpd", "5.0.0", Weight.SOFT),
        ("qmail", "5.1.1", Weight.HARD),
    ],
)
def test_a_failure_is_read_from_the_report_of_each_server(
    read: Read, name: str, status: str, weight: Weight, bounce_token: str
) -> None:
    report = read(name)

    assert report.kind is ReportKind.BOUNCE
    assert [(each.address, each.status, each.weight) for each in report.failures] == [
        ("dan@example.com", status, weight)
    ]
    assert report.bounce_tokens == (bounce_token,)
    assert report.leaving_tokens == ()
    assert report.message_ids in (("<7.1.tides@news.example.org>",), ())


def test_the_servers_words_are_kept_in_one_line(read: Read) -> None:
    report = read("postfix")

    assert report.failures[0].diagnostic == (
        "550 5.1.1 <dan@example.com>: Recipient address rejected: User unknown in virtual mailbox table"
    )


def test_a_delayed_message_is_no_bounce(read: Read, bounce_token: str) -> None:
    report = read("postfix-delayed")

    assert report.kind is ReportKind.DELAYED
    assert [(each.address, each.weight) for each in report.failures] == [("dan@example.com", Weight.SOFT)]
    assert report.bounce_tokens == (bounce_token,)


def test_each_recipient_is_read_and_only_those_who_failed_are_failures(read: Read) -> None:
    report = read("several")

    assert report.kind is ReportKind.BOUNCE
    assert [(each.address, each.status, each.weight) for each in report.failures] == [
        ("dan@example.com", "5.1.1", Weight.HARD),
        ("eve@example.com", "4.2.2", Weight.SOFT),
    ]


def test_an_international_report_keeps_the_letters_of_the_address(read: Read) -> None:
    report = read("international")

    assert [each.address for each in report.failures] == ["élise@exemple.example", "émile@exemple.example"]
    assert report.failures[0].diagnostic == "550 5.1.1 Destinataire inconnu : élise"
    assert report.message_ids == ("<7.1.tides@news.example.org>",)


def test_a_delivered_message_is_neither_a_bounce_nor_an_automatic_reply(read: Read) -> None:
    report = read("delivered")

    assert (report.kind, report.failures) == (ReportKind.UNCLEAR, ())


def test_an_encoded_status_is_read(sample: Sample) -> None:
    plain = sample("postfix").decode()
    head, _, rest = plain.partition("Content-Type: message/delivery-status\r\n\r\n")
    status, _, tail = rest.partition("\r\n--=_part")
    encoded = status.replace("=", "=3D").replace("dan@", "=64an@")

    report = read_report(
        f"{head}Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        f"{encoded}\r\n--=_part{tail}".encode()
    )

    assert [(each.address, each.weight) for each in report.failures] == [("dan@example.com", Weight.HARD)]


def test_a_failure_that_hides_the_address_is_a_failure_of_our_token(sample: Sample, bounce_token: str) -> None:
    message = sample("postfix").replace(b"dan@example.com", b"hidden")

    report = read_report(message)

    assert report.kind is ReportKind.BOUNCE
    assert [(each.address, each.status) for each in report.failures] == [("", "5.1.1")]
    assert report.bounce_tokens == (bounce_token,)


@pytest.mark.parametrize("name", ["arf-generic", "arf-yahoo", "yahoo-bare", "microsoft-jmrp"])
def test_a_complaint_names_the_reader_by_the_quoted_message(
    read: Read, name: str, bounce_token: str, leaving_token: str
) -> None:
    report = read(name)

    assert report.kind is ReportKind.COMPLAINT
    assert report.failures == ()
    assert report.bounce_tokens == (bounce_token,)
    assert report.leaving_tokens == (leaving_token,)
    assert report.message_ids == ("<7.1.tides@news.example.org>",)


@pytest.mark.parametrize("kind", ["fraud", "virus", "other", "Abuse", "opt-out"])
def test_each_kind_of_complaint_is_one(sample: Sample, kind: str) -> None:
    message = sample("arf-generic").replace(b"Feedback-Type: abuse", b"Feedback-Type: " + kind.encode())

    assert read_report(message).kind is ReportKind.COMPLAINT


@pytest.mark.parametrize("name", ["not-spam", "auth-failure", "dmarc-aggregate"])
def test_feedback_that_blames_no_mail_is_for_a_person_to_read(read: Read, name: str) -> None:
    report = read(name)

    assert (report.kind, report.failures, report.leaving_tokens) == (ReportKind.UNCLEAR, (), ())


def test_a_feedback_report_that_attaches_the_message_without_a_feedback_part_is_a_complaint(sample: Sample) -> None:
    message = sample("yahoo-bare").replace(b"multipart/mixed", b"multipart/report; report-type=feedback-report")

    report = read_report(message.replace(b"feedback@arf.mail.yahoo.com", b"fbl@example.com"))

    assert report.kind is ReportKind.COMPLAINT


def test_a_forwarded_message_is_no_complaint(sample: Sample) -> None:
    message = sample("yahoo-bare").replace(b"feedback@arf.mail.yahoo.com", b"ada@example.org")

    assert read_report(message).kind is ReportKind.UNCLEAR


@pytest.mark.parametrize("name", ["vacation-gmail", "oof-exchange", "vacation-sieve"])
def test_an_absence_note_is_an_automatic_reply_whatever_addresses_it_names(
    read: Read, name: str, bounce_token: str
) -> None:
    report = read(name)

    assert (report.kind, report.failures) == (ReportKind.AUTO_REPLY, ())
    assert report.bounce_tokens == (bounce_token,)


@pytest.mark.parametrize(
    "field", ["X-Autoreply: yes", "X-Autorespond: vacation", "Precedence: auto_reply", "Auto-Submitted: auto-notified"]
)
def test_each_field_of_automatic_replies_is_known(sample: Sample, field: str) -> None:
    message = sample("person").replace(b"Auto-Submitted: no", field.encode())

    assert read_report(message).kind is ReportKind.AUTO_REPLY


def test_a_persons_answer_is_for_a_person_to_read(read: Read) -> None:
    report = read("person")

    assert (report.kind, report.failures) == (ReportKind.UNCLEAR, ())


def test_mail_to_an_unsubscribe_address_is_leaving(read: Read, leaving_token: str) -> None:
    report = read("leaving")

    assert (report.kind, report.leaving_tokens, report.bounce_tokens) == (ReportKind.LEAVING, (leaving_token,), ())


def test_a_program_leaves_in_a_readers_place(sample: Sample) -> None:
    message = sample("leaving").replace(b"Subject:", b"Auto-Submitted: auto-generated\r\nSubject:")

    assert read_report(message).kind is ReportKind.LEAVING


def test_a_report_that_a_server_wrapped_once_more_is_read(sample: Sample, bounce_token: str) -> None:
    message = b"From: postmaster@scanner.example.com\r\nContent-Type: message/rfc822\r\n\r\n" + sample("postfix")

    report = read_report(message)

    assert [(each.address, each.weight) for each in report.failures] == [("dan@example.com", Weight.HARD)]
    assert report.bounce_tokens == (bounce_token,)


def test_a_report_that_a_person_forwards_is_for_a_person_to_read(sample: Sample) -> None:
    message = b"From: ada@example.org\r\nContent-Type: message/rfc822\r\n\r\n" + sample("postfix")

    report = read_report(message)

    assert (report.kind, report.failures) == (ReportKind.UNCLEAR, ())


def test_a_failure_told_in_words_without_a_sender_is_read(sample: Sample) -> None:
    message = sample("qmail").replace(b"From: MAILER-DAEMON@mx.example.net\r\n", b"", 1)

    assert [each.address for each in read_report(message).failures] == ["dan@example.com"]
