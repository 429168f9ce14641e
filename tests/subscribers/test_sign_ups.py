"""Asking to come in: one answer for every address, one notice a day, and nothing without the mailbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.model import SubscriberState
from newsletter.store import Store
from newsletter.store.suppressions import Suppression
from newsletter.store.tables import confirmations, notice_counts, subscribers, wordings
from newsletter.subscribers import (
    Answer,
    Asking,
    Choices,
    ConfirmationKind,
    Intake,
    Keys,
    SignUpForm,
    SuppressionReason,
    find,
    suppress,
    unsubscribe,
)
from newsletter.subscribers.sign_ups import ask_address_change, ask_return, sign_up
from newsletter.subscribers.tokens import read_confirm_token
from newsletter.subscribers.wanted import NoticeKind, NoticeWanted, Post

WORDING = "Yes, send me The Harbour Post by email."
Ask = Callable[..., Answer]


@pytest.fixture
def ask(store: Store, intake: Intake, post: Post) -> Ask:
    """Send the form in, `later` than now."""

    def ask_for(
        address: str = "ben@example.org",
        *,
        later: timedelta = timedelta(0),
        asking: Asking | None = None,
        ip: str | None = None,
        **choices: str | tuple[str, ...],
    ) -> Answer:
        form = SignUpForm(
            address=address,
            choices=Choices(**choices),
            wording=WORDING,
            wording_language="en",
            page="/subscribe",
            ip=ip,
        )
        then = replace(intake, now=intake.now + later)
        return sign_up(store, form, intake=then, asking=asking or Asking(), post=post)

    return ask_for


def kept(posted: list[tuple[NoticeWanted, bool]]) -> list[NoticeWanted]:
    return [wanted for wanted, keep in posted if keep]


def test_rhythm_that_no_schedule_serves_cannot_be_asked_for(store: Store, intake: Intake, post: Post) -> None:
    served = replace(intake, masthead=replace(intake.masthead, rhythms=("each", "tides", "feed")))

    def ask_for(address: str, rhythm: str) -> Answer:
        form = SignUpForm(
            address=address,
            choices=Choices(rhythm=rhythm),
            wording=WORDING,
            wording_language="en",
            page="/subscribe",
        )
        return sign_up(store, form, intake=served, asking=Asking(), post=post)

    assert ask_for("ben@example.org", "weekly") is Answer.ODD_CHOICE
    assert ask_for("cleo@example.org", "tides") is Answer.TAKEN
    assert find(store, "ben@example.org") is None


def test_new_reader_is_pending_until_the_link_in_the_notice_is_used(
    store: Store, keys: Keys, ask: Ask, posted: list[tuple[NoticeWanted, bool]], rows, now
) -> None:
    answer = ask("Ben@Example.org", language="fr", rhythm="weekly", topics=("Diplomatie",), hour="7")

    ben = find(store, "ben@example.org")
    assert answer is Answer.TAKEN
    assert ben is not None
    assert (ben.state, ben.language, ben.rhythm, ben.hour) == (SubscriberState.PENDING, "fr", "weekly", 7)
    (wanted,) = kept(posted)
    assert (wanted.kind, wanted.to_address, wanted.language) == (NoticeKind.CONFIRM, ben.address, "fr")
    (asked,) = rows(confirmations)
    assert read_confirm_token(keys, wanted.token, lambda _: wanted.to_address) == asked["id"]
    assert (asked["kind"], asked["page"], asked["expires_at"]) == ("subscribe", "/subscribe", now + timedelta(days=7))
    assert [each["text"] for each in rows(wordings)] == [WORDING]


def test_network_address_is_kept_only_where_the_owner_asked_for_it(ask: Ask, rows) -> None:
    ask("ben@example.org", ip="192.0.2.7")
    ask("farid@example.org", ip="192.0.2.7", asking=Asking(keep_ip=timedelta(days=30)))

    assert [row["ip"] for row in rows(confirmations)] == [None, "192.0.2.7"]


@pytest.mark.parametrize(
    ("address", "answer"), [("ben@", Answer.ODD_ADDRESS), ("ben@example.org\r\nBcc: x", Answer.ODD_ADDRESS)]
)
def test_what_is_no_address_is_said_and_nothing_is_written(ask: Ask, rows, address: str, answer: Answer) -> None:
    assert ask(address) is answer
    assert rows(subscribers) == []


def test_odd_choice_is_said_and_nothing_is_written(ask: Ask, rows) -> None:
    assert ask(rhythm="hourly") is Answer.ODD_CHOICE
    assert rows(subscribers) == []


class TestTheSameAnswer:
    """Known, pending, gone, bounced and suppressed addresses get the answer of a new one."""

    def test_active_reader_is_told_in_a_notice_and_keeps_the_old_choices(
        self, store: Store, ask: Ask, added, posted
    ) -> None:
        added("ada@example.org", rhythm="each")

        answer = ask("ada@example.org", rhythm="feed")

        ada = find(store, "ada@example.org")
        assert answer is Answer.TAKEN
        assert ada is not None
        assert (ada.rhythm, [wanted.kind for wanted in kept(posted)]) == ("each", [NoticeKind.ALREADY])

    def test_reader_who_left_stays_out_until_the_link_is_used(self, store: Store, ask: Ask, added, posted, now) -> None:
        cleo = added("cleo@example.org")
        unsubscribe(store, cleo.id, source="one-click", now=now)

        answer = ask("cleo@example.org")

        found = find(store, "cleo@example.org")
        assert answer is Answer.TAKEN
        assert found is not None
        assert (found.state, len(kept(posted))) == (SubscriberState.UNSUBSCRIBED, 1)

    @pytest.mark.parametrize("reason", SuppressionReason)
    @pytest.mark.parametrize("is_reader", [True, False])
    def test_suppressed_address_gets_nothing(
        self, store: Store, keys: Keys, ask: Ask, added, posted, now, reason: SuppressionReason, is_reader: bool
    ) -> None:
        if is_reader:
            added("dan@example.org")
        suppress(store, "dan@example.org", suppression=Suppression(reason=reason, source="test", at=now), keys=keys)

        answer = ask("dan@example.org")

        assert answer is Answer.TAKEN
        assert kept(posted) == []
        assert (find(store, "dan@example.org") is not None) is is_reader

    def test_takes_the_same_steps_for_each(self, store: Store, keys: Keys, ask: Ask, added, posted, now) -> None:
        """Every address has one notice composed, kept or not, so that the time tells nothing."""
        added("ada@example.org")
        nobody = Suppression(reason=SuppressionReason.OBJECTED, source="test", at=now)
        suppress(store, "dan@example.org", suppression=nobody, keys=keys)

        for address in ("ada@example.org", "dan@example.org", "ben@example.org", "ben@example.org"):
            ask(address)

        assert [keep for _, keep in posted] == [True, False, True, False]


class TestLimits:
    def test_address_is_asked_once_a_day_and_three_times_ever(self, ask: Ask, posted) -> None:
        for hours in range(0, 24 * 6, 6):
            assert ask(later=timedelta(hours=hours)) is Answer.TAKEN

        assert len(kept(posted)) == 3

    def test_spellings_of_one_address_count_as_one(self, ask: Ask, posted) -> None:
        for address in ("ben@example.org", "BEN@example.org", "Ben@EXAMPLE.ORG"):
            ask(address)

        assert len(kept(posted)) == 1

    def test_hundreds_of_forms_are_one_notice(self, ask: Ask, posted) -> None:
        for _ in range(200):
            ask()

        assert len(kept(posted)) == 1

    def test_whole_newsroom_has_a_limit_an_hour(self, ask: Ask, posted) -> None:
        asking = Asking(notices_per_hour=2)

        answers = [ask(f"reader{number}@example.org", asking=asking) for number in range(4)]
        later = ask("later@example.org", asking=asking, later=timedelta(hours=2))

        assert answers == [Answer.TAKEN, Answer.TAKEN, Answer.TOO_MANY, Answer.TOO_MANY]
        assert (later, len(kept(posted))) == (Answer.TAKEN, 3)

    def test_pending_readers_expire_and_leave_nothing_but_a_keyed_count(self, store: Store, ask: Ask, rows) -> None:
        ask("ben@example.org")
        ask("farid@example.org", later=timedelta(days=8))

        assert find(store, "ben@example.org") is None
        assert len(rows(confirmations)) == 1
        assert "ben@" not in str([rows(notice_counts), rows(confirmations)])


class TestAnotherAddress:
    def test_is_asked_at_the_new_mailbox_and_changes_nothing(
        self, store: Store, added, intake: Intake, post: Post, posted
    ) -> None:
        ada = added("ada@example.org")

        answer = ask_address_change(store, ada.id, "ada@example.com", intake=intake, asking=Asking(), post=post)

        (wanted,) = kept(posted)
        assert (answer, wanted.kind, wanted.to_address) == (Answer.TAKEN, NoticeKind.ADDRESS, "ada@example.com")
        assert find(store, "ada@example.com") is None

    def test_that_somebody_has_gets_the_same_answer_and_no_notice(
        self, store: Store, added, intake: Intake, post: Post, posted
    ) -> None:
        ada, _ = added("ada@example.org"), added("farid@example.org")

        answer = ask_address_change(store, ada.id, "Farid@example.org", intake=intake, asking=Asking(), post=post)

        assert (answer, kept(posted)) == (Answer.TAKEN, [])

    def test_that_is_none_is_said(self, store: Store, added, intake: Intake, post: Post) -> None:
        ada = added("ada@example.org")

        answer = ask_address_change(store, ada.id, "ada", intake=intake, asking=Asking(), post=post)

        assert answer is Answer.ODD_ADDRESS


def test_undo_is_asked_at_the_mailbox_that_left_and_only_there(
    store: Store, added, intake: Intake, post: Post, posted, rows, now
) -> None:
    ada, cleo = added("ada@example.org"), added("cleo@example.org")
    unsubscribe(store, cleo.id, source="page", now=now)

    for reader in (ada, cleo, cleo):
        ask_return(store, reader.id, intake=intake, asking=Asking(), post=post)

    (wanted,) = kept(posted)
    assert (wanted.kind, wanted.to_address) == (NoticeKind.RETURN, "cleo@example.org")
    assert [row["kind"] for row in rows(confirmations)] == [ConfirmationKind.RETURN]
