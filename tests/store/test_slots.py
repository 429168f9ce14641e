"""Runs of schedules, counted."""

from __future__ import annotations

from datetime import date, timedelta

from newsletter.store import Store
from newsletter.store.schedules import SlotState, begin_schedule, insert_slot, slot_counts


def test_runs_are_counted_by_state_and_no_state_is_left_out(store: Store, now) -> None:
    with store.writing() as connection:
        begin_schedule(connection, "weekly", days="mon", now=now)
        for day, state in enumerate((SlotState.RELEASED, SlotState.RELEASED, SlotState.SKIPPED)):
            insert_slot(
                connection,
                schedule="weekly",
                local_date=date(2026, 11, 2) + timedelta(weeks=day),
                state=str(state),
                reason="",
                cut=0,
                due_at=now,
                made_at=now,
                edition_id=None,
            )

    with store.reading() as connection:
        counts = slot_counts(connection)

    assert counts == {**{str(state): 0 for state in SlotState}, "released": 2, "skipped": 1}
