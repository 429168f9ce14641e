"""`newsletter articles …`: what is published, an archive brought in, an article taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, group, session
from newsletter.cli.help import examples
from newsletter.cli.values import counted, picked
from newsletter.errors import UsageError

articles = group("articles", about="List, adopt and withdraw articles.")

_SHOWN = ("uid", "title", "language", "state", "file", "source_path", "published_at")


@articles.command("list", short_help="List the published articles.", epilog=examples("newsletter articles list --json"))
def list_articles(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the published articles, newest first; an edited file shows as changed, a deleted one as gone."""
    here = session(ctx, json=json)
    rows = here.newsroom().list_articles()
    here.screen.table(
        [picked(row, _SHOWN) for row in rows],
        ("published", "language", "state", "file", "path", "title"),
        [(r.published_at, r.language, r.state, r.file, r.source_path, r.title) for r in rows],
        empty="No article is published yet. Publish one: newsletter publish articles/NAME.md",
    )


@articles.command(
    no_args_is_help=True,
    short_help="Bring an archive in, mailing nobody.",
    epilog=examples("newsletter articles adopt old/*.md"),
)
def adopt(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="The archive's files.", show_default=False, readable=False)
    ],
    language: Annotated[
        str | None, typer.Option(metavar="TAG", help="The language, where a file does not say.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Bring an archive in: published at its own dates, old ids kept through `uid:`, mailed to nobody.

    A file that cannot be read is reported and left out; the others are adopted. Exit 4 if one was left out.
    """
    from newsletter.editions import Wishes

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    with here.screen.working("adopting …"):
        report = newsroom.adopt(here.files(files), wishes=Wishes(language=language, any_date=True))
    number = f"{counted(len(report.adopted), 'article')} adopted"
    here.screen.data(report, [f"{number}, {report.already:,} known already, {len(report.faults):,} left out"])
    for fault in report.faults:
        here.screen.warn(fault)
    if report.faults:
        raise typer.Exit(4)


@articles.command(
    no_args_is_help=True,
    short_help="Take an article out of feeds and pages.",
    epilog=examples("newsletter articles withdraw articles/spring.md"),
)
def withdraw(
    ctx: typer.Context,
    article: Annotated[
        str, typer.Argument(metavar="ARTICLE", help="The article's path, uid or URL.", show_default=False)
    ],
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Take an article out of feeds and pages, and stop what is not mailed yet. Emails that left are gone.

    Undo: publish the same file again; it comes back under its old id and mails nobody.
    """
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = newsroom.find_article(article)
    if found.state == "withdrawn":
        here.screen.data({"uid": found.uid, "cancelled": 0}, [f'"{found.title}" was withdrawn before.'])
        return
    here.screen.require_yes(f'Withdraw "{found.title}"?', consequence=f'This withdraws "{found.title}"', yes=yes)
    cancelled = newsroom.withdraw(found.uid)
    waiting = f"; {counted(cancelled, 'email')} that had not left will not be sent" if cancelled else ""
    here.screen.data({"uid": found.uid, "cancelled": cancelled}, [f'"{found.title}" is withdrawn{waiting}.'])


@articles.command(
    no_args_is_help=True,
    short_help="Stop an article that waits for its hour.",
    epilog=examples("newsletter articles unschedule articles/spring.md"),
)
def unschedule(
    ctx: typer.Context,
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="The article's path or uid.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """Stop an article that waits for its hour: nothing of it is published, and its file stays as it is.

    What the same command scheduled for the same email is stopped with it.
    """
    here = session(ctx, json=json)
    paths = here.newsroom().unschedule(article)
    if not paths:
        raise UsageError(f"{article} waits for no hour. newsletter status lists what does.")
    here.screen.data({"stopped": paths}, [f"{path} waits no longer" for path in paths])
