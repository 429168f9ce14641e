"""One person's data: shown whole, or forgotten for good (GDPR art. 15, 17, 20).

Comes in: an address. Goes out: everything about it, or the promise that nothing is left but a keyed
hash. Called by the desk, which also empties what lies outside the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.meta import add_event
from newsletter.store.subscribers import ERASED_DOMAIN, stop_mail, subscriber_by_key
from newsletter.store.suppressions import Suppression, add_suppression, suppression_of
from newsletter.store.traces import forget_address, forget_subscriber, held_of, tables_naming
from newsletter.subscribers.addresses import parse_address
from newsletter.subscribers.departures import SuppressionReason
from newsletter.subscribers.keys import Keys
from newsletter.subscribers.tokens import suppression_key


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What erasing did: whether the address was a subscriber's, and how many waiting deliveries it ended."""

    found: bool
    cancelled: int = 0


def data_of(store: Store, address: str, *, keys: Keys) -> Mapping[str, object] | None:
    """Everything the database holds about one person, ready for JSON; None when it holds nothing.

    Keys: "subscriber" and "suppression", one of which may be None; with a subscriber also lists of
    "consents", "confirmations", "deliveries", "attempts", "owed", "notices", "private_feeds", "bounces" and "events",
    oldest first. Times are ISO 8601 in UTC, states are words. The address of a private feed is not known to us.
    Raises UsageError for what is no address.
    """
    key = parse_address(address).key
    with store.reading() as connection:
        subscriber = subscriber_by_key(connection, key)
        suppression = suppression_of(connection, suppression_key(keys, key))
        if subscriber is None and suppression is None:
            return None
        held = {} if subscriber is None else held_of(connection, subscriber.id)
    for row in (*held.get("deliveries", ()), *held.get("notices", ())):
        row["state"] = DeliveryState(row["state"]).name.lower()
    person = None if subscriber is None else asdict(subscriber)
    if person is not None:
        del person["id"]
    stop = None if suppression is None else asdict(suppression)
    return {name: _for_json(value) for name, value in {"subscriber": person, "suppression": stop, **held}.items()}


def erase(store: Store, address: str, *, keys: Keys, source: str, now: datetime) -> Erased:
    """Forget a person: what stays is a keyed hash, so that no import brings them back, and anonymous counts.

    The subscriber becomes a placeholder without address, name, choices or consents; waiting mail is
    cancelled; free texts that hold the address are emptied in every table. An address that is nobody's
    is suppressed all the same. One transaction; safe to repeat. Until `store.traces.compact` has run,
    the database file may keep old octets; messages in an outbox and backups are not touched.

    Raises UsageError for what is no address. `now` is aware UTC.
    """
    key = parse_address(address).key
    # Looked for outside the write transaction: a scan of all replies would hold up a running sender.
    with store.reading() as connection:
        tables = tables_naming(connection, key)
    with store.writing() as connection:
        suppression = Suppression(reason=SuppressionReason.ERASED, source=source, at=now)
        add_suppression(connection, suppression_key(keys, key), suppression)
        forget_address(connection, key, tables)
        subscriber = subscriber_by_key(connection, key, to_change=True)
        if subscriber is None:
            return Erased(found=False)
        cancelled = stop_mail(connection, subscriber.id, reason=SuppressionReason.ERASED, now=now)
        placeholder = f"erased-{subscriber.uid}@{ERASED_DOMAIN}"
        forget_subscriber(connection, subscriber.id, placeholder, now=now)
        add_event(connection, "erase", ("subscribers", subscriber.id), now=now, source=source)
    return Erased(found=True, cancelled=cancelled)


def _for_json(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Mapping):
        return {name: _for_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_for_json(inner) for inner in value]
    return value
