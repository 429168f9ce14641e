"""`newsletter db …`: bring the schema up, take a copy, bring one back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, group, session
from newsletter.cli.help import examples
from newsletter.cli.values import size

db = group("db", about="Upgrade, back up and restore the database.")


@db.command(short_help="Bring the schema up to date.", epilog=examples("newsletter db upgrade"))
def upgrade(ctx: typer.Context, json: JsonOption = False) -> None:
    """Bring the database to this program's schema. Safe to repeat; take a backup first."""
    here = session(ctx, json=json)
    before, now = here.newsroom().upkeep.upgrade()
    here.screen.data({"before": before, "now": now})
    here.screen.say(f"Schema {now}, as it was." if before == now else f"Schema {before or 'new'} → {now}.")


@db.command(
    no_args_is_help=True,
    short_help="Copy database and keys into one file.",
    epilog=examples("newsletter db backup ../backup-2026-11-24.zip"),
)
def backup(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The zip file to write; must not exist.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Copy the database and newsletter.key into one zip, also while mail is being sent. Keep it private."""
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    with here.screen.working("copying …"):
        octets = newsroom.upkeep.backup(file)
    here.screen.data({"file": file, "octets": octets}, [str(file)])
    here.screen.say(
        f"{size(octets)}, readable by you alone. It holds readers' addresses and the key of every mailed link."
    )


@db.command(
    no_args_is_help=True,
    short_help="Bring a backup back; mails nobody then.",
    epilog=examples("newsletter db restore ../backup-2026-11-24.zip"),
)
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A zip made by `db backup`.", show_default=False)],
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Put a backup in the place of the present database. The newsroom then mails nobody before `resume`.

    Undo: the files that were there are moved aside, and their names are printed.
    """
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    here.screen.require_yes(f"Replace the database by {file}?", consequence="This replaces the database", yes=yes)
    aside = newsroom.upkeep.restore(file)
    here.screen.data({"moved_aside": aside}, map(str, aside))
    here.screen.say(
        "Restored, and paused: this database does not know what was mailed since the backup.\n"
        "Look at: newsletter status. When you are sure, let it mail again: newsletter resume"
    )
