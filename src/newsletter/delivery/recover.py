"""What a dead sender left behind: rows it had not begun are queued, rows it may have sent are `unknown`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.ledger import IN_DOUBT
from newsletter.delivery.retry import UNKNOWN_TRIES
from newsletter.delivery.senders import Sender
from newsletter.errors import UsageError
from newsletter.model import DeliveryState, EditionId, EditionState
from newsletter.store.deliveries import doubt_rows, fail_repeated_unknowns, requeue_rows, return_rows
from newsletter.store.engine import Store
from newsletter.store.leases import Lease, end_lease, leases
from newsletter.store.progress import edition_row, reopen_edition


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
    """Queue a sending edition's unknown deliveries once more, under the same Message-ID; gives their number.

    Whoever ended unknown three times is `failed` as poison instead. Nothing for an edition in
    another state: its unknown rows stay on the list. One transaction.
    """
    with store.writing() as connection:
        edition = edition_row(connection, edition_id)
        if edition is None or edition.state != EditionState.SENDING:
            return 0
        fail_repeated_unknowns(connection, edition_id, tries=UNKNOWN_TRIES, now=now)
        return requeue_rows(connection, edition_id, DeliveryState.UNKNOWN)


def retry_deliveries(store: Store, edition_id: EditionId, state: DeliveryState) -> int:
    """Queue an edition's `failed` or `unknown` deliveries again because a person says so; gives their number.

    A finished edition is sending again; a paused or cancelled one keeps its state. Whoever left or
    bounced meanwhile is cancelled when the row is leased. One transaction; safe to repeat.

    Raises UsageError for any other state.
    """
    if state not in (DeliveryState.FAILED, DeliveryState.UNKNOWN):
        raise UsageError(f"Deliveries that are {state.name.lower()} need no retry. Choose failed or unknown.")
    with store.writing() as connection:
        queued = requeue_rows(connection, edition_id, state)
        if queued:
            reopen_edition(connection, edition_id)
    return queued


def _is_dead(lease: Lease, sender: Sender, *, now: datetime, one_machine: bool) -> bool:
    if lease.until <= now:
        return True
    if lease.boot_id != sender.boot_id:
        # SQLite serves one machine, which has started again since. Senders on PostgreSQL may run
        # on several, each with its own boot id: only the end of the lease tells.
        return one_machine
    return sender.is_gone(lease.token)
