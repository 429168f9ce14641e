"""The rounds of a tick: each looks at one kind of thing that may be due, and does it in transactions of its own.

Called by the schedules' desk every few seconds. Late by more than its grace means: held, and the owner
is told. Lateness is counted from when it was due or from the last look, whichever is later, so that a
reader in an early zone who comes in late makes nobody's digest late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from newsletter.config.settings import ScheduleSettings
from newsletter.editions.digests import DigestBench, Run
from newsletter.editions.hours import LONGEST_RUN, Made, days_of, due_run, missed_days
from newsletter.editions.news import News, NewsKind, Post
from newsletter.editions.scheduled import Published, hold_command, release_command
from newsletter.editions.slots import hold_run, make_run, release_run
from newsletter.errors import ArticleError, NewsletterError
from newsletter.model import EditionKind, EditionState, Masthead
from newsletter.store import Store
from newsletter.store.editions import StoredEdition, edition_by_id, move_edition, waiting_editions
from newsletter.store.gathering import readers_hours, something_is_owed
from newsletter.store.meta import add_event
from newsletter.store.revocations import revoke_edition
from newsletter.store.scheduled import due_commands
from newsletter.store.schedules import (
    SKIPPED_BY_OWNER,
    SlotState,
    StoredSchedule,
    StoredSlot,
    begin_schedule,
    delete_slots_made_after,
    insert_slot,
    latest_slots,
    schedule_by_name,
    slot_of_edition,
    slot_on,
    update_schedule,
)
from newsletter.store.stale import editions_out_of_reach, stale_editions
from newsletter.store.waves import move_wave, waiting_waves
from newsletter.timetable import instant_of

# How precisely a look is remembered: each note is a durable write.
NOTE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """When the newsroom was last looked at (None: never), and how late it may still be."""

    looked_at: datetime | None
    grace: timedelta

    def is_too_late(self, due_at: datetime, now: datetime) -> bool:
        """Whether what was due at `due_at` waited for more than the grace while nobody looked."""
        since = due_at if self.looked_at is None else max(due_at, self.looked_at)
        return now - since > self.grace

    def reason(self, due_at: datetime, now: datetime) -> str:
        """Why it is held, in a sentence."""
        hours = f"{self.grace.total_seconds() / 3600:g}"
        return (
            f"It was due at {due_at:%Y-%m-%d %H:%M} UTC and nothing ran here until {now:%Y-%m-%d %H:%M} UTC: "
            f"more than its grace of {hours} h."
        )


def look_at_schedule(
    store: Store, schedule: ScheduleSettings, *, rhythm: str, bench: DigestBench, now: datetime
) -> StoredSlot | None:
    """Make the run of a schedule that is due, or hold it if it comes too late; None when there is nothing to do.

    A schedule seen for the first time begins now. One for another `rhythm` than its own brings only
    what is owed. Safe to repeat and beside others.
    """
    row = _row_of(store, schedule, now)
    run = None if row.paused_at else _due(store, schedule, rhythm, row=row, now=now)
    slot = None
    if run is not None:
        patience = Patience(looked_at=row.looked_at, grace=schedule.grace or timedelta())
        due_at = run.first_at - run.hold
        if patience.is_too_late(due_at, now):
            slot = hold_run(store, run, reason=patience.reason(run.first_at, now), bench=bench, now=now)
        else:
            slot = make_run(store, run, bench=bench, now=now)
        _record_missed(store, schedule, run, row, now)
    if run is not None or abs(now - row.looked_at) >= NOTE_EVERY:
        with store.writing() as connection:
            update_schedule(connection, schedule.name, looked_at=now)
    return slot


def publish_due(store: Store, patience: Patience, *, masthead: Masthead, post: Post, now: datetime) -> list[Published]:
    """Publish each command's articles whose hour has come; what cannot be, or comes too late, is held."""
    with store.reading() as connection:
        due = due_commands(connection, now=now)
    done: list[Published] = []
    for command, at in due:
        if patience.is_too_late(at, now):
            hold_command(store, command, reason=patience.reason(at, now), post=post, now=now)
            continue
        try:
            published = release_command(store, command, masthead=masthead, now=now)
        except ArticleError as error:
            hold_command(store, command, reason=str(error), post=post, now=now)
            continue
        if published is not None:
            done.append(published)
    return done


