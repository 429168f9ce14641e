"""What `--help` says, that it says it for every command, and that it is quick."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from newsletter.cli import app
from newsletter.cli.help import EXIT_CODES, SECTIONS

PROGRAM = str(Path(sys.executable).parent / "newsletter")
HEAVY = ("pydantic", "sqlalchemy", "alembic", "lxml", "jinja2", "rich", "starlette", "uvicorn", "PIL", "babel", "numpy")


def commands(command=None, path: str = "") -> Iterator[tuple[str, object]]:
    command = command or get_command(app)
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from commands(inner, f"{path}{name} ")
        else:
            yield f"{path}{name}", inner


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command_ends_with_an_example_of_it(run, name: str) -> None:
    result = run(*name.split(), "--help")

    assert result.code == 0
    assert f"\n    newsletter {name}" in result.out.partition("Example")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_short_help_is_one_line_on_a_terminal_of_80_columns(name: str) -> None:
    assert 10 < len(COMMANDS[name].get_short_help_str(limit=80)) <= 62


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_explained_with_a_name_for_its_value(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert parameter.help.endswith((".", "…", ")", ",")), parameter.name
        assert getattr(parameter, "is_flag", False) or parameter.metavar, parameter.name


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name not in ("serve", "subscribers export", "subscribers data")]
)
def test_each_command_that_shows_something_has_json(name: str) -> None:
    assert "--json" in [option for parameter in COMMANDS[name].params for option in parameter.opts]


@pytest.mark.parametrize(
    "name", ["publish", "subscribers add", "articles withdraw", "db restore", "why", "editions show"]
)
def test_command_without_its_arguments_shows_how_it_is_used(run, name: str) -> None:
    result = run(*name.split())

    assert result.code == 2
    assert f"newsletter {name}" in result.err.partition("Example")[2]


def test_every_command_stands_in_one_section() -> None:
    names = [name for names in SECTIONS.values() for name in names]

    assert sorted(names) == sorted(get_command(app).commands)


def test_help_tells_sections_and_exit_codes(run) -> None:
    out = run("--help").out

    assert [line[:-1] for line in out.splitlines() if line[:-1] in SECTIONS] == list(SECTIONS)
    assert all(f"{code:>3}  {meaning}" in out for code, meaning in EXIT_CODES.items())
    assert max(map(len, out.splitlines())) <= 80


# Typer itself reads the values of a command's options with pydantic.
@pytest.mark.parametrize(
    ("words", "imported"), [(["--help"], []), (["--version"], []), (["publish", "--help"], ["pydantic"])]
)
def test_help_imports_nothing_heavy(words: list[str], imported: list[str]) -> None:
    code = (
        "import sys\nfrom newsletter.cli import main\n"
        f"sys.argv = ['newsletter', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.splitlines()[-1] in (repr(imported), "[]")


def test_help_takes_less_than_three_tenths_of_a_second() -> None:
    def cpu_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([PROGRAM, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Processor time, and the best of five: other work on this machine is not ours to measure.
    assert min(cpu_seconds() for _ in range(5)) < 0.3


def test_no_help_is_wider_than_the_page_or_names_a_python_type(run) -> None:
    out = run("publish", "--help").out

    assert "--title TEXT" in out
    assert "<str>" not in out
