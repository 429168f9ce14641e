"""Every command that a page names exists, with the options it is named with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from newsletter.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *("README.md", "CHANGELOG.md", "SECURITY.md", "docs/schedules.md", "docs/operations/README.md"),
    *("docs/sending.md", "docs/feeds.md", "docs/moving.md"),
    *("docs/tour.md", "docs/web.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "decisions").glob("*.md")),
]
GUIDES = ("docs/schedules.md", "docs/operations/README.md")


def named(page: str) -> Iterator[str]:
    """What stands after `newsletter` in code, in running text and in blocks."""
    text = (ROOT / page).read_text("utf-8")
    for block in re.findall(r"^```(?:bash|sh)?\n(.*?)^```", text, flags=re.M | re.S):
        yield from re.findall(r"^(?:.*/bin/)?newsletter +(.*)$", block, flags=re.M)
    outside = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    yield from (found for found in re.findall(r"`newsletter ([^`]+)`", outside))


def cases() -> list[tuple[str, str]]:
    return sorted({(page, line) for page in PAGES for line in named(page)})


@dataclass(frozen=True, kw_only=True)
class Named:
    """A command as a page names it: its words, and the options written after them."""

    path: tuple[str, ...]
    command: Any
    options: set[str]


def commands_in(line: str) -> Iterator[Named]:
    """The commands a line names; `notices list|send` names two, and what follows && is another line's."""
    words = shlex.split(line.partition("&&")[0].replace("…", ""), comments=True)
    while words[:1] == ["-C"]:
        words = words[2:]
    words = [word for word in words if word not in ("--no-input", "--quiet", "-q")]
    yield from _walk((), get_command(app), words)


def _walk(path: tuple[str, ...], command: Any, words: list[str]) -> Iterator[Named]:
    if not hasattr(command, "commands"):
        options = {word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)}
        yield Named(path=path, command=command, options=options - {"--help"})
        return
    for name in words[0].split("|") if words else []:
        assert name in command.commands, f"there is no command {name!r}; there are {sorted(command.commands)}"
        yield from _walk((*path, name), command.commands[name], words[1:])


@pytest.mark.parametrize(("page", "line"), cases())
def test_a_command_that_is_named_can_be_given(page: str, line: str) -> None:
    for one in commands_in(line):
        parameters = one.command.params
        known = {option for each in parameters for option in (*each.opts, *each.secondary_opts)}

        assert one.options <= known, f"{page}: {line}"


@pytest.mark.parametrize(
    "path", sorted({one.path for page, line in cases() if page in GUIDES for one in commands_in(line)}), ids=" ".join
)
def test_a_command_of_a_guide_explains_itself(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*path, "--help"])

    assert done.exit_code == 0
    assert f"newsletter {' '.join(path)}" in done.output


def test_pages_name_enough_commands_to_be_worth_it() -> None:
    assert len(cases()) > 60


def test_a_command_that_is_not_there_would_be_found() -> None:
    with pytest.raises(AssertionError, match="there is no command"):
        list(commands_in("schedule stop weekly"))
