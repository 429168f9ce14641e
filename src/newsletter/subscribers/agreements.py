"""The button behind a notice's link: a reader comes in, moves to another address, or comes back.

Comes in: the id a confirm link was signed for. Goes out: what it stands for, and whether that is done.
Nothing happens twice, nothing after its end, and nothing for an address that was suppressed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from newsletter.model import Subscriber, SubscriberState
from newsletter.store import Store
from newsletter.store.confirmations import (
    StoredConfirmation,
    close_confirmation,
    confirmation_by_id,
    forget_notice_count,
)
from newsletter.store.consents import insert_consents
from newsletter.store.meta import add_event
from newsletter.store.subscribers import (
    hold_sequence,
    replace_topics,
    subscriber_by_id,
    subscriber_by_key,
    update_subscriber,
)
from newsletter.store.suppressions import suppressed_among
from newsletter.subscribers.addresses import parse_address
from newsletter.subscribers.forms import ConfirmationKind, ConfirmationState
from newsletter.subscribers.newcomers import Intake
from newsletter.subscribers.tokens import suppression_key
from newsletter.subscribers.wanted import LEFT_ALONE, Asking, NoticeKind, NoticeWanted, Post

METHOD = "double opt-in"


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """What a confirm link stands for, whose it is, and how it stands; `address` is whole."""

    kind: ConfirmationKind
    state: ConfirmationState
    address: str
    subscriber: Subscriber
    rhythm: str


def address_asked(store: Store, confirmation_id: int) -> str | None:
    """Whom a confirmation asks, or None for one that is not there. Writes nothing."""
    with store.reading() as connection:
        stored = confirmation_by_id(connection, confirmation_id)
    return None if stored is None else stored.address


def agreement_of(store: Store, confirmation_id: int, *, now: datetime) -> Agreement | None:
    """What the confirmation asks; None for one whose reader is gone. Writes nothing."""
    with store.reading() as connection:
        stored = confirmation_by_id(connection, confirmation_id)
        subscriber = None if stored is None else subscriber_by_id(connection, stored.subscriber_id)
    if stored is None or subscriber is None:
        return None
    return _as_it_stands(stored, subscriber, now)


def agree(
    store: Store, confirmation_id: int, *, ip: str | None, intake: Intake, asking: Asking, post: Post
) -> Agreement | None:
    """Do what the confirmation asks, once. One transaction; safe to repeat.

    The state says DONE, also the second time, or EXPIRED: too late, suppressed since, or the address
    belongs to somebody else by now.
    """
    with store.writing() as connection:
        stored = confirmation_by_id(connection, confirmation_id, to_change=True)
        subscriber = None if stored is None else subscriber_by_id(connection, stored.subscriber_id, to_change=True)
        if stored is None or subscriber is None:
            return None
        found = _as_it_stands(stored, subscriber, intake.now)
        if found.state is not ConfirmationState.OPEN:
            return found
        if not _may_agree(connection, stored, subscriber, intake):
            return replace(found, state=ConfirmationState.EXPIRED)
        if found.kind is ConfirmationKind.ADDRESS:
            _move(connection, stored, subscriber, intake=intake, asking=asking, post=post)
        elif subscriber.state is not SubscriberState.ACTIVE:
            _let_in(connection, stored, subscriber, intake=intake)
        _prove(connection, stored, ip=ip, intake=intake, asking=asking)
        close_confirmation(connection, stored.id, intake.now)
        key = parse_address(stored.address).key
        forget_notice_count(connection, suppression_key(intake.keys, key))
        verb = {"subscribe": "confirm", "address": "move", "return": "return"}[found.kind]
        add_event(connection, verb, ("subscribers", subscriber.id), now=intake.now)
        changed = subscriber_by_id(connection, subscriber.id) or subscriber
    return replace(found, state=ConfirmationState.DONE, subscriber=changed, rhythm=changed.rhythm)


def _as_it_stands(stored: StoredConfirmation, subscriber: Subscriber, now: datetime) -> Agreement:
    if stored.expires_at <= now:
        # Also when it was done: a link that lies in a mailbox for years must open nothing.
        state = ConfirmationState.EXPIRED
    else:
        state = ConfirmationState.OPEN if stored.done_at is None else ConfirmationState.DONE
    return Agreement(
        kind=ConfirmationKind(stored.kind),
        state=state,
        address=stored.address,
        subscriber=subscriber,
        rhythm=str(stored.choices.get("rhythm", subscriber.rhythm)),
    )


def _may_agree(connection: Connection, stored: StoredConfirmation, subscriber: Subscriber, intake: Intake) -> bool:
    key = parse_address(stored.address).key
    if suppressed_among(connection, [suppression_key(intake.keys, key)]):
        return False
    if stored.kind == ConfirmationKind.ADDRESS:
        holder = subscriber_by_key(connection, key)
        return subscriber.state is SubscriberState.ACTIVE and (holder is None or holder.id == subscriber.id)
    # The address may have moved or been erased since the notice was written.
    if parse_address(subscriber.address).key != key:
        return False
    return subscriber.state not in LEFT_ALONE


def _let_in(connection: Connection, stored: StoredConfirmation, subscriber: Subscriber, *, intake: Intake) -> None:
    """Make a reader active from the next publication on, with the choices of the form if there was one."""
    columns: dict[str, object] = dict(stored.choices)
    topics = columns.pop("topics", None)
    rhythm = str(columns.get("rhythm", subscriber.rhythm))
    columns |= {
        "state": SubscriberState.ACTIVE,
        # Nobody begins with the whole archive, and what was published while a reader was away is over.
        "covered_through": intake.first_cursor(connection, rhythm, sequence=hold_sequence(connection)),
        "joined_at": intake.now,
        "expires_at": None,
        "paused_until": None,
        "catch_up": False,
    }
    update_subscriber(connection, subscriber.id, columns)
    if isinstance(topics, list | tuple):
        replace_topics(connection, subscriber.id, [str(topic) for topic in topics])


def _move(
    connection: Connection,
    stored: StoredConfirmation,
    subscriber: Subscriber,
    *,
    intake: Intake,
    asking: Asking,
    post: Post,
) -> None:
    """Give the subscription its new address; the old mailbox is told, and its preferences links end."""
    address = parse_address(stored.address)
    columns: Mapping[str, object] = {
        "address": address.address,
        "address_key": address.key,
        "suppression_key": suppression_key(intake.keys, address.key),
        "token_version": subscriber.token_version + 1,
    }
    update_subscriber(connection, subscriber.id, columns)
    wanted = NoticeWanted(
        kind=NoticeKind.MOVED,
        to_address=subscriber.address,
        subscriber_id=subscriber.id,
        language=subscriber.language,
        token="",
        dedupe_key=f"moved:{stored.id}",
        expires_at=intake.now + asking.confirm_within,
    )
    post(connection, wanted, True)


def _prove(
    connection: Connection, stored: StoredConfirmation, *, ip: str | None, intake: Intake, asking: Asking
) -> None:
    """Write down who agreed to what, where and when (GDPR art. 7)."""
    kept = ip if asking.keep_ip else None
    row = {
        "subscriber_id": stored.subscriber_id,
        "what": stored.kind,
        "wording": stored.wording,
        "language": stored.wording_language,
        "source": f"asked {stored.asked_at:%Y-%m-%d %H:%M:%S} UTC",
        "page": stored.page,
        "method": METHOD,
        "at": intake.now,
        "ip": kept,
        "ip_until": intake.now + asking.keep_ip if kept else None,
    }
    insert_consents(connection, [row])
