"""Letting in many at once: a file of readers, some of whom must not be let in.

Comes in: rows of a spreadsheet. Goes out: `ImportReport`, with the line of every row that needs a
look. Called by the desk.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection

from newsletter.errors import UsageError
from newsletter.model import SubscriberState
from newsletter.store import Store
from newsletter.store.many import hold_more_in_memory
from newsletter.store.meta import add_event
from newsletter.subscribers.addresses import mask
from newsletter.subscribers.choices import offer_of
from newsletter.subscribers.examining import CheckedNewcomer, Examiner
from newsletter.subscribers.import_report import ImportReport, Tally, Wishes
from newsletter.subscribers.newcomers import (
    Arrival,
    Consent,
    Intake,
    Verdict,
    admit,
    judge,
)
from newsletter.subscribers.origins import Reading, read_row, source_of
from newsletter.subscribers.refusals import (
    Refusal,
    SortedRefusals,
    let_go,
    refusal_of,
    remember_refusals,
    sort_refusals,
)
from newsletter.subscribers.spreadsheets import BadRow, Row
from newsletter.subscribers.standings import standing_of

# A batch is one transaction: long enough that the disk is not what one waits for, short enough that
# a sender or a second import waits a few tenths of a second for it.
BATCH_ROWS = 4_000
# New readers scatter over three indexes, so a batch writes some 8 MB to SQLite's log, and more later.
BATCHES_BETWEEN_CHECKPOINTS = 4
# New objects, less those gone, before Python looks for cycles among them. A batch is some tens of
# thousands of objects without any, and with the usual 700 the search took a fifth of an import.
_OBJECTS_BETWEEN_COLLECTIONS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _LeftOut:
    """A row that stays out for what it says itself."""

    row: Row | BadRow
    arrival: Arrival
    address: str
    message: str


# A row of the file beside what it comes to.
_Candidate = tuple[Row, CheckedNewcomer]
_Entry = _Candidate | Refusal | _LeftOut


def import_rows(
    store: Store, rows: Iterable[Row | BadRow], *, consent: Consent, intake: Intake, wishes: Wishes | None = None
) -> ImportReport:
    """Make the readers in `rows` active subscribers; a row's own consent counts before `consent`.

    A bad row never stops the others. Suppressed, unsubscribed and bounced readers are shown and left
    as they are, as are rows whose state column says anything but active; those whose state is a refusal
    are suppressed, unless `wishes` say otherwise. Transactions of 4,000 rows, and memory for as many (a
    dry run, which writes nothing, also remembers every address to find repeated ones). Interrupted, it
    leaves whole batches; repeated, it adds what is missing.
    """
    wishes = wishes or Wishes()
    if wishes.received_up_to is not None:
        intake = replace(intake, received_up_to=wishes.received_up_to)
    tally = Tally(wishes.told)
    if wishes.dry_run:
        take = _Foresight(store, wishes=wishes).take
    else:
        take = _Taker(store, consent=consent, intake=intake, wishes=wishes).take
    with _rarely_collected():
        for batch in map(_Batch, _batches(_checked(rows, consent, intake, tally))):
            take(batch)
            _count(tally, batch, wishes)
    return tally.report(dry_run=wishes.dry_run)


class _Batch:
    """Some thousand rows in their order, and what the database says of them."""

    def __init__(self, entries: list[_Entry]) -> None:
        self.entries = entries
        self.newcomers = [entry[1] for entry in entries if isinstance(entry, tuple)]
        self.refusals = [entry for entry in entries if isinstance(entry, Refusal)]
        self.sorted = SortedRefusals()
        self.verdicts: Mapping[str, Verdict] = {}
        self.written: set[str] = set()

    def fresh(self) -> list[CheckedNewcomer]:
        """Who may come in, once; of rows with the same address the first counts."""
        first: dict[str, CheckedNewcomer] = {}
        for newcomer in self.newcomers:
            if newcomer.address.key not in self.verdicts:
                first.setdefault(newcomer.address.key, newcomer)
        return list(first.values())


class _Taker:
    """Takes one batch after another into the database."""

    def __init__(self, store: Store, *, consent: Consent, intake: Intake, wishes: Wishes) -> None:
        self._store = store
        self._consent = consent
        self._intake = intake
        self._wishes = wishes
        self._taken = 0

    def take(self, batch: _Batch) -> None:
        """One batch, in one transaction; then the readers an earlier one let in, one by one."""
        consent, intake, remember = self._consent, self._intake, self._wishes.remember_refusals
        with self._store.writing() as connection:
            hold_more_in_memory(connection)
            batch.sorted = sort_refusals(connection, batch.refusals)
            if remember:
                remember_refusals(connection, batch.sorted, source=consent.source, now=intake.now)
            batch.verdicts = judge(connection, batch.newcomers)
            batch.written = self._admit(connection, batch)
        if remember:
            let_go(self._store, batch.sorted, source=consent.source, intake=intake)
        self._taken += 1
        if self._taken % BATCHES_BETWEEN_CHECKPOINTS == 0:
            self._store.checkpoint()

    def _admit(self, connection: Connection, batch: _Batch) -> set[str]:
        fresh = batch.fresh()
        if not fresh:
            return set()
        consent, intake = self._consent, self._intake
        written = admit(connection, fresh, what="import", consent=consent, intake=intake)
        if written:
            about = ("subscribers", None)
            add_event(connection, "import", about, now=intake.now, added=len(written), source=consent.source)
        return written


class _Foresight:
    """What a dry run would have written so far: the addresses it would add, and those it would suppress."""

    def __init__(self, store: Store, *, wishes: Wishes) -> None:
        self._store = store
        self._wishes = wishes
        # Not the addresses themselves, which take twice the memory; two alike in a million are 1 in 10^7.
        self._added: set[int] = set()
        self._refused: set[str] = set()

    def take(self, batch: _Batch) -> None:
        """Foresee one batch."""
        with self._store.reading() as connection:
            batch.sorted = sort_refusals(connection, batch.refusals)
            if self._wishes.remember_refusals:
                self._refused.update(batch.sorted.suppression_keys())
            batch.verdicts = judge(connection, batch.newcomers, refused=self._refused)
        keys = {newcomer.address.key for newcomer in batch.newcomers} - batch.verdicts.keys()
        batch.written = {key for key in keys if hash(key) not in self._added}
        self._added.update(map(hash, batch.written))


def _count(tally: Tally, batch: _Batch, wishes: Wishes) -> None:
    """Count the rows of a batch in their order, now that it is certain what became of them."""
    to_count = set(batch.written)
    for entry in batch.entries:
        if isinstance(entry, _LeftOut):
            tally.count(entry.row, entry.arrival, entry.address, message=entry.message)
            continue
        if isinstance(entry, Refusal):
            _count_refusal(tally, entry, batch.sorted, wishes)
            continue
        row, newcomer = entry
        address, verdict = newcomer.address, batch.verdicts.get(newcomer.address.key)
        if verdict is not None:
            known = verdict.state is SubscriberState.ACTIVE and verdict.arrival is Arrival.ALREADY
            tally.count(row, verdict.arrival, address.address, message="" if known else verdict.message)
        elif address.key in to_count:
            to_count.remove(address.key)
            tally.count(row, Arrival.ADDED, address.address, settings=newcomer.settings)
        else:
            tally.count(row, Arrival.ALREADY, address.address)


def _count_refusal(tally: Tally, refusal: Refusal, known: SortedRefusals, wishes: Wishes) -> None:
    address, key = refusal.address.address, refusal.address.key
    says = f"{mask(address)}: the file says “{refusal.said[:40]}”"
    message = f"{says}, so it is not added"
    if key in known.staying:
        message = f"{says}, and it agreed here itself, so it stays"
    elif wishes.remember_refusals:
        tally.refusals += 1
        message += ", now or later"
        if key in known.leaving:
            message += "; an earlier import had added it, and its mail ends"
    tally.count(refusal.row, Arrival.WITHHELD, address, message=f"{message}.")


def _checked(rows: Iterable[Row | BadRow], consent: Consent, intake: Intake, tally: Tally) -> Iterator[_Entry]:
    """Each row as far as it itself tells what becomes of it."""
    offer = offer_of(intake.masthead)
    examiner = Examiner(offer, intake.keys)
    for row in rows:
        if isinstance(row, BadRow):
            yield _LeftOut(row=row, arrival=Arrival.INVALID, address="", message=row.message)
            continue
        reading = read_row(row.cells, row.origin, offer, intake.now)
        standing = standing_of(reading.state)
        refusal = None if standing.refusal is None else refusal_of(row, reading, standing.refusal, intake.keys)
        if refusal is not None:
            yield refusal
        elif not standing.is_mailable:
            address = reading.newcomer.address
            message = f"{mask(address)}: the file says “{reading.state[:40]}”, so it is not added."
            yield _LeftOut(row=row, arrival=Arrival.WITHHELD, address=address, message=message)
        else:
            yield _candidate(row, reading, consent, examiner, tally)


def _candidate(row: Row, reading: Reading, consent: Consent, examiner: Examiner, tally: Tally) -> _Entry:
    source = source_of(reading, row.origin, consent.source)
    own = "" if source == consent.source else source
    try:
        checked = examiner.check(reading.newcomer, row.cells.get("consent") or consent.wording, source=own)
    except UsageError as error:
        message = str(error).replace("\n", " ")
        return _LeftOut(row=row, arrival=Arrival.INVALID, address=reading.newcomer.address, message=message)
    if reading.labels:
        tally.labels.update(reading.labels)
    return row, checked


def _batches(rows: Iterator[_Entry]) -> Iterator[list[_Entry]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Let Python look for cycles among objects more rarely, until the block ends."""
    usual = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
