"""Deliveries a person wants tried again: which they are, and putting them back into the queue. Named queries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from newsletter.model import DeliveryState, EditionId, SubscriberId
from newsletter.store.deliveries import requeue
from newsletter.store.tables import deliveries, subscribers


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Deliveries of one edition in one state; of these `readers` alone, or of everybody where it is None."""

    edition_id: EditionId
    state: DeliveryState
    readers: Collection[SubscriberId] | None = None


def are_chosen(chosen: Chosen, *, bounced: bool) -> tuple[ColumnElement[bool], ...]:
    """What a row of `deliveries` must meet to be one of `chosen`, of readers who bounced or of all others."""
    is_theirs = and_(subscribers.c.id == deliveries.c.subscriber_id, subscribers.c.state == "bounced")
    # A statement around this one may read subscribers of its own.
    is_bounced = exists().where(is_theirs).correlate(deliveries)
    rows = (
        deliveries.c.edition_id == chosen.edition_id,
        deliveries.c.state == int(chosen.state),
        is_bounced if bounced else ~is_bounced,
    )
    return rows if chosen.readers is None else (*rows, deliveries.c.subscriber_id.in_(chosen.readers))


def count_chosen(connection: Connection, chosen: Chosen, *, bounced: bool = False) -> int:
    """How many they are (key range of the edition; primary key of subscribers)."""
    query = select(func.count()).select_from(deliveries).where(*are_chosen(chosen, bounced=bounced))
    return connection.execute(query).scalar_one()


def readers_in_state(connection: Connection, chosen: Chosen) -> set[SubscriberId]:
    """The readers among `chosen`, bounced ones too (key range, or primary key)."""
    rows = [are_chosen(chosen, bounced=bounced) for bounced in (False, True)]
    found = (connection.execute(select(deliveries.c.subscriber_id).where(*each)).scalars() for each in rows)
    return {SubscriberId(reader) for some in found for reader in some}


def requeue_chosen(connection: Connection, chosen: Chosen) -> int:
    """Queue the chosen rows again and open their chunks; gives their number. Readers who bounced are left as they are.

    Key range of the edition, or primary key.
    """
    return requeue(connection, chosen.edition_id, *are_chosen(chosen, bounced=False))
