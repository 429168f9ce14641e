"""`init`, `serve`, `status`, `doctor`, `resume`: a newsroom begins, runs, and says how it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, app, session
from newsletter.cli.publish import report_data, unsettled
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.answers import Status


@app.command(rich_help_panel="Set up")
def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The new newsroom's folder.", show_default=False)],
    title: Annotated[str, typer.Option(help="The newsletter's title.")] = "My Newsletter",
    language: Annotated[str, typer.Option(help="Its language: en, fr, ar …")] = "en",
    json: JsonOption = False,
) -> None:
    """Make a new newsroom: configuration, a sample article, the theme, a database, and the keys of its links."""
    from newsletter.cli.beginning import begin

    here = session(ctx, json=json)
    written = begin(folder, title=title, language=language, screen=here.screen)
    here.screen.data(
        {"folder": folder, "files": written}, [str(path) for path in written] if here.screen.verbose else []
    )
    here.screen.say(f"{folder} is a newsroom now. Next:")
    enter = f"cd {folder} && "
    here.screen.say(f"  {enter}newsletter subscribers add you@example.org --consent 'It is me'")
    here.screen.say("  newsletter publish articles/welcome.md")
    here.screen.say("  newsletter serve          # then open http://127.0.0.1:8000/dev/inbox/")


@app.command(rich_help_panel="Set up")
def serve(
    ctx: typer.Context,
    bind: Annotated[str | None, typer.Option(help="HOST:PORT (default: [web] bind, 127.0.0.1:8000).")] = None,
) -> None:
    """Serve the pages and feeds, and answer mailed unsubscribe links; on 127.0.0.1 also the dev inbox.

    Ctrl-C ends it after the requests in hand.
    """
    from newsletter.cli.serving import run

    run(session(ctx), bind)


@app.command(rich_help_panel="Look and mend")
def status(ctx: typer.Context, json: JsonOption = False) -> None:
    """Say how the newsroom is: readers, articles that changed, editions under way, what a person must decide."""
    here = session(ctx, json=json)
    found = here.newsroom().status()
    if here.screen.json:
        here.screen.data({**_fields(found), "unfinished": [report_data(report) for report in found.unfinished]})
        return
    lines = [
        f"newsroom      {found.title}{f' (PAUSED: {found.paused})' if found.paused else ''}",
        f"subscribers   {_counts(found.subscribers)}",
        f"articles      {_counts(found.articles)}",
        f"editions      {_counts(found.editions)}",
        *(f"changed       {path}: publish it again to renew page and feeds" for path in found.changed),
        *(
            f"unfinished    {report.edition.uid}: {unsettled(report.balance)} of {report.balance.audience} to go; "
            f"newsletter editions resume {report.edition.uid}"
            for report in found.unfinished
        ),
        *(
            f"undecided     {uid}: {number} unknown; newsletter deliveries list {uid} --only unknown"
            for uid, number in found.unknown.items()
        ),
        f"last backup   {found.last_backup or 'never; newsletter db backup FILE.zip'}",
    ]
    here.screen.data(None, lines)


def _fields(found: Status) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"


@app.command(rich_help_panel="Look and mend")
def doctor(ctx: typer.Context, json: JsonOption = False) -> None:
    """Examine versions, files, permissions, database, clock and transport; each trouble with the line that mends it.

    Exit 1 if something is broken; advice alone is exit 0.
    """
    from newsletter.cli.doctor import examine

    here = session(ctx, json=json)
    checks = examine(here)
    here.screen.table(
        checks,
        ("", "what", "found", "do"),
        [({"ok": "✓", "advice": "·", "broken": "✗"}[c.verdict], c.what, c.found, c.advice) for c in checks],
        empty="",
    )
    if any(check.verdict == "broken" for check in checks):
        raise typer.Exit(1)


@app.command(rich_help_panel="Look and mend")
def resume(ctx: typer.Context, yes: YesOption = False) -> None:
    """Let a restored newsroom mail again, when a person has looked and is sure."""
    here = session(ctx)
    newsroom = here.newsroom()
    reason = newsroom.paused_reason()
    if reason is None:
        here.screen.say("The newsroom is not paused.")
        return
    if not yes:
        if not here.screen.can_ask:
            raise UsageError(f"The newsroom is paused ({reason}) and there is nobody to ask. Pass --yes to agree.")
        if not typer.confirm(f"{reason}. Editions mailed since are not known here. Mail again?", err=True):
            raise UsageError("Nothing was done.")
    newsroom.resume()
    here.screen.say("The newsroom mails again.")
