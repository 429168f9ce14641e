"""The two parts of every message of ours: text first, HTML last (RFC 2046 §5.1.4).

Comes in: cut texts. Goes out: `Body`, encoded as far as it is the same for all readers. Quoted-printable
is the rule. A part that it would swell by a third over base64, as Arabic text does, is base64 (a
50 KB Arabic page: 133 KB against 68 KB): everything before the first reader's value is encoded once,
up to a whole line, and only the rest for each reader, so the part stays one unbroken stream.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newsletter.mail.placeholders import Cut, Slot
from newsletter.mail.quoted_printable import encode_piece

_LINE_OCTETS = 57  # 76 characters of base64
_SWOLLEN = 1.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part: a `head` that never changes, then pieces with empty places for a reader's values.

    The pieces are quoted-printable already, or with `is_base64` raw octets to be encoded together.
    Each of `gaps` is the place of an empty piece and the number of the value that fills it.
    """

    head: bytes
    pieces: tuple[bytes, ...]
    gaps: tuple[tuple[int, int], ...]
    is_base64: bool

    def fill(self, values: Sequence[str]) -> list[bytes]:
        """The part's octets in pieces, with `values` (escaped for their context) in their places."""
        pieces = list(self.pieces)
        for place, number in self.gaps:
            pieces[place] = values[number].encode() if self.is_base64 else encode_piece(values[number])
        return [self.head, _base64_lines(b"".join(pieces))] if self.is_base64 else [self.head, *pieces]


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A multipart/alternative body: `text` first, `html` last; `slots` says what each value is."""

    slots: tuple[Slot, ...]
    text: Part
    html: Part
    closing: bytes

    @property
    def opening(self) -> bytes:
        """The octets that every filled body begins with."""
        first = self.text.gaps[0][0] if self.text.gaps and not self.text.is_base64 else 0
        return b"".join((self.text.head, *self.text.pieces[:first]))

    def fill(self, values: Sequence[str]) -> list[bytes]:
        """The body's octets in pieces; `values` holds one for each of `slots`, in order."""
        return [*self.text.fill(values), *self.html.fill(values), self.closing]


def mint_boundary(*sources: str) -> str:
    """A boundary, the same for the same `sources`, that no encoded part can contain.

    "=_" occurs in neither quoted-printable nor base64 (RFC 2045 §6.7), and the shape is none of the
    two that filters hold against a sender: "--" with digits only, or a bare UUID.
    """
    return "=_" + hashlib.sha256("\n".join(sources).encode()).hexdigest()[:24]


def multipart_body(boundary: str, text: Cut, html: Cut) -> Body:
    """The body of a message from its cut text and HTML, both UTF-8 and both ending in a newline."""
    slots = tuple(dict.fromkeys((*text.slots, *html.slots)))
    return Body(
        slots=slots,
        text=_part(f"--{boundary}\r\nContent-Type: text/plain", text, slots),
        html=_part(f"\r\n--{boundary}\r\nContent-Type: text/html", html, slots),
        closing=f"\r\n--{boundary}--\r\n".encode("ascii"),
    )


def _part(opening: str, cut: Cut, slots: tuple[Slot, ...]) -> Part:
    quoted = _with_gaps(encode_piece(literal) for literal in cut.literals)
    # Text has CRLF line ends before it is base64 (RFC 2045 §6.8).
    raw = _with_gaps(literal.replace("\n", "\r\n").encode() for literal in cut.literals)
    is_base64 = sum(map(len, quoted)) > _SWOLLEN * sum(map(len, raw)) * 78 / _LINE_OCTETS
    encoding = "base64" if is_base64 else "quoted-printable"
    head = f"{opening}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode("ascii")
    gaps = tuple((2 * place + 1, slots.index(slot)) for place, slot in enumerate(cut.slots))
    if not is_base64:
        return Part(head=head, pieces=quoted, gaps=gaps, is_base64=False)
    whole = len(raw[0]) - len(raw[0]) % _LINE_OCTETS
    head += _base64_lines(raw[0][:whole])
    return Part(head=head, pieces=(raw[0][whole:], *raw[1:]), gaps=gaps, is_base64=True)


def _with_gaps(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """The literals with an empty piece between each two."""
    pieces = [piece for literal in literals for piece in (b"", literal)]
    return tuple(pieces[1:])


def _base64_lines(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")
