"""`newsletter db …`: bring the schema up, take a copy, bring one back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.app import YesOption, app, session
from newsletter.errors import UsageError

db = typer.Typer(help="Upgrade, back up and restore the database.", no_args_is_help=True)
app.add_typer(db, name="db", rich_help_panel="Set up")


@db.command()
def upgrade(ctx: typer.Context) -> None:
    """Bring the database to this program's schema. Safe to repeat; take a backup first."""
    here = session(ctx)
    before, now = here.newsroom().upgrade()
    here.screen.say(f"Schema {now}, as it was." if before == now else f"Schema {before or 'new'} → {now}.")


@db.command()
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The zip file to write; must not exist.", show_default=False)],
) -> None:
    """Copy the database and newsletter.key into one zip, also while mail is being sent. Keep it private."""
    here = session(ctx)
    size = here.newsroom().backup(file)
    print(file)
    here.screen.say(f"{size / 1e6:.1f} MB, readable by you alone. It holds addresses and the key of every mailed link.")


@db.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A zip made by `db backup`.", show_default=False)],
    yes: YesOption = False,
) -> None:
    """Put a backup in the place of the present database. The newsroom then mails nobody before `resume`.

    Undo: the files that were there are moved aside, and their names are printed.
    """
    here = session(ctx)
    if not yes:
        if not here.screen.can_ask:
            raise UsageError("This replaces the database and there is nobody to ask. Pass --yes to agree.")
        if not typer.confirm(f"Replace the database by {file}?", err=True):
            raise UsageError("Nothing was done.")
    aside = here.newsroom().restore(file)
    for path in aside:
        print(path)
    here.screen.say(
        "Restored, and paused: this database does not know what was mailed since the backup.\n"
        "Look at: newsletter status. When you are sure, let it mail again: newsletter resume"
    )
