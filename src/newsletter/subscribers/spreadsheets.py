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

MAX_LINE_OCTETS = 65_536
# A quotation mark that is never closed would swallow the rest of the file as one cell.
MAX_ROW_LINES = 20

# Our columns by every name they go by, in lower case, with _ for spaces and hyphens.
_COLUMNS = {
    **dict.fromkeys(("address", "email", "e_mail", "mail", "email_address", "e_mail_address"), "address"),
    **dict.fromkeys(("name", "full_name"), "name"),
    **dict.fromkeys(("language", "lang", "locale"), "language"),
    **dict.fromkeys(("time_zone", "timezone"), "time_zone"),
    **dict.fromkeys(("state", "status"), "state"),
    **{column: column for column in ("rhythm", "hour", "topics", "consent")},
}
COLUMNS = ("address", "name", "language", "time_zone", "rhythm", "hour", "topics", "consent", "state")

_DELIMITERS = (",", ";", "\t")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")

_SAVE_AS = "Save it as “CSV UTF-8” and import it again."


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row: the line it begins in, and its cells by our names of the columns, without outer spaces."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """One row that cannot be read, and why."""

    line: int
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Spreadsheet:
    """A file whose header has been read: rows come as they are asked for, once.

    `ignored` names the columns that mean nothing to us.
    """

    ignored: tuple[str, ...]
    rows: Iterator[Row | BadRow]


def open_spreadsheet(stream: BinaryIO, *, name: str) -> Spreadsheet:
    """The readers in a CSV file of comma, semicolon or tab, with a header; `name` is for messages.

    UTF-8, with or without a mark at its start. Rows in another encoding or with unmatched quotation
    marks come as `BadRow`; formulas lose the apostrophe that spreadsheets and our own export give them.

    Raises UsageError when the header cannot be used, which says what to do.
    """
    lines = _Lines(stream)
    header = _header(lines, name)
    marked = re.fullmatch(r"sep=(.)\s*", header)
    if marked:
        header = _header(lines, name)
    delimiter = marked[1] if marked else max(_DELIMITERS, key=header.count)
    titles = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
    columns = [_COLUMNS.get(re.sub(r"[\s-]+", "_", title.strip().casefold())) for title in titles]
    if columns.count("address") != 1 or len(set(columns) - {None}) != len(columns) - columns.count(None):
        raise _refusal(name, max(lines.number, 1), _header_fault(titles, columns))
    ignored = tuple(title.strip() for title, column in zip(titles, columns, strict=True) if column is None)
    return Spreadsheet(ignored=ignored, rows=_rows(lines, delimiter, columns))


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

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
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
            return line.decode()
        except UnicodeDecodeError as error:
            octet = error.object[error.start]
            raise _UnreadableError(f"the octet {octet:#04x} is not UTF-8. {_SAVE_AS}") from error

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


def _rows(lines: _Lines, delimiter: str, columns: Sequence[str | None]) -> Iterator[Row | BadRow]:
    """Every row after the header but empty ones; a bad one costs itself alone."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
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
            yield BadRow(line=line, message=why)
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(columns) :]):
            count = f"the row has {len(cells)} cells, and the header names {len(columns)}."
            yield BadRow(line=line, message=f"{count} Put cells that hold the delimiter in quotation marks.")
            continue
        named = zip(columns, cells, strict=False)
        yield Row(line=line, cells={column: read_cell(cell) for column, cell in named if column is not None})


def _header(lines: _Lines, name: str) -> str:
    """The next line of the file, which must be text with ordinary line ends."""
    line = lines.begin_row()
    try:
        header = next(lines, "")
    except _UnreadableError as error:
        utf_16 = lines.taken[0][:2] in {b"\xff\xfe", b"\xfe\xff"}
        raise _refusal(name, line, f"the file is in UTF-16. {_SAVE_AS}" if utf_16 else str(error)) from error
    if "\0" in header:
        raise _refusal(name, line, f"the file is in UTF-16, or not text at all. {_SAVE_AS}")
    if "\r" in header.rstrip("\r\n"):
        raise _refusal(name, line, f"the lines end as on old Macs (CR). {_SAVE_AS}")
    return header.removeprefix("\ufeff")


def _header_fault(titles: Sequence[str], columns: Sequence[str | None]) -> str:
    if not titles:
        return f"the file is empty. Its first line names the columns: {', '.join(COLUMNS)}."
    if "address" not in columns:
        # Not named here: the first line of a file without header is somebody's address.
        return f"the first line names no column “address”. Name the columns there: {', '.join(COLUMNS)}."
    twice = ", ".join(sorted({column for column in columns if column and columns.count(column) > 1}))
    return f"the first line names these columns twice: {twice}. Rename one of each."


def _refusal(name: str, line: int, message: str) -> UsageError:
    return UsageError(str(Fault(path=name, line=line, message=message)))
