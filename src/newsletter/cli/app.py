"""The command line: one Typer app, its global options, and the session they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter import __version__
from newsletter.cli.help import Sections, exit_codes
from newsletter.cli.screen import Screen

if TYPE_CHECKING:
    from newsletter.newsroom import Newsroom

SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="newsletter",
    cls=Sections,
    help="Publish an article as feed entries, an email to each reader, and a web page.\n\n"
    "Begin with: newsletter init my-newsletter",
    epilog=exit_codes(),
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=SETTINGS,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print the data as JSON on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ExitCodeOption = Annotated[bool, typer.Option("--exit-code", help="Exit 3 instead of 0 when nothing was due.")]


@dataclass(kw_only=True, slots=True)
class Session:
    """What the global options chose; the newsroom opens at first need."""

    folder: Path = field(default_factory=Path)
    screen: Screen = field(default_factory=Screen)
    opened: list[Newsroom] = field(default_factory=list)

    def newsroom(self) -> Newsroom:
        """The newsroom in the chosen folder, with its database ready."""
        from newsletter.cli.opening import open_newsroom

        self.opened.append(open_newsroom(self.folder, self.screen))
        return self.opened[-1]

    def close(self) -> None:
        """Let go of the databases, so that nobody waits for us."""
        for newsroom in self.opened:
            newsroom.close()

    def files(self, named: Sequence[Path]) -> list[Path]:
        """The files a person means: as named from where they stand, else from the newsroom (`-C`)."""
        return [self.folder / file if not is_there(file) and is_there(self.folder / file) else file for file in named]


def is_there(path: Path) -> bool:
    """Whether there is something at `path`; False where we may not look, or for a name no disk can hold."""
    try:
        return path.exists()
    except OSError:
        return False


def session(ctx: typer.Context, *, json: bool = False) -> Session:
    """The session of this call, with `--json` noted."""
    found = ctx.find_object(Session) or Session()
    found.screen.json = json or found.screen.json
    return found


def group(name: str, *, about: str) -> typer.Typer:
    """A group of commands under one noun, already part of the app."""
    commands = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS)
    app.add_typer(commands, name=name)
    return commands


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newsletter {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    newsroom: Annotated[
        Path, typer.Option("--newsroom", "-C", help="The newsroom's folder (default: here).", show_default=False)
    ] = Path(),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; exit 2 where a person is needed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback for errors.")] = False,  # read by `main`
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Publish an article as feed entries, an email to each reader, and a web page."""
    ctx.obj = Session(folder=newsroom, screen=Screen(quiet=quiet, verbose=verbose, no_input=no_input))
    ctx.call_on_close(ctx.obj.close)
    if ctx.invoked_subcommand is None:
        from newsletter.cli.beginning import next_steps

        for line in next_steps(ctx.obj):
            typer.echo(line)
