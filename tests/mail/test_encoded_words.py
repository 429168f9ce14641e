"""Header text reads back equal in two decoders, whatever it is."""

from __future__ import annotations

import email.policy
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.mail.characters import wash_name
from newsletter.mail.encoded_words import encode_phrase, encode_text
from newsletter.mail.errors import MessageError
from newsletter.mail.headers import mailbox_field, text_field
from newsletter.model import Mailbox

# Everything a header may carry: no control but TAB, no line separator, no half pair.
TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029", include_characters="\t"),
    min_size=1,
    max_size=300,
).filter(str.strip)


def lines_of(wire: bytes) -> list[bytes]:
    return wire.removesuffix(b"\r\n").split(b"\r\n")


@given(TEXTS)
@example("Prix : 10 € !")
@example("=?utf-8?q?hi=0ABcc=3A_v=40x?=")
@example("x" * 69)
@example("x" * 70)
@example(" a  b ")
def test_a_subject_reads_back_equal_in_two_decoders(text: str) -> None:
    wire = text_field("Subject", text).wire

    modern = message_from_bytes(wire + b"\r\n", policy=email.policy.default)["Subject"]
    classic = message_from_bytes(wire + b"\r\n")["Subject"]
    assert str(modern) == text
    assert str(make_header(decode_header(classic))) == text
    assert all(len(line) <= 78 for line in lines_of(wire))


# Names are washed before they come here.
@given(TEXTS.map(wash_name).filter(bool))
@example('Ada "The Tide" Quay')
@example("Quay, Ada")
@example("back\\slash")
def test_a_display_name_reads_back_equal_beside_its_address(name: str) -> None:
    wire = mailbox_field("From", Mailbox(name=name, address="ada@example.org")).wire

    phrase, address = parseaddr(message_from_bytes(wire)["From"])
    assert (str(make_header(decode_header(phrase))), address) == (name, "ada@example.org")
    modern = message_from_bytes(wire, policy=email.policy.default)["From"].addresses[0]
    assert modern.addr_spec == "ada@example.org"
    # Python's newer parser keeps the blank between two encoded-words of a phrase, which RFC 2047 §6.2
    # tells it to drop, and collapses white space: it referees what fits one word.
    if wire.count(b"=?") <= 1:
        assert modern.display_name.split() == name.split()
    assert all(len(line) <= 78 for line in lines_of(wire))


@given(TEXTS)
def test_every_encoded_word_is_short_and_whole(text: str) -> None:
    for word in encode_text("Subject", text).split("\r\n "):
        if word.startswith("=?utf-8?b?"):
            assert len(word) <= 75
            decode_header(word)[0][0].decode()


def test_plain_ascii_stays_readable() -> None:
    assert encode_text("Subject", "The tide tables are out") == "The tide tables are out"
    assert encode_phrase("From", "The Harbour Post") == "The Harbour Post"
    assert encode_phrase("From", "Quay, Ada") == '"Quay, Ada"'


@pytest.mark.parametrize(
    "sign", ["\r\nBcc: v@example.com", "\n", "\r", "\0", "\x85", "\u2028", "\u2029", "\x7f", "\ud800"]
)
def test_a_control_is_refused_with_its_name(sign: str) -> None:
    with pytest.raises(MessageError, match=r"Subject: the text holds the control character U\+[0-9A-F]{4}\. Remove it"):
        text_field("Subject", f"hi{sign}")
    with pytest.raises(MessageError, match="control character"):
        mailbox_field("To", Mailbox(name=f"hi{sign}", address="ada@example.org"))


@pytest.mark.parametrize("text", ["", "   ", "\t"])
def test_an_empty_subject_is_refused(text: str) -> None:
    with pytest.raises(MessageError, match="empty"):
        text_field("Subject", text)


def test_the_standard_library_loses_a_space_that_we_keep() -> None:
    # The control: the day this fails, the reason for an encoder of our own is gone.
    subject = "que façade que promettent déçu façade où"
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = subject

    theirs = message_from_bytes(message.as_bytes(), policy=email.policy.default)["Subject"]
    ours = message_from_bytes(text_field("Subject", subject).wire, policy=email.policy.default)["Subject"]

    assert str(ours) == subject
    assert str(theirs) != subject
