"""Pause, go on, end: a person takes an edition by the arm."""

from __future__ import annotations

import pytest
from real_newsroom import QUAY, Desk

from newsletter.errors import UsageError
from newsletter.model import DeliveryState, EditionState
from newsletter.store.editions import StoredEdition
from newsletter.store.tables import deliveries, events, revocations


@pytest.fixture
def edition(desk: Desk) -> StoredEdition:
    desk.add()
    desk.add("farid@example.org", language="fr")
    return desk.publish(desk.write("articles/tides.md")).editions[0]


def states(desk: Desk) -> set[DeliveryState]:
    return {DeliveryState(row["state"]) for row in desk.rows(deliveries)}


def test_edition_is_found_by_the_beginning_of_its_uid(desk: Desk, edition: StoredEdition) -> None:
    assert desk.newsroom.show_edition(edition.uid[:8]).edition.id == edition.id


def test_ambiguous_beginning_is_asked_about(desk: Desk, edition: StoredEdition) -> None:
    desk.publish(desk.write("articles/quay.md", QUAY))

    with pytest.raises(UsageError, match="2 editions begin with 0000"):
        desk.newsroom.show_edition("0000")


@pytest.mark.parametrize("uid", ["", "none", "%", "_"])
def test_unknown_edition_gets_a_sentence(desk: Desk, edition: StoredEdition, uid: str) -> None:
    with pytest.raises(UsageError, match="newsletter editions list"):
        desk.newsroom.pause_edition(uid)


def test_paused_edition_sends_nothing_until_it_is_resumed(desk: Desk, edition: StoredEdition) -> None:
    desk.newsroom.pause_edition(edition.uid)
    desk.newsroom.send(edition)
    assert desk.outbox() == []

    desk.newsroom.resume_edition(edition.uid)
    balance = desk.newsroom.send(edition).balance

    assert len(desk.outbox()) == 2
    assert (balance.state, balance.count(DeliveryState.SENT)) == (EditionState.SENT, 2)


def test_pausing_twice_is_pausing_once(desk: Desk, edition: StoredEdition) -> None:
    before = desk.count(events)

    first, second = desk.newsroom.pause_edition(edition.uid), desk.newsroom.pause_edition(edition.uid)

    assert first == second
    assert second.reason == "paused by the owner"
    assert (desk.count(events) - before, desk.count(revocations)) == (1, 1)


def test_cancelled_edition_ends_for_all_who_do_not_have_it(desk: Desk, edition: StoredEdition) -> None:
    assert desk.newsroom.cancel_edition(edition.uid) == 2
    assert desk.newsroom.cancel_edition(edition.uid) == 0

    desk.newsroom.send(edition)

    assert desk.outbox() == []
    assert states(desk) == {DeliveryState.CANCELLED}
    assert desk.newsroom.show_edition(edition.uid).balance.adds_up


@pytest.mark.parametrize("verb", ["pause_edition", "resume_edition"])
def test_edition_that_has_ended_stays_ended(desk: Desk, edition: StoredEdition, verb: str) -> None:
    desk.newsroom.cancel_edition(edition.uid)

    with pytest.raises(UsageError, match="is cancelled, so it cannot become"):
        getattr(desk.newsroom, verb)(edition.uid)


def test_sent_edition_is_not_cancelled(desk: Desk, edition: StoredEdition) -> None:
    desk.newsroom.send(edition)

    assert desk.newsroom.cancel_edition(edition.uid) == 0
    assert desk.newsroom.show_edition(edition.uid).edition.state is EditionState.SENT
    assert states(desk) == {DeliveryState.SENT}


def test_running_senders_are_told(desk: Desk, edition: StoredEdition) -> None:
    desk.newsroom.pause_edition(edition.uid)
    desk.newsroom.resume_edition(edition.uid)
    desk.newsroom.cancel_edition(edition.uid)

    assert [row["edition_id"] for row in desk.rows(revocations)] == [edition.id] * 3
