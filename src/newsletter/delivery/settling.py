"""From an answer in a sender's hands to the rows it becomes; also when the lease was lost meanwhile."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from newsletter.delivery.parcels import Entry, Parcel
from newsletter.delivery.retry import Decision
from newsletter.model import DeliveryState, EditionId, Outcome, SubscriberId
from newsletter.store.attempts import AttemptKey, Ended, Settled, close_attempt, settle_late
from newsletter.store.deliveries import mark_bounced
from newsletter.store.held import Held
from newsletter.store.revocations import revoke_reader

IN_DOUBT = "the sender stopped between content and reply"
_FINAL = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN)


def key_of(parcel: Parcel, edition_id: EditionId) -> AttemptKey:
    """The key of the parcel's try."""
    return AttemptKey(edition_id=edition_id, subscriber_id=parcel.row.subscriber_id, no=parcel.no)


def settled_of(decision: Decision, *, at: datetime) -> Settled:
    """Where a delivery goes by a decision of `at` (aware UTC)."""
    return Settled(
        state=decision.state,
        reason=decision.reason,
        next_at=decision.next_at,
        settled_at=at if decision.state in _FINAL else None,
    )


def mark_if_dead(connection: Connection, reader: SubscriberId, decision: Decision, *, at: datetime) -> bool:
    """Mark the reader as bounced whose address the relay does not know; gives whether that is news."""
    is_news = decision.bounced and mark_bounced(connection, reader)
    if is_news:
        # Senders of other editions hold rows of this reader, too.
        revoke_reader(connection, reader, now=at)
    return is_news


def ended(entry: Entry, edition_id: EditionId) -> Ended:
    """The entry as the rows of its delivery and its attempt."""
    return Ended(
        key=key_of(entry.parcel, edition_id),
        settled=settled_of(entry.decision, at=entry.at),
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
