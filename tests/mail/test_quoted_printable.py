"""Pieces of quoted-printable join into a part that decodes to exactly the text."""

from __future__ import annotations

import binascii
import quopri
import re
from email import message_from_bytes

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.mail.quoted_printable import encode_piece

# Signs that have broken encoders before stand beside arbitrary text.
TEXT = st.text(
    st.sampled_from(" \t\n.F-=é€ش😀\u00a0\u202fab") | st.characters(exclude_categories=("Cs",)), max_size=200
)
PIECES = st.lists(TEXT.map(lambda text: text.replace("\r", "")), max_size=12)


def joined(pieces: list[str]) -> bytes:
    return b"".join(encode_piece(piece) for piece in pieces)


@given(PIECES)
@example(["a" * 75, "", "\n", " ", "."])
@example(["x ", "\n", "-- ", "\n", "From ", "me"])
def test_joined_pieces_decode_to_the_text_in_three_decoders(pieces: list[str]) -> None:
    text = "".join(pieces) + "\n"
    wire = joined([*pieces, "\n"])

    part = message_from_bytes(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + wire)
    decoded = part.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    assert decoded.replace(b"\r\n", b"\n").decode() == text
    assert quopri.decodestring(wire).replace(b"\r\n", b"\n").decode() == text
    assert binascii.a2b_qp(wire).replace(b"\r\n", b"\n").decode() == text


@given(PIECES)
def test_no_line_needs_another_hand(pieces: list[str]) -> None:
    lines = joined(pieces).split(b"\r\n")

    assert lines[-1] == b""
    for line in lines:
        assert len(line) <= 76
        assert not line.startswith((b".", b"F", b"-"))
        assert not line.endswith((b" ", b"\t"))
        assert re.fullmatch(rb"[\t\x20-\x7e]*", line)
        assert b"=_" not in line


def test_an_empty_value_adds_nothing() -> None:
    assert encode_piece("") == b""


def test_a_value_filled_in_after_encoding_would_break_the_part() -> None:
    # The control: why values are encoded on lines of their own.
    encoded = quopri.encodestring(b"x" * 70 + b"PLACEHOLDER" + b"y" * 10)

    assert b"PLACEHOLDER" not in encoded
