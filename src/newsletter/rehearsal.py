"""The coming days, rehearsed: the real desk on a copy of the database, with a clock that jumps from hour to hour.

What it shows is what would be sent, because the same code gathers, renders and releases it. Nothing
is sent, and nothing of the newsroom changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from newsletter.model import Variant
from newsletter.schedule_board import ScheduleBoard
from newsletter.schedule_desk import ScheduleDesk, ScheduleTools, board_of
from newsletter.store import Store
from newsletter.store.editions import StoredEdition, list_editions, variants_of
from newsletter.store.rehearsing import pretend_sent, readers_by_variant, rehearsal_copy
from newsletter.store.schedules import SlotState, StoredSlot, slot_of_edition, slots_in
from newsletter.store.waves import Wave, waves_of
from newsletter.timetable import in_zone

_LATER = timedelta(minutes=10)
_NOT_ENDLESS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class RehearsedEdition:
    """One edition that would go out: its variants with their titles and readers, its waves, and whom it leaves out."""

    at: datetime
    name: str
    subject: str
    audience: int
    variants: tuple[tuple[Variant, tuple[str, ...], int], ...]
    waves: tuple[Wave, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """What would happen from `start` to `end` (aware UTC): editions in order, runs that would bring nothing, faults."""

    start: datetime
    end: datetime
    editions: tuple[RehearsedEdition, ...]
    quiet: tuple[StoredSlot, ...]
    faults: tuple[str, ...]

    @property
    def by_hour(self) -> dict[datetime, int]:
        """How many emails would leave in each hour (aware UTC), in order; waves leave at their hour."""
        counts: Counter[datetime] = Counter()
        for edition in self.editions:
            for at, readers in _departures(edition):
                counts[at.replace(minute=0, second=0, microsecond=0)] += readers
        return dict(sorted(counts.items()))


def rehearse(tools: ScheduleTools, *, days: int) -> Rehearsal:
    """What would go out in the next `days` days if nothing else were published and no reader changed anything."""
    start = tools.clock()
    end = start + timedelta(days=days)
    with rehearsal_copy(tools.store) as copy:
        clock = _Clock(start)
        tried = replace(
            tools,
            store=copy,
            clock=clock,
            owner=tools.owner.on(copy, clock),
            renew=lambda: None,
            is_stale=lambda: False,
        )
        with copy.reading() as connection:
            before = {edition.id for edition in list_editions(connection) if edition.released_at is not None}
        faults = tuple(dict.fromkeys(_play(ScheduleDesk(tried), board_of(tried), copy, clock, end)))
        with copy.reading() as connection:
            released = [one for one in list_editions(connection) if one.released_at and one.id not in before]
            released.sort(key=lambda one: (one.released_at or one.scheduled_at, one.id))
            editions = tuple(_edition(copy, one) for one in released)
            quiet = tuple(slot for slot in slots_in(connection, (SlotState.SKIPPED,)) if start <= slot.due_at <= end)
    return Rehearsal(start=start, end=end, editions=editions, quiet=quiet, faults=faults)


def rehearsal_lines(rehearsal: Rehearsal, *, zone: str) -> Iterator[str]:
    """The rehearsal in words; hours in `zone`, waves in their own. The same for the same course of events."""
    yield f"from {_hour(rehearsal.start, zone)} to {_hour(rehearsal.end, zone)} {zone}"
    for edition in rehearsal.editions:
        yield f"{_hour(edition.at, zone)}  {edition.name}: “{edition.subject}”, {_counted(edition.audience)}"
        for variant, titles, readers in edition.variants:
            if not readers:
                # What its page and its feed show, where no reader gets the same.
                continue
            yield f"    {readers:,} in {variant.furniture}: {', '.join(titles)}"
        for wave in edition.waves:
            local, instant = wave.local_at.replace("T", " "), f"{wave.at:%d %H:%M} UTC"
            yield f"    at {local} {wave.time_zone} ({instant}): {wave.readers:,}"
    for slot in rehearsal.quiet:
        yield f"{_hour(slot.due_at, zone)}  {slot.schedule} {slot.local_date}: {slot.state} ({slot.reason})"
    if rehearsal.by_hour:
        yield "emails an hour"
        for at, number in rehearsal.by_hour.items():
            yield f"    {_hour(at, zone)}  {number:,}"
    for fault in rehearsal.faults:
        yield f"would not work: {fault}"


class _Clock:
    """A clock that stands where it was put."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def _play(desk: ScheduleDesk, board: ScheduleBoard, copy: Store, clock: _Clock, end: datetime) -> Iterator[str]:
    """Tick at each hour at which something is due, and give what went wrong."""
    for _ in range(_NOT_ENDLESS):
        ticked = desk.tick()
        yield from ticked.faults
        if ticked.paused is not None:
            yield f"the newsroom is paused: {ticked.paused}"
            return
        with copy.writing() as connection:
            pretend_sent(connection, now=clock.now)
        coming = board.next_at()
        if coming is None or coming > end:
            clock.now = end
            return
        # What is due and not done is a fault, and has been told: look again a little later.
        clock.now = coming if coming > clock.now else clock.now + _LATER


def _edition(copy: Store, edition: StoredEdition) -> RehearsedEdition:
    with copy.reading() as connection:
        slot = slot_of_edition(connection, edition.id)
        readers = readers_by_variant(connection, edition.id)
        variants = tuple(
            (one.variant, tuple(held.title for held in one.contents), readers.get(one.id, 0))
            for one in variants_of(connection, edition.id)
        )
        return RehearsedEdition(
            at=edition.released_at or edition.scheduled_at,
            name=slot.schedule if slot else "publication",
            subject=edition.subject,
            audience=edition.audience,
            variants=variants,
            waves=tuple(waves_of(connection, edition.id)),
        )


def _departures(edition: RehearsedEdition) -> Iterator[tuple[datetime, int]]:
    if not edition.waves:
        yield edition.at, edition.audience
    for wave in edition.waves:
        yield max(wave.at, edition.at), wave.readers


def _counted(emails: int) -> str:
    return f"{emails:,} {'email' if emails == 1 else 'emails'}"


def _hour(at: datetime, zone: str) -> str:
    return f"{in_zone(at.astimezone(UTC), zone):%Y-%m-%d %H:%M}"
