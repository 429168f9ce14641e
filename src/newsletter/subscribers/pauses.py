"""A reader's pause: nothing is mailed until a day, and what is missed is over or owed, as the reader says.

Comes in: who, for how many weeks. Goes out: the subscriber as it is then. Called by the readers' desk.
"""

from __future__ import annotations

from datetime import timedelta

from newsletter.errors import UsageError
from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.meta import add_event
from newsletter.store.owing import owe_missed
from newsletter.store.revocations import revoke_reader
from newsletter.store.subscribers import hold_sequence, subscriber_by_id, update_subscriber
from newsletter.subscribers.newcomers import Intake
from newsletter.subscribers.preferences import missed_by

MOST_WEEKS = 26


def pause(
    store: Store, subscriber_id: SubscriberId, *, weeks: int, catch_up: bool, intake: Intake
) -> Subscriber | None:
    """Mail nothing for 1 to 26 `weeks` from now on, or end the pause with 0.

    With `catch_up` the articles in between are owed, else they are over; what waited for a digest before
    the pause stays owed either way. Senders find the pause before
    each attempt, so it holds for queued mail, too. None for somebody who is not an active reader. One
    transaction; safe to repeat.
    Raises UsageError for any other number of weeks.
    """
    if not 0 <= weeks <= MOST_WEEKS:
        raise UsageError(f"A pause lasts 1 to {MOST_WEEKS} weeks, and 0 ends it.")
    with store.writing() as connection:
        # Before the reader's row, as a release does: the other order is a deadlock on PostgreSQL.
        present = hold_sequence(connection)
        found = subscriber_by_id(connection, subscriber_id, to_change=True)
        if found is None or found.state is not SubscriberState.ACTIVE:
            return None
        until = intake.now + timedelta(weeks=weeks) if weeks else None
        if until is None and found.paused_until is None:
            return found
        columns: dict[str, object] = {"paused_until": until, "catch_up": bool(weeks) and catch_up}
        if weeks and not catch_up and found.rhythm not in ("each", "feed"):
            # The cursor moves through the pause from here on, so what lies before it needs rows of its own.
            owe_missed(connection, missed_by(found, through=present, masthead=intake.masthead), reason="pause")
            columns["covered_through"] = present
        update_subscriber(connection, found.id, columns)
        revoke_reader(connection, found.id, now=intake.now)
        verb = "pause" if weeks else "end pause"
        add_event(connection, verb, ("subscribers", found.id), now=intake.now, weeks=weeks)
        return subscriber_by_id(connection, found.id)
