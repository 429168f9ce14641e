"""Leaving: on a reader's wish, on a complaint, or because mail comes back.

Comes in: who, from where, when (aware UTC). Goes out: what changed. Nothing waits in a queue for
somebody who left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.errors import UsageError
from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.confirmations import end_confirmations
from newsletter.store.consents import insert_consents
from newsletter.store.meta import add_event
from newsletter.store.subscribers import stop_mail, subscriber_by_id, subscriber_by_key, update_subscriber
from newsletter.store.suppressions import Suppression, add_suppression, delete_suppression, suppression_of
from newsletter.subscribers.addresses import parse_address
from newsletter.subscribers.keys import Keys
from newsletter.subscribers.tokens import suppression_key


class SuppressionReason(StrEnum):
    """Why an address is never mailed again."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OBJECTED = "objected"
    ERASED = "erased"


# The state each reason leads to, out of which states: a reader's own word stands above a bounce.
_LEADS_TO = {
    SuppressionReason.BOUNCED: SubscriberState.BOUNCED,
    SuppressionReason.COMPLAINED: SubscriberState.COMPLAINED,
    SuppressionReason.OBJECTED: SubscriberState.UNSUBSCRIBED,
    SuppressionReason.ERASED: SubscriberState.UNSUBSCRIBED,
}
_ENDED_BY_BOUNCE = frozenset({SubscriberState.ACTIVE, SubscriberState.PENDING})
_ENDED_BY_WORD = _ENDED_BY_BOUNCE | {SubscriberState.BOUNCED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsubscribed:
    """A reader who gets no more mail; `changed` is false when that was so before.

    `cancelled` counts the deliveries that were waiting.
    """

    changed: bool
    subscriber: Subscriber
    cancelled: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppressed:
    """An address that is never mailed again, and its subscriber if there is one.

    `cancelled` counts the deliveries that were waiting.
    """

    subscriber: Subscriber | None
    cancelled: int = 0


def unsubscribe(store: Store, subscriber_id: SubscriberId, *, source: str, now: datetime) -> Unsubscribed | None:
    """End a reader's mail at once, also what is queued; None for somebody the database does not know.

    What a sender has in hand is stopped before its next attempt opens. `source` says where the wish
    came from; `now` is aware UTC. One transaction; safe to repeat: the second time nothing is
    written. RFC 8058 §3.2.
    """
    with store.writing() as connection:
        return unsubscribe_in(connection, subscriber_id, source=source, now=now)


def unsubscribe_in(
    connection: Connection, subscriber_id: SubscriberId, *, source: str, now: datetime
) -> Unsubscribed | None:
    """The same in the caller's transaction."""
    subscriber = subscriber_by_id(connection, subscriber_id, to_change=True)
    if subscriber is None:
        return None
    # A bounced reader's wish counts too: a mended mailbox must not bring the mail back.
    if subscriber.state not in _ENDED_BY_WORD:
        return Unsubscribed(changed=False, subscriber=subscriber)
    cancelled = stop_mail(connection, subscriber.id, reason="unsubscribed", now=now)
    update_subscriber(connection, subscriber.id, {"state": SubscriberState.UNSUBSCRIBED})
    # An older link must not undo it; coming back takes a new notice.
    end_confirmations(connection, subscriber.id, now)
    _withdraw_consent(connection, subscriber.id, source=source, method="request", now=now)
    add_event(connection, "unsubscribe", ("subscribers", subscriber.id), now=now, source=source)
    left = replace(subscriber, state=SubscriberState.UNSUBSCRIBED)
    return Unsubscribed(changed=True, subscriber=left, cancelled=cancelled)


def suppress(store: Store, address: str, *, suppression: Suppression, keys: Keys) -> Suppressed:
    """Never mail `address` again, whoever adds or imports it; it need not be a subscriber's.

    `suppression.reason` is a SuppressionReason. A reader who had left before keeps that state. One
    transaction; safe to repeat. Raises UsageError for what is no address.
    """
    key = parse_address(address).key
    with store.writing() as connection:
        return suppress_key(connection, key, suppression=suppression, keys=keys)


def suppress_key(connection: Connection, address_key: str, *, suppression: Suppression, keys: Keys) -> Suppressed:
    """The same for the address behind `address_key`, in the caller's transaction."""
    reason = SuppressionReason(suppression.reason)
    bounced = reason is SuppressionReason.BOUNCED
    # A reader's own word stands above a bounce.
    add_suppression(connection, suppression_key(keys, address_key), suppression, keep_earlier=bounced)
    subscriber = subscriber_by_key(connection, address_key, to_change=True)
    if subscriber is None:
        return Suppressed(subscriber=None)
    if subscriber.state not in (_ENDED_BY_BOUNCE if bounced else _ENDED_BY_WORD):
        return Suppressed(subscriber=subscriber)
    cancelled = stop_mail(connection, subscriber.id, reason=reason, now=suppression.at)
    update_subscriber(connection, subscriber.id, {"state": _LEADS_TO[reason]})
    if not bounced:
        _withdraw_consent(connection, subscriber.id, source=suppression.source, method=reason, now=suppression.at)
    add_event(connection, "suppress", ("subscribers", subscriber.id), now=suppression.at, reason=reason.value)
    return Suppressed(subscriber=replace(subscriber, state=_LEADS_TO[reason]), cancelled=cancelled)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsuppressed:
    """An address that may be mailed again if somebody signs it up: what kept it away, None if nothing did."""

    was: Suppression | None
    subscriber: Subscriber | None
    is_active: bool = False


def unsuppress(store: Store, address: str, *, keys: Keys, because: str, now: datetime, revive: bool) -> Unsuppressed:
    """Take an address off the list of suppressions. That alone brings nobody's mail back.

    A reader who bounced or complained counts as unsubscribed then, and can sign up again. With `revive` a reader
    whose mailbox failed gets mail again, since they never asked to leave. Raises UsageError for what is no
    address, and for `revive` of anybody else; nothing is changed then. One transaction, safe to repeat.
    """
    key = parse_address(address).key
    with store.writing() as connection:
        hashed = suppression_key(keys, key)
        was = suppression_of(connection, hashed)
        subscriber = subscriber_by_key(connection, key, to_change=True)
        state = None if subscriber is None else subscriber.state
        said_no = was is not None and was.reason != SuppressionReason.BOUNCED
        if revive and (state is not SubscriberState.BOUNCED or said_no):
            raise UsageError(
                "Only a reader whose mailbox failed can be revived; others have to sign up again. "
                "Leave --revive out to let them."
            )
        delete_suppression(connection, hashed)
        if was is None and state is not SubscriberState.BOUNCED:
            return Unsuppressed(was=None, subscriber=subscriber)
        if subscriber is not None and state in (SubscriberState.BOUNCED, SubscriberState.COMPLAINED):
            to = SubscriberState.ACTIVE if revive else SubscriberState.UNSUBSCRIBED
            update_subscriber(connection, subscriber.id, {"state": to})
            subscriber = replace(subscriber, state=to)
        about = ("subscribers", None if subscriber is None else subscriber.id)
        add_event(connection, "unsuppress", about, now=now, because=because)
    return Unsuppressed(was=was, subscriber=subscriber, is_active=revive)


def _withdraw_consent(
    connection: Connection, subscriber_id: SubscriberId, *, source: str, method: str, now: datetime
) -> None:
    row = {"what": "unsubscribe", "wording": "", "source": source, "method": method, "at": now}
    insert_consents(connection, [{"subscriber_id": subscriber_id, **row}])
