"""What `subscribers import` says while it runs and afterwards: progress, a report of each row, the sum.

Comes in: outcomes as they are certain, then an `ImportReport`. Goes out: lines, JSON, a file.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from newsletter.cli.values import as_json, counted, picked
from newsletter.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.status import Status

    from newsletter.cli.screen import Screen
    from newsletter.newsroom import Newsroom
    from newsletter.subscribers import ImportReport, Outcome, Source

LINES_SHOWN = 20
LABELS_SHOWN = 10
ROWS_BETWEEN_SIGNS = 1_000

REPORTED = ("file", "line", "outcome", "address", "language", "rhythm", "topics", "message")
_SIGNS = {"added": "+", "already there": "=", "suppressed": "!", "withheld": "-", "invalid": "?"}
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}))?")


class Watcher:
    """Hears of each row: draws progress on a terminal, keeps the first lines of a dry run, writes the report."""

    def __init__(self, screen: Screen, report: Path | None, *, is_rehearsal: bool) -> None:
        """Nothing is opened before the `with`."""
        self.first: list[str] = []
        self._screen = screen
        self._path = report
        self._is_rehearsal = is_rehearsal
        self._rows = 0
        self._file: TextIO | None = None
        self._status: Status | None = None
        self._stack = ExitStack()

    @property
    def told(self) -> Callable[[Outcome], None] | None:
        """What `Wishes` takes; None when nobody listens, which is faster."""
        return self._hear if self._path is not None or self._status is not None or self._is_rehearsal else None

    def __enter__(self) -> Self:
        """Open the report, and begin to draw."""
        if self._path is not None:
            self._file = self._stack.enter_context(_private(self._path))
            if self._path.suffix != ".jsonl":
                self._file.write(_line(REPORTED))
        if self._screen.draws_progress:
            status = self._screen.console(sys.stderr).status("importing …")
            self._status = self._stack.enter_context(status)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing, and close the report, which then holds what was certain so far."""
        self._stack.close()

    def _hear(self, outcome: Outcome) -> None:
        self._rows += 1
        if self._is_rehearsal and len(self.first) < LINES_SHOWN:
            self.first.append(line_of(outcome))
        if self._file is not None and self._path is not None:
            cells = cells_of(outcome)
            is_json = self._path.suffix == ".jsonl"
            named = dict(zip(REPORTED, cells, strict=True))
            self._file.write(as_json(named, indent=None) + "\n" if is_json else _line(cells))
        if self._status is not None and self._rows % ROWS_BETWEEN_SIGNS == 0:
            self._status.update(f"importing … {counted(self._rows, 'row')}")


def received_up_to(text: str | None, newsroom: Newsroom) -> datetime | None:
    """The instant a person means: the end of a day in the newsroom's zone, or an hour of it; None for no word.

    Raises UsageError for what is no date, and for a future one.
    """
    if text is None:
        return None
    from newsletter.timetable import instant_of

    found = _DAY.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        day, hour = date.fromisoformat(found[1]), None if found[2] is None else time.fromisoformat(found[2])
        zone = newsroom.masthead.time_zone
        instants = (instant_of(day + timedelta(days=more), hour or time(), zone) for more in range(not hour, 3))
        moment = next(instant for instant in instants if instant is not None)
    except (ValueError, OverflowError, StopIteration):
        advice = "Write it like 2026-11-20, or 2026-11-20T18:00 in the newsroom's time zone."
        raise UsageError(f"--already-received-up-to {text[:40]}: there is no such day. {advice}") from None
    if hour is None:
        # The day itself counts to its last moment, and today up to now.
        moment = min(moment - timedelta(microseconds=1), max(newsroom.now, moment - timedelta(days=1)))
    if moment > newsroom.now:
        raise UsageError(
            f"--already-received-up-to {text[:40]}: this is in the future, and nobody has that mail yet. "
            "Name the day of the last mail they had."
        )
    return moment


