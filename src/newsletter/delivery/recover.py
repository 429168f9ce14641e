"""What a dead sender left behind: rows it had not begun are queued, rows it may have sent are `unknown`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.ledger import IN_DOUBT
from newsletter.delivery.retry import UNKNOWN_TRIES
from newsletter.delivery.senders import Sender
from newsletter.model import DeliveryState, EditionId
from newsletter.store.deliveries import doubt_rows, fail_repeated_unknowns, requeue_rows, return_rows
from newsletter.store.engine import Store
from newsletter.store.leases import Lease, end_lease, leases


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """How many leases had no living holder, and what became of their rows."""

    leases: int = 0
    queued: int = 0
    unknown: int = 0


def recover(store: Store, edition_id: EditionId, *, sender: Sender, now: datetime) -> Recovered:
    """Take the edition's leases away from senders that are gone; safe to repeat, safe beside living ones.

    One transaction. A row with an open attempt becomes `unknown`. One without was certainly not
    sent, also after a power cut: an attempt is committed with full durability before the wire, so
    what is not in the books never left. It is queued.
    """
    found = Recovered()
    with store.writing() as connection:
        for lease in leases(connection, edition_id):
            if not _is_dead(lease, sender, now=now, one_machine=store.is_sqlite):
                continue
            unknown = doubt_rows(connection, lease, now=now, reason=IN_DOUBT)
            queued = return_rows(connection, lease)
            end_lease(connection, lease)
            found = Recovered(leases=found.leases + 1, queued=found.queued + queued, unknown=found.unknown + unknown)
    return found


def resend_unknown(store: Store, edition_id: EditionId, *, now: datetime) -> int:
    """Queue the edition's unknown deliveries once more, under the same Message-ID; gives their number.

    Whoever ended unknown three times is `failed` as poison instead. One transaction.
    """
    with store.writing() as connection:
        fail_repeated_unknowns(connection, edition_id, tries=UNKNOWN_TRIES, now=now)
        return requeue_rows(connection, edition_id, DeliveryState.UNKNOWN)


def _is_dead(lease: Lease, sender: Sender, *, now: datetime, one_machine: bool) -> bool:
    if lease.until <= now:
        return True
    if lease.boot_id != sender.boot_id:
        # SQLite serves one machine, which has started again since. Senders on PostgreSQL may run
        # on several, each with its own boot id: only the end of the lease tells.
        return one_machine
    return sender.is_gone(lease.token)
