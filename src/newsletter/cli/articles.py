"""`newsletter articles …` and `newsletter feeds …`: what is published, an archive brought in, an article taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, app, session
from newsletter.cli.plan_view import finding_lines
from newsletter.errors import UsageError

articles = typer.Typer(help="List, adopt and withdraw articles.", no_args_is_help=True)
feeds = typer.Typer(help="The written feeds and pages.", no_args_is_help=True)
app.add_typer(articles, name="articles", rich_help_panel="Look and mend")
app.add_typer(feeds, name="feeds", rich_help_panel="Look and mend")


@articles.command("list")
def list_articles(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the published articles, newest first; an edited file shows as changed, a deleted one as gone."""
    here = session(ctx, json=json)
    rows = here.newsroom().list_articles()
    here.screen.table(
        rows,
        ("published", "lang", "state", "file", "title", "path", "uid"),
        [(r.published_at, r.language, r.state, r.file, r.title, r.source_path, r.uid) for r in rows],
        empty="No article is published yet. Publish one: newsletter publish articles/NAME.md",
    )


@articles.command()
def adopt(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="The archive's files.", show_default=False)],
    language: Annotated[str | None, typer.Option(help="The language, where a file does not say.")] = None,
    json: JsonOption = False,
) -> None:
    """Bring an archive in: published at its own dates, old ids kept through `uid:`, mailed to nobody.

    A file that cannot be read is reported and left out; the others are adopted.
    """
    from newsletter.editions.draft import Wishes

    here = session(ctx, json=json)
    report = here.newsroom().adopt(files, wishes=Wishes(language=language, any_date=True))
    lines = [f"{len(report.adopted)} adopted, {report.already} known already, {len(report.faults)} left out"]
    here.screen.data(report, lines)
    for fault in report.faults:
        here.screen.warn(fault)
    if report.faults:
        raise typer.Exit(4)


@articles.command()
def withdraw(
    ctx: typer.Context,
    article: Annotated[str, typer.Argument(help="The article's path, uid or URL.", show_default=False)],
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Take an article out of feeds and pages, and stop what is not mailed yet. Emails that left are gone.

    Undo: publish the same file again; it comes back under its old id and mails nobody.
    """
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = newsroom.find_article(article)
    if not yes:
        if not here.screen.can_ask:
            raise UsageError(f'This withdraws "{found.title}" and there is nobody to ask. Pass --yes to agree.')
        if not typer.confirm(f'Withdraw "{found.title}"?', err=True):
            raise UsageError("Nothing was done.")
    cancelled = newsroom.withdraw(found.uid)
    here.screen.data(
        {"uid": found.uid, "cancelled": cancelled},
        [f'"{found.title}" is withdrawn. {cancelled} emails that had not left were cancelled.'],
    )


@feeds.command()
def build(ctx: typer.Context, json: JsonOption = False) -> None:
    """Write every feed and page again from what is published; files that say the same are left alone."""
    here = session(ctx, json=json)
    written = here.newsroom().renew_outputs(everything=True)
    here.screen.data(
        {"changed": written.changed, "removed": written.removed, "unchanged": written.unchanged},
        [*written.changed, f"{len(written.changed)} written, {written.unchanged} unchanged"],
    )
    for line in finding_lines(written.findings):
        here.screen.warn(line)
