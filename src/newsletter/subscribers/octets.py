"""The octets of a text file made even: UTF-8 without a mark, lines that end in LF.

Comes in: a stream that may be in UTF-16, marked, or written on an old Mac. Goes out: a stream in UTF-8,
or in the one-octet encoding that was named. Reads as it goes, whatever the length.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from newsletter.errors import UsageError

_LOOKED_AT = 65_536
_CHUNK = 262_144
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Encodings whose line ends are not the single octet LF; all others are read line by line as they are.
_WIDE = ("utf-16", "utf-32")

Change = Callable[[bytes, bool], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class EvenText:
    """A stream of lines that end in LF, the encoding of each line, and what the file was before."""

    stream: BinaryIO
    encoding: str
    was_utf_16: bool = False


def even_text(stream: BinaryIO, *, encoding: str | None = None) -> EvenText:
    """The text in `stream` with its marks taken off; UTF-16 is recognised by its mark and made UTF-8.

    Half characters in UTF-16 become U+FFFD. Lines that end in CR alone get LF, when the first 64 KB hold no LF.

    Raises UsageError for an `encoding` Python does not know.
    """
    named = None if encoding is None else _known(encoding)
    head = _read_up_to(stream, _LOOKED_AT)
    wide = named if named is not None and named.startswith(_WIDE) else None
    if wide is None and head[:2] in _UTF_16_MARKS:
        wide = "utf-16"
    changes: list[Change] = []
    if wide is not None:
        decoder = codecs.getincrementaldecoder(wide)(errors="replace")
        changes.append(lambda octets, final: decoder.decode(octets, final).encode())
        sample = codecs.getincrementaldecoder(wide)(errors="replace").decode(head).encode()
    else:
        head = head.removeprefix(_UTF_8_MARK)
        sample = head
    if b"\r" in sample and b"\n" not in sample:
        changes.append(lambda octets, _final: octets.replace(b"\r", b"\n"))
    even = io.BufferedReader(_Changed(head, stream, changes), _CHUNK)
    return EvenText(stream=even, encoding="utf-8" if wide or named is None else named, was_utf_16=wide is not None)


def _known(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
        "a".encode(found.name)
    except (LookupError, TypeError, ValueError):
        raise UsageError(
            f"--encoding {encoding[:40]}: there is no such encoding. "
            "Name one like cp1252 (Windows, Western Europe), cp1256 (Windows, Arabic) or utf-16."
        ) from None
    return found.name


def _read_up_to(stream: BinaryIO, octets: int) -> bytes:
    """At most `octets` from the beginning: pipes give less at a time than is asked for."""
    parts: list[bytes] = []
    missing = octets
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Changed(io.RawIOBase):
    """What was read ahead and then the rest of a stream, each piece changed on the way."""

    def __init__(self, head: bytes, stream: BinaryIO, changes: list[Change]) -> None:
        self._stream = stream
        self._changes = changes
        self._head: bytes | None = head
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer is one
        while not self._ready and not self._ended:
            self._ready = memoryview(self._next_piece())
        number = min(len(buffer), len(self._ready))
        buffer[:number] = self._ready[:number]
        self._ready = self._ready[number:]
        return number

    def _next_piece(self) -> bytes:
        piece = self._head if self._head else self._stream.read(_CHUNK)
        self._head = None
        self._ended = not piece
        for change in self._changes:
            piece = change(piece, self._ended)
        return piece
