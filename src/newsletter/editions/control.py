"""A person takes an edition by the arm: pause, go on, or end it for those who do not have it yet."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from newsletter.editions.hours import LONGEST_RUN
from newsletter.editions.news import waiting_key
from newsletter.editions.scheduled import forget_scheduled
from newsletter.errors import UsageError
from newsletter.model import EditionState
from newsletter.store import Store
from newsletter.store.deliveries import cancel_open
from newsletter.store.editions import (
    StoredEdition,
    edition_by_id,
    editions_by_uid,
    move_edition,
    update_edition,
)
from newsletter.store.meta import add_event
from newsletter.store.notices import forget_notice
from newsletter.store.owed import owe_unsent
from newsletter.store.revocations import revoke_edition
from newsletter.store.scheduled import let_go, scheduled_among, scheduled_of_edition
from newsletter.store.schedules import SlotState, slot_of_edition, update_slot
from newsletter.store.waves import bring_near

_GOING = (EditionState.SENDING, EditionState.SCHEDULED)
_RESTING = (EditionState.PAUSED, EditionState.HELD)


def find_edition(store: Store, uid: str) -> StoredEdition:
    """The edition whose uid is, or alone begins with, `uid`. Raises UsageError when there is none or several."""
    with store.reading() as connection:
        found = editions_by_uid(connection, uid) if uid else []
    exact = [edition for edition in found if edition.uid == uid]
    if len(exact or found) == 1:
        return (exact or found)[0]
    several = f"{len(found)} editions begin with {uid}. Give more of the uid."
    what = several if found else f'No edition is called "{uid}".'
    raise UsageError(f"{what} See: newsletter editions list")


def pause_edition(store: Store, uid: str, *, now: datetime) -> StoredEdition:
    """Stop an edition until `resume_edition`; only what is in flight still leaves. Safe to repeat."""
    return _move(store, uid, to=EditionState.PAUSED, allowed=_GOING, reason="paused by the owner", now=now)


def resume_edition(store: Store, uid: str, *, now: datetime) -> StoredEdition:
    """Let a paused or held edition go on; one that was not released yet is due at its hour, or now if that is past.

    Safe to repeat. Raises UsageError for one that has ended.
    """
    edition = find_edition(store, uid)
    if edition.released_at is not None:
        if edition.state is EditionState.HELD:
            with store.writing() as connection:
                # Hours that a wrong clock put days away: whoever lets it go wants it to arrive.
                bring_near(connection, edition.id, after=now + LONGEST_RUN, at=now)
        return _move(store, uid, to=EditionState.SENDING, allowed=_RESTING, reason="", now=now)
    with store.writing() as connection:
        if move_edition(connection, edition.id, to=EditionState.SCHEDULED, allowed=_RESTING, reason=""):
            update_edition(connection, edition.id, hold_until=max(edition.hold_until or now, now))
            for row in scheduled_of_edition(connection, edition.id):
                let_go(connection, row.command, at=max(row.at, now))
            add_event(connection, "resume", ("editions", edition.id), now=now)
    return find_edition(store, edition.uid)


def cancel_edition(store: Store, uid: str, *, reason: str, now: datetime, give_back: bool = False) -> int:
    """End an edition: rows queued or deferred become cancelled; gives how many. Safe to repeat.

    With `give_back` its articles come to those readers in their next digest, else not at all. One that was
    not released yet is as if it had never been: a digest's articles wait for the next run, and scheduled
    articles stay unpublished.
    """
    edition = find_edition(store, uid)
    with store.writing() as connection:
        moved = move_edition(
            connection, edition.id, to=EditionState.CANCELLED, allowed=(*_GOING, *_RESTING), reason=reason
        )
        if not moved:
            return 0
        slot = slot_of_edition(connection, edition.id) if edition.released_at is None else None
        if slot is not None:
            update_slot(connection, slot.id, state=str(SlotState.CANCELLED), reason=reason)
        forget_scheduled(connection, scheduled_of_edition(connection, edition.id), now=now)
        if edition.released_at is None:
            forget_notice(connection, waiting_key(edition.id))
            # The same articles may be published after all, and then they are mailed.
            update_edition(connection, edition.id, dedupe_key=f"cancelled:{edition.id}:{edition.dedupe_key}"[:255])
        revoke_edition(connection, edition.id, now=now)
        if give_back:
            owe_unsent(connection, edition.id)
        number = cancel_open(connection, edition.id, reason=reason, now=now)
        add_event(connection, "cancel", ("editions", edition.id), now=now, cancelled=number)
    return number


def _move(
    store: Store, uid: str, *, to: EditionState, allowed: tuple[EditionState, ...], reason: str, now: datetime
) -> StoredEdition:
    edition = find_edition(store, uid)
    with store.writing() as connection:
        if move_edition(connection, edition.id, to=to, allowed=allowed, reason=reason):
            revoke_edition(connection, edition.id, now=now)
            add_event(connection, str(to), ("editions", edition.id), now=now)
        elif edition.state is not to:
            raise UsageError(f"Edition {edition.uid} is {edition.state}, so it cannot become {to}.")
    return find_edition(store, edition.uid)


def unschedule(store: Store, *, uids: Collection[str], source_paths: Collection[str], now: datetime) -> tuple[str, ...]:
    """Let articles that wait for their hour be articles of the folder again; gives their paths. Safe to repeat.

    An edition that waits with them is cancelled, also for the other articles it would have brought.
    """
    with store.reading() as connection:
        rows = scheduled_among(connection, uids=uids, source_paths=source_paths)
        found = [edition_by_id(connection, row.edition_id) for row in rows if row.edition_id is not None]
    for edition in found:
        if edition is not None:
            cancel_edition(store, edition.uid, reason="unscheduled by the owner", now=now)
    with store.writing() as connection:
        left = scheduled_among(connection, uids=uids, source_paths=source_paths)
        forget_scheduled(connection, left, now=now)
    return tuple(row.source_path for row in rows)