def line_of(outcome: Outcome) -> str:
    """`+ a…@example.org (en, each, all topics)`, `! b…@example.org`: one row as a dry run shows it."""
    from newsletter.subscribers import mask

    who = mask(outcome.address) if outcome.address else ""
    if outcome.settings is not None:
        topics = " ".join(outcome.settings.topics) or "all topics"
        what = f"({outcome.settings.language}, {outcome.settings.rhythm}, {topics})"
    else:
        what = str(outcome.arrival)
    place = f"{outcome.file}:{outcome.line}" if outcome.file else f"line {outcome.line}"
    return f"{_SIGNS[outcome.arrival]} {place}: {who} {what}".replace(":  ", ": ")


def cells_of(outcome: Outcome) -> tuple[str, ...]:
    """One row as the report has it, with its full address."""
    settings = outcome.settings
    chosen = ("", "", "") if settings is None else (settings.language, settings.rhythm, ";".join(settings.topics))
    arrival = str(outcome.arrival)
    return (outcome.file, str(outcome.line), arrival, outcome.address, *chosen, outcome.message)


def tell_import(report: ImportReport, file: Path, source: Source, first: Sequence[str], *, screen: Screen) -> None:
    """The sum on stdout, as JSON with `--json`; on stderr the rows that need a look, and what was left out."""
    if source.ignored:
        screen.say(f"Columns that mean nothing here: {', '.join(source.ignored)}")
    counts = {str(arrival): number for arrival, number in report.counts.items()}
    lines = [f"{number:,} {name}" for name, number in counts.items() if number] or ["The file holds no rows."]
    screen.data(_data(report, source, first, counts), [*lines, *first])
    for problem in report.problems:
        place = f"{file}/{problem.file}" if problem.file else str(file)
        screen.warn(f"{place}:{problem.line}: {problem.message}")
    if report.problems_left_out:
        screen.warn(f"… and {report.problems_left_out:,} more")
    for line in _remarks(report, source):
        screen.say(line)


def _data(report: ImportReport, source: Source, first: Sequence[str], counts: dict[str, int]) -> dict[str, object]:
    columns = ("file", "line", "message") if source.files else ("line", "message")
    data: dict[str, object] = {
        "counts": {name.replace(" ", "_"): number for name, number in counts.items()},
        "problems": [picked(problem, columns) for problem in report.problems],
        "problems_left_out": report.problems_left_out,
        "ignored_columns": source.ignored,
        "dry_run": report.dry_run,
    }
    if source.files or source.origin.name != "csv":
        data |= {
            "origin": source.origin.name,
            "files": source.files,
            "refusals": report.refusals,
            "labels_left_out": report.labels,
            "first_rows": list(first),
        }
    return data


def _remarks(report: ImportReport, source: Source) -> Iterator[str]:
    if source.origin.name != "csv":
        yield f"Read as an export of {source.origin.title}; --from csv reads it as a plain list."
    if source.files:
        yield f"Read in this order: {', '.join(source.files)}"
    if report.labels:
        named = [f"{label} ({number:,})" for label, number in list(report.labels.items())[:LABELS_SHOWN]]
        more = f" and {len(report.labels) - LABELS_SHOWN:,} more" if len(report.labels) > LABELS_SHOWN else ""
        yield f"Labels that are no topic here, left out: {', '.join(named)}{more}"
    if report.refusals:
        number = f"{report.refusals:,} address{'' if report.refusals == 1 else 'es'}"
        verb = "To be suppressed" if report.dry_run else "Suppressed"
        yield f"{verb}, since the file says that they left or bounced: {number}"
    if report.dry_run:
        yield "Nothing was changed (--dry-run)."


def _private(path: Path) -> TextIO:
    try:
        file = path.open("x", encoding="utf-8", newline="")
        path.chmod(0o600)
    except FileExistsError:
        raise UsageError(f"{path}: exists already, and a report overwrites nothing. Choose another name.") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}). Check space and permissions.") from error
    return file


def _line(cells: Sequence[str]) -> str:
    from newsletter.subscribers.spreadsheets import plain_cell

    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow([plain_cell(cell) for cell in cells])
    return line.getvalue()
