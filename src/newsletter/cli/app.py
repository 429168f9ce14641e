"""The command line: one Typer app, global options, and errors turned into sentences and exit codes."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter import __version__
from newsletter.cli.screen import Screen

if TYPE_CHECKING:
    from newsletter.newsroom import Newsroom

EXIT_CODES = """\
Exit codes: 0 done, also when nothing was due · 1 an email failed or is unknown · 2 usage · 4 preflight found errors ·
74 disk or database · 75 try again later · 78 configuration · 130 stopped by Ctrl-C.
"""

app = typer.Typer(
    name="newsletter",
    help="Publish an article as feed entries, an email to each reader, and a web page.\n\n"
    "Begin with: newsletter init my-newsletter",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(kw_only=True, slots=True)
class Session:
    """What the global options chose; the newsroom opens at first need."""

    folder: Path = field(default_factory=Path)
    screen: Screen = field(default_factory=Screen)
    debug: bool = False

    def newsroom(self) -> Newsroom:
        """The newsroom in the chosen folder, with its database ready."""
        from newsletter.cli.opening import open_newsroom

        return open_newsroom(self.folder, self.screen)


def session(ctx: typer.Context, *, json: bool = False) -> Session:
    """The session of this call, with `--json` noted."""
    found = ctx.find_object(Session) or Session()
    found.screen.json = json or found.screen.json
    return found


def _version(wanted: bool) -> None:
    if wanted:
        print(f"newsletter {__version__}")
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
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback for errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Publish an article as feed entries, an email to each reader, and a web page."""
    screen = Screen(quiet=quiet, verbose=verbose, no_input=no_input)
    ctx.obj = Session(folder=newsroom, screen=screen, debug=debug)


def main() -> None:
    """Run the command line; every expected error is one sentence on stderr and its exit code."""
    from newsletter.errors import NewsletterError

    try:
        app()
    except NewsletterError as error:
        if "--debug" in sys.argv:
            raise
        print(str(error), file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  # the outermost door: a person gets a sentence, never a traceback
        if "--debug" in sys.argv:
            raise
        print(
            f"A fault of this program, not of yours: {type(error).__name__}: {error}. "
            "Run the command again with --debug before it, and report what it shows.",
            file=sys.stderr,
        )
        sys.exit(1)
