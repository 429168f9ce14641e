"""Rows of readers in CSV files, as spreadsheets and other programs write them.

Comes in: the octets of a file. Goes out: `Row` and `BadRow`, each with its line; and the other way
round, cells that no spreadsheet takes for a formula. Reads line by line, whatever the length.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from newsletter.errors import Fault, UsageError
from newsletter.subscribers.columns import COLUMNS, columns_named_twice, normal_title
from newsletter.subscribers.octets import EvenText, even_text
from newsletter.subscribers.origins import PLAIN, Origin, columns_of, origin_of, state_of_file

MAX_LINE_OCTETS = 65_536
# A quotation mark that is never closed would swallow the rest of the file as one cell.
MAX_ROW_LINES = 20

_DELIMITERS = (",", ";", "\t")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")

_SAVE_AS = "Save it as “CSV UTF-8” and import it again"
_OR_NAME_IT = f"{_SAVE_AS}, or name its encoding: --encoding cp1252."


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row: the line it begins in, and its cells by our names of the columns, without outer spaces.

    `file` is its file in an archive; `origin` the program that wrote it.
    """

    line: int
    cells: Mapping[str, str]
    file: str = ""
    origin: Origin = PLAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """One row that cannot be read, and why."""

    line: int
    message: str
    file: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spreadsheet:
    """A file whose header has been read: rows come as they are asked for, once.

    `ignored` names the columns that mean nothing to us; `state` is the one that all rows have.
    """

    ignored: tuple[str, ...]
    rows: Iterator[Row | BadRow]
    origin: Origin = PLAIN
    state: str = ""


def open_spreadsheet(
    stream: BinaryIO, *, name: str, origin: Origin | None = None, encoding: str | None = None, member: str = ""
) -> Spreadsheet:
    """The readers in a CSV file of comma, semicolon or tab, with a header; `name` is for messages.

    UTF-8, or UTF-16 with its mark, or the `encoding` that is named. The header tells which program wrote
    the file unless `origin` does; `member` is the name in an archive, which each row then has. Rows in
    another encoding or with unmatched quotation marks come as `BadRow`; formulas lose the apostrophe
    that spreadsheets and our own export give them.

    Raises UsageError when the header cannot be used, which says what to do.
    """
    text = even_text(stream, encoding=encoding)
    lines = _Lines(text)
    header = _header(lines, name)
    marked = re.fullmatch(r"sep=(.)\s*", header)
    if marked:
        header = _header(lines, name)
    delimiter = marked[1] if marked else max(_DELIMITERS, key=header.count)
    titles = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
    normal = [normal_title(title) for title in titles]
    origin = origin_of(normal) if origin is None else origin
    columns = columns_of(normal, origin)
    if "address" not in columns or columns_named_twice(columns):
        was = "the file is in UTF-16. So read, " if text.was_utf_16 else ""
        raise _refusal(name, max(lines.number, 1), was + _header_fault(titles, columns))
    state = state_of_file(normal, member or name)
    sheet = _Sheet(columns=columns, delimiter=delimiter, origin=origin, state=state, member=member)
    ignored = tuple(title.strip() for title, column in zip(titles, columns, strict=True) if column is None)
    return Spreadsheet(ignored=ignored, rows=_rows(lines, sheet), origin=origin, state=state)


