"""Rows of cells to lines of aligned columns, for the plain text of a table."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

# A terminal's width; a column is not narrowed below the second figure, nor widened for one long word
# beyond the third.
_MAX_LINE_CHARS = 78
_MIN_COLUMN_CHARS = 14
_MAX_WORD_CHARS = 40
# A table with more columns is an attack or a sheet of figures: its rows are written without alignment.
_MAX_COLUMNS = 60
_GAP = "  "

Row = Sequence[tuple[str, int, int]]


def lay_out(rows: Sequence[Row], *, heads: int) -> str:
    """Lines of aligned columns from rows of (text, columns, rows) cells; a rule below the first `heads`.

    A cell over several columns or rows stands in its first. What is too wide for a terminal is wrapped
    inside its column. Empty rows and columns are left out.
    """
    grid = _grid(rows)
    used = sorted({column for row in grid for column in row})
    if len(used) > _MAX_COLUMNS:
        return "\n".join(_GAP.join(row[column] for column in sorted(row)) for row in grid if row)
    widths = _widths(grid, used)
    lines: list[str] = []
    for number, row in enumerate(grid):
        if row:
            lines += _lines([row.get(column, "") for column in used], widths)
        if heads and number == heads - 1 and lines:
            lines.append(_GAP.join("-" * width for width in widths))
    return "\n".join(lines)


def width_of(text: str) -> int:
    """The columns `text` takes in a terminal: two for wide letters, none for marks."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _lines(cells: list[str], widths: list[int]) -> list[str]:
    wrapped = [
        textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False)
        for cell, width in zip(cells, widths, strict=True)
    ]
    return [
        _GAP.join(piece + " " * (width - width_of(piece)) for piece, width in zip(pieces, widths, strict=True)).rstrip()
        for pieces in zip_longest(*wrapped, fillvalue="")
    ]


def _grid(rows: Sequence[Row]) -> list[dict[int, str]]:
    taken: dict[int, int] = {}
    grid: list[dict[int, str]] = []
    for row in rows:
        line: dict[int, str] = {}
        below = {column: left - 1 for column, left in taken.items() if left > 1}
        column = 0
        for text, columns, height in row:
            while column in taken:
                column += 1
            if text:
                line[column] = text
            width = min(columns, _MAX_COLUMNS)
            if height > 1 and column < _MAX_COLUMNS:
                below.update(dict.fromkeys(range(column, column + width), height - 1))
            column += width
        taken = below
        grid.append(line)
    return grid


def _widths(grid: list[dict[int, str]], used: list[int]) -> list[int]:
    cells = {column: [row[column] for row in grid if column in row] for column in used}
    natural = [max(map(width_of, cells[column])) for column in used]
    room = _MAX_LINE_CHARS - len(_GAP) * (len(used) - 1)
    caps = (
        cap for cap in range(_MAX_LINE_CHARS, _MIN_COLUMN_CHARS, -1) if sum(min(cap, each) for each in natural) <= room
    )
    cap = next(caps, _MIN_COLUMN_CHARS)
    words = [max(map(_longest_word, cells[column])) for column in used]
    return [max(min(cap, width), min(word, _MAX_WORD_CHARS)) for width, word in zip(natural, words, strict=True)]


def _longest_word(text: str) -> int:
    return max(map(width_of, text.split()), default=1)
