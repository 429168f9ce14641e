"""Letting in many at once: a file of readers, some of whom must not be let in.

Comes in: rows of a spreadsheet. Goes out: `ImportReport`, with the line of every row that needs a
look. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from newsletter.errors import UsageError
from newsletter.model import SubscriberState
from newsletter.store import Store
from newsletter.store.meta import add_event
from newsletter.subscribers.addresses import mask
from newsletter.subscribers.choices import Choices, offer_of
from newsletter.subscribers.newcomers import (
    Arrival,
    CheckedNewcomer,
    Consent,
    Intake,
    Newcomer,
    Verdict,
    admit,
    check_newcomer,
    judge,
)
from newsletter.subscribers.spreadsheets import BadRow, Row

# A batch is one transaction: long enough that the disk is not what one waits for, short enough that
# a sender or a second import waits a few hundredths of a second for it.
BATCH_ROWS = 1_000
# New readers scatter over three indexes, so a batch writes some 2 MB to SQLite's log, and more later.
BATCHES_BETWEEN_CHECKPOINTS = 10
MAX_PROBLEMS_KEPT = 1_000

# What other programs call a reader who may be mailed; anything else in a state column is not let in.
_MAILABLE = frozenset({"", "active", "subscribed", "enabled", "confirmed"})

_Numbered = tuple[int, CheckedNewcomer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One row that did not come in, and why; `line` is where it begins in the file."""

    line: int
    arrival: Arrival
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """How many rows ended how, every `Arrival` named; active readers found again are no problem.

    The first thousand problems are kept in order of line; `problems_left_out` counts those after them.
    """

    counts: Mapping[Arrival, int]
    problems: tuple[Problem, ...]
    problems_left_out: int
    dry_run: bool


def import_rows(
    store: Store, rows: Iterable[Row | BadRow], *, consent: Consent, intake: Intake, dry_run: bool = False
) -> ImportReport:
    """Make the readers in `rows` active subscribers; a row's own consent counts before `consent`.

    A bad row never stops the others. Suppressed, unsubscribed and bounced readers are shown and left
    as they are, as are rows whose state column says anything but active. Transactions of 1,000 rows,
    and memory for as many (a dry run, which writes nothing, also remembers every address to find
    repeated ones). Interrupted, it leaves whole batches; repeated, it adds what is missing.
    """
    tally = _Tally()
    foreseen: set[str] = set()
    for number, batch in enumerate(_batches(_checked(rows, consent, intake, tally)), start=1):
        if dry_run:
            with store.reading() as connection:
                verdicts = judge(connection, [newcomer for _, newcomer in batch])
            written = {newcomer.address.key for _, newcomer in batch} - verdicts.keys() - foreseen
            foreseen |= written
        else:
            with store.writing() as connection:
                verdicts = judge(connection, [newcomer for _, newcomer in batch])
                written = _admit_batch(connection, batch, verdicts, consent=consent, intake=intake)
            if number % BATCHES_BETWEEN_CHECKPOINTS == 0:
                store.checkpoint()
        tally.count_batch(batch, verdicts, written)
    return ImportReport(
        counts=tally.counts,
        problems=tuple(tally.problems),
        problems_left_out=tally.problems_left_out,
        dry_run=dry_run,
    )


def _admit_batch(
    connection: Connection,
    batch: list[_Numbered],
    verdicts: Mapping[str, Verdict],
    *,
    consent: Consent,
    intake: Intake,
) -> set[str]:
    # Of rows with the same address the first counts.
    fresh: dict[str, CheckedNewcomer] = {}
    for _, newcomer in batch:
        if newcomer.address.key not in verdicts:
            fresh.setdefault(newcomer.address.key, newcomer)
    written = admit(connection, fresh.values(), what="import", consent=consent, intake=intake)
    if written:
        add_event(
            connection, "import", ("subscribers", None), now=intake.now, added=len(written), source=consent.source
        )
    return written


class _Tally:
    """What has happened so far."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Arrival, 0)
        self.problems: list[Problem] = []
        self.problems_left_out = 0

    def count(self, arrival: Arrival, line: int, message: str = "") -> None:
        """Count one row; a message makes it a problem."""
        self.counts[arrival] += 1
        if message and len(self.problems) < MAX_PROBLEMS_KEPT:
            self.problems.append(Problem(line=line, arrival=arrival, message=message))
        elif message:
            self.problems_left_out += 1

    def count_batch(self, batch: list[_Numbered], verdicts: Mapping[str, Verdict], written: set[str]) -> None:
        """Count the rows of one batch, once it is committed."""
        written = set(written)
        for line, newcomer in batch:
            verdict = verdicts.get(newcomer.address.key)
            if verdict is not None:
                known = verdict.state is SubscriberState.ACTIVE and verdict.arrival is Arrival.ALREADY
                self.count(verdict.arrival, line, "" if known else verdict.message)
            elif newcomer.address.key in written:
                written.remove(newcomer.address.key)
                self.count(Arrival.ADDED, line)
            else:
                self.count(Arrival.ALREADY, line)


def _checked(rows: Iterable[Row | BadRow], consent: Consent, intake: Intake, tally: _Tally) -> Iterator[_Numbered]:
    """The rows that may come in as far as they themselves tell; the others are counted."""
    offer = offer_of(intake.masthead)
    for row in rows:
        if isinstance(row, BadRow):
            tally.count(Arrival.INVALID, row.line, row.message)
            continue
        state = row.cells.get("state", "").casefold()
        if state not in _MAILABLE:
            message = f"{mask(row.cells.get('address', ''))}: the file says “{state[:40]}”, so it is not added."
            tally.count(Arrival.WITHHELD, row.line, message)
            continue
        try:
            newcomer = _newcomer(row.cells)
            wording = row.cells.get("consent") or consent.wording
            checked = check_newcomer(newcomer, wording, offer=offer, keys=intake.keys)
        except UsageError as error:
            tally.count(Arrival.INVALID, row.line, str(error).replace("\n", " "))
        else:
            yield row.line, checked


def _newcomer(cells: Mapping[str, str]) -> Newcomer:
    topics = cells.get("topics")
    return Newcomer(
        address=cells.get("address", ""),
        choices=Choices(
            name=cells.get("name"),
            language=cells.get("language"),
            time_zone=cells.get("time_zone"),
            rhythm=cells.get("rhythm"),
            hour=cells.get("hour"),
            topics=None if topics is None else tuple(topics.split(";")),
        ),
    )


def _batches(rows: Iterator[_Numbered]) -> Iterator[list[_Numbered]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch
