"""`subscribers proof`, and leaving by an email to the unsubscribe address."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.cli.opening import the_world
from newsletter.newsroom import Newsroom
from newsletter.subscribers import find, unsubscribe_token


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a message on standard input, as a mail server does."""

    def pipe(message: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(message.encode()), encoding="utf-8"))

    return pipe


@pytest.fixture
def adas_token(newsroom: Path, readers: None) -> str:
    here = Newsroom(newsroom, the_world())
    ada = find(here.store, "ada@example.org")
    here.store.close()
    assert ada is not None
    return unsubscribe_token(here.keys, ada.id)


@pytest.mark.usefixtures("readers")
class TestProof:
    def test_one_page_says_who_agreed_to_which_words_and_when(self, run) -> None:
        out = run("subscribers", "proof", "ada@example.org").out

        assert out.startswith("Proof of consent, The Harbour Post, printed on ")
        for words in ("ada@example.org: active since", "“at the harbour fair”", "version", "network  not kept"):
            assert words in out
        assert len(out.splitlines()) <= 60

    def test_a_withdrawal_stands_beside_the_consent(self, run) -> None:
        out = run("subscribers", "proof", "cleo@example.org").out

        assert "cleo@example.org: unsubscribed" in out
        assert out.index("at the harbour fair") < out.index("withdrew")

    def test_as_json(self, run) -> None:
        data = run("subscribers", "proof", "ada@example.org", "--json").data

        (consent,) = data["consents"]
        assert (data["address"], data["state"], data["asked"]) == ("ada@example.org", "active", [])
        assert consent["wording"] == "at the harbour fair"
        assert len(consent["version"]) == 64

    def test_of_nobody_is_refused(self, run) -> None:
        result = run("subscribers", "proof", "nobody@example.org")

        assert (result.code, result.out) == (2, "")
        assert "n…@example.org is no subscriber here" in result.err


class TestByMail:
    def test_an_email_to_the_unsubscribe_address_ends_the_subscription_and_may_come_twice(
        self, run, piped, adas_token: str
    ) -> None:
        message = f"From: x@example.org\nTo: <unsub+{adas_token}@example.org>\nSubject: unsubscribe\n\n"

        piped(message)
        first = run("subscribers", "unsubscribe", "--from-mail", "--json")
        piped(message)
        again = run("subscribers", "unsubscribe", "--from-mail")

        assert (first.code, first.data["changed"]) == (0, True)
        assert (again.code, again.err) == (0, "a…@example.org had left before.\n")
        (ada,) = run("subscribers", "list", "--state", "unsubscribed", "--json").data[:1]
        assert ada["address"] == "ada@example.org"

    @pytest.mark.usefixtures("readers")
    @pytest.mark.parametrize(
        "message",
        ["", "To: news@example.org\n\nbye", "To: unsub+AAAAAAAAAAAAAAAAAAAAAAAAAA@example.org\n\n"],
    )
    def test_an_email_that_names_no_reader_changes_nothing(self, run, piped, message: str) -> None:
        piped(message)
        result = run("subscribers", "unsubscribe", "--from-mail")

        assert result.code == 1
        assert "names no reader of ours" in result.err
        assert len(run("subscribers", "list", "--state", "active", "--json").data) == 3

    @pytest.mark.usefixtures("readers")
    @pytest.mark.parametrize("words", [("--json",), ("ada@example.org", "--from-mail")])
    def test_either_an_address_or_an_email(self, run, words: tuple[str, ...]) -> None:
        result = run("subscribers", "unsubscribe", *words)

        assert result.code == 2
        assert "either an address or --from-mail" in result.err
