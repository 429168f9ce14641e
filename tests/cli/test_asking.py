"""Questions to a person: asked on a terminal, never elsewhere, and answered by a number from 1,000 readers on."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import typer

from newsletter.cli.screen import Screen
from newsletter.errors import UsageError

PUBLISH = ("publish", "articles/spring.md")


@pytest.mark.parametrize(
    ("words", "consequence"),
    [
        (PUBLISH, "This publishes and mails 2 readers"),
        ((*PUBLISH, "--feed-only"), "This publishes and mails nobody"),
        (("subscribers", "erase", "ada@example.org"), "This forgets a person for good"),
        (("db", "restore", "backup.zip"), "This replaces the database"),
    ],
)
def test_without_a_terminal_nothing_is_done_and_yes_is_named(run, newsroom: Path, readers, words, consequence) -> None:
    result = run(*words)

    assert result.code == 2
    assert result.err.splitlines()[-1] == f"{consequence}, and there is nobody to ask. Pass --yes to agree."
    status = run("status", "--json").data
    assert (status["articles"], status["subscribers"]) == ({}, {"active": 3, "unsubscribed": 1})


def test_yes_on_a_terminal_publishes_with_a_bar_in_colours(on_terminal, newsroom: Path, readers) -> None:
    code, screen = on_terminal(*PUBLISH, answers=("y\n",))

    assert code == 0
    assert "Publish, and mail 2 readers? [y/N]:" in screen
    assert "audience 2 = 2 sent" in screen
    assert "\x1b[38;5" in screen


def test_ctrl_c_at_a_question_does_nothing_and_is_exit_130(on_terminal, run, newsroom: Path, readers) -> None:
    code, screen = on_terminal(*PUBLISH, answers=("\x03",))

    assert (code, "Nothing was done." in screen) == (130, True)
    assert run("status", "--json").data["articles"] == {}


def test_from_a_thousand_readers_on_the_number_is_typed(on_terminal, newsroom: Path, thousands, no_relay) -> None:
    code, screen = on_terminal(*PUBLISH, answers=("1,200\n",))

    assert "This mails 1,200 readers. Type that number to agree:" in screen
    # Agreed and released; the relay is away, so that the test need not wait for 1,200 emails.
    assert "audience 1,200 = 1,200 queued" in screen
    assert code == 75


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    """Put a person before the screen who types these lines, then ends their input."""

    def give(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(text))
        monkeypatch.setattr(sys, "stderr", Terminal())

    return give


@pytest.mark.parametrize("answer", ["n\n", "\n", "N\n", "what?\nno\n"])
def test_anything_but_yes_is_no(typed, answer: str) -> None:
    typed(answer)

    with pytest.raises(UsageError, match="Nothing was done"):
        Screen().require_yes("Publish?", consequence="This publishes", yes=False)


@pytest.mark.parametrize("answer", ["1201\n", "y\n", "yes\n", "0\n", "-1200\n", "12 00 0\n"])
def test_another_number_or_a_mere_yes_is_no(typed, answer: str) -> None:
    typed(answer)

    with pytest.raises(UsageError, match="Nothing was done"):
        Screen().require_number("This mails 1,200 readers.", 1_200, consequence="This mails")


@pytest.mark.parametrize("answer", ["1200\n", "1,200\n", "1 200\n", "1.200\n", "1\u202f200\n"])
def test_number_may_be_grouped_as_people_do(typed, answer: str) -> None:
    typed(answer)

    Screen().require_number("This mails 1,200 readers.", 1_200, consequence="This mails")


def test_end_of_input_is_no_answer(typed) -> None:
    typed("")

    with pytest.raises(typer.Exit) as left:
        Screen().require_yes("Publish?", consequence="This publishes", yes=False)

    assert left.value.exit_code == 130


def test_no_input_asks_nobody_even_on_a_terminal(typed) -> None:
    typed("y\n")

    with pytest.raises(UsageError, match="Pass --yes"):
        Screen(no_input=True).require_yes("Publish?", consequence="This publishes", yes=False)


def test_yes_is_not_asked_again(typed) -> None:
    typed("")

    Screen().require_yes("Publish?", consequence="This publishes", yes=True)
