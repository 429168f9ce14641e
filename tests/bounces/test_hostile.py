"""Whatever comes back, the reader of reports stands: limits on both sides, broken messages, text of strangers."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.delivery.bounces import Report, ReportKind, Weight, read_report
from newsletter.delivery.bounces.oddities import MAX_OCTETS as MOST_ODD_OCTETS
from newsletter.delivery.bounces.parts import (
    MAX_ADDRESS_OCTETS,
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_FOLDS,
    MAX_LINE,
    MAX_LINES,
    MAX_OCTETS,
    MAX_TEXT,
    tamed,
)

HEAD = b"From: MAILER-DAEMON@mx.example.org\nTo: b+" + b"a" * 39 + b"@news.example.org\n"
GROUPS = (
    b"Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; dan@example.com\nAction: failed\nStatus: 5.1.1\n"
)
STATUS = b"Content-Type: message/delivery-status\n\n" + GROUPS
SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.eml"))]
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"


def nested(part: bytes, levels: int) -> bytes:
    """The part inside so many multiparts, of which one is the message itself."""
    for level in range(levels):
        part = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s\n--b%d--\n" % (level, level, part, level)
    return HEAD + part


def wrapped(inner: bytes, times: int) -> bytes:
    """A report about a report about a report: what two servers write that bounce each other's bounces."""
    for level in range(times):
        inner = (
            HEAD
            + b"Content-Type: multipart/report; report-type=delivery-status; boundary=r%d\n\n" % level
            + (
                b"--r%d\n%s\n--r%d\nContent-Type: message/rfc822\n\n%s\n--r%d--\n"
                % (level, STATUS, level, inner, level)
            )
        )
    return inner


def strings_of(report: Report) -> list[str]:
    told = [text for each in report.failures for text in (each.address, each.status, each.diagnostic)]
    return [*told, *report.bounce_tokens, *report.leaving_tokens, *report.message_ids]


def is_fit_to_keep(text: str) -> bool:
    return len(text) <= MAX_TEXT and text.isprintable() and "\n" not in text


@given(st.binary(max_size=2_000), st.lists(st.text(max_size=80), max_size=3))
@example(b"", [])
@example(b"\x00" * 100, ["\x00"])
@example(b"Content-Type: multipart/report; boundary=\n\n--\n", [])
@example(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n!!!", [])
def test_no_octets_make_it_raise(message: bytes, recipients: list[str]) -> None:
    report = read_report(message, recipients=recipients)

    assert isinstance(report, Report)
    assert all(is_fit_to_keep(text) for text in strings_of(report))


@given(st.sampled_from(SAMPLES), st.data())
def test_no_damage_to_a_report_makes_it_raise(message: bytes, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message)))
        cut = data.draw(st.integers(0, 60))
        message = message[:at] + data.draw(st.binary(max_size=20)) + message[at + cut :]

    report = read_report(message)

    assert all(is_fit_to_keep(text) for text in strings_of(report))


@pytest.mark.parametrize(
    "charset",
    ["utf-7", "idna", "punycode", "zlib_codec", "undefined", "x" * 500, "\x00", "utf-16", "rot13", "unicode_escape"],
)
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode", "8bit", "nonsense"])
@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/rfc822",
        "text/rfc822-headers",
        "message/feedback-report",
    ],
)
def test_no_charset_and_no_encoding_makes_it_raise(kind: str, encoding: str, charset: str) -> None:
    fields = f"Content-Type: {kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"

    report = read_report(HEAD + fields.encode() + GROUPS + b"\xff\xfe=ZZ \x00")

    assert report.bounce_tokens == ("a" * 39,)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_any_line_end_is_one(line_end: bytes) -> None:
    report = read_report(nested(STATUS, 1).replace(b"\n", line_end))

    assert [(each.address, each.weight) for each in report.failures] == [("dan@example.com", Weight.HARD)]


def test_a_report_ten_parts_deep_is_read_and_one_of_eleven_is_not() -> None:
    ten = read_report(nested(STATUS, MAX_DEPTH - 1))
    eleven = read_report(nested(STATUS, MAX_DEPTH))

    assert (ten.kind, len(ten.failures)) == (ReportKind.BOUNCE, 1)
    assert (eleven.kind, eleven.failures) == (ReportKind.UNCLEAR, ())
    assert eleven.bounce_tokens == ("a" * 39,)


@pytest.mark.parametrize("times", [2, 12, 500])
def test_in_a_loop_of_reports_the_outermost_is_read(times: int) -> None:
    report = read_report(wrapped(HEAD + b"\nHello.", times))

    assert report.kind is ReportKind.BOUNCE
    assert [each.address for each in report.failures] == ["dan@example.com"]


def test_a_message_ends_before_the_container_that_is_one_too_many() -> None:
    container = b"Content-Type: message/rfc822\n\n"

    assert tamed(container * MAX_CONTAINERS + b"x") == container * MAX_CONTAINERS + b"x\n"
    assert tamed(container * (MAX_CONTAINERS + 2)) == container * MAX_CONTAINERS


