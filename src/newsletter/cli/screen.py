"""How commands talk: data on stdout, talk on stderr, JSON with a stable shape, progress only on a terminal.

Rich is imported when something is drawn, never for `--help`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(kw_only=True, slots=True)
class Screen:
    """Where a command's words go, and how loud it is. `json` switches stdout to machine's data."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_input: bool = False

    def say(self, text: str = "") -> None:
        """One line of talk on stderr, unless quiet. Text is plain: no markup is read in it."""
        if not self.quiet:
            print(text, file=sys.stderr)

    def warn(self, text: str) -> None:
        """One line of talk on stderr, also when quiet."""
        print(text, file=sys.stderr)

    def data(self, value: object, lines: Iterable[str] = ()) -> None:
        """The command's result on stdout: `value` as JSON, or `lines` for people."""
        if self.json:
            print(json.dumps(jsonable(value), ensure_ascii=False, indent=2))
            return
        for line in lines:
            print(line)

    def table(self, value: object, columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
        """A table on stdout (or `value` as JSON); the sentence `empty` on stderr when there are no rows."""
        if self.json:
            self.data(value)
            return
        if not rows:
            self.say(empty)
            return
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(escape(shown(cell)) for cell in row))
        self.console().print(table)

    def console(self) -> Console:
        """Rich's console on stdout; colours only on a terminal and without NO_COLOR."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=not sys.stdout.isatty())

    @property
    def can_ask(self) -> bool:
        """Whether a person can answer: a terminal on both ends, and no --no-input."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()


def shown(value: object) -> str:
    """A cell as text: hours with their zone, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return str(value)


def jsonable(value: object) -> object:
    """`value` as JSON can say it: records by field, enums by name, times as RFC 3339 in UTC."""
    if isinstance(value, IntEnum):
        return value.name.lower()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, (str, StrEnum, Path)):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [jsonable(item) for item in value]
    return str(value)