def release_waiting(
    store: Store,
    patience: Patience,
    schedules: Mapping[str, tuple[ScheduleSettings, str]],
    *,
    bench: DigestBench,
    tell: Callable[[str, NewsletterError], None],
    now: datetime,
) -> list[StoredSlot]:
    """Release the digests whose hold is over; `schedules` gives settings and rhythm by name.

    What keeps one of them from going out is told, with the schedule's name, and stops none of the others.
    """
    with store.reading() as connection:
        waiting = [one for one in waiting_editions(connection, now=now) if one.kind is EditionKind.DIGEST]
        slots = {one.id: slot_of_edition(connection, one.id) for one in waiting}
    done: list[StoredSlot] = []
    for edition in waiting:
        slot, due_at = slots[edition.id], edition.hold_until or now
        if slot is None or slot.schedule not in schedules:
            reason = "Its schedule is not in the configuration any more."
            hold_edition(store, edition, reason=reason, post=bench.post, now=now)
        elif patience.is_too_late(due_at, now):
            hold_edition(store, edition, reason=patience.reason(due_at, now), post=bench.post, now=now)
        else:
            schedule, rhythm = schedules[slot.schedule]
            run = Run(schedule=schedule, rhythm=rhythm, day=slot.local_date, first_at=slot.due_at, hold=timedelta())
            try:
                released = release_run(store, edition.id, run, bench=bench, now=now)
            except NewsletterError as error:
                tell(schedule.name, error)
                # It was looked at all the while, so only the clock says that it is stale.
                if now - due_at > patience.grace:
                    hold_edition(store, edition, reason=str(error), post=bench.post, now=now)
                continue
            done += [released] if released else []
    return done


def hold_stale(store: Store, patience: Patience, *, post: Post, now: datetime) -> list[StoredEdition]:
    """After a gap longer than the grace: hold the editions that stood still in it, and tell the owner.

    The newsroom was off, or this is an old copy of it that was brought back. Who knows what was mailed
    meanwhile is the owner.
    """
    if patience.looked_at is None or now - patience.looked_at <= patience.grace:
        return []
    with store.reading() as connection:
        found = [
            edition
            for edition_id in stale_editions(connection, before=now - patience.grace)
            if (edition := edition_by_id(connection, edition_id)) is not None
        ]
    for edition in found:
        reason = (
            f"It was being sent, and nothing ran here from {patience.looked_at:%Y-%m-%d %H:%M} to "
            f"{now:%Y-%m-%d %H:%M} UTC. If this is a restored copy, what is open here may have been mailed since."
        )
        hold_edition(store, edition, reason=reason, post=post, now=now)
    return found


def hold_out_of_reach(store: Store, *, post: Post, now: datetime) -> list[StoredEdition]:
    """Hold the editions that a clock ahead of itself released: their readers' hours are days away."""
    with store.reading() as connection:
        numbers = editions_out_of_reach(connection, after=now + LONGEST_RUN)
        found = [one for number in numbers if (one := edition_by_id(connection, number)) is not None]
    for edition in found:
        reason = (
            "It was released by a clock that was ahead: its readers' hours are more than three days away. Resumed, it "
            "goes to them at once. To bring its articles with the next digest instead: "
            f"newsletter editions cancel {edition.uid} --give-back"
        )
        hold_edition(store, edition, reason=reason, post=post, now=now)
    return found


