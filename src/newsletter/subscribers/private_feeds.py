"""A reader swaps email for a feed of their own, and back; the address is the only key to it.

Comes in: the reader, or the token in the address. Goes out: a new token, shown once and stored as a hash
only, or whose feed a token opens. Called by the private feeds' desk and by `newsletter subscribers feed`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection

from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.meta import add_event
from newsletter.store.private_feeds import (
    StoredPrivateFeed,
    insert_private_feed,
    private_feed_by_hash,
    private_feed_of,
    revoke_private_feeds,
)
from newsletter.store.subscribers import hold_sequence, stop_mail, subscriber_by_id
from newsletter.subscribers.choices import Choices
from newsletter.subscribers.newcomers import Intake
from newsletter.subscribers.preferences import change

FEED = "feed"
TOKEN_OCTETS = 32
FEED_TOKEN_CHARACTERS = 43


@dataclass(frozen=True, kw_only=True, slots=True)
class Swapped:
    """A reader whose feed stands for mail now, the new feed's token, and how many waiting deliveries that ended."""

    subscriber: Subscriber
    token: str
    cancelled: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedReader:
    """Whose feed a token opens; `subscriber` is None for a feed that has ended."""

    subscriber: Subscriber | None


def feed_token(random: bytes) -> str:
    """The token of a feed made of 32 random octets: 43 characters of base64url."""
    if len(random) != TOKEN_OCTETS:
        raise ValueError(f"the token of a private feed takes {TOKEN_OCTETS} random octets")
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def feed_token_hash(token: str) -> str:
    """What is stored of a token: 64 hexadecimal digits. No key is mixed in: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def swap_to_feed(store: Store, subscriber_id: SubscriberId, *, random: bytes, intake: Intake) -> Swapped | None:
    """Give an active reader a feed of their own instead of mail; None for anybody else.

    What waits to be sent is cancelled, and what a sender has in hand is stopped before its attempt opens: the
    feed has it. An older feed of the reader ends. `random` is 32 octets. One transaction; said twice, it makes
    a new address.
    """
    token = feed_token(random)
    with store.writing() as connection:
        # Before the reader's row, as a release does: the other order is a deadlock on PostgreSQL.
        sequence = hold_sequence(connection)
        found = subscriber_by_id(connection, subscriber_id, to_change=True)
        if found is None or found.state is not SubscriberState.ACTIVE:
            return None
        changed = change(connection, found, Choices(rhythm=FEED), intake=intake, sequence=sequence)
        _make_feed(connection, found, token, intake=intake)
        cancelled = stop_mail(connection, found.id, reason=FEED, now=intake.now)
    return Swapped(subscriber=changed, token=token, cancelled=cancelled)


def new_address(store: Store, subscriber_id: SubscriberId, *, random: bytes, intake: Intake) -> Swapped | None:
    """End the address of a reader's private feed and make a new one; None for a reader who has none.

    One transaction; the old address answers no more once it is over. `random` as in `swap_to_feed`.
    """
    token = feed_token(random)
    with store.writing() as connection:
        found = subscriber_by_id(connection, subscriber_id, to_change=True)
        if found is None or not _stands_for_mail(found) or private_feed_of(connection, found.id) is None:
            return None
        _make_feed(connection, found, token, intake=intake)
    return Swapped(subscriber=found, token=token, cancelled=0)


def swap_to_mail(store: Store, subscriber_id: SubscriberId, *, intake: Intake) -> Subscriber | None:
    """End a reader's private feed and mail again as before; None for somebody who is not active.

    The rhythm is the one from before the swap, or `each` where no schedule serves that any more. What came
    out meanwhile was in the feed: it is covered and not mailed. One transaction; safe to repeat: a reader
    without a private feed stays as they are.
    """
    with store.writing() as connection:
        sequence = hold_sequence(connection)  # before the reader's row, as above
        found = subscriber_by_id(connection, subscriber_id, to_change=True)
        if found is None or found.state is not SubscriberState.ACTIVE:
            return None
        feed = private_feed_of(connection, found.id)
        if feed is None or not _stands_for_mail(found):
            return found
        # Ends the feed as well, like any way from the feed to mail.
        choices = Choices(rhythm=_rhythm_after(feed, intake))
        return change(connection, found, choices, intake=intake, sequence=sequence)


def revoke_feed(store: Store, subscriber_id: SubscriberId, *, intake: Intake) -> bool:
    """End a reader's private feed and leave the rhythm as it is; gives whether there was one. Safe to repeat."""
    with store.writing() as connection:
        ended = revoke_private_feeds(connection, subscriber_id, now=intake.now) > 0
        if ended:
            add_event(connection, "end private feed", ("subscribers", subscriber_id), now=intake.now)
    return ended


def reader_of_feed(connection: Connection, token: str) -> FeedReader | None:
    """Whose feed `token` opens now; None for a token that was never ours. Writes nothing.

    A feed has ended when its address was revoked, or when its reader left, is forgotten, or has mail again.
    Found by its hash, so that the time it takes tells nothing of other tokens.
    """
    feed = private_feed_by_hash(connection, feed_token_hash(token))
    if feed is None:
        return None
    reader = subscriber_by_id(connection, feed.subscriber_id) if feed.revoked_at is None else None
    return FeedReader(subscriber=reader if reader is not None and _stands_for_mail(reader) else None)


def has_private_feed(store: Store, subscriber: Subscriber) -> bool:
    """Whether a private feed stands for this reader's mail. Writes nothing."""
    if not _stands_for_mail(subscriber):
        return False
    with store.reading() as connection:
        return private_feed_of(connection, subscriber.id) is not None


def _stands_for_mail(reader: Subscriber) -> bool:
    return reader.state is SubscriberState.ACTIVE and reader.rhythm == FEED


def _make_feed(connection: Connection, reader: Subscriber, token: str, *, intake: Intake) -> None:
    """End what feed `reader`, as before the swap, has; write the new one, which remembers the rhythm before both."""
    former = private_feed_of(connection, reader.id)
    before = former.rhythm_before if former is not None and reader.rhythm == FEED else reader.rhythm
    revoke_private_feeds(connection, reader.id, now=intake.now)
    insert_private_feed(connection, reader.id, token_hash=feed_token_hash(token), rhythm_before=before, now=intake.now)
    add_event(connection, "make private feed", ("subscribers", reader.id), now=intake.now)


def _rhythm_after(feed: StoredPrivateFeed, intake: Intake) -> str:
    is_served = feed.rhythm_before in intake.masthead.rhythms and feed.rhythm_before != FEED
    return feed.rhythm_before if is_served else "each"
