"""`init` and `doctor`: a newsroom begins, and says whether it is well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.app import JsonOption, app, session
from newsletter.cli.help import examples

_SIGNS = {"ok": "✓", "advice": "·", "broken": "✗"}


@app.command(
    no_args_is_help=True,
    short_help="Make a new newsroom.",
    epilog=examples(
        'newsletter init my-newsletter --title "The Harbour Post"', "newsletter init mon-journal --language fr"
    ),
)
def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new newsroom's folder.", show_default=False)],
    title: Annotated[str, typer.Option(metavar="TEXT", help="The newsletter's title.")] = "My Newsletter",
    language: Annotated[str, typer.Option(metavar="TAG", help="Its language: en, fr, ar …")] = "en",
    json: JsonOption = False,
) -> None:
    """Make a new newsroom: configuration, a sample article, the theme, a database, and the keys of its links.

    Mail stays in the newsroom's outbox until the configuration names a relay.
    """
    from newsletter.cli.beginning import begin, first_steps

    here = session(ctx, json=json)
    written = begin(folder, title=title, language=language, screen=here.screen)
    steps = first_steps(folder)
    here.screen.data(
        {"folder": folder, "files": written, "next": steps},
        [str(path) for path in written] if here.screen.verbose else (),
    )
    here.screen.say(f"{folder} is a newsroom now. Next:")
    for step in steps:
        here.screen.say(f"  {step}")


@app.command(short_help="Examine everything; each trouble with its cure.", epilog=examples("newsletter doctor"))
def doctor(ctx: typer.Context, json: JsonOption = False) -> None:
    """Examine versions, files, permissions, database, clock and transport; each trouble with the line that mends it.

    Nothing is changed, and nothing leaves this machine but a connection to the configured relay and questions to
    name servers.
    Exit 1 if something is broken; advice alone is exit 0.
    """
    from newsletter.cli.doctor import examine

    here = session(ctx, json=json)
    checks = examine(here)
    here.screen.table(
        checks,
        ("", "what", "found", "do"),
        [(_SIGNS[check.verdict], check.what, check.found, check.advice) for check in checks],
        empty="",
    )
    if any(check.verdict == "broken" for check in checks):
        raise typer.Exit(1)
