"""The reference pages are made from the program, are fresh, and leave nothing out."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from newsletter import errors
from newsletter.cli import app
from newsletter.cli.help import EXIT_CODES
from newsletter.config.table import SETTINGS
from newsletter.preflight import CODES
from newsletter.store.tables import metadata

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
# Found only through the line above.
PAGES = importlib.import_module("write_docs").pages()


def committed(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def every_command(command=None, path: str = "newsletter"):
    command = command or get_command(app)
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from every_command(inner, f"{path} {name}")
    else:
        yield path, command


@pytest.mark.parametrize("name", PAGES)
def test_committed_page_is_what_make_docs_writes(name: str) -> None:
    assert committed(name) == PAGES[name], "Run: make docs"


@pytest.mark.parametrize(("path", "command"), list(every_command()))
def test_command_is_documented_with_every_argument_option_and_an_example(path: str, command) -> None:
    section = committed("commands.md").partition(f"\n### `{path}`\n")[2].partition("\n### ")[0].partition("\n## ")[0]

    assert f"\n{path}" in section.partition("```sh")[2].partition("```")[0]
    for parameter in command.params:
        names = parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]
        assert all(f"`{name}" in section for name in names)


def test_exit_codes_are_documented() -> None:
    assert all(f"| {code} | {meaning} |" in committed("commands.md") for code, meaning in EXIT_CODES.items())


def test_exit_code_of_every_error_is_one_that_is_documented() -> None:
    codes = {error.exit_code for _, error in every_error()}

    assert codes <= set(EXIT_CODES)


@pytest.mark.parametrize("setting", list(SETTINGS), ids=lambda setting: setting.key)
def test_setting_is_documented(setting) -> None:
    assert f"### `{setting.key}`\n" in committed("configuration.md")


@pytest.mark.parametrize("code", CODES)
def test_finding_is_documented(code: str) -> None:
    assert f"| `{code}` | {CODES[code]} |" in committed("findings.md")


def every_error():
    for name, value in inspect.getmembers(errors, inspect.isclass):
        if issubclass(value, errors.NewsletterError) and not name.startswith("_"):
            yield name, value


@pytest.mark.parametrize(("name", "error"), list(every_error()))
def test_error_is_documented_and_drawn_in_the_tree(name: str, error: type[errors.NewsletterError]) -> None:
    page = committed("errors.md")

    assert f"| `{name}` | {error.exit_code} |" in page
    assert f"{name} " in page.partition("```\n")[2].partition("```")[0]


@pytest.mark.parametrize("table", list(metadata.tables.values()), ids=lambda table: table.name)
def test_table_is_documented_with_every_column(table) -> None:
    section = committed("database.md").partition(f"\n## `{table.name}`\n")[2].partition("\n## ")[0]

    assert section.strip().partition("\n")[0].endswith(".")
    assert all(f"| `{column.name}` |" in section for column in table.columns)
