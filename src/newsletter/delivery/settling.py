"""From an answer in a sender's hands to the rows it becomes; also when the lease was lost meanwhile."""

from __future__ import annotations

from newsletter.delivery.parcels import Entry, Parcel
from newsletter.model import DeliveryState, EditionId, Outcome
from newsletter.store.attempts import AttemptKey, Ended, Settled, close_attempt, settle_late
from newsletter.store.held import Held

IN_DOUBT = "the sender stopped between content and reply"
_FINAL = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN)


def key_of(parcel: Parcel, edition_id: EditionId) -> AttemptKey:
    """The key of the parcel's try."""
    return AttemptKey(edition_id=edition_id, subscriber_id=parcel.row.subscriber_id, no=parcel.no)


def settled_of(entry: Entry) -> Settled:
    """Where the entry's delivery went."""
    decision = entry.decision
    return Settled(
        state=decision.state,
        reason=decision.reason,
        next_at=decision.next_at,
        settled_at=entry.at if decision.state in _FINAL else None,
    )


def ended(entry: Entry, edition_id: EditionId) -> Ended:
    """The entry as the rows of its delivery and its attempt."""
    return Ended(
        key=key_of(entry.parcel, edition_id),
        settled=settled_of(entry),
        receipt=entry.receipt,
        transport=entry.transport,
        since=entry.opened_at or entry.at,
        at=entry.at,
    )


def settle_late_entry(held: Held, edition_id: EditionId, entry: Entry) -> None:
    """Settle under a lease that is not ours any more: our own try may turn its `unknown` into `sent`, no more."""
    if entry.opened_at is None:
        return
    key = key_of(entry.parcel, edition_id)
    close_attempt(held, key, entry.receipt, at=entry.at)
    if entry.receipt.outcome is Outcome.ACCEPTED:
        settle_late(held, key, at=entry.at)