def plain_cell(cell: str) -> str:
    """`cell` such that a spreadsheet shows it instead of running it: `=1+1` becomes `'=1+1`.

    `read_cell` gives back exactly what came in. OWASP, CSV injection; phpList CVE-2021-3188.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def read_cell(cell: str) -> str:
    """`cell` without outer spaces and without the apostrophe that keeps a formula quiet."""
    cell = cell.strip()
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


class _UnreadableError(Exception):
    """A line that cannot be part of a row; the message is for the report."""


class _Lines:
    """The lines of a file as text, numbered from 1; those of a bad row can be read again."""

    def __init__(self, text: EvenText) -> None:
        self._stream = text.stream
        self._encoding = text.encoding
        self._again: deque[bytes] = deque()
        self.number = 0
        self.taken: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_ROW_LINES:
            raise _UnreadableError('a quotation mark (") opens here and is not closed. Close it, or take it out.')
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        if len(line) > MAX_LINE_OCTETS:
            raise _UnreadableError(f"the line is longer than {MAX_LINE_OCTETS} octets. Shorten it.")
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            octet, encoding = error.object[error.start], self._encoding.upper()
            raise _UnreadableError(f"the octet {octet:#04x} is not {encoding}. {_OR_NAME_IT}") from error

    def begin_row(self) -> int:
        """Forget the lines taken so far; gives the number of the next one."""
        self.taken.clear()
        return self.number + 1

    def give_back(self) -> None:
        """Leave out only the first line of the row begun: the others are read again, each on its own."""
        self.number -= len(self.taken) - 1
        self._again.extendleft(reversed(self.taken[1:]))

    def _read(self) -> bytes:
        line = rest = self._stream.readline(MAX_LINE_OCTETS + 1)
        while len(line) > MAX_LINE_OCTETS and rest and not rest.endswith(b"\n"):
            rest = self._stream.readline(MAX_LINE_OCTETS)
        return line


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sheet:
    """What the header of a file says of all its rows."""

    columns: Sequence[str | None]
    delimiter: str
    origin: Origin
    state: str
    member: str


def _rows(lines: _Lines, sheet: _Sheet) -> Iterator[Row | BadRow]:
    """Every row after the header but empty ones; a bad one costs itself alone."""
    columns, member, origin = sheet.columns, sheet.member, sheet.origin
    named = [(at, column) for at, column in enumerate(columns) if column is not None]
    reader = csv.reader(lines, delimiter=sheet.delimiter, skipinitialspace=True, strict=True)
    while True:
        line = lines.begin_row()
        try:
            cells = next(reader, None)
        except (_UnreadableError, csv.Error) as error:
            why = (
                str(error)
                if isinstance(error, _UnreadableError)
                else 'the quotation marks (") do not match. Mend them.'
            )
            lines.give_back()
            yield BadRow(line=line, message=why, file=member)
            continue
        if cells is None:
            return
        if not any(map(str.strip, cells)):
            continue
        if len(cells) > len(columns) and any(map(str.strip, cells[len(columns) :])):
            count = f"the row has {len(cells)} cells, and the header names {len(columns)}."
            advice = "Put cells that hold the delimiter in quotation marks."
            yield BadRow(line=line, message=f"{count} {advice}", file=member)
            continue
        found = {column: read_cell(cells[at]) for at, column in named if at < len(cells)}
        if sheet.state:
            found["state"] = sheet.state
        yield Row(line=line, cells=found, file=member, origin=origin)


def _header(lines: _Lines, name: str) -> str:
    """The next line of the file, which must be text with ordinary line ends."""
    line = lines.begin_row()
    try:
        header = next(lines, "")
    except _UnreadableError as error:
        raise _refusal(name, line, str(error)) from error
    if "\0" in header:
        raise _refusal(name, line, f"the file is in UTF-16, or not text at all. {_SAVE_AS}, or: --encoding utf-16-le.")
    return header.removeprefix("\ufeff")


def _header_fault(titles: Sequence[str], columns: Sequence[str | None]) -> str:
    if not titles:
        return f"the file is empty. Its first line names the columns: {', '.join(COLUMNS)}."
    if "address" not in columns:
        # Not named here: the first line of a file without header is somebody's address.
        return f"the first line names no column “address”. Name the columns there: {', '.join(COLUMNS)}."
    twice = ", ".join(columns_named_twice(columns))
    return f"the first line names these columns twice: {twice}. Rename one of each."


def _refusal(name: str, line: int, message: str) -> UsageError:
    return UsageError(str(Fault(path=name, line=line, message=message)))
