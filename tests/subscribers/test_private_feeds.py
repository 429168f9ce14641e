"""Email swapped for a feed of one's own, and back: in one transaction, with nothing stored that opens it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from newsletter.model import DeliveryState, Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.deliveries import withdrawn_reason
from newsletter.store.private_feeds import private_feed_by_hash, private_feed_of, revoke_private_feeds
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import deliveries, metadata, owed, private_feeds, revocations, subscribers
from newsletter.subscribers import (
    Choices,
    Intake,
    Keys,
    SuppressionReason,
    data_of,
    erase,
    find_by_id,
    prospects,
    suppress,
    unsubscribe,
)
from newsletter.subscribers.preferences import save, view_of
from newsletter.subscribers.private_feeds import (
    FEED_TOKEN_CHARACTERS,
    FeedReader,
    Swapped,
    feed_token,
    feed_token_hash,
    has_private_feed,
    new_address,
    reader_of_feed,
    revoke_feed,
    swap_to_feed,
    swap_to_mail,
)

Add = Callable[..., Subscriber]
Rows = Callable[..., list[dict[str, object]]]
Swap = Callable[..., Swapped]


@pytest.fixture
def swapped(store: Store, intake: Intake) -> Swap:
    """Swap a reader's email for a feed; `octet` makes the token."""

    def swap(reader: Subscriber, octet: int = 7) -> Swapped:
        done = swap_to_feed(store, reader.id, random=bytes([octet]) * 32, intake=intake)
        assert done is not None
        return done

    return swap


def opened(store: Store, token: str) -> FeedReader | None:
    with store.reading() as connection:
        return reader_of_feed(connection, token)


def everything_in(store: Store) -> str:
    """All rows of all tables, as text."""
    with store.reading() as connection:
        return repr([connection.execute(select(table)).all() for table in metadata.sorted_tables])


def test_swapping_ends_mail_and_gives_an_address(store: Store, added: Add, swapped: Swap, rows: Rows) -> None:
    ada = added("ada@example.org", rhythm="weekly", topics=("diplomacy",))

    done = swapped(ada)

    assert done.subscriber == replace(ada, rhythm="feed")
    assert len(done.token) == FEED_TOKEN_CHARACTERS
    assert opened(store, done.token) == FeedReader(subscriber=done.subscriber)
    (row,) = rows(private_feeds)
    assert (row["subscriber_id"], row["rhythm_before"], row["revoked_at"]) == (ada.id, "weekly", None)
    assert has_private_feed(store, done.subscriber)


def test_s10_only_a_hash_of_the_token_is_kept(store: Store, added: Add, swapped: Swap, rows: Rows) -> None:
    done = swapped(added())

    kept = everything_in(store)

    assert done.token not in kept
    assert rows(private_feeds)[0]["token_hash"] == feed_token_hash(done.token)
    assert opened(store, feed_token_hash(done.token)) is None


def test_what_waits_in_a_digest_and_in_an_edition_is_cancelled(
    store: Store, added: Add, swapped: Swap, mailed: Callable[..., int], rows: Rows, now: datetime
) -> None:
    ada, wim = added("ada@example.org"), added("wim@example.org", rhythm="weekly")
    each, digest = mailed(ada), mailed(wim, state=DeliveryState.DEFERRED, next_at=now, reason="450 later")

    counts = [swapped(reader, octet).cancelled for octet, reader in enumerate((ada, wim))]

    assert counts == [1, 1]
    assert {(row["edition_id"], row["state"], row["reason"]) for row in rows(deliveries)} == {
        (each, DeliveryState.CANCELLED, "feed"),
        (digest, DeliveryState.CANCELLED, "feed"),
    }


def test_sender_that_holds_the_delivery_is_told_before_its_attempt(
    store: Store, added: Add, swapped: Swap, mailed: Callable[..., int], rows: Rows, now: datetime
) -> None:
    ada = added()
    mailed(ada, state=DeliveryState.LEASED)

    swapped(ada)

    assert [row["subscriber_id"] for row in rows(revocations)] == [ada.id]
    with store.writing() as connection:
        assert withdrawn_reason(connection, ada.id, now=now) == "feed"


def test_reader_who_chose_the_feed_in_the_form_still_gets_what_is_queued(
    store: Store, added: Add, intake: Intake, now: datetime
) -> None:
    ada = added()

    save(store, ada.id, Choices(rhythm="feed"), intake=intake)

    with store.writing() as connection:
        assert withdrawn_reason(connection, ada.id, now=now) is None


@pytest.mark.parametrize("rhythm", ["each", "weekly"])
def test_going_back_brings_the_rhythm_back_and_mails_nothing_of_meanwhile(
    store: Store,
    added: Add,
    swapped: Swap,
    intake: Intake,
    publication: Callable[[int], None],
    rows: Rows,
    rhythm: str,
) -> None:
    publication(3)
    ada = added(rhythm=rhythm)
    done = swapped(ada)
    publication(8)

    back = swap_to_mail(store, ada.id, intake=intake)

    assert back == replace(ada, covered_through=8)
    assert opened(store, done.token) == FeedReader(subscriber=None)
    assert rows(owed) == []
    assert swap_to_mail(store, ada.id, intake=intake) == back


