"""The register of readers: who is there, how many, and changing what they chose.

Comes in: addresses and filters. Goes out: `Subscriber` records and counts. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.errors import UsageError
from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.subscribers import (
    SubscriberFilter,
    count_by_state,
    hold_sequence,
    page_of_subscribers,
    subscriber_by_id,
    subscriber_by_key,
)
from newsletter.subscribers.addresses import mask, parse_address
from newsletter.subscribers.choices import Choices
from newsletter.subscribers.newcomers import Intake
from newsletter.subscribers.preferences import change

MAX_PAGE = 1_000


def find(store: Store, address: str) -> Subscriber | None:
    """The subscriber of `address` in any spelling, or None. Raises UsageError for what is no address."""
    key = parse_address(address).key
    with store.reading() as connection:
        return subscriber_by_key(connection, key)


def find_by_id(store: Store, subscriber_id: SubscriberId) -> Subscriber | None:
    """The subscriber a token names, or None."""
    with store.reading() as connection:
        return subscriber_by_id(connection, subscriber_id)


def list_subscribers(
    store: Store, wanted: SubscriberFilter | None = None, *, after: SubscriberId | None = None, limit: int = MAX_PAGE
) -> list[Subscriber]:
    """One page of subscribers in order of sign-up, at most `limit` (1 to 1,000); the next begins after the last id.

    Erased ones are left out.
    """
    with store.reading() as connection:
        return page_of_subscribers(
            connection,
            wanted or SubscriberFilter(),
            after=SubscriberId(0) if after is None else after,
            limit=max(1, min(limit, MAX_PAGE)),
        )


def counts(store: Store) -> Mapping[SubscriberState, int]:
    """How many subscribers are in each state; every state is named, erased ones are not counted."""
    with store.reading() as connection:
        return count_by_state(connection)


def update_choices(store: Store, address: str, choices: Choices, *, intake: Intake) -> Subscriber:
    """Change what a reader chose, and only that: the state stays, and so does what was already queued.

    A topic added counts from the next publication on, and so does any mail for somebody who had only the
    feed; who changes from a digest to each article is owed what lies in between. One transaction; safe to
    repeat: without a difference nothing is written. Raises UsageError for an address nobody here has, and
    for choices this newsroom cannot keep.
    """
    key = parse_address(address).key
    with store.writing() as connection:
        # Before the reader's row, as a release does: the other order is a deadlock on PostgreSQL.
        sequence = hold_sequence(connection)
        subscriber = subscriber_by_key(connection, key, to_change=True)
        if subscriber is None:
            raise UsageError(f"{mask(address)} is no subscriber here. Add it with: newsletter subscribers add.")
        return change(connection, subscriber, choices, intake=intake, sequence=sequence)
