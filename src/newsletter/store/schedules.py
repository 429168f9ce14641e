"""Schedules and their slots: named queries. What a schedule is to do stands in the configuration, not here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NewType

from sqlalchemy import Connection, delete, func, or_, select, update

from newsletter.model import EditionId
from newsletter.store.inserting import insert_into
from newsletter.store.tables import counters, editions, schedules, slots, subscribers

SlotId = NewType("SlotId", int)
SKIPPED_BY_OWNER = "skipped by the owner"


class SlotState(StrEnum):
    """What became of one run of a schedule."""

    SCHEDULED = "scheduled"
    RELEASED = "released"
    SKIPPED = "skipped"
    HELD = "held"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSchedule:
    """One row of `schedules`: nothing before `since` is its business, `covered_through` is its own feed's cursor."""

    name: str
    days: str
    since: datetime
    covered_through: int
    looked_at: datetime
    paused_at: datetime | None
    retired_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSlot:
    """One run: (schedule, local date), unique. `cut` is the last publication it gathers."""

    id: SlotId
    schedule: str
    local_date: date
    state: SlotState
    reason: str
    cut: int
    due_at: datetime
    made_at: datetime
    edition_id: EditionId | None


def list_schedules(connection: Connection) -> dict[str, StoredSchedule]:
    """Every schedule that ever ran here, by name."""
    rows = connection.execute(select(schedules).order_by(schedules.c.name)).mappings()
    return {row["name"]: StoredSchedule(**row) for row in rows}


def schedule_by_name(connection: Connection, name: str, *, to_change: bool = False) -> StoredSchedule | None:
    """One schedule, or None (primary key); `to_change` locks its row, so that two clocks take turns."""
    query = select(schedules).where(schedules.c.name == name)
    row = connection.execute(query.with_for_update() if to_change else query).mappings().first()
    return None if row is None else StoredSchedule(**row)


def begin_schedule(connection: Connection, name: str, *, days: str, now: datetime) -> StoredSchedule:
    """Start a schedule, or one that was retired, at the present: nothing older is mailed by it.

    The cursors of its readers move to the latest publication; theirs stood still while nothing ran. One
    whose `days` were changed makes no run of a day that is past; its readers keep their cursors. Safe to
    repeat: one that runs is left alone.
    """
    seq = int(
        connection.execute(select(counters.c.value).where(counters.c.name == "publication")).scalar() or 0,
    )
    values = {
        "days": days,
        "since": now,
        "covered_through": seq,
        "looked_at": now,
        "paused_at": None,
        "retired_at": None,
    }
    new = insert_into(connection, schedules).values(name=name, **values)
    # Told by the row itself: psycopg does not count what an INSERT wrote.
    written = new.on_conflict_do_nothing(index_elements=["name"]).returning(schedules.c.name)
    made = len(connection.execute(written).all())
    if not made:
        again = update(schedules).where(schedules.c.name == name, schedules.c.retired_at.is_not(None))
        made = connection.execute(again.values(**values)).rowcount
    if made:
        connection.execute(
            update(subscribers)
            .where(subscribers.c.rhythm == name, subscribers.c.covered_through < seq)
            .values(covered_through=seq)
        )
    connection.execute(
        update(schedules).where(schedules.c.name == name, schedules.c.days != days).values(days=days, since=now)
    )
    found = schedule_by_name(connection, name, to_change=True)
    if found is None:
        raise AssertionError("the schedule just written is not there")
    return found


def retire_schedules(connection: Connection, but: Collection[str], *, now: datetime) -> list[str]:
    """Mark the schedules that the configuration does not name any more; gives them."""
    gone = [name for name, one in list_schedules(connection).items() if name not in but and one.retired_at is None]
    if gone:
        connection.execute(update(schedules).where(schedules.c.name.in_(gone)).values(retired_at=now))
    return gone


def update_schedule(connection: Connection, name: str, **values: Any) -> None:
    """Change the columns named in `values` (primary key)."""
    connection.execute(update(schedules).where(schedules.c.name == name).values(**values))


def insert_slot(connection: Connection, **values: Any) -> SlotId | None:
    """Write a run; None, with nothing written, when its date has one (unique schedule, local_date)."""
    statement = insert_into(connection, slots).values(**values)
    kept = statement.on_conflict_do_nothing(index_elements=["schedule", "local_date"]).returning(slots.c.id)
    found = connection.execute(kept).scalar()
    return None if found is None else SlotId(found)