def test_rhythm_that_nobody_serves_any_more_becomes_each(
    store: Store, added: Add, swapped: Swap, intake: Intake
) -> None:
    wim = added("wim@example.org", rhythm="weekly")
    swapped(wim)
    later = replace(intake, masthead=replace(intake.masthead, rhythms=("each", "monthly", "feed")))

    back = swap_to_mail(store, wim.id, intake=later)

    assert back is not None
    assert back.rhythm == "each"


def test_reader_of_the_public_feed_goes_back_to_each(store: Store, added: Add, swapped: Swap, intake: Intake) -> None:
    ada = added(rhythm="feed")
    swapped(ada)

    back = swap_to_mail(store, ada.id, intake=intake)

    assert back is not None
    assert back.rhythm == "each"


def test_swapping_twice_ends_the_first_address_and_remembers_the_first_rhythm(
    store: Store, added: Add, swapped: Swap, intake: Intake
) -> None:
    wim = added("wim@example.org", rhythm="weekly")

    first, second = swapped(wim, 1), swapped(wim, 2)

    assert opened(store, first.token) == FeedReader(subscriber=None)
    assert opened(store, second.token) == FeedReader(subscriber=second.subscriber)
    back = swap_to_mail(store, wim.id, intake=intake)
    assert back is not None
    assert back.rhythm == "weekly"


def test_new_address_ends_the_old_one(store: Store, added: Add, swapped: Swap, intake: Intake) -> None:
    ada = added()
    first = swapped(ada)

    second = new_address(store, ada.id, random=bytes(32), intake=intake)

    assert second is not None
    assert opened(store, first.token) == FeedReader(subscriber=None)
    assert opened(store, second.token) == FeedReader(subscriber=first.subscriber)


def test_no_new_address_for_a_reader_without_a_feed(store: Store, added: Add, intake: Intake, rows: Rows) -> None:
    ada, ben = added("ada@example.org"), added("ben@example.org", rhythm="feed")

    made = [new_address(store, reader.id, random=bytes(32), intake=intake) for reader in (ada, ben)]

    assert made == [None, None]
    assert rows(private_feeds) == []


def test_choosing_mail_in_the_form_ends_the_feed(store: Store, added: Add, swapped: Swap, intake: Intake) -> None:
    ada = added()
    done = swapped(ada)

    save(store, ada.id, Choices(rhythm="daily"), intake=intake)
    save(store, ada.id, Choices(rhythm="feed"), intake=intake)

    assert opened(store, done.token) == FeedReader(subscriber=None)


def test_other_choices_leave_the_address_as_it_is(store: Store, added: Add, swapped: Swap, intake: Intake) -> None:
    ada = added()
    done = swapped(ada)

    changed = save(store, ada.id, Choices(language="fr", topics=("diplomacy",)), intake=intake)

    assert opened(store, done.token) == FeedReader(subscriber=changed)


def test_one_reader_never_opens_the_feed_of_another(store: Store, added: Add, swapped: Swap, intake: Intake) -> None:
    ada, wim = swapped(added("ada@example.org"), 1), swapped(added("wim@example.org"), 2)

    swap_to_mail(store, ada.subscriber.id, intake=intake)

    assert opened(store, ada.token) == FeedReader(subscriber=None)
    assert opened(store, wim.token) == FeedReader(subscriber=wim.subscriber)


def test_l6_unsubscribing_ends_the_feed_as_well(store: Store, added: Add, swapped: Swap, now: datetime) -> None:
    done = swapped(added())

    unsubscribe(store, done.subscriber.id, source="one-click", now=now)

    assert opened(store, done.token) == FeedReader(subscriber=None)


def test_reader_who_takes_leaving_back_has_the_feed_again(
    store: Store, added: Add, swapped: Swap, now: datetime
) -> None:
    done = swapped(added())
    unsubscribe(store, done.subscriber.id, source="one-click", now=now)

    with store.writing() as connection:
        connection.execute(update(subscribers).values(state="active"))

    assert opened(store, done.token) == FeedReader(subscriber=done.subscriber)


def test_old_address_never_comes_to_life_with_a_later_wish(
    store: Store, added: Add, swapped: Swap, intake: Intake
) -> None:
    done = swapped(added(rhythm="weekly"))
    with store.writing() as connection:
        # As a reader comes back who chose email in the form.
        connection.execute(update(subscribers).values(rhythm="each"))

    meanwhile = opened(store, done.token), swap_to_mail(store, done.subscriber.id, intake=intake)
    save(store, done.subscriber.id, Choices(rhythm="feed"), intake=intake)

    assert meanwhile == (FeedReader(subscriber=None), replace(done.subscriber, rhythm="each"))
    assert opened(store, done.token) == FeedReader(subscriber=None)


