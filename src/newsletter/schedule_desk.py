"""The schedules' desk: what is due now, and what a person wants of a schedule. One method per verb.

Built by `newsroom.py`. `tick` may be called twice, late, from two processes, and be killed anywhere:
what is due and what was done stands in the tables, under keys that nobody writes twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

from newsletter.answers import EditionReport, Ticked
from newsletter.config.settings import ScheduleSettings
from newsletter.editions.digests import DigestBench, Run
from newsletter.editions.hours import days_of
from newsletter.editions.news import News, NewsKind
from newsletter.editions.plan import Plan
from newsletter.editions.rounds import (
    Patience,
    hold_out_of_reach,
    hold_stale,
    look_at_schedule,
    publish_due,
    release_waiting,
    renew_waves,
)
from newsletter.editions.scheduled import Appointment, schedule_plan
from newsletter.editions.slots import make_run
from newsletter.errors import NewsletterError, StoreError, UsageError
from newsletter.owner_desk import OwnerDesk
from newsletter.schedule_board import CATCH_UP, ScheduleBoard, catch_up, find_schedule, newsroom_hour
from newsletter.store import Store
from newsletter.store.editions import StoredEdition, edition_by_id
from newsletter.store.meta import add_event, remember, remembered
from newsletter.store.schedules import (
    SKIPPED_BY_OWNER,
    SlotState,
    StoredSlot,
    begin_schedule,
    delete_slot,
    insert_slot,
    list_schedules,
    retire_schedules,
    slot_on,
    slots_in,
    update_schedule,
)
from newsletter.store.stale import editions_to_send
from newsletter.timetable import in_words, in_zone

LOOKED_AT = "bell.looked_at"
_NOTE_EVERY = timedelta(minutes=1)
_log = logging.getLogger(__name__)

Done = TypeVar("Done")

TURN_S = 15.0  # of one edition, while others wait for theirs


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleTools:
    """What the schedules' desk works with.

    `is_stale` says whether feeds and pages have to be written, `renew` writes them, `send` sends an edition.
    """

    store: Store
    schedules: Mapping[str, ScheduleSettings]
    grace: timedelta
    owner: OwnerDesk
    bench: DigestBench
    clock: Callable[[], datetime]
    renew: Callable[[], object]
    is_stale: Callable[[], bool]
    send: Callable[[StoredEdition, Callable[[], bool]], EditionReport]


def board_of(tools: ScheduleTools) -> ScheduleBoard:
    """The board of the same schedules, on the same database and clock."""
    return ScheduleBoard(store=tools.store, schedules=tools.schedules, bench=tools.bench, clock=tools.clock)


class _Turn:
    """Ends an edition's turn after some seconds; `was_cut` says that it was asked to end, and more may be left."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop, self._ends = stop, time.monotonic() + TURN_S
        self.was_cut = False

    def __call__(self) -> bool:
        if self._stop():
            return True
        self.was_cut = self.was_cut or time.monotonic() >= self._ends
        return self.was_cut


