"""What a reader sees and changes behind the preferences link, so that no article is lost and none comes twice.

A reader of `each` has a cursor that moves at every release; a reader of a digest has one that stands
still until the digest. Whoever changes from a digest to `each` is owed what lies in between.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from sqlalchemy import Connection

from newsletter.model import Masthead, Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.meta import add_event
from newsletter.store.owing import Missed, forget_owed, owe_missed
from newsletter.store.private_feeds import revoke_private_feeds
from newsletter.store.subscribers import (
    hold_sequence,
    replace_topics,
    subscriber_by_id,
    update_subscriber,
)
from newsletter.subscribers.addresses import mask
from newsletter.subscribers.choices import Choices, Settings, offer_of, refuse_unoffered, settle
from newsletter.subscribers.forms import PreferencesView
from newsletter.subscribers.keys import Keys
from newsletter.subscribers.newcomers import Intake
from newsletter.subscribers.tokens import unsubscribe_token


def view_of(subscriber: Subscriber, *, keys: Keys, has_private_feed: bool = False) -> PreferencesView:
    """What `subscriber` chose, with the address masked and the token of the unsubscribe link."""
    return PreferencesView(
        address=mask(subscriber.address),
        state=subscriber.state,
        name=subscriber.name,
        language=subscriber.language,
        rhythm=subscriber.rhythm,
        topics=subscriber.topics,
        hour=subscriber.hour,
        time_zone=subscriber.time_zone,
        paused_until=subscriber.paused_until,
        catch_up=subscriber.catch_up,
        unsubscribe=unsubscribe_token(keys, subscriber.id),
        has_private_feed=has_private_feed,
    )


def save(store: Store, subscriber_id: SubscriberId, choices: Choices, *, intake: Intake) -> Subscriber | None:
    """Keep what an active reader chose; None for anybody else. One transaction; safe to repeat.

    A topic added counts from the next publication on, one dropped leaves at once. Raises UsageError,
    and keeps nothing, for a choice this newsroom cannot keep or does not offer to readers.
    """
    with store.writing() as connection:
        # Before the reader's row, as a release does: the other order is a deadlock on PostgreSQL.
        sequence = hold_sequence(connection)
        found = subscriber_by_id(connection, subscriber_id, to_change=True)
        if found is None or found.state is not SubscriberState.ACTIVE:
            return None
        refuse_unoffered(choices, intake.masthead, found.rhythm)
        return change(connection, found, choices, intake=intake, sequence=sequence)


def change(
    connection: Connection, subscriber: Subscriber, choices: Choices, *, intake: Intake, sequence: int
) -> Subscriber:
    """Change what `subscriber` chose, in the caller's transaction; without a difference nothing is written.

    `sequence` is the present one, held, so that a release is either before the change or after it.
    Raises UsageError for a choice this newsroom cannot keep.
    """
    present = settings_of(subscriber)
    settings = settle(choices, offer=offer_of(intake.masthead), present=present)
    if settings == present:
        return subscriber
    columns = asdict(settings)
    topics = columns.pop("topics")
    if settings.topics != subscriber.topics:
        _forget_off_topic(connection, subscriber, settings)
    if _starts_anew(subscriber, settings):
        columns["covered_through"] = sequence
        if subscriber.rhythm != "feed":
            _owe_digest(connection, subscriber, settings, through=sequence, masthead=intake.masthead)
    if settings.rhythm != subscriber.rhythm:
        # Whoever has mail again needs no private feed, and an old address must not come to life with a later wish.
        revoke_private_feeds(connection, subscriber.id, now=intake.now)
    update_subscriber(connection, subscriber.id, columns)
    replace_topics(connection, subscriber.id, topics)
    before = asdict(present)
    changed = sorted(name for name, value in asdict(settings).items() if value != before[name])
    add_event(connection, "change", ("subscribers", subscriber.id), now=intake.now, changed=changed)
    return subscriber_by_id(connection, subscriber.id) or subscriber


def settings_of(subscriber: Subscriber) -> Settings:
    """What a subscriber chose, as `settle` gives it."""
    return Settings(
        name=subscriber.name,
        language=subscriber.language,
        time_zone=subscriber.time_zone,
        rhythm=subscriber.rhythm,
        hour=subscriber.hour,
        topics=subscriber.topics,
    )


def _starts_anew(subscriber: Subscriber, settings: Settings) -> bool:
    """Whether the cursor goes to the present; a reader of each article who changes to a digest keeps it."""
    # From the feed: releases did not count this reader in, so the first digest would hold the whole archive.
    return settings.rhythm != subscriber.rhythm and (subscriber.rhythm == "feed" or settings.rhythm == "each")


def _forget_off_topic(connection: Connection, subscriber: Subscriber, settings: Settings) -> None:
    """Owe nothing any more that is on the topics of before, or of now, alone."""
    # Gathering asks for the topics of its own moment, so a topic added would bring what had left with it, and
    # what was owed beside the topics: an email that waited when its topic was dropped, and that a pause caught.
    for topics in (subscriber.topics, settings.topics):
        if topics:
            forget_owed(connection, subscriber.id, topics=topics)


def _owe_digest(
    connection: Connection, subscriber: Subscriber, settings: Settings, *, through: int, masthead: Masthead
) -> None:
    """Owe what the next digest would have brought, in the language that is chosen now."""
    topics = _topics_of_both(subscriber.topics, settings.topics)
    if topics is not None:
        wanted = replace(subscriber, topics=topics, language=settings.language)
        owe_missed(connection, missed_by(wanted, through=through, masthead=masthead), reason="rhythm")


def missed_by(subscriber: Subscriber, *, through: int, masthead: Masthead) -> Missed:
    """What `subscriber` has a claim to after the cursor up to `through`, with the present topics and language."""
    return Missed(
        subscriber_id=subscriber.id,
        after=subscriber.covered_through,
        through=through,
        topics=subscriber.topics,
        languages=masthead.languages_for(subscriber.language),
    )


def _topics_of_both(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...] | None:
    """Topics whose past articles a reader has a claim to; empty means all, None means none.

    A topic that is added counts from now on, and one that is dropped leaves at once.
    """
    if not before or not after:
        return before or after
    return tuple(topic for topic in before if topic in after) or None