def hold_edition(store: Store, edition: StoredEdition, *, reason: str, post: Post, now: datetime) -> None:
    """Hold a scheduled or sending edition until a person resumes or cancels it, and tell the owner."""
    states = (EditionState.SCHEDULED, EditionState.SENDING)
    with store.writing() as connection:
        if not move_edition(connection, edition.id, to=EditionState.HELD, allowed=states, reason=reason):
            return
        revoke_edition(connection, edition.id, now=now)
        key = f"held:{edition.uid}:{now:%Y%m%d%H%M}"
        post(connection, News(kind=NewsKind.HELD, dedupe_key=key, what=f"“{edition.subject}”", reason=reason))
        add_event(connection, "hold", ("editions", edition.id), now=now, reason=reason)


def renew_waves(store: Store, *, now: datetime) -> int:
    """Work the hours of waiting waves out again, since zones change their rules; gives how many moved."""
    with store.reading() as connection:
        waiting = waiting_waves(connection, now=now)
    moved = 0
    for wave in waiting:
        local = datetime.fromisoformat(wave.local_at)
        at = instant_of(local.date(), local.time(), wave.time_zone)
        if at is not None and at != wave.at:
            with store.writing() as connection:
                move_wave(connection, wave, at)
            moved += 1
    return moved


def _row_of(store: Store, schedule: ScheduleSettings, now: datetime) -> StoredSchedule:
    """The schedule's own row. A clock that went back takes back the runs that were only written down."""
    name, days = schedule.name, days_of(schedule)
    with store.reading() as connection:
        row = schedule_by_name(connection, name)
    is_known = row is not None and row.retired_at is None and row.days == days
    if row is not None and is_known and row.looked_at <= now + NOTE_EVERY:
        return row
    with store.writing() as connection:
        row = begin_schedule(connection, name, days=days, now=now)
        if row.looked_at > now + NOTE_EVERY:
            delete_slots_made_after(connection, name, now + NOTE_EVERY)
            row = replace(row, looked_at=now, since=min(row.since, now))
            update_schedule(connection, name, looked_at=row.looked_at, since=row.since)
    return row


def _due(store: Store, schedule: ScheduleSettings, rhythm: str, *, row: StoredSchedule, now: datetime) -> Run | None:
    owed_only = rhythm != schedule.name

    with store.reading() as connection:
        if owed_only and not something_is_owed(connection, rhythm, now=now):
            return None
        due = due_run(
            schedule,
            since=row.since,
            now=now,
            zones=lambda: readers_hours(connection, rhythm),
            made=lambda day: _made(slot_on(connection, schedule.name, day)),
        )
    if due is None:
        return None
    return Run(
        schedule=schedule,
        rhythm=rhythm,
        day=due.day,
        first_at=due.first_at,
        hold=schedule.hold or timedelta(),
        owed_only=owed_only,
    )


def _made(slot: StoredSlot | None) -> Made:
    if slot is None:
        return Made.NOT_YET
    return Made.LEFT_OUT if slot.reason == SKIPPED_BY_OWNER else Made.RUN


def _record_missed(store: Store, schedule: ScheduleSettings, run: Run, row: StoredSchedule, now: datetime) -> None:
    """Write down the runs before this one that nothing made, so that nobody wonders what became of them."""
    if run.owed_only:
        return
    with store.writing() as connection:
        earlier = [
            one.local_date for one in latest_slots(connection, schedule.name, limit=40) if one.local_date < run.day
        ]
        floor = max([row.since, *(datetime.combine(day, time(), UTC) for day in earlier[:1])])
        for day in missed_days(schedule, after=floor, before=run.day):
            insert_slot(
                connection,
                schedule=schedule.name,
                local_date=day,
                state=str(SlotState.SUPERSEDED),
                reason=f"nothing ran here at its hour; the run of {run.day} brings what it would have brought",
                cut=0,
                due_at=instant_of(day, schedule.rule.at, schedule.zone or "UTC") or run.first_at,
                made_at=now,
                edition_id=None,
            )
