"""The button behind the link: done once, in time, for the address it was mailed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.model import DeliveryState, SubscriberState
from newsletter.store import Store
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import consents, deliveries, notice_counts, wordings
from newsletter.subscribers import (
    Asking,
    Choices,
    ConfirmationState,
    Intake,
    Keys,
    SignUpForm,
    SuppressionReason,
    find,
    suppress,
    unsubscribe,
)
from newsletter.subscribers.agreements import Agreement, agree, agreement_of
from newsletter.subscribers.sign_ups import ask_address_change, ask_return, sign_up
from newsletter.subscribers.tokens import read_confirm_token
from newsletter.subscribers.wanted import NoticeKind, NoticeWanted, Post

Press = Callable[..., Agreement | None]


@pytest.fixture
def asked(store: Store, keys: Keys, intake: Intake, post: Post, posted: list[tuple[NoticeWanted, bool]]):
    """Have somebody asked; gives the confirmation's id."""

    def ask(address: str = "ben@example.org", **choices: str | tuple[str, ...]) -> int:
        form = SignUpForm(
            address=address, choices=Choices(**choices), wording="Yes.", wording_language="en", page="/subscribe"
        )
        sign_up(store, form, intake=intake, asking=Asking(), post=post)
        return last_asked(keys, posted)

    return ask


def last_asked(keys: Keys, posted: list[tuple[NoticeWanted, bool]]) -> int:
    wanted, keep = posted[-1]
    number = read_confirm_token(keys, wanted.token, lambda _: wanted.to_address)
    assert keep
    assert number
    return number


@pytest.fixture
def press(store: Store, intake: Intake, post: Post) -> Press:
    def press_button(number: int, *, later: timedelta = timedelta(0), **rules: timedelta) -> Agreement | None:
        then = replace(intake, now=intake.now + later)
        return agree(store, number, ip="192.0.2.7", intake=then, asking=Asking(**rules), post=post)

    return press_button


def test_reader_comes_in_with_proof_from_the_next_publication_on(
    store: Store, asked, press: Press, publication, rows, now
) -> None:
    number = asked(rhythm="weekly", topics=("diplomacy",))
    publication(7)

    done = press(number, later=timedelta(minutes=5))

    ben = find(store, "ben@example.org")
    assert done is not None
    assert ben is not None
    assert (done.state, ben.state, ben.covered_through) == (ConfirmationState.DONE, SubscriberState.ACTIVE, 7)
    assert (ben.rhythm, ben.topics) == ("weekly", ("diplomacy",))
    (proof,) = rows(consents)
    assert (proof["what"], proof["page"], proof["method"]) == ("subscribe", "/subscribe", "double opt-in")
    assert (proof["at"], proof["ip"]) == (now + timedelta(minutes=5), None)
    assert proof["wording_id"] == rows(wordings)[0]["id"]
    assert rows(notice_counts) == []


def test_second_press_says_the_same_and_writes_nothing(asked, press: Press, rows) -> None:
    number = asked()

    states = [found.state for found in (press(number), press(number)) if found]

    assert states == [ConfirmationState.DONE, ConfirmationState.DONE]
    assert len(rows(consents)) == 1


def test_looking_changes_nothing(store: Store, asked, now) -> None:
    number = asked()

    found = agreement_of(store, number, now=now)

    ben = find(store, "ben@example.org")
    assert found is not None
    assert ben is not None
    assert (found.state, ben.state) == (ConfirmationState.OPEN, SubscriberState.PENDING)


def test_link_of_last_week_comes_too_late(store: Store, asked, press: Press) -> None:
    late = press(asked(), later=timedelta(days=7))

    ben = find(store, "ben@example.org")
    assert late is not None
    assert ben is not None
    assert (late.state, ben.state) == (ConfirmationState.EXPIRED, SubscriberState.PENDING)


def test_address_suppressed_between_asking_and_pressing_stays_out(
    store: Store, keys: Keys, asked, press: Press, now
) -> None:
    number = asked()
    nobody = Suppression(reason=SuppressionReason.COMPLAINED, source="test", at=now)
    suppress(store, "ben@example.org", suppression=nobody, keys=keys)

    refused = press(number)

    ben = find(store, "ben@example.org")
    assert refused is not None
    assert ben is not None
    assert (refused.state, ben.state) == (ConfirmationState.EXPIRED, SubscriberState.COMPLAINED)


def test_network_address_has_an_end(asked, press: Press, rows, now) -> None:
    press(asked(), keep_ip=timedelta(days=30))

    (proof,) = rows(consents)
    assert (proof["ip"], proof["ip_until"]) == ("192.0.2.7", now + timedelta(days=30))


def test_reader_who_left_comes_back_without_what_was_cancelled(
    store: Store, keys: Keys, added, mailed, press: Press, intake: Intake, post: Post, posted, rows, now
) -> None:
    cleo = added("cleo@example.org")
    mailed(cleo)
    unsubscribe(store, cleo.id, source="page", now=now)
    ask_return(store, cleo.id, intake=intake, asking=Asking(), post=post)

    press(last_asked(keys, posted))

    back = find(store, "cleo@example.org")
    assert back is not None
    assert back.state is SubscriberState.ACTIVE
    assert [row["state"] for row in rows(deliveries)] == [int(DeliveryState.CANCELLED)]


class TestAnotherAddress:
    def test_takes_the_subscription_along_and_ends_old_links(
        self, store: Store, keys: Keys, added, mailed, press: Press, intake: Intake, post: Post, posted, rows
    ) -> None:
        ada = added("ada@example.org")
        mailed(ada)
        ask_address_change(store, ada.id, "ada@example.com", intake=intake, asking=Asking(), post=post)

        done = press(last_asked(keys, posted))

        moved = find(store, "ada@example.com")
        assert done is not None
        assert moved is not None
        assert (moved.id, moved.token_version) == (ada.id, ada.token_version + 1)
        assert find(store, "ada@example.org") is None
        assert [row["state"] for row in rows(deliveries)] == [int(DeliveryState.QUEUED)]
        assert (posted[-1][0].kind, posted[-1][0].to_address) == (NoticeKind.MOVED, "ada@example.org")

    def test_that_another_reader_took_meanwhile_stays_theirs(
        self, store: Store, keys: Keys, added, press: Press, intake: Intake, post: Post, posted
    ) -> None:
        ada = added("ada@example.org")
        ask_address_change(store, ada.id, "new@example.org", intake=intake, asking=Asking(), post=post)
        number = last_asked(keys, posted)
        other = added("new@example.org")

        refused = press(number)

        found = find(store, "new@example.org")
        assert refused is not None
        assert found is not None
        assert (refused.state, found.id) == (ConfirmationState.EXPIRED, other.id)

    def test_of_a_reader_who_left_meanwhile_does_not_bring_them_back(
        self, store: Store, keys: Keys, added, press: Press, intake: Intake, post: Post, posted, now
    ) -> None:
        ada = added("ada@example.org")
        ask_address_change(store, ada.id, "ada@example.com", intake=intake, asking=Asking(), post=post)
        number = last_asked(keys, posted)
        unsubscribe(store, ada.id, source="one-click", now=now)

        refused = press(number)

        assert refused is not None
        assert refused.state is ConfirmationState.EXPIRED
        assert find(store, "ada@example.com") is None


def test_confirmation_of_nobody_is_nothing(press: Press) -> None:
    assert press(404) is None