def update_slot(connection: Connection, slot_id: SlotId, **values: Any) -> None:
    """Change the columns named in `values` (primary key)."""
    connection.execute(update(slots).where(slots.c.id == slot_id).values(**values))


def slot_on(connection: Connection, schedule: str, day: date) -> StoredSlot | None:
    """The run of this schedule on this local date (unique schedule, local_date), or None."""
    query = select(slots).where(slots.c.schedule == schedule, slots.c.local_date == day)
    return next(iter(_slots(connection, query)), None)


def slot_of_edition(connection: Connection, edition_id: EditionId) -> StoredSlot | None:
    """The run that made an edition (index on edition_id), or None for one that no schedule made."""
    return next(iter(_slots(connection, select(slots).where(slots.c.edition_id == edition_id))), None)


def slots_in(connection: Connection, states: Iterable[SlotState]) -> list[StoredSlot]:
    """The runs in one of these states, oldest first (index on state)."""
    query = select(slots).where(slots.c.state.in_([str(state) for state in states])).order_by(slots.c.id)
    return _slots(connection, query)


def latest_slots(connection: Connection, schedule: str, *, limit: int) -> list[StoredSlot]:
    """The latest runs of a schedule by date, newest first (unique schedule, local_date)."""
    query = select(slots).where(slots.c.schedule == schedule).order_by(slots.c.local_date.desc()).limit(limit)
    return _slots(connection, query)


def slot_counts(connection: Connection) -> dict[str, int]:
    """How many runs are in each state, none left out (index on state)."""
    query = select(slots.c.state, func.count()).group_by(slots.c.state)
    return {str(state): 0 for state in SlotState} | {row[0]: row[1] for row in connection.execute(query)}


def supersede_held(connection: Connection, schedule: str, *, reason: str) -> None:
    """Close the held runs of a schedule, with their editions: a later one gathers anew what they would have brought."""
    waits = select(editions.c.id).where(editions.c.state == "held", editions.c.released_at.is_(None))
    mine = (slots.c.schedule == schedule, slots.c.edition_id.in_(waits))
    held = select(slots.c.edition_id).where(*mine)
    gone = list(connection.execute(held).scalars())
    connection.execute(
        update(slots)
        .where(slots.c.schedule == schedule, or_(slots.c.state == str(SlotState.HELD), slots.c.edition_id.in_(gone)))
        .values(state=str(SlotState.SUPERSEDED), reason=reason)
    )
    connection.execute(update(editions).where(editions.c.id.in_(gone)).values(state="cancelled", reason=reason))


def delete_slot(connection: Connection, slot_id: SlotId) -> None:
    """Forget a run, so that its date may run after all (primary key)."""
    connection.execute(delete(slots).where(slots.c.id == slot_id))


def delete_slots_made_after(connection: Connection, schedule: str, moment: datetime) -> None:
    """Forget the runs that a clock ahead of itself wrote down and that made no edition."""
    connection.execute(
        delete(slots).where(
            slots.c.schedule == schedule,
            slots.c.made_at > moment,
            slots.c.edition_id.is_(None),
            slots.c.reason != SKIPPED_BY_OWNER,
        )
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleasedDigest:
    """A digest that went out: its edition, and when (aware UTC)."""

    edition_id: EditionId
    uid: str
    released_at: datetime


def digests_of(connection: Connection, schedule: str, *, limit: int) -> list[ReleasedDigest]:
    """The latest released digests of a schedule, newest first (unique schedule, local_date)."""
    query = (
        select(editions.c.id.label("edition_id"), editions.c.uid, editions.c.released_at)
        .join(slots, slots.c.edition_id == editions.c.id)
        .where(slots.c.schedule == schedule, editions.c.released_at.is_not(None))
        .order_by(slots.c.local_date.desc())
        .limit(limit)
    )
    return [ReleasedDigest(**row) for row in connection.execute(query).mappings()]


def readers_by_rhythm(connection: Connection) -> dict[str, int]:
    """How many active readers there are of each rhythm (index on rhythm, state)."""
    query = (
        select(subscribers.c.rhythm, func.count()).where(subscribers.c.state == "active").group_by(subscribers.c.rhythm)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _slots(connection: Connection, query: Any) -> list[StoredSlot]:
    return [
        StoredSlot(**{**row, "id": SlotId(row["id"]), "state": SlotState(row["state"])})
        for row in connection.execute(query).mappings()
    ]
