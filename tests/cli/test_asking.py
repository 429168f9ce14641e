"""Questions to a person: asked on a terminal, never elsewhere, and answered by a number from 1,000 readers on."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_no_input_on_a_terminal_asks_nothing(on_terminal, newsroom: Path, readers) -> None:
    code, screen = on_terminal(*PUBLISH, "--no-input")

    assert code == 2
    assert "Pass --yes to agree." in screen


def test_yes_on_a_terminal_publishes(on_terminal, newsroom: Path, readers) -> None:
    code, screen = on_terminal(*PUBLISH, answers=("y\n",))

    assert code == 0
    assert "Publish, and mail 2 readers? [y/N]:" in screen
    assert "audience 2 = 2 sent" in screen


@pytest.mark.parametrize(("answer", "code"), [("n\n", 2), ("\n", 2), ("\x03", 130), ("\x04", 130)])
def test_any_other_answer_does_nothing(on_terminal, run, newsroom: Path, readers, answer: str, code: int) -> None:
    left, screen = on_terminal(*PUBLISH, answers=(answer,))

    assert left == code
    assert "Nothing was done." in screen
    assert run("status", "--json").data["articles"] == {}


def test_from_a_thousand_readers_on_the_number_is_typed(on_terminal, newsroom: Path, thousands, no_relay) -> None:
    code, screen = on_terminal(*PUBLISH, answers=("1,200\n",))

    assert "This mails 1,200 readers. Type that number to agree:" in screen
    # Agreed and released; the relay is away, so that the test need not wait for 1,200 emails.
    assert "audience 1,200 = 1,200 queued" in screen
    assert code == 75


def test_another_number_or_a_mere_yes_does_nothing(on_terminal, run, newsroom: Path, thousands) -> None:
    for answer in ("1201\n", "y\n"):
        code, screen = on_terminal(*PUBLISH, answers=(answer,))

        assert (code, "That is another number. Nothing was done." in screen) == (2, True)
    assert run("status", "--json").data["articles"] == {}


def test_progress_is_drawn_on_a_terminal_and_colours_are_not_where_nobody_wants_them(
    on_terminal, newsroom: Path, readers
) -> None:
    _, coloured = on_terminal(*PUBLISH, answers=("y\n",))
    _, plain = on_terminal("publish", "articles/welcome.md", answers=("y\n",), NO_COLOR="1")

    assert "\x1b[38;5" in coloured
    assert "2/2" in plain
    assert "\x1b[38;5" not in plain
    assert "\x1b[1m" not in plain
