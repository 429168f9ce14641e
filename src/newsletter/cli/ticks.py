"""What a tick did, in lines for people and as stable JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from newsletter.cli.values import counted

if TYPE_CHECKING:
    from newsletter.answers import Ticked
    from newsletter.store.schedules import StoredSlot


def tick_lines(ticked: Ticked) -> Iterator[str]:
    """One line for each thing that was done or could not be; none for an ordinary tick."""
    if ticked.published:
        yield f"published {counted(len(ticked.published), 'article')} at the scheduled hour"
    for slot in ticked.slots:
        yield f"{slot.schedule} {slot.local_date}: {slot_words(slot)}"
    for uid in ticked.held:
        yield f"edition {uid} is held; look at: newsletter status"
    for fault in ticked.faults:
        yield f"not done: {fault}"


def slot_words(slot: StoredSlot) -> str:
    """What became of a run, with the reason where there is one."""
    return f"{slot.state} ({slot.reason})" if slot.reason else str(slot.state)


def tick_data(ticked: Ticked) -> dict[str, object]:
    """A tick as stable JSON."""
    return {
        "paused": ticked.paused,
        "published": ticked.published,
        "runs": [slot_data(slot) for slot in ticked.slots],
        "held": ticked.held,
        "faults": ticked.faults,
    }


def slot_data(slot: StoredSlot | None) -> dict[str, object] | None:
    """A run as stable JSON."""
    if slot is None:
        return None
    return {
        "schedule": slot.schedule,
        "date": slot.local_date.isoformat(),
        "state": slot.state,
        "reason": slot.reason,
        "due_at": slot.due_at,
    }
