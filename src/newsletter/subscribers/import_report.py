"""What an import is asked to do, and what it did: wishes, the outcome of each row, and the sum of them.

Comes in: one outcome after another. Goes out: `ImportReport`. Pure. Called by `imports`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.subscribers.choices import Settings
from newsletter.subscribers.newcomers import Arrival
from newsletter.subscribers.spreadsheets import BadRow, Row

MAX_PROBLEMS_KEPT = 1_000
MAX_LABELS_KEPT = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one row: where it is, whose, and why not; `settings` are those of a reader who came in.

    `address` is as it was read: whoever shows it masks it.
    """

    file: str
    line: int
    arrival: Arrival
    address: str
    message: str
    settings: Settings | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """How to import: only in thought, whether refusals are kept, until when readers had mail elsewhere (aware UTC).

    `told` hears of each row once it is certain, in order of batches.
    """

    dry_run: bool = False
    remember_refusals: bool = True
    received_up_to: datetime | None = None
    told: Callable[[Outcome], None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One row that did not come in, and why; `line` is where it begins in the file, or in `file` of an archive."""

    line: int
    arrival: Arrival
    message: str
    file: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """How many rows ended how, every `Arrival` named; active readers found again are no problem.

    The first thousand problems are kept in order of line; `problems_left_out` counts those after them.
    `refusals` counts rows whose address is suppressed now because the file says that its reader left;
    `labels` are labels that are no topic here, with the number of their readers, most frequent first.
    """

    counts: Mapping[Arrival, int]
    problems: tuple[Problem, ...]
    problems_left_out: int
    dry_run: bool
    refusals: int = 0
    labels: Mapping[str, int]


class Tally:
    """What has happened so far."""

    def __init__(self, told: Callable[[Outcome], None] | None = None) -> None:
        """Nothing yet; `told` hears of each outcome."""
        self.refusals = 0
        self.labels: Counter[str] = Counter()
        self._counts = dict.fromkeys(Arrival, 0)
        self._problems: list[Problem] = []
        self._problems_left_out = 0
        self._told = told

    def count(
        self,
        row: Row | BadRow,
        arrival: Arrival,
        address: str = "",
        *,
        message: str = "",
        settings: Settings | None = None,
    ) -> None:
        """Count one row; a message makes it a problem."""
        self._counts[arrival] += 1
        if message and len(self._problems) < MAX_PROBLEMS_KEPT:
            self._problems.append(Problem(line=row.line, arrival=arrival, message=message, file=row.file))
        elif message:
            self._problems_left_out += 1
        if self._told is not None:
            outcome = Outcome(
                file=row.file, line=row.line, arrival=arrival, address=address, message=message, settings=settings
            )
            self._told(outcome)

    def report(self, *, dry_run: bool) -> ImportReport:
        """The sum."""
        return ImportReport(
            counts=self._counts,
            problems=tuple(self._problems),
            problems_left_out=self._problems_left_out,
            dry_run=dry_run,
            refusals=self.refusals,
            labels=dict(self.labels.most_common(MAX_LABELS_KEPT)),
        )
