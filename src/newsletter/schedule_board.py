"""The board of schedules: what each one says, did, and will bring. Reads the store; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from newsletter.answers import DigestLook, ScheduleLine
from newsletter.config.settings import HourOf, ScheduleSettings
from newsletter.editions.digests import DigestBench, Run, dress_all
from newsletter.editions.gather import Gathered, Order, gather
from newsletter.editions.hours import coming_days, first_hour, readers_hours_on
from newsletter.errors import UsageError
from newsletter.model import EditionKind, Masthead
from newsletter.store import Store
from newsletter.store.articles import present_sequence
from newsletter.store.editions import StoredEdition, waiting_editions
from newsletter.store.gathering import readers_hours, something_is_owed
from newsletter.store.scheduled import next_scheduled_at
from newsletter.store.schedules import (
    SlotState,
    StoredSlot,
    latest_slots,
    list_schedules,
    readers_by_rhythm,
    slots_in,
)
from newsletter.timetable import Rule, in_words, instant_of

CATCH_UP = "catch-up"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleBoard:
    """What can be seen of the configuration's `schedules`; `clock` gives aware UTC."""

    store: Store
    schedules: Mapping[str, ScheduleSettings]
    bench: DigestBench
    clock: Callable[[], datetime]

    def next_at(self) -> datetime | None:
        """When something is due next: a run less its hold, what waits or is owed, a scheduled article."""
        now = self.clock()
        with self.store.reading() as connection:
            moments = [next_scheduled_at(connection), *(one.hold_until for one in waiting_editions(connection))]
            if something_is_owed(connection, "each", now=now):
                moments.append(self._next_catch_up(connection, now))
            rows = list_schedules(connection)
            for name, schedule in self.schedules.items():
                if name in rows and rows[name].paused_at:
                    continue
                zones = readers_hours(connection, name)
                known = {slot.local_date for slot in latest_slots(connection, name, limit=10)}
                for day in coming_days(schedule, now=now, known=known, limit=1):
                    first = first_hour(day, schedule, zones)
                    moments.append(None if first is None else first - schedule.hold)
        coming = [moment for moment in moments if moment is not None]
        return min(coming) if coming else None

    def lines(self, *, runs: int = 5) -> list[ScheduleLine]:
        """Every schedule of the configuration: in words, its next runs, its readers, its latest run."""
        now = self.clock()
        with self.store.reading() as connection:
            rows, readers = list_schedules(connection), readers_by_rhythm(connection)
            lines = []
            for name, schedule in self.schedules.items():
                row, latest = rows.get(name), latest_slots(connection, name, limit=20)
                known = {slot.local_date for slot in latest if slot.state is not SlotState.HELD}
                days = coming_days(schedule, now=now, known=known, limit=runs)
                lines.append(
                    ScheduleLine(
                        name=name,
                        words=in_words(schedule.rule),
                        whose_hour=_whose_hour(schedule),
                        next=tuple(at for day in days if (at := newsroom_hour(schedule, day)) is not None),
                        readers=readers.get(name, 0),
                        paused=bool(row and row.paused_at),
                        latest=next(iter(latest), None),
                    )
                )
        return lines

    def unserved(self) -> dict[str, int]:
        """Rhythms that active readers chose and no schedule serves, with the number of those readers."""
        with self.store.reading() as connection:
            readers = readers_by_rhythm(connection)
        served = {"each", "feed", *self.schedules}
        return {rhythm: number for rhythm, number in sorted(readers.items()) if rhythm not in served}

    def held_runs(self) -> list[StoredSlot]:
        """The runs that came too late and wait for a person, oldest first."""
        with self.store.reading() as connection:
            return slots_in(connection, (SlotState.HELD,))

    def preview(self, name: str) -> DigestLook:
        """What the next run would bring, if it were made now: each variant with the number of its readers."""
        now = self.clock()
        schedule = find_schedule(self.schedules, name)
        with self.store.reading() as connection:
            run = self._next_run(connection, schedule, now)
            row = list_schedules(connection).get(name)
            cut = present_sequence(connection)
            order = Order(
                schedule=schedule,
                rhythm=name,
                cut=cut,
                hours=readers_hours_on(run.day, schedule, readers_hours(connection, name)),
                covered_through=row.covered_through if row else cut,
                now=now,
            )
            gathered = gather(connection, order, self.bench.masthead)
            dressed = dress_all(connection, gathered, run, bench=self.bench, uid="preview")
        return DigestLook(
            schedule=name,
            day=run.day,
            first_at=run.first_at,
            variants=tuple((variant, look.contents, _readers_of(gathered, look)) for look, variant in dressed.items()),
            waiting=sum(one.readers for one in gathered.cohorts if gathered.looks[one.key] is None),
        )

    def waiting(self) -> list[StoredEdition]:
        """The digests that are ready and wait for the end of their hold, the next first."""
        with self.store.reading() as connection:
            return [one for one in waiting_editions(connection) if one.kind is EditionKind.DIGEST]

    def _next_catch_up(self, connection: Connection, now: datetime) -> datetime | None:
        schedule = catch_up(self.bench.masthead, grace=timedelta())
        known = {slot.local_date for slot in latest_slots(connection, schedule.name, limit=10)}
        zones = readers_hours(connection, "each")
        days = coming_days(schedule, now=now, known=known, limit=1)
        return next((at for day in days if (at := first_hour(day, schedule, zones)) is not None), None)

    def _next_run(self, connection: Connection, schedule: ScheduleSettings, now: datetime) -> Run:
        known = {slot.local_date for slot in latest_slots(connection, schedule.name, limit=20)}
        day = next(coming_days(schedule, now=now, known=known, limit=1), None)
        if day is None:
            raise UsageError(f"{schedule.name} does not run in the next nine years. Correct it in config.toml.")
        first = first_hour(day, schedule, readers_hours(connection, schedule.name)) or now
        return Run(schedule=schedule, rhythm=schedule.name, day=day, first_at=first, hold=timedelta())


def catch_up(masthead: Masthead, *, grace: timedelta) -> ScheduleSettings:
    """The schedule that brings readers of each article what is owed to them: daily, while anything is."""
    return ScheduleSettings(
        name=CATCH_UP, rule=Rule(at=time(8)), zone=masthead.time_zone, grace=grace, hold=timedelta()
    )


def find_schedule(schedules: Mapping[str, ScheduleSettings], name: str) -> ScheduleSettings:
    """The schedule called `name`; raises UsageError that names those there are."""
    found = schedules.get(name)
    if found is None:
        known = ", ".join(schedules) or "none is in config.toml"
        raise UsageError(f"There is no schedule called “{name}”. There are: {known}.")
    return found


def newsroom_hour(schedule: ScheduleSettings, day: date) -> datetime | None:
    """The instant of a run in the schedule's own zone (aware UTC)."""
    return instant_of(day, schedule.rule.at, schedule.zone)


def _whose_hour(schedule: ScheduleSettings) -> str:
    return "the reader's own hour" if schedule.hour_of is HourOf.READER else f"the hour of {schedule.zone}"


def _readers_of(gathered: Gathered, look: object) -> int:
    return sum(one.readers for one in gathered.cohorts if gathered.looks[one.key] == look)
