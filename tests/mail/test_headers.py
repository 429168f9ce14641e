"""Fields are written by us and read back; nothing foreign becomes a field."""

from __future__ import annotations

import email.policy
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.errors import MessageError
from newsletter.mail.headers import (
    Field,
    date_field,
    header_names,
    join_fields,
    list_id_field,
    mailbox_field,
    plain_field,
    text_field,
    uri_field,
)
from newsletter.model import Mailbox

INJECTIONS = [
    "a\r\nBcc: v@example.com", "a\nBcc: v@example.com", "a\rBcc: v@example.com", "a\r\n\r\nbody", "a\0", "a\x0bb",
    "a\x0cb", "a\x1cb", "a\x1db", "a\x1eb", "a\x85Bcc: v@example.com", "a\u2028Bcc: v@example.com", "a\u2029b", "\r\n",
    "=?utf-8?q?hi=0ABcc=3A_v=40x?=", "=?utf-8?b?YQ0KQmNjOiB2QGV4YW1wbGUuY29t?=", "a\r\n Bcc: v@example.com",
    "a\r\n\tx", "%0d%0aBcc: v@example.com", "a\\r\\nBcc: v", "<script>", "a>,\r\n <https://example.com", "\r", "\n",
    "a\u560a\u560dBcc:", "\ud800", "a\x7f", "\x1b[31m", "a\r\n.\r\nMAIL FROM:<v@example.com>", "a: b\r\nX: y",
]  # fmt: skip


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("kind", ["Subject", "From", "List-ID", "List-Archive", "X-Article-UID"])
def test_s22_an_injection_is_refused_or_stays_inside_its_field(kind: str, text: str) -> None:
    writers = {
        "Subject": lambda: text_field("Subject", text),
        "From": lambda: mailbox_field("From", Mailbox(name=text, address="ada@example.org")),
        "List-ID": lambda: list_id_field(text, "harbour-post.news.example.org"),
        "List-Archive": lambda: uri_field("List-Archive", [f"https://example.org/{text}"]),
        "X-Article-UID": lambda: plain_field("X-Article-UID", text),
    }
    try:
        field = writers[kind]()
    except MessageError:
        return

    read = message_from_bytes(field.wire + b"\r\n", policy=email.policy.default)
    assert read.keys() == [kind] == header_names(field.wire)
    assert not read.get_payload()


@given(st.text(max_size=80))
def test_s22_no_text_writes_a_second_field(text: str) -> None:
    try:
        wire = text_field("Subject", text).wire + mailbox_field("To", Mailbox(name=text, address="a@example.org")).wire
    except MessageError:
        return

    assert header_names(wire) == ["Subject", "To"]
    assert message_from_bytes(wire, policy=email.policy.default).keys() == ["Subject", "To"]


def test_a_smuggled_field_is_found_when_the_bytes_are_read_back() -> None:
    smuggled = Field(name="Subject", wire=b"Subject: hi\r\nBcc: v@example.com\r\n")

    with pytest.raises(MessageError, match="not the intended ones"):
        join_fields([smuggled])


@pytest.mark.parametrize(
    "block",
    [
        b"Subject: a\rb\r\n", b"Subject: a\nb\r\n", b"Subject: a\0\r\n", b"no colon\r\n", b" fold first\r\n",
        b"Subject : a\r\n", b"Subject:\r\n", b"A: b\r\n  \r\nC: d\r\n", b"Subject: " + b"a" * 990 + b"\r\n",
        b"\xc3\xa9: a\r\n",
    ],
)  # fmt: skip
def test_a_broken_block_is_refused(block: bytes) -> None:
    with pytest.raises(MessageError):
        header_names(block)


def test_names_stop_at_the_empty_line() -> None:
    assert header_names(b"A: b\r\n c\r\nD-E: f\r\n\r\nG: body\r\n") == ["A", "D-E"]


def test_uris_stand_literally_and_fold_only_between_brackets() -> None:
    long = "https://news.example.org/u/" + "x" * 80

    wire = uri_field("List-Unsubscribe", [long, "mailto:unsub@example.org?subject=unsubscribe"]).wire

    assert wire == f"List-Unsubscribe: <{long}>,\r\n <mailto:unsub@example.org?subject=unsubscribe>\r\n".encode()


def test_the_standard_library_would_kill_one_click_unsubscribing() -> None:
    # The control: a URI of 78 characters becomes encoded-words there (RFC 2047 §5 forbids it).
    message = EmailMessage(policy=email.policy.SMTP)
    message["List-Unsubscribe"] = "<https://news.example.org/u/" + "x" * 80 + ">"

    assert b"<https://" not in message.as_bytes()


def test_letters_outside_ascii_in_a_uri_are_percent_encoded() -> None:
    assert uri_field("Archived-At", ["https://example.org/شتاء/?a=b%20c"]).wire == (
        b"Archived-At: <https://example.org/%D8%B4%D8%AA%D8%A7%D8%A1/?a=b%20c>\r\n"
    )


@pytest.mark.parametrize("uri", ["", "/relative", "//example.org", "not a uri"])
def test_what_is_no_absolute_uri_is_refused(uri: str) -> None:
    with pytest.raises(MessageError, match="no absolute URL"):
        uri_field("List-Help", [uri])


def test_the_date_is_english_utc_and_needs_a_zone() -> None:
    paris = timezone(timedelta(hours=1))

    assert date_field(datetime(2026, 3, 1, 0, 5, 9, tzinfo=paris)).wire == b"Date: Sat, 28 Feb 2026 23:05:09 +0000\r\n"
    with pytest.raises(MessageError, match="no zone"):
        date_field(datetime(2026, 3, 1))  # noqa: DTZ001  # a naive time is the fault under test


@given(st.integers(0, 4_000_000_000))
def test_the_date_reads_back_equal(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)

    read = message_from_bytes(date_field(moment).wire, policy=email.policy.default)["Date"].datetime

    assert read == moment
