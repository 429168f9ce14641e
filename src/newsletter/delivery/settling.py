"""From an answer in a sender's hands to the rows it becomes; also when the lease was lost meanwhile."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection

from newsletter.delivery.bounces.report import ReportKind, Weight
from newsletter.delivery.bounces.weights import weigh
from newsletter.delivery.parcels import Entry, Parcel
from newsletter.delivery.retry import Decision
from newsletter.model import DeliveryState, EditionId, Outcome, Receipt
from newsletter.store.attempts import AttemptKey, Ended, Settled, close_attempt, settle_late
from newsletter.store.bounces import NewBounce, insert_bounce, suppress_bounced
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


def note_refusal(connection: Connection, end: Ended, decision: Decision) -> bool:
    """Write down what a final refusal says of a reader; gives whether they count as bounced from now on.

    An address the relay does not know ends their mail at once and is suppressed. A mailbox that cannot take mail
    now is a soft bounce, a policy is nobody's fault but ours.
    """
    receipt, at, reader, edition_id = end.receipt, end.at, end.key.subscriber_id, end.key.edition_id
    if decision.state is not DeliveryState.FAILED or not receipt.code:
        return False
    is_news = decision.bounced and mark_bounced(connection, reader)
    if is_news:
        # Senders of other editions hold rows of this reader, too.
        revoke_reader(connection, reader, now=at)
        suppress_bounced(connection, reader, source=smtp_source(edition_id), now=at)
    key = f"smtp {edition_id} {reader} {end.key.no}"
    weight = Weight.HARD if decision.bounced else _weight(receipt)
    insert_bounce(
        connection,
        NewBounce(
            report_key=hashlib.sha256(key.encode()).hexdigest(),
            kind=ReportKind.BOUNCE.value,
            weight=weight.value,
            subscriber_id=reader,
            edition_id=edition_id,
            status=receipt.enhanced,
            diagnostic=decision.reason or "",
            source="smtp",
            outcome="suppressed" if decision.bounced else "counted" if weight is Weight.SOFT else "noted",
            at=at,
        ),
    )
    return is_news


def _weight(receipt: Receipt) -> Weight:
    """What a refusal that ended no subscription says: the decision about those is made by codes alone."""
    weight = weigh(receipt.enhanced, receipt.reply, permanent=receipt.code >= 500)
    return Weight.SOFT if weight is Weight.HARD else weight


def smtp_source(edition_id: EditionId) -> str:
    """Where a suppression comes from that a relay's refusal of an edition caused."""
    return f"refused by the mail server, edition {edition_id}"


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