def test_bounced_reader_has_no_feed(store: Store, added: Add, swapped: Swap, keys: Keys, now: datetime) -> None:
    done = swapped(added())
    reason = Suppression(reason=SuppressionReason.BOUNCED, source="report", at=now)

    suppress(store, "ada@example.org", suppression=reason, keys=keys)

    assert opened(store, done.token) == FeedReader(subscriber=None)


def test_s36_erasing_leaves_no_row_of_a_feed(
    store: Store, added: Add, swapped: Swap, keys: Keys, rows: Rows, now: datetime
) -> None:
    done = swapped(added())

    erase(store, "ada@example.org", keys=keys, source="test", now=now)

    assert rows(private_feeds) == []
    assert opened(store, done.token) is None


def test_s36_reader_is_shown_their_feeds_without_what_opens_them(
    store: Store, added: Add, swapped: Swap, keys: Keys
) -> None:
    done = swapped(added())

    shown = json.dumps(data_of(store, "ada@example.org", keys=keys))

    (feed,) = json.loads(shown)["private_feeds"]
    assert (feed["rhythm_before"], feed["made_at"]) == ("each", "2026-11-24T09:00:00+00:00")
    assert done.token not in shown
    assert feed_token_hash(done.token) not in shown


@pytest.mark.parametrize("state", [state for state in SubscriberState if state is not SubscriberState.ACTIVE])
def test_only_active_readers_swap(store: Store, added: Add, intake: Intake, rows: Rows, state: SubscriberState) -> None:
    ada = added()
    with store.writing() as connection:
        connection.execute(update(subscribers).values(state=state.value))

    done = swap_to_feed(store, ada.id, random=bytes(32), intake=intake)

    assert done is None
    assert swap_to_mail(store, ada.id, intake=intake) is None
    assert rows(private_feeds) == []


def test_nobody_swaps_for_a_stranger(store: Store, intake: Intake) -> None:
    nobody = SubscriberId(404)

    assert swap_to_feed(store, nobody, random=bytes(32), intake=intake) is None
    assert swap_to_mail(store, nobody, intake=intake) is None
    assert new_address(store, nobody, random=bytes(32), intake=intake) is None


def test_going_back_without_a_private_feed_changes_nothing(store: Store, added: Add, intake: Intake) -> None:
    ada, ben = added("ada@example.org", rhythm="weekly"), added("ben@example.org", rhythm="feed")

    assert [swap_to_mail(store, reader.id, intake=intake) for reader in (ada, ben)] == [ada, ben]


def test_owner_ends_a_feed_and_mail_stays_off(store: Store, added: Add, swapped: Swap, intake: Intake) -> None:
    done = swapped(added())

    ended = [revoke_feed(store, done.subscriber.id, intake=intake) for _ in range(2)]

    assert ended == [True, False]
    assert opened(store, done.token) == FeedReader(subscriber=None)
    found = find_by_id(store, done.subscriber.id)
    assert found is not None
    assert (found.rhythm, has_private_feed(store, found)) == ("feed", False)


def test_page_and_why_say_that_the_feed_stands_for_mail(added: Add, swapped: Swap, keys: Keys) -> None:
    reader = swapped(added()).subscriber

    assert view_of(reader, keys=keys, has_private_feed=True).has_private_feed
    assert prospects(reader, suppressed=None, has_private_feed=True) == "no: a private feed stands for mail"
    assert prospects(reader, suppressed=None) == "no: wants feeds only"


def test_queries_find_present_and_ended_feeds(store: Store, added: Add, swapped: Swap, now: datetime) -> None:
    done = swapped(added())
    key = feed_token_hash(done.token)

    with store.writing() as connection:
        before = private_feed_of(connection, done.subscriber.id)
        ended = [revoke_private_feeds(connection, done.subscriber.id, now=now) for _ in range(2)]
        after, by_hash = private_feed_of(connection, done.subscriber.id), private_feed_by_hash(connection, key)

    assert before is not None
    assert (before.rhythm_before, before.made_at, before.revoked_at) == ("each", now, None)
    assert ended == [1, 0]
    assert after is None
    assert by_hash == replace(before, revoked_at=now)


@given(random=st.binary(min_size=32, max_size=32))
def test_tokens_stand_in_an_address_as_they_are(random: bytes) -> None:
    token = feed_token(random)

    assert len(token) == FEED_TOKEN_CHARACTERS
    assert token.replace("-", "a").replace("_", "a").isalnum()
    assert token.isascii()


@pytest.mark.parametrize("octets", [0, 16, 31, 33])
def test_too_little_randomness_makes_no_token(octets: int) -> None:
    with pytest.raises(ValueError, match="32 random octets"):
        feed_token(bytes(octets))
