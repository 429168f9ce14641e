"""How commands talk: data on stdout, talk on stderr, JSON with a stable shape, progress only on a terminal.

Foreign text is made harmless here, at the exit. Rich is imported when something is drawn, never for
`--help`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import typer

from newsletter.cli.values import as_json, plain, shown
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

# Wider than any table of ours: what goes into a file or a pipe is not folded.
UNFOLDED_COLUMNS = 10_000


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
            write(sys.stderr, plain(text))

    def warn(self, text: str) -> None:
        """One line of talk on stderr, also when quiet."""
        write(sys.stderr, plain(text))

    def data(self, value: object, lines: Iterable[str] = ()) -> None:
        """The command's result on stdout: `value` as JSON, or `lines` for people."""
        for line in [as_json(value)] if self.json else map(plain, lines):
            write(sys.stdout, line)

    def table(self, value: object, columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
        """A table on stdout (or `value` as JSON); the sentence `empty` on stderr when there are no rows."""
        if self.json:
            self.data(value)
            return
        if not rows:
            if empty:
                self.say(empty)
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            # Text, not str: Rich would read [red] in a title as an order.
            table.add_row(*(Text(shown(cell)) for cell in row))
        console = self.console(sys.stdout)
        with console.capture() as drawn:
            console.print(table)
        for line in drawn.get().splitlines():
            write(sys.stdout, line.rstrip())

    def console(self, stream: TextIO) -> Console:
        """Rich's console on `stream`; colours only on a terminal and without NO_COLOR."""
        from rich.console import Console

        # An empty NO_COLOR counts as unset (no-color.org). Rich alone would still print bold.
        colours = None if os.environ.get("NO_COLOR") else "auto"
        width = None if stream.isatty() else UNFOLDED_COLUMNS
        return Console(file=stream, highlight=False, color_system=colours, width=width)  # type: ignore[arg-type]  # literals

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """A sign of life on a terminal while the block runs; nothing elsewhere."""
        if not self.draws_progress:
            yield
            return
        with self.console(sys.stderr).status(plain(what)):
            yield

    @property
    def draws_progress(self) -> bool:
        """Whether moving signs of progress may be drawn."""
        return not (self.quiet or self.json) and sys.stderr.isatty()

    @property
    def can_ask(self) -> bool:
        """Whether a person can answer: a terminal on both ends, and no --no-input."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    def require_yes(self, question: str, *, consequence: str, yes: bool) -> None:
        """Nothing, once a person has agreed by --yes or y. Raises UsageError for no, and where nobody can be asked.

        `consequence` says what the command would do, as in "This withdraws the article".
        """
        if yes:
            return
        self.refuse_if_alone(consequence)
        try:
            agreed = typer.confirm(plain(question), err=True)
        except typer.Abort:
            raise self._left() from None
        if not agreed:
            raise UsageError("Nothing was done.")

    def require_number(self, question: str, number: int, *, consequence: str) -> None:
        """Nothing, once a person has typed `number`. Raises UsageError for any other answer, and without a person."""
        self.refuse_if_alone(consequence)
        try:
            answer = typer.prompt(plain(question), err=True)
        except typer.Abort:
            raise self._left() from None
        if str(answer).translate(str.maketrans("", "", ",. \u00a0\u202f")) != str(number):
            raise UsageError("That is another number. Nothing was done.")

    def refuse_if_alone(self, consequence: str) -> None:
        """Raise UsageError when no person can answer a question."""
        if not self.can_ask:
            raise UsageError(f"{consequence}, and there is nobody to ask. Pass --yes to agree.")

    def _left(self) -> typer.Exit:
        write(sys.stderr, "\nNothing was done.")
        return typer.Exit(130)


def write(stream: TextIO, line: str) -> None:
    """One line on `stream`."""
    write_all(stream, [f"{line}\n"])


def write_all(stream: TextIO, lines: Iterable[str]) -> None:
    """Lines with their ends on `stream`.

    When its reader went away (`| head`), the command goes on, and its exit code stays true.
    """
    try:
        stream.writelines(lines)
        stream.flush()
    except BrokenPipeError:
        # Python flushes once more at its end; that must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
