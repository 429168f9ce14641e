"""People who left, bounced or complained elsewhere: kept as keyed hashes, so that nobody brings them back.

Comes in: rows whose state is a refusal. Goes out: which of them get mail here and must be let go. Called
by `imports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.errors import UsageError
from newsletter.model import SubscriberState
from newsletter.store import Store
from newsletter.store.arriving import add_refusals, keys_only_imported
from newsletter.store.subscribers import states_by_key
from newsletter.store.suppressions import Suppression
from newsletter.subscribers.addresses import ValidAddress, parse_address
from newsletter.subscribers.departures import SuppressionReason, suppress
from newsletter.subscribers.keys import Keys
from newsletter.subscribers.newcomers import Intake
from newsletter.subscribers.origins import WIDEST_SOURCE, Reading
from newsletter.subscribers.spreadsheets import Row
from newsletter.subscribers.tokens import suppression_key

_GET_MAIL = frozenset({SubscriberState.ACTIVE, SubscriberState.PENDING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A row whose address must never be mailed, the reason, and the word the file says it with."""

    row: Row
    address: ValidAddress
    suppression_key: str
    reason: SuppressionReason
    said: str


def refusal_of(row: Row, reading: Reading, reason: SuppressionReason, keys: Keys) -> Refusal | None:
    """The refusal in a row; None where its address is none, which nobody can mail anyway."""
    try:
        address = parse_address(reading.newcomer.address)
    except UsageError:
        return None
    key = suppression_key(keys, address.key)
    return Refusal(row=row, address=address, suppression_key=key, reason=reason, said=reading.state)


@dataclass(frozen=True, kw_only=True, slots=True)
class SortedRefusals:
    """Refusals, sorted by what is known here: address keys of readers only an import let in, and of others who stay.

    Whoever agreed here by themselves, or left here by themselves, has spoken here, and that counts.
    """

    all: tuple[Refusal, ...] = ()
    leaving: frozenset[str] = frozenset()
    here: frozenset[str] = frozenset()
    staying: frozenset[str] = frozenset()

    def to_suppress(self) -> list[Refusal]:
        """Those whose addresses are suppressed: strangers, and readers only an import let in."""
        return [one for one in self.all if one.address.key not in self.here or one.address.key in self.leaving]

    def suppression_keys(self) -> set[str]:
        """The keyed hashes of those."""
        return {one.suppression_key for one in self.to_suppress()}


def sort_refusals(connection: Connection, refusals: Sequence[Refusal]) -> SortedRefusals:
    """What is known here of at most a few thousand `refusals`. Reads only."""
    if not refusals:
        return SortedRefusals()
    keys = [refusal.address.key for refusal in refusals]
    states = states_by_key(connection, keys)
    leaving = keys_only_imported(connection, keys) if states else set()
    staying = {key for key, state in states.items() if state in _GET_MAIL and key not in leaving}
    return SortedRefusals(
        all=tuple(refusals), leaving=frozenset(leaving), here=frozenset(states), staying=frozenset(staying)
    )


def remember_refusals(connection: Connection, refusals: SortedRefusals, *, source: str, now: datetime) -> None:
    """Suppress the addresses, in the caller's transaction; what was suppressed before keeps its reason."""
    rows = {
        one.suppression_key: {
            "address_key": one.suppression_key,
            "reason": one.reason.value,
            "source": source[:WIDEST_SOURCE],
            "at": now,
        }
        for one in refusals.to_suppress()
    }
    add_refusals(connection, list(rows.values()))


def let_go(store: Store, refusals: SortedRefusals, *, source: str, intake: Intake) -> None:
    """End the mail of readers an import let in who refused it elsewhere, queued mail included. One transaction each."""
    for one in refusals.all:
        if one.address.key in refusals.leaving:
            suppression = Suppression(reason=one.reason, source=source[:WIDEST_SOURCE], at=intake.now)
            suppress(store, one.address.address, suppression=suppression, keys=intake.keys)
