"""docs/commands.md, from the Typer app: each command with its arguments, options and examples."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from newsletter.cli import app
from newsletter.cli.help import EXIT_CODES, SECTIONS

HEAD = """\
# Commands

This page is made from the program itself; `newsletter COMMAND --help` says the same.
`newsletter` alone says what to do next in the folder where you stand.

Data goes to stdout, talk to stderr.
`--json` prints the data as JSON; its keys stay as they are, and new ones may be added.
`--dry-run` changes nothing, and `--yes` answers the question.
Without a terminal, and with `--no-input`, a command that would have to ask does nothing and exits 2.
Colours and progress are shown on terminals only, and colours never when `NO_COLOR` is set.
"""


def page() -> str:
    """The whole page."""
    root = get_command(app)
    lines = [HEAD, "## Exit codes\n", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    lines += ["", "## Global options\n", "They may stand before or after the command.\n", *_options(root)]
    for title, names in SECTIONS.items():
        lines.append(f"## {title}\n")
        for name in names:
            lines += _command(root.commands[name], f"newsletter {name}")
    return "\n".join(lines).rstrip() + "\n"


def _command(command: Any, path: str) -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below is not None:
        for name, inner in below.items():
            yield from _command(inner, f"{path} {name}")
        return
    yield f"### `{path}`\n"
    for paragraph in inspect.cleandoc(command.help).split("\n\n"):
        yield "\n".join(_sentences(paragraph)) + "\n"
    yield "```sh"
    yield from _examples(command)
    yield "```\n"
    yield from _options(command)


def _sentences(paragraph: str) -> list[str]:
    """One sentence per line, so that a change of one shows as a change of one."""
    text = " ".join(paragraph.split())
    for end in (". ", "? "):
        text = text.replace(end, f"{end.strip()}\n")
    return text.split("\n")


def _examples(command: Any) -> list[str]:
    return [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]


def _options(command: Any) -> Iterator[str]:
    rows = [_row(param) for param in command.params if not param.hidden]
    if not rows:
        return
    yield "| argument or option | meaning |"
    yield "|---|---|"
    yield from rows
    yield ""


def _row(param: Any) -> str:
    if param.param_type_name == "argument":
        name = f"`{param.metavar}`{' …' if param.nargs == -1 else ''}"
        return f"| {name} | {_text(param.help)} |"
    value = "" if param.is_flag else f" {param.metavar or 'DIR'}"
    name = ", ".join(f"`{option}{value}`" for option in param.opts)
    notes = []
    if param.required:
        notes.append("Required.")
    if param.show_default and not param.is_flag and param.default not in (None, ()):
        notes.append(f"Default: `{param.default}`.")
    return f"| {name} | {' '.join([_text(param.help), *notes])} |"


def _text(words: str | None) -> str:
    return (words or "").replace("|", "\\|")
