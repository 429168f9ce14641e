from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from newsletter.errors import UsageError
from newsletter.model import Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.subscribers import SubscriberFilter, count_by_language_and_rhythm
from newsletter.store.tables import events
from newsletter.subscribers import (
    Choices,
    Intake,
    counts,
    erase,
    find,
    find_by_id,
    list_subscribers,
    unsubscribe,
    update_choices,
)

Add = Callable[..., Subscriber]
Rows = Callable[..., list[dict[str, object]]]


@pytest.fixture
def audience(store: Store, added: Add, now: datetime) -> None:
    added("ada@example.org")
    added("farid@example.org", language="fr", topics=("diplomacy",))
    added("wim@example.org", rhythm="weekly")
    cleo = added("cleo@example.org", language="fr")
    unsubscribe(store, cleo.id, source="cli", now=now)


def test_a_reader_is_found_by_any_spelling_and_by_id(store: Store, added: Add) -> None:
    ada = added("ada@example.org")

    assert find(store, " ADA@Example.ORG ") == ada == find_by_id(store, ada.id)
    assert find(store, "ben@example.org") is None
    assert find_by_id(store, SubscriberId(99)) is None
    with pytest.raises(UsageError):
        find(store, "ada")


@pytest.mark.usefixtures("audience")
@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (SubscriberFilter(), ["ada", "farid", "wim", "cleo"]),
        (SubscriberFilter(state=SubscriberState.ACTIVE), ["ada", "farid", "wim"]),
        (SubscriberFilter(state=SubscriberState.UNSUBSCRIBED), ["cleo"]),
        (SubscriberFilter(language="fr"), ["farid", "cleo"]),
        (SubscriberFilter(rhythm="weekly"), ["wim"]),
        (SubscriberFilter(language="fr", state=SubscriberState.ACTIVE), ["farid"]),
        (SubscriberFilter(topic="diplomacy", language="fr"), ["farid", "cleo"]),
        (SubscriberFilter(topic="tides", language="fr"), ["cleo"]),
        (SubscriberFilter(language="' OR 1=1 --"), []),
    ],
)
def test_a_filter_narrows_the_list(store: Store, wanted: SubscriberFilter, names: list[str]) -> None:
    assert [reader.address.split("@")[0] for reader in list_subscribers(store, wanted)] == names


@pytest.mark.usefixtures("audience")
def test_pages_follow_each_other_without_gap_or_repeat(store: Store) -> None:
    first = list_subscribers(store, limit=3)
    second = list_subscribers(store, after=first[-1].id, limit=3)

    assert [reader.address.split("@")[0] for reader in first + second] == ["ada", "farid", "wim", "cleo"]
    assert list_subscribers(store, after=second[-1].id) == []


@pytest.mark.usefixtures("audience")
@pytest.mark.parametrize(("limit", "length"), [(0, 1), (-5, 1), (10**9, 4)])
def test_a_page_has_a_sane_length(store: Store, limit: int, length: int) -> None:
    assert len(list_subscribers(store, limit=limit)) == length


@pytest.mark.usefixtures("audience")
def test_counts_name_every_state_and_forget_the_erased(store: Store, intake: Intake) -> None:
    erase(store, "cleo@example.org", keys=intake.keys, source="cli", now=intake.now)

    assert counts(store) == {"pending": 0, "active": 3, "unsubscribed": 0, "bounced": 0, "complained": 0}
    assert len(list_subscribers(store)) == 3


@pytest.mark.usefixtures("audience")
def test_active_readers_are_counted_by_language_and_rhythm(store: Store) -> None:
    with store.reading() as connection:
        assert count_by_language_and_rhythm(connection) == {
            ("en", "each"): 1,
            ("en", "weekly"): 1,
            ("fr", "each"): 1,
        }


def test_choices_change_and_only_they_do(store: Store, added: Add, intake: Intake, rows: Rows) -> None:
    ada = added("ada@example.org", name="Ada", hour="7")

    changed = update_choices(
        store, "ADA@example.org", Choices(rhythm="weekly", hour="", topics=("diplomacy",)), intake=intake
    )

    assert changed == find(store, "ada@example.org")
    assert (changed.rhythm, changed.hour, changed.topics) == ("weekly", None, ("diplomacy",))
    assert (changed.id, changed.name, changed.state, changed.covered_through) == (ada.id, "Ada", "active", 0)
    event = rows(events)[-1]
    assert (event["verb"], event["details"]) == ("change", {"changed": ["hour", "rhythm", "topics"]})


def test_mail_after_a_time_of_feed_only_begins_with_the_present(
    store: Store, added: Add, intake: Intake, publication: Callable[[int], None]
) -> None:
    added("ada@example.org", rhythm="feed")
    added("wim@example.org", rhythm="weekly")
    publication(41)

    ada = update_choices(store, "ada@example.org", Choices(rhythm="weekly"), intake=intake)
    wim = update_choices(store, "wim@example.org", Choices(rhythm="monthly"), intake=intake)

    assert (ada.covered_through, wim.covered_through) == (41, 0)


def test_choosing_what_is_already_so_writes_nothing(store: Store, added: Add, intake: Intake, rows: Rows) -> None:
    ada = added("ada@example.org", language="fr")

    assert update_choices(store, "ada@example.org", Choices(language="FR"), intake=intake) == ada
    assert len(rows(events)) == 1


def test_changing_choices_does_not_bring_anybody_back(store: Store, added: Add, intake: Intake) -> None:
    ada = added("ada@example.org")
    unsubscribe(store, ada.id, source="cli", now=intake.now)

    changed = update_choices(store, "ada@example.org", Choices(rhythm="daily"), intake=intake)

    assert (changed.rhythm, changed.state) == ("daily", SubscriberState.UNSUBSCRIBED)


def test_a_choice_that_cannot_be_kept_changes_nothing(store: Store, added: Add, intake: Intake) -> None:
    ada = added("ada@example.org")

    with pytest.raises(UsageError, match="language: no articles in “de” here"):
        update_choices(store, "ada@example.org", Choices(rhythm="daily", language="de"), intake=intake)

    assert find(store, "ada@example.org") == ada


def test_nobodys_choices_cannot_be_changed(store: Store, intake: Intake) -> None:
    with pytest.raises(UsageError, match=r"b…@example\.org is no subscriber here"):
        update_choices(store, "ben@example.org", Choices(rhythm="daily"), intake=intake)
