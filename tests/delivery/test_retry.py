from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_rows import NOW

from newsletter.delivery.retry import ADDRESS_CODES, MAX_TRIES, Try, decide, wait_before
from newsletter.model import DeliveryState, Outcome, Receipt


def trying(number: int = 1, *, content: bool = False, late: timedelta = timedelta()) -> Try:
    return Try(number=number, since=NOW, now=NOW + late, jitter=0.5, content=content)


def refused(code: int, enhanced: str) -> Receipt:
    return Receipt(outcome=Outcome.REFUSED, code=code, enhanced=enhanced, reply=f"{enhanced} no")


DEFERRED = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="greylisted")


def test_acceptance_is_sent() -> None:
    decision = decide(Receipt(outcome=Outcome.ACCEPTED, code=250), trying())

    assert decision.state is DeliveryState.SENT
    assert (decision.counts, decision.bounced, decision.pause) == (False, False, None)


def test_unsure_answer_is_unknown_with_its_reason() -> None:
    decision = decide(Receipt(outcome=Outcome.UNKNOWN, reply="After the content: no reply in time."), trying())

    assert decision.state is DeliveryState.UNKNOWN
    assert decision.reason == "After the content: no reply in time."


@pytest.mark.parametrize(("number", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 120), (40, 120)])
def test_greylisted_reader_is_mailed_later(number: int, minutes: int) -> None:
    decision = decide(DEFERRED, trying(number))

    assert decision.state is DeliveryState.DEFERRED
    assert decision.next_at == NOW + timedelta(minutes=minutes)
    assert not decision.counts


def test_a_deferral_that_would_outlast_five_days_gives_up() -> None:
    decision = decide(DEFERRED, trying(50, late=timedelta(days=4, hours=23)))

    assert decision.state is DeliveryState.FAILED
    assert decision.reason == "gave_up: 451 greylisted"


def test_the_tries_are_counted_even_if_the_clock_stands_still() -> None:
    assert decide(DEFERRED, trying(MAX_TRIES - 1)).state is DeliveryState.DEFERRED
    assert decide(DEFERRED, trying(MAX_TRIES)).state is DeliveryState.FAILED


@pytest.mark.parametrize("enhanced", sorted(ADDRESS_CODES))
def test_an_address_code_is_a_bounce(enhanced: str) -> None:
    decision = decide(refused(550, enhanced), trying())

    assert (decision.state, decision.bounced, decision.counts) == (DeliveryState.FAILED, True, True)


@pytest.mark.parametrize("enhanced", ["", "5.0.0", "5.2.1", "5.2.2", "5.1.4", "5.1.0", "5.3.0", "5.4.4"])
def test_no_other_refusal_is_a_bounce(enhanced: str) -> None:
    decision = decide(refused(550, enhanced), trying())

    assert (decision.state, decision.bounced, decision.counts) == (DeliveryState.FAILED, False, True)
    assert decision.reason == f"550 {enhanced} no"


@pytest.mark.parametrize("enhanced", ["5.7.0", "5.7.1", "5.7.26", "5.7.509"])
def test_a_policy_refusal_is_tried_three_times_and_never_a_bounce(enhanced: str) -> None:
    decisions = [decide(refused(550, enhanced), trying(number)) for number in (1, 2, 3)]

    assert [each.state.name for each in decisions] == ["DEFERRED", "DEFERRED", "FAILED"]
    assert [each.counts for each in decisions] == [True, True, True]
    assert not any(each.bounced for each in decisions)


@pytest.mark.parametrize(
    ("code", "enhanced"), [(552, ""), (552, "5.3.4"), (554, "5.3.4"), (554, "5.6.0"), (550, "5.6.3")]
)
def test_refused_content_pauses_the_edition_and_keeps_the_reader(code: int, enhanced: str) -> None:
    decision = decide(refused(code, enhanced), trying(content=True))

    assert decision.state is DeliveryState.DEFERRED
    assert decision.pause is not None
    assert "refuses the content" in decision.pause


def test_a_full_mailbox_is_the_readers_affair() -> None:
    decision = decide(refused(552, "5.2.2"), trying(content=True))

    assert (decision.state, decision.pause) == (DeliveryState.FAILED, None)


def test_552_before_the_content_does_not_blame_the_content() -> None:
    decision = decide(refused(552, ""), trying(content=False))

    assert (decision.state, decision.pause) == (DeliveryState.FAILED, None)


@given(number=st.integers(1, 200), jitter=st.floats(0, 1, exclude_max=True))
def test_waits_grow_and_stay_near_their_step(number: int, jitter: float) -> None:
    wait = wait_before(number, jitter=jitter)

    assert timedelta(seconds=54) <= wait <= timedelta(minutes=132)
    assert wait <= wait_before(number + 1, jitter=jitter)


@given(
    outcome=st.sampled_from(Outcome),
    code=st.integers(0, 599),
    enhanced=st.from_regex(r"([245]\.[0-9]{1,2}\.[0-9]{1,2})?", fullmatch=True),
    number=st.integers(1, 100),
    hours=st.integers(0, 300),
    content=st.booleans(),
)
def test_every_decision_keeps_the_rules(
    outcome: Outcome, code: int, enhanced: str, number: int, hours: int, content: bool
) -> None:
    receipt = Receipt(outcome=outcome, code=code, enhanced=enhanced, reply="words")
    attempt = trying(number, content=content, late=timedelta(hours=hours))

    decision = decide(receipt, attempt)

    assert (decision.next_at is not None) == (decision.state is DeliveryState.DEFERRED)
    assert (decision.reason is None) == (decision.state is DeliveryState.SENT)
    assert decision.next_at is None or decision.next_at > attempt.now
    assert not decision.bounced or enhanced in ADDRESS_CODES
    assert not decision.counts or outcome is Outcome.REFUSED
    assert (decision.state is DeliveryState.SENT) == (outcome is Outcome.ACCEPTED)
    assert (decision.state is DeliveryState.UNKNOWN) == (outcome is Outcome.UNKNOWN)
