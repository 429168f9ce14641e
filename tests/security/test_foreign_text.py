"""What others wrote is shown as text: no terminal obeys it, no markup is read in it (S2)."""

from __future__ import annotations

from pathlib import Path

import pytest

REPLY = "550 5.1.1 <b>no</b> [red]such[/red] \x1b[2J\x1b]0;owned\x07 {{ 7*7 }} user\x9b31m"
MARKUP = "[red]Tides[/red] [link=http://x.invalid]here[/link] [/] \\[bold] {{ 7*7 }}"


def has_control(text: str) -> bool:
    return any((ord(letter) < 32 and letter not in "\n\t") or 127 <= ord(letter) < 160 for letter in text)


@pytest.fixture
def refused(run, newsroom: Path, readers, relay) -> str:
    """The uid of an edition whose mail a hostile server refused."""
    relay.script["rcpt"] = REPLY
    return run("publish", "articles/spring.md", "--yes", "--json").data["editions"][0]["uid"]


def test_reply_of_a_mail_server_is_shown_as_text(run, refused: str) -> None:
    for words in (
        ("deliveries", "list", refused),
        ("deliveries", "list", refused, "--json"),
        ("why", "ada@example.org"),
        ("editions", "show", refused),
        ("status",),
        ("subscribers", "data", "ada@example.org"),
    ):
        result = run(*words)

        assert not has_control(result.out + result.err), words
    assert "<b>no</b> [red]such[/red]" in run("deliveries", "list", refused).out


def test_markup_in_a_title_is_shown_as_it_is_written(run, newsroom: Path, readers) -> None:
    (newsroom / "articles" / "odd.md").write_text(f"---\ntitle: '{MARKUP}'\nlanguage: en\n---\nText.\n", "utf-8")

    published = run("publish", "articles/odd.md", "--yes")

    assert f"title     {MARKUP}" in published.err
    assert MARKUP in run("articles", "list").out
    assert MARKUP in run("editions", "list").out
    assert MARKUP in run("why", "ada@example.org").out


def test_markup_in_a_title_paints_nothing_on_a_terminal_without_colours(on_terminal, newsroom: Path, readers) -> None:
    (newsroom / "articles" / "odd.md").write_text(f"---\ntitle: '{MARKUP}'\nlanguage: en\n---\nText.\n", "utf-8")

    code, screen = on_terminal("publish", "articles/odd.md", answers=("y\n",), NO_COLOR="1")

    assert code == 0
    assert "2/2" in screen
    assert [code for code in ("\x1b]8;", "\x1b[38;5", "\x1b[31", "\x1b[1m") if code in screen] == []
    assert MARKUP[:40] in screen.rpartition("[y/N]")[2]


@pytest.mark.parametrize("name", ["\x1b[31mred.md", "a\nforged: line.md", "\u202emd.exe"])
def test_file_name_of_a_stranger_is_shown_as_text(run, newsroom: Path, name: str) -> None:
    (newsroom / "articles" / name).write_text("---\ntitle: A\nbogus: 1\n---\nx\n", "utf-8")

    result = run("check", f"articles/{name}")

    assert result.code in (2, 4)
    assert not has_control(result.out + result.err)
    assert "\u202e" not in result.out + result.err


def test_column_and_cells_of_a_strangers_spreadsheet_are_shown_as_text(run, newsroom: Path) -> None:
    (newsroom / "r.csv").write_text('address,"\x1b[31mshoe"\n"\x1b[31mx",1\n"a@b@c\x9b",2\n', "utf-8")

    result = run("subscribers", "import", "r.csv", "--consent", "fair", "--dry-run")

    assert not has_control(result.out + result.err)
