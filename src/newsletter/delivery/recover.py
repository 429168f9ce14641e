"""What a dead sender left behind: rows it had not begun are queued, rows it may have sent are `unknown`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.delivery.journal import Noted, read_journal, remove_journal
from newsletter.delivery.journals import journal_folder
from newsletter.delivery.retry import UNKNOWN_TRIES, Decision, Try, decide
from newsletter.delivery.senders import UNKNOWN_BOOT, Sender
from newsletter.delivery.settling import IN_DOUBT, note_refusal, settled_of
from newsletter.errors import UsageError
from newsletter.model import DeliveryState, EditionId, EditionState, Outcome, Receipt, SubscriberId
from newsletter.store.attempts import AttemptKey, Ended, settle_one
from newsletter.store.deliveries import (
    LeasedRow,
    doubt_rows,
    fail_repeated_unknowns,
    leased_rows,
    requeue_rows,
    return_rows,
)
from newsletter.store.engine import Store
from newsletter.store.held import hold
from newsletter.store.leases import Lease, end_lease, is_held, leases, take_over
from newsletter.store.progress import edition_row, reopen_edition
from newsletter.store.retrying import Chosen, requeue_chosen

TAKEN_FOR = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """How many leases had no living holder, and what became of their rows."""

    leases: int = 0
    queued: int = 0
    unknown: int = 0

    def __add__(self, other: Recovered) -> Recovered:
        """Both counts together."""
        return Recovered(
            leases=self.leases + other.leases,
            queued=self.queued + other.queued,
            unknown=self.unknown + other.unknown,
        )


def recover(
    store: Store, edition_id: EditionId, *, sender: Sender, now: datetime, jitter: Callable[[], float] = lambda: 0.5
) -> Recovered:
    """Take the edition's leases away from senders that are gone; safe to repeat, safe beside living ones.

    A row whose try was open becomes `unknown`, one that was answered is settled as its sender would have
    done, the others certainly were not sent and are queued. After a power cut a journal may lack its last
    lines: then every row of the lease that was not answered becomes `unknown`, and so it is when the
    journal is missing.
    """
    found = Recovered()
    with store.reading() as connection:
        dead = [each for each in leases(connection, edition_id) if _is_dead(each, sender, now, store.is_sqlite)]
    for lease in dead:
        if lease.journal is None:
            found += _recover_tables(store, lease, now=now)
        else:
            found += _recover_journal(store, lease, sender, now=now, jitter=jitter)
    return found


def _recover_tables(store: Store, lease: Lease, *, now: datetime) -> Recovered:
    """For leases whose tries are opened in the tables. One transaction."""
    with store.writing() as connection:
        if not is_held(connection, lease):
            return Recovered()
        unknown = doubt_rows(connection, lease, now=now, reason=IN_DOUBT)
        queued = return_rows(connection, lease)
        end_lease(connection, lease)
    return Recovered(leases=1, queued=queued, unknown=unknown)


def _recover_journal(
    store: Store, lease: Lease, sender: Sender, *, now: datetime, jitter: Callable[[], float]
) -> Recovered:
    """Take the lease over, and only then read what its holder did.

    A holder that is merely slow writes its line before it looks at the lease: either the line is there
    when we read, or the look tells it to keep its hands off.
    """
    ours = replace(lease, token=sender.token)
    with store.writing() as connection:
        if not take_over(connection, lease, token=sender.token, until=now + TAKEN_FOR):
            return Recovered()
    path = (journal_folder(store) or Path()) / (lease.journal or "")
    noted = read_journal(path)
    was_cut = noted is None or lease.boot_id != sender.boot_id or lease.boot_id == UNKNOWN_BOOT
    with hold(store) as held, held.writing() as connection:
        if not is_held(connection, ours):
            return Recovered()
        edition = edition_row(connection, lease.edition_id)
        since = now if edition is None else edition.released_at or now
        unknown = 0
        for row in leased_rows(connection, lease):
            end = _end_of(row, (noted or {}).get(row.subscriber_id), was_cut=was_cut, since=(since, now, jitter()))
            if end is None:
                continue
            ended, decision = end
            if settle_one(held, ended):
                unknown += decision.state is DeliveryState.UNKNOWN
                note_refusal(connection, ended, decision)
        queued = return_rows(connection, lease)
        end_lease(connection, ours)
    remove_journal(path)
    return Recovered(leases=1, queued=queued, unknown=unknown)


def _end_of(
    row: LeasedRow, noted: Noted | None, *, was_cut: bool, since: tuple[datetime, datetime, float]
) -> tuple[Ended, Decision] | None:
    """What became of a leased row and what follows, or None when it certainly was not sent."""
    released_at, now, jitter = since
    no = row.attempts + 1
    if noted is not None and noted.no != no:
        noted = None
    if noted is None and not was_cut:
        return None
    key = AttemptKey(edition_id=row.edition_id, subscriber_id=row.subscriber_id, no=no)
    noted = noted or Noted(no=no, transport="")
    receipt = noted.receipt or Receipt(outcome=Outcome.UNKNOWN, reply=IN_DOUBT)
    at = noted.at or now
    decision = decide(
        receipt, Try(number=no, since=released_at, now=at, jitter=jitter, content=noted.opened_at is not None)
    )
    ended = Ended(
        key=key,
        settled=settled_of(decision, at=at),
        receipt=receipt,
        transport=noted.transport,
        since=noted.opened_at or at,
        at=at,
    )
    return ended, decision


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


def retry_deliveries(
    store: Store,
    edition_id: EditionId,
    state: DeliveryState,
    *,
    readers: Collection[SubscriberId] | None = None,
) -> int:
    """Queue an edition's `failed`, `unknown` or `deferred` deliveries again because a person says so; gives how many.

    Of `readers` alone, where they are named. Whoever bounced is left as they are; whoever left or is
    suppressed is cancelled when the row is leased. A finished edition is sending again; a paused or
    cancelled one keeps its state. One transaction; safe to repeat.

    Raises UsageError for any other state.
    """
    if state not in (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.DEFERRED):
        raise UsageError(f"Deliveries that are {state.name.lower()} need no retry. Choose failed, unknown or deferred.")
    with store.writing() as connection:
        queued = requeue_chosen(connection, Chosen(edition_id=edition_id, state=state, readers=readers))
        if queued:
            reopen_edition(connection, edition_id)
    return queued


def _is_dead(lease: Lease, sender: Sender, now: datetime, one_machine: bool) -> bool:
    if lease.until <= now:
        return True
    if lease.boot_id != sender.boot_id:
        # SQLite serves one machine, which has started again since. Senders on PostgreSQL may run
        # on several, each with its own boot id: only the end of the lease tells.
        return one_machine
    return sender.is_gone(lease.token)
