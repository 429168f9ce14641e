"""A person takes an edition by the arm: pause, go on, or end it for those who do not have it yet."""

from __future__ import annotations

from datetime import datetime

from newsletter.errors import UsageError
from newsletter.model import EditionState
from newsletter.store import Store
from newsletter.store.deliveries import cancel_open
from newsletter.store.editions import StoredEdition, editions_by_uid, move_edition, revoke_edition
from newsletter.store.meta import add_event

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
    """Let a paused or held edition go on. Safe to repeat. Raises UsageError for one that has ended."""
    return _move(store, uid, to=EditionState.SENDING, allowed=_RESTING, reason="", now=now)


def cancel_edition(store: Store, uid: str, *, reason: str, now: datetime) -> int:
    """End an edition: rows queued or deferred become cancelled; gives how many. Safe to repeat.

    Nothing is given back: its readers are not owed its articles later.
    """
    edition = find_edition(store, uid)
    with store.writing() as connection:
        moved = move_edition(
            connection, edition.id, to=EditionState.CANCELLED, allowed=(*_GOING, *_RESTING), reason=reason
        )
        if not moved:
            return 0
        revoke_edition(connection, edition.id, now=now)
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
