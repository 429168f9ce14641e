from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.bounces import Weight, weigh
from newsletter.delivery.retry import ADDRESS_CODES


@pytest.mark.parametrize("status", sorted(ADDRESS_CODES))
def test_an_address_code_is_hard(status: str) -> None:
    assert weigh(status, "", permanent=True) is Weight.HARD


@pytest.mark.parametrize("status", ["5.7.0", "5.7.1", "5.7.26", "5.7.509", "5.7.515"])
def test_a_policy_code_is_policy_whatever_else_is_said(status: str) -> None:
    assert weigh(status, "550 5.1.1 user unknown", permanent=True) is Weight.POLICY


@pytest.mark.parametrize(
    "status", ["5.2.2", "4.2.2", "4.1.1", "4.4.7", "4.7.1", "5.1.4", "5.1.6", "5.2.1", "5.4.4", "5.3.4"]
)
def test_every_other_code_is_soft(status: str) -> None:
    assert weigh(status, "550 user unknown", permanent=True) is Weight.SOFT


@pytest.mark.parametrize("status", ["", "5.0.0", "5.1.0", "rubbish", "5.1"])
@pytest.mark.parametrize(
    ("diagnostic", "weight"),
    [
        ("550 5.1.1 <dan@example.com> no", Weight.HARD),
        ("550-5.1.1 The account\xa0does not exist", Weight.HARD),
        ("Sorry, no mailbox here by that name. (#5.1.1)", Weight.HARD),
        ("550 5.7.515 Access denied", Weight.POLICY),
        ("host mx.example.com[192.0.2.25] said: 554 5.7.1 Service refused", Weight.POLICY),
        ("552 5.2.2 over quota, user unknown", Weight.SOFT),
        ("450 4.1.1 user unknown in local table", Weight.SOFT),
    ],
)
def test_a_code_in_the_words_beats_a_status_that_says_nothing(status: str, diagnostic: str, weight: Weight) -> None:
    assert weigh(status, diagnostic, permanent=True) is weight


def test_a_policy_code_in_the_words_beats_even_an_address_code() -> None:
    assert weigh("5.1.1", "554 5.7.1 blocked", permanent=True) is Weight.POLICY


def test_words_of_policy_do_not_beat_a_code_that_says_something() -> None:
    assert weigh("5.2.2", "552 mailbox full, message blocked", permanent=True) is Weight.SOFT


@pytest.mark.parametrize(
    "diagnostic",
    [
        "550 user unknown",
        "550 No such user here",
        "550 Unknown user: dan@example.com",
        "554 delivery error: dd This user doesn't have an account here. No such user. [-5]",
        "550 The email account that you tried to reach does not exist.",
        "550 Utilisateur inconnu",
        "550 Empfänger unbekannt",
        "550 El usuario no existe",
        "550 المستخدم غير موجود",
    ],
)
def test_a_few_phrases_mean_a_dead_mailbox_where_no_code_is_told(diagnostic: str) -> None:
    assert weigh("", diagnostic, permanent=True) is Weight.HARD
    assert weigh("", diagnostic, permanent=False) is Weight.SOFT


@pytest.mark.parametrize(
    "diagnostic",
    [
        "550 User unknown; your message was blocked using zen.spamhaus.example",
        "550 blocked",
        "554 Message rejected by policy: DMARC",
        "550 Access denied, no such user",
        "550 SPF check failed",
    ],
)
def test_words_of_policy_beside_a_phrase_are_policy(diagnostic: str) -> None:
    assert weigh("", diagnostic, permanent=True) is Weight.POLICY


@pytest.mark.parametrize(
    "diagnostic",
    [
        "",
        "550 Requested action not taken: mailbox unavailable",
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)",
        "450 user unknown",
        "Exim 5.1.1 said something",
        "connection to 5.1.1.3 failed",
        "550 relay 10.5.1.1 gave up",
        "552 quota exceeded",
    ],
)
def test_in_doubt_a_failure_is_soft(diagnostic: str) -> None:
    assert weigh("5.0.0", diagnostic, permanent=True) is Weight.SOFT


@given(status=st.from_regex(r"4\.\d{1,3}\.\d{1,3}", fullmatch=True), diagnostic=st.text(alphabet="user nokwblcdm"))
def test_a_temporary_code_never_costs_a_reader_the_newsletter(status: str, diagnostic: str) -> None:
    weight = weigh(status, diagnostic, permanent=True)

    assert weight is not Weight.HARD


@given(status=st.text(max_size=12), diagnostic=st.text())
def test_a_temporary_failure_is_never_hard(status: str, diagnostic: str) -> None:
    weight = weigh(status, diagnostic, permanent=False)

    assert weight is not Weight.HARD