def test_a_report_before_a_quoted_message_of_many_megabytes_is_read() -> None:
    quoted = b"Content-Type: message/rfc822\n\nMessage-ID: <1@example.org>\n\n" + b"Tides.\n" * 400_000
    head = HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"

    report = read_report(head + b"--b\n" + STATUS + b"\n--b\n" + quoted + b"\n--b--\n")

    assert [each.address for each in report.failures] == ["dan@example.com"]
    assert report.message_ids == ("<1@example.org>",)


def test_what_stands_beyond_one_megabyte_is_not_read() -> None:
    head = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"
    line = b"x" * 99 + b"\n"
    room = MAX_OCTETS - len(head) - len(STATUS) - len(b"\n--b\n")

    within = head + line * (room // 100) + b"\n--b\n" + STATUS
    beyond = head + line * (MAX_OCTETS // 100) + b"\n--b\n" + STATUS

    assert read_report(within).kind is ReportKind.BOUNCE
    assert read_report(beyond).kind is ReportKind.UNCLEAR


def test_lines_and_fields_are_cut_to_our_limits() -> None:
    long = b"Subject: " + b"x" * MAX_LINE
    folded = b"Content-Type: text/plain" + b"\n ;" * (MAX_FOLDS + 5)

    assert tamed(long) == long[:MAX_LINE] + b"\n"
    assert tamed(b"\n" * (MAX_LINES + 9)).count(b"\n") == MAX_LINES
    assert tamed(folded + b"\nTo: x\n").count(b";") == MAX_FOLDS


@pytest.mark.parametrize(
    "message",
    [
        nested(b"\n" + b"\n" * 900_000, MAX_CONTAINERS - 1),
        nested(b"", 5_000),
        HEAD + b"Content-Type: message/rfc822\n\n" * 30_000,
        HEAD + b"Content-Type: multipart/digest; boundary=b\n\n" + b"--b\n\n" * 200_000,
        HEAD + b"Content-Type: multipart/mixed; boundary=b" + (b"\n ;" + b'";' * 490) * 1_000 + b"\n\n",
        HEAD + b"\nthe following addresses had\n" + (b"," * 66 + b"@" * 66 + b"x" * 66 + b"\n") * 5_000,
        HEAD + b"\nThis Message was undeliverable due to the following reason:\n" + (b"<" * 199 + b"\n") * 5_000,
        HEAD + b"\n" + b"@" * 999_000,
        HEAD + b"Content-Type: message/delivery-status\n\n" + b"a:\n\n" * 250_000,
    ],
    ids=["empty lines", "multiparts", "messages", "digest", "parameters", "commas", "angles", "one line", "groups"],
)
def test_a_message_made_to_take_long_is_cut_short(message: bytes) -> None:
    assert read_report(message).kind is ReportKind.UNCLEAR


def test_a_failure_told_in_words_far_behind_is_not_sought() -> None:
    words = b"Hi. This is the qmail-send program.\n\n<dan@example.com>:\nNo.\n"

    near = read_report(HEAD + b"\n" + b"\n" * 1_000 + words)
    far = read_report(HEAD + b"\n" + b"\n" * MOST_ODD_OCTETS + words)

    assert (near.kind, far.kind) == (ReportKind.BOUNCE, ReportKind.UNCLEAR)


def test_markup_and_placeholders_stay_text(sample: Callable[[str], bytes]) -> None:
    message = sample("postfix").replace(b"smtp; 550 5.1.1", f"smtp; 550 5.1.1 {MARKUP}".encode())

    assert read_report(message).failures[0].diagnostic.startswith(f"550 5.1.1 {MARKUP} <dan@example.com>")


def test_words_of_strangers_are_one_line_without_controls_and_cut_to_length() -> None:
    words = "550 5.1.1 \x1b[31mred\x00\x07 \u202edesrever\u2028 é " + "x" * 5_000
    status = STATUS + b"Diagnostic-Code: smtp; " + words.encode() + b"\n"

    (failure,) = read_report(nested(status, 1)).failures

    assert failure.diagnostic.startswith("550 5.1.1 [31mred desrever é xxx")
    assert len(failure.diagnostic) <= MAX_TEXT
    assert is_fit_to_keep(failure.diagnostic)


def test_an_address_longer_than_any_can_be_is_left_out() -> None:
    longest = b"a" * (MAX_ADDRESS_OCTETS - len("@example.com")) + b"@example.com"

    kept = read_report(nested(STATUS.replace(b"dan@example.com", longest), 1))
    left_out = read_report(nested(STATUS.replace(b"dan@example.com", b"a" + longest), 1))

    assert [each.address for each in kept.failures] == [longest.decode()]
    assert [each.address for each in left_out.failures] == [""]


def test_a_bug_of_the_parser_leaves_the_envelopes_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(Message, "get_content_type", fails)

    report = read_report(nested(STATUS, 1), recipients=["b+" + "b" * 39 + "@news.example.org"])

    assert (report.kind, report.bounce_tokens) == (ReportKind.UNCLEAR, ("b" * 39,))
