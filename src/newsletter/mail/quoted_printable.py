"""Quoted-printable in pieces that can be joined in any order (RFC 2045 §6.7).

Each piece starts at column 0 and leaves the next piece at column 0: it ends in a hard line break, or
in a soft one, which a decoder deletes. So literal text is encoded once for an edition, a reader's
values once for each message, and the part is one join of bytes.
"""

from __future__ import annotations

import re

# One letter, digit or sign that needs no care anywhere on a line, up to a length that fits one line.
_EASY = re.compile(r"[A-EG-Za-z0-9_+@/:][A-Za-z0-9_+@/:.-]{0,71}")
_NEWLINE = 10
_SAFE = tuple(33 <= octet <= 126 and octet != ord("=") for octet in range(256))


def encode_piece(text: str) -> bytes:
    """`text` as quoted-printable octets; empty for an empty text; lines of at most 76 octets, CRLF.

    A dot (SMTP dot-stuffing), an F (mbox "From ") and a hyphen (MIME boundaries) are escaped where
    they would stand first on a line, so no later hand has to touch the bytes. The sequence "=_"
    never occurs, which makes any boundary that starts with it safe.
    """
    if _EASY.fullmatch(text):
        return text.encode("ascii") + b"=\r\n"
    raw, out, column = text.replace("\r\n", "\n").encode(), bytearray(), 0
    for index, octet in enumerate(raw):
        if octet == _NEWLINE:
            out += b"\r\n"
            column = 0
            continue
        if column > 72:
            out += b"=\r\n"
            column = 0
        if octet in b" \t":
            safe = raw[index + 1 : index + 2] not in (b"", b"\n")
        else:
            safe = _SAFE[octet] and not (column == 0 and octet in b".F-")
        if safe:
            out.append(octet)
            column += 1
        else:
            out += b"=%02X" % octet
            column += 3
    return bytes(out) if not out or out.endswith(b"\r\n") else bytes(out) + b"=\r\n"