class ScheduleDesk:
    """Schedules and what waits for its hour. Every method but the looks is safe to repeat."""

    def __init__(self, tools: ScheduleTools) -> None:
        """Stand ready."""
        self._tools = tools
        self._bench = tools.bench
        self._masthead = tools.bench.masthead
        self._waves_renewed = False

    # The bell.

    def tick(self) -> Ticked:
        """Do what is due: hold what stood still, publish, release, make runs. Sends nothing.

        One fault stops only what it concerns: it is in the answer, and in a notice to the owner. While the
        newsroom is paused nothing is looked at, so that what comes due meanwhile is late, not lost.
        """
        tools, now = self._tools, self._tools.clock()
        with tools.store.reading() as connection:
            paused, looked_at = remembered(connection, "paused"), remembered(connection, LOOKED_AT)
        if paused is not None:
            return Ticked(paused=paused)
        patience = Patience(looked_at=_moment(looked_at, now), grace=tools.grace)
        faults: list[str] = []
        post = tools.owner.post
        held = hold_stale(tools.store, patience, post=post, now=now)
        held += hold_out_of_reach(tools.store, post=post, now=now)
        publish = partial(publish_due, tools.store, patience, masthead=self._masthead, post=post, now=now)
        published = _guard("what was scheduled", publish, faults) or []
        slots = _guard("the digests that waited", partial(self._release, patience, faults, now), faults) or []
        self._retire(now)
        for name, schedule, rhythm in self._all():
            slot = _guard(f"the {name} digest", partial(self._look, schedule, rhythm, now), faults)
            slots += [slot] if slot else []
        # Also what a tick left stale that was killed between its commit and the files.
        is_stale = self._note(patience.looked_at, now) and tools.is_stale()
        if is_stale or published or any(slot.state is SlotState.RELEASED for slot in slots):
            _guard("feeds and pages", tools.renew, faults)
        return Ticked(
            published=tuple(uid for one in published for uid in one.uids),
            slots=tuple(slots),
            held=tuple(edition.uid for edition in held),
            faults=tuple(faults),
        )

    def due_editions(self) -> list[StoredEdition]:
        """The editions in which something is due, or was left behind by a sender, oldest first."""
        tools = self._tools
        with tools.store.reading() as connection:
            found = [edition_by_id(connection, each) for each in editions_to_send(connection, now=tools.clock())]
        return [edition for edition in found if edition is not None]

    def send_due(self, *, stop: Callable[[], bool] = lambda: False) -> list[EditionReport]:
        """Send what is due of every edition, some seconds of each in turn, and give the balance of each.

        So one that is slow, or large, or that breaks, keeps no other from going out; the first fault is
        raised at the end.
        """
        reports: dict[str, EditionReport] = {}
        faults: dict[str, NewsletterError] = {}
        goes_on = True
        while goes_on and not stop():
            goes_on = False
            for edition in self.due_editions():
                if stop() or edition.uid in faults:
                    continue
                turn = _Turn(stop)
                try:
                    reports[edition.uid] = self._tools.send(edition, turn)
                except NewsletterError as error:
                    faults[edition.uid] = error
                goes_on = goes_on or turn.was_cut
        if faults:
            raise next(iter(faults.values()))
        return list(reports.values())

    # Doing.

    def pause(self, name: str) -> None:
        """Make no run of a schedule until it is resumed; what is published meanwhile waits."""
        schedule, now = self._schedule(name), self._tools.clock()
        with self._tools.store.writing() as connection:
            row = begin_schedule(connection, name, days=days_of(schedule), now=now)
            if row.paused_at is None:
                update_schedule(connection, name, paused_at=now)
                add_event(connection, "pause", ("schedules", None), now=now, schedule=name)

    def resume(self, name: str) -> None:
        """Let a schedule run again from its next date on; nothing that came due in between is made up for."""
        schedule, now = self._schedule(name), self._tools.clock()
        with self._tools.store.writing() as connection:
            row = begin_schedule(connection, name, days=days_of(schedule), now=now)
            if row.paused_at is not None:
                update_schedule(connection, name, paused_at=None, since=now, looked_at=now)
                add_event(connection, "resume", ("schedules", None), now=now, schedule=name)

    def run(self, name: str) -> StoredSlot:
        """Make a run now, for all its readers at once: the one that is held, else one dated today.

        Raises UsageError when today's run was made already.
        """
        tools, now = self._tools, self._tools.clock()
        schedule = self._schedule(name)
        today = in_zone(now, schedule.zone or self._masthead.time_zone).date()
        with tools.store.writing() as connection:
            begin_schedule(connection, name, days=days_of(schedule), now=now)
            held = [slot for slot in slots_in(connection, (SlotState.HELD,)) if slot.schedule == name]
            slot = held[-1] if held else slot_on(connection, name, today)
        if slot is not None and slot.state in (SlotState.RELEASED, SlotState.SCHEDULED):
            raise UsageError(
                f"The {name} run of {slot.local_date} is {slot.state} already. See: newsletter schedule list"
            )
        run = Run(
            schedule=schedule,
            rhythm=name,
            day=slot.local_date if slot else today,
            first_at=now,
            hold=timedelta(),
            at_once=True,
            replaces=slot.id if slot else None,
        )
        made = make_run(tools.store, run, bench=self._bench, now=now)
        if made is None:
            raise UsageError(
                f"Another process made the {name} run of {run.day} at this moment. Nothing was done twice."
            )
        tools.renew()
        return made

    def skip(self, name: str, day: date, *, undo: bool = False) -> None:
        """Leave a coming run out, or with `undo` let it run after all; its articles wait for the run after it.

        Raises UsageError for a date on which the schedule does not run, or whose run was made already.
        """
        schedule, now = self._schedule(name), self._tools.clock()
        if not schedule.rule.falls_on(day):
            raise UsageError(f"{name} does not run on {day}: it runs {in_words(schedule.rule)}.")
        with self._tools.store.writing() as connection:
            begin_schedule(connection, name, days=days_of(schedule), now=now)
            slot = slot_on(connection, name, day)
            is_skipped = slot is not None and slot.reason == SKIPPED_BY_OWNER
            if slot is not None and not is_skipped:
                raise UsageError(f"The {name} run of {day} is {slot.state} already ({slot.reason or 'made'}).")
            if undo and slot is not None:
                delete_slot(connection, slot.id)
            elif not undo and slot is None:
                insert_slot(
                    connection,
                    schedule=name,
                    local_date=day,
                    state=str(SlotState.SKIPPED),
                    reason=SKIPPED_BY_OWNER,
                    cut=0,
                    due_at=newsroom_hour(schedule, day) or now,
                    made_at=now,
                    edition_id=None,
                )
            add_event(connection, "unskip" if undo else "skip", ("schedules", None), now=now, day=str(day))

    def publish_at(self, plan: Plan, at: datetime, *, hold: timedelta) -> str:
        """Freeze a plan until `at` (aware UTC); gives the name under which it waits."""
        appointment = Appointment(at=at, hold=hold, post=self._tools.owner.post)
        return schedule_plan(self._tools.store, plan, appointment, now=self._tools.clock())

    # Inside.

    def _all(self) -> Iterator[tuple[str, ScheduleSettings, str]]:
        """(name, settings, rhythm) of each schedule, and of the one that makes up for what is owed."""
        for name, schedule in self._tools.schedules.items():
            yield name, schedule, name
        yield CATCH_UP, catch_up(self._masthead, grace=self._tools.grace), "each"

    def _schedule(self, name: str) -> ScheduleSettings:
        return find_schedule(self._tools.schedules, name)

    def _look(self, schedule: ScheduleSettings, rhythm: str, now: datetime) -> StoredSlot | None:
        tools = self._tools
        try:
            return look_at_schedule(tools.store, schedule, rhythm=rhythm, bench=self._bench, now=now)
        except NewsletterError as error:
            self._tell_failure(schedule.name, error, now)
            raise

    def _release(self, patience: Patience, faults: list[str], now: datetime) -> list[StoredSlot]:
        def tell(name: str, error: NewsletterError) -> None:
            faults.append(f"the {name} digest: {error}")
            self._tell_failure(name, error, now)

        known = {name: (schedule, rhythm) for name, schedule, rhythm in self._all()}
        return release_waiting(self._tools.store, patience, known, bench=self._bench, tell=tell, now=now)

    def _retire(self, now: datetime) -> None:
        names = {name for name, _, _ in self._all()}
        with self._tools.store.reading() as connection:
            gone = [n for n, row in list_schedules(connection).items() if n not in names and row.retired_at is None]
        if gone:
            with self._tools.store.writing() as connection:
                retire_schedules(connection, names, now=now)

    def _note(self, looked_at: datetime | None, now: datetime) -> bool:
        """Remember that it was looked at, at most once a minute; gives whether it was time to."""
        is_time = looked_at is None or abs(now - looked_at) >= _NOTE_EVERY
        if is_time:
            with self._tools.store.writing() as connection:
                remember(connection, LOOKED_AT, now.isoformat())
            self._tools.store.checkpoint()
        if not self._waves_renewed:
            # A zone's rules are read once per process, so once is enough.
            renew_waves(self._tools.store, now=now)
            self._waves_renewed = True
        return is_time

    def _tell_failure(self, name: str, error: NewsletterError, now: datetime) -> None:
        """Tell the owner, once a day; a disk or database that refuses is no fault of the digest, and soon over."""
        if isinstance(error, StoreError):
            return
        news = News(
            kind=NewsKind.FAILED,
            dedupe_key=f"failed:{name}:{now:%Y-%m-%d}",
            what=f"the {name} digest",
            reason=str(error),
        )
        with self._tools.store.writing() as connection:
            self._tools.owner.post(connection, news)


def _guard(what: str, do: Callable[[], Done], faults: list[str]) -> Done | None:
    """The answer of `do`, or None and a sentence in `faults`: one poisoned schedule stops no other."""
    try:
        return do()
    except NewsletterError as error:
        faults.append(f"{what}: {error}")
        _log.warning("Not done, %s: %s", what, error)
    except Exception as error:  # noqa: BLE001  # a poisoned row or theme may raise anything, and must stop only its own
        faults.append(f"{what}: {type(error).__name__}: {error}"[:500])
        _log.exception("Not done, %s", what)
    return None


def _moment(text: str | None, now: datetime) -> datetime | None:
    """When it was last looked at; a note from the future, left by a clock that went back, counts as now."""
    return None if text is None else min(datetime.fromisoformat(text), now)
