"""A reader's pause: nothing is mailed until a day, and what is missed is over or owed, as the reader says.

Comes in: who, for how many weeks. Goes out: the subscriber as it is then. Called by the readers' desk.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.errors import UsageError
from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.meta import add_event
from newsletter.store.subscribers import subscriber_by_id, update_subscriber

MOST_WEEKS = 26


def pause(store: Store, subscriber_id: SubscriberId, *, weeks: int, catch_up: bool, now: datetime) -> Subscriber | None:
    """Mail nothing for 1 to 26 `weeks` from `now` (aware UTC) on, or end the pause with 0.

    With `catch_up` the articles in between are owed, else they are over. Senders find the pause before
    each attempt, so it holds for queued mail, too. None for somebody who is not an active reader. One
    transaction; safe to repeat.
    Raises UsageError for any other number of weeks.
    """
    if not 0 <= weeks <= MOST_WEEKS:
        raise UsageError(f"A pause lasts 1 to {MOST_WEEKS} weeks, and 0 ends it.")
    with store.writing() as connection:
        found = subscriber_by_id(connection, subscriber_id, to_change=True)
        if found is None or found.state is not SubscriberState.ACTIVE:
            return None
        until = now + timedelta(weeks=weeks) if weeks else None
        if until is None and found.paused_until is None:
            return found
        update_subscriber(connection, found.id, {"paused_until": until, "catch_up": bool(weeks) and catch_up})
        add_event(connection, "pause" if weeks else "end pause", ("subscribers", found.id), now=now, weeks=weeks)
        return subscriber_by_id(connection, found.id)
