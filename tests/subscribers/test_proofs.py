"""The proof of consent: what was agreed to, in which words, and what was taken back."""

from __future__ import annotations

from datetime import timedelta

from newsletter.store import Store
from newsletter.subscribers import Asking, Choices, Intake, SignUpForm, find, unsubscribe
from newsletter.subscribers.agreements import agree
from newsletter.subscribers.proofs import proof_lines, proof_of
from newsletter.subscribers.sign_ups import sign_up
from newsletter.subscribers.tokens import read_confirm_token
from newsletter.subscribers.wanted import Post


def test_proof_of_a_reader_who_came_by_the_form_and_left(store: Store, intake: Intake, post: Post, posted, now) -> None:
    form = SignUpForm(
        address="ben@example.org", choices=Choices(), wording="Yes, please.", wording_language="en", page="/subscribe"
    )
    asking = Asking(keep_ip=timedelta(days=30))
    sign_up(store, form, intake=intake, asking=asking, post=post)
    number = read_confirm_token(intake.keys, posted[-1][0].token, lambda _: "ben@example.org")
    agree(store, number or 0, ip="192.0.2.7", intake=intake, asking=asking, post=post)
    ben = find(store, "ben@example.org")
    assert ben is not None
    unsubscribe(store, ben.id, source="one-click", now=now)

    proof = proof_of(store, "Ben@example.org")

    assert proof is not None
    assert [line.what for line in proof.consents] == ["subscribe", "unsubscribe"]
    text = "\n".join(proof_lines(proof, title="The Harbour Post", now=now))
    for words in ("ben@example.org", "“Yes, please.”", "/subscribe", "double opt-in", "192.0.2.7", "withdrew"):
        assert words in text
    assert proof.consents[0].version[:12] in text
    assert f"{now:%Y-%m-%d %H:%M:%S}  was asked by email (subscribe): confirmed {now:%Y-%m-%d %H:%M:%S}" in text


def test_question_nobody_answered_is_no_consent(store: Store, intake: Intake, post: Post, now) -> None:
    form = SignUpForm(
        address="ben@example.org", choices=Choices(), wording="Yes, please.", wording_language="en", page="/subscribe"
    )
    sign_up(store, form, intake=intake, asking=Asking(), post=post)

    proof = proof_of(store, "ben@example.org")

    assert proof is not None
    assert proof.consents == ()
    assert "was asked by email (subscribe): not confirmed" in "\n".join(proof_lines(proof, title="x", now=now))


def test_network_address_that_was_not_kept_is_said_to_be_so(store: Store, added, now) -> None:
    added("ada@example.org")

    proof = proof_of(store, "ada@example.org")

    assert proof is not None
    assert "network  not kept" in "\n".join(proof_lines(proof, title="x", now=now))


def test_nobody_has_no_proof(store: Store) -> None:
    assert proof_of(store, "nobody@example.org") is None
