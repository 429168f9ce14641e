"""Where readers come from: one file, or the lists in an archive, as one run of rows.

Comes in: an open file and what a person says of it. Goes out: a `Source`. Called by the doors.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from newsletter.subscribers.archives import Archive, is_archive, open_archive, seekable
from newsletter.subscribers.origins import Origin
from newsletter.subscribers.spreadsheets import BadRow, Row, Spreadsheet, open_spreadsheet

_MARK_OCTETS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Rows that come as they are asked for, once; `ignored` are columns that mean nothing here.

    `files` are the lists in an archive, in the order in which they are read; empty for a single file.
    """

    origin: Origin
    ignored: tuple[str, ...]
    rows: Iterator[Row | BadRow]
    files: tuple[str, ...] = ()


def open_source(stream: BinaryIO, *, name: str, origin: Origin | None = None, encoding: str | None = None) -> Source:
    """The readers in a CSV file or in the export archive of a program we know; `name` is for messages.

    `origin` and `encoding` are what a person says; else the header tells the one, and UTF-8 is the other.
    The headers of all lists are read before the first row is given.

    Raises UsageError when a header or the archive cannot be used.
    """
    head = stream.read(_MARK_OCTETS)
    if not is_archive(head):
        sheet = open_spreadsheet(_rejoined(head, stream), name=name, origin=origin, encoding=encoding)
        return Source(origin=sheet.origin, ignored=sheet.ignored, rows=sheet.rows)
    archive = open_archive(seekable(stream, head, name=name), name=name)
    sheets = [_header_of(archive, member, origin, encoding) for member in archive.lists]
    ignored = dict.fromkeys(title for sheet in sheets for title in sheet.ignored)
    rows = _rows_of(archive, origin, encoding)
    return Source(origin=sheets[0].origin, ignored=tuple(ignored), rows=rows, files=archive.lists)


def _header_of(archive: Archive, member: str, origin: Origin | None, encoding: str | None) -> Spreadsheet:
    with archive.open(member) as stream:
        return _sheet_of(archive, member, stream, origin, encoding)


def _rows_of(archive: Archive, origin: Origin | None, encoding: str | None) -> Iterator[Row | BadRow]:
    for member in archive.lists:
        with archive.open(member) as stream:
            yield from _sheet_of(archive, member, stream, origin, encoding).rows


def _sheet_of(
    archive: Archive, member: str, stream: object, origin: Origin | None, encoding: str | None
) -> Spreadsheet:
    name = f"{archive.name}/{member}"
    return open_spreadsheet(cast(BinaryIO, stream), name=name, origin=origin, encoding=encoding, member=member)


def _rejoined(head: bytes, stream: BinaryIO) -> BinaryIO:
    """The stream as it was before `head` was read."""
    if not head:
        return stream
    if stream.seekable():
        stream.seek(-len(head), io.SEEK_CUR)
        return stream
    return cast(BinaryIO, _Rejoined(head, stream))


class _Rejoined:
    """A pipe whose first octets are read once more."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def read(self, octets: int) -> bytes:
        """At most `octets` more; empty at the end."""
        head, self._head = self._head, b""
        return head or self._stream.read(octets)
