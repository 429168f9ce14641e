"""`preview` and `check`: the two looks before a publish. Neither changes anything in the newsroom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, app, session
from newsletter.cli.help import examples
from newsletter.cli.publish import ArticleFiles, LanguageOption, TitleOption
from newsletter.errors import ArticleError

if TYPE_CHECKING:
    from newsletter.errors import Fault
    from newsletter.model import Finding


@app.command(
    no_args_is_help=True,
    short_help="Write email, page and feed entries to a folder.",
    epilog=examples("newsletter preview articles/spring.md", "newsletter preview articles/spring.md --into /tmp/look"),
)
def preview(
    ctx: typer.Context,
    article: Annotated[
        Path, typer.Argument(metavar="ARTICLE", help="The article's file.", show_default=False, readable=False)
    ],
    title: TitleOption = None,
    language: LanguageOption = None,
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder to write to (default: preview/SLUG).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the email (HTML and text), the page and the feed entries to a folder, and print the paths.

    Nothing is published. Open `email.html` and `page.html` in a browser.
    """
    from newsletter.cli.plan_view import finding_lines, findings_data
    from newsletter.editions import Wishes

    here = session(ctx, json=json)
    wishes = Wishes(title=title, language=language, any_date=True)
    written, findings = here.newsroom().looks.preview(here.files([article])[0], wishes=wishes, into=into)
    here.screen.data({"files": written, "findings": findings_data(findings)}, [str(path) for path in written])
    for line in finding_lines(findings):
        here.screen.say(line)


@app.command(
    no_args_is_help=True,
    short_help="Look articles over: findings with place and advice.",
    epilog=examples("newsletter check articles/spring.md", "newsletter check articles/*.md --json"),
)
def check(
    ctx: typer.Context,
    articles: ArticleFiles,
    title: TitleOption = None,
    language: LanguageOption = None,
    json: JsonOption = False,
) -> None:
    """Look articles over: one line per finding, with its place and what to do. Exit 4 if one is an error.

    A file that cannot be read at all is reported in the same way, and the others are looked at.
    docs/findings.md explains the codes.
    """
    from newsletter.cli.plan_view import finding_lines, findings_data
    from newsletter.editions import Wishes

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    wishes = Wishes(title=title, language=language, any_date=True)
    findings: list[tuple[str, Finding]] = []
    faults: list[Fault] = []
    for file in here.files(articles):
        try:
            findings += newsroom.looks.check(file, wishes=wishes)
        except ArticleError as error:
            faults += error.faults
    here.screen.data(
        {"findings": findings_data(findings), "faults": faults}, [*map(str, faults), *finding_lines(findings)]
    )
    if faults or any(finding.severity == "error" for _, finding in findings):
        raise typer.Exit(4)
    if not findings:
        here.screen.say("Nothing found: it can go out.")
