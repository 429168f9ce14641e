"""How an edition stands: numbers counted from rows, never from counters, so that they must add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.errors import StoreError
from newsletter.model import DeliveryState, EditionId, EditionState
from newsletter.store.progress import count_exclusions, count_states, edition_row, has_open_waves, next_due_at

_UNFINISHED = (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.DEFERRED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """One edition's deliveries: considered = audience + excluded, audience = the sum of the states.

    `reason` says why the edition is paused or held. `next_at` is when the first deferred row or the next
    wave comes due (aware UTC); with `waits_for_hour` waves are left whose readers' hour is still to come.
    """

    state: EditionState
    reason: str
    considered: int
    audience: int
    by_state: Mapping[DeliveryState, int]
    excluded: Mapping[str, int]
    next_at: datetime | None = None
    waits_for_hour: bool = False

    def count(self, state: DeliveryState) -> int:
        """How many deliveries are in `state`."""
        return self.by_state[state]

    @property
    def is_open(self) -> bool:
        """Whether any delivery may still go out by itself."""
        return any(
            self.by_state[state] for state in (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.DEFERRED)
        )

    @property
    def adds_up(self) -> bool:
        """Whether both sums hold."""
        return self.audience == sum(self.by_state.values()) and self.considered == self.audience + sum(
            self.excluded.values()
        )


def balance_of(connection: Connection, edition_id: EditionId) -> Balance:
    """The edition's balance as of this transaction. Raises StoreError if there is no such edition."""
    row = edition_row(connection, edition_id)
    if row is None:
        raise StoreError(f"There is no edition number {edition_id}. List them: newsletter editions")
    return Balance(
        state=EditionState(row.state),
        reason=row.reason,
        considered=row.considered,
        audience=row.audience,
        by_state=count_states(connection, edition_id),
        excluded=count_exclusions(connection, edition_id),
        next_at=next_due_at(connection, edition_id),
        waits_for_hour=has_open_waves(connection, edition_id),
    )


def verify(balance: Balance) -> None:
    """Nothing, if the balance adds up. Raises StoreError if a reader was lost or counted twice."""
    if balance.adds_up:
        return
    raise StoreError(
        f"The edition's numbers do not add up: {balance.considered} considered, {balance.audience} audience, "
        f"{sum(balance.by_state.values())} deliveries, {sum(balance.excluded.values())} excluded. "
        "Nothing was sent. Bring back a copy: newsletter db restore FILE"
    )
