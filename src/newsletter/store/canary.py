"""The trial of an edition with its first readers, as stored on its row. Named queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from newsletter.model import DeliveryState, EditionId, Outcome
from newsletter.store.tables import attempts, deliveries, editions


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialRow:
    """How far it has come: `state` is None, started, waiting, passed or failed; `until` is aware UTC."""

    state: str | None
    until: datetime | None
    audience: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """Deliveries that are not queued any more, those of them in a sender's hands, and those that were refused."""

    begun: int
    leased: int
    refused: int


def trial_of(connection: Connection, edition_id: EditionId) -> TrialRow:
    """The trial of an edition (primary key, locked until the transaction ends)."""
    query = select(editions.c.canary, editions.c.canary_until, editions.c.audience).where(editions.c.id == edition_id)
    row = connection.execute(query.with_for_update()).one()
    return TrialRow(state=row.canary, until=row.canary_until, audience=row.audience)


def move_trial(connection: Connection, edition_id: EditionId, to: str, *, until: datetime | None = None) -> None:
    """Write how far the trial has come (primary key)."""
    connection.execute(update(editions).where(editions.c.id == edition_id).values(canary=to, canary_until=until))


def begin_trial(connection: Connection, edition_id: EditionId) -> bool:
    """Note that an edition's trial begins; False when it had begun before (primary key)."""
    begun = connection.execute(
        update(editions).where(editions.c.id == edition_id, editions.c.canary.is_(None)).values(canary="started")
    )
    return begun.rowcount == 1


def tried(connection: Connection, edition_id: EditionId) -> Tried:
    """What became of the readers of a trial so far (key range of the edition)."""
    of_edition = deliveries.c.edition_id == edition_id
    query = select(deliveries.c.state, func.count()).where(of_edition).group_by(deliveries.c.state)
    counts = {int(state): int(number) for state, number in connection.execute(query)}
    counts.pop(int(DeliveryState.QUEUED), 0)
    refusals = select(func.count(func.distinct(attempts.c.subscriber_id))).where(
        attempts.c.edition_id == edition_id, attempts.c.outcome == str(Outcome.REFUSED)
    )
    return Tried(
        begun=sum(counts.values()),
        leased=counts.get(int(DeliveryState.LEASED), 0),
        refused=int(connection.execute(refusals).scalar_one()),
    )
