"""`newsletter editions …`: what was mailed, and stopping, resuming or cancelling what is being mailed."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, app, session
from newsletter.cli.plan_view import balance_line
from newsletter.cli.publish import exit_code_of, report_data, send_with_progress, tell_reports
from newsletter.errors import UsageError

editions = typer.Typer(help="List, show, pause, resume and cancel editions.", no_args_is_help=True)
app.add_typer(editions, name="editions", rich_help_panel="Look and mend")

Uid = Annotated[str, typer.Argument(help="The edition's uid; its first characters suffice.", show_default=False)]


@editions.command("list")
def list_editions(ctx: typer.Context, json: JsonOption = False) -> None:
    """List editions, newest first."""
    here = session(ctx, json=json)
    rows = here.newsroom().list_editions()
    here.screen.table(
        rows,
        ("uid", "released", "state", "kind", "audience", "subject"),
        [(e.uid, e.released_at, e.state, e.kind, e.audience, e.subject) for e in rows],
        empty="No edition yet. Publishing an article makes one.",
    )


@editions.command()
def show(ctx: typer.Context, uid: Uid, json: JsonOption = False) -> None:
    """Show one edition: its state, its variants, and the balance of its deliveries."""
    here = session(ctx, json=json)
    found = here.newsroom().show_edition(uid)
    edition, balance = found.edition, found.balance
    lines = [
        f"uid        {edition.uid}",
        f"state      {edition.state}{f' ({edition.reason})' if edition.reason else ''}",
        f"subject    {edition.subject}",
        f"released   {edition.released_at:%Y-%m-%d %H:%M} UTC" if edition.released_at else "released   not yet",
        f"balance    {balance_line(balance)}",
        *(
            f"variant    body {v.language}, around it {v.furniture}: {v.subject}"
            for v in (stored.variant for stored in found.variants)
        ),
        *(f"article    {title}" for title in found.articles),
    ]
    here.screen.data(
        {
            **report_data(found),
            "kind": edition.kind,
            "subject": edition.subject,
            "released_at": edition.released_at,
            "variants": [{"language": v.variant.language, "furniture": v.variant.furniture} for v in found.variants],
            "articles": found.articles,
        },
        lines,
    )


@editions.command()
def pause(ctx: typer.Context, uid: Uid) -> None:
    """Stop sending an edition; only what is in flight still leaves. Go on with `editions resume`."""
    here = session(ctx)
    edition = here.newsroom().pause_edition(uid)
    here.screen.say(f"{edition.uid} is paused. Go on with: newsletter editions resume {edition.uid}")


@editions.command()
def resume(ctx: typer.Context, uid: Uid, json: JsonOption = False) -> None:
    """Go on sending a paused or interrupted edition; nobody is mailed twice."""
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    edition = newsroom.resume_edition(uid)
    reports, stopped = send_with_progress(newsroom, [edition], here.screen)
    here.screen.data([report_data(report) for report in reports])
    tell_reports(reports, here.screen)
    raise typer.Exit(130 if stopped else exit_code_of(reports))


@editions.command()
def cancel(ctx: typer.Context, uid: Uid, yes: YesOption = False) -> None:
    """End an edition: what is not sent yet is cancelled for good. There is no way back."""
    here = session(ctx)
    newsroom = here.newsroom()
    edition = newsroom.show_edition(uid).edition
    if not yes:
        if not here.screen.can_ask:
            raise UsageError(f"This cancels edition {edition.uid} and there is nobody to ask. Pass --yes to agree.")
        if not typer.confirm(f'Cancel "{edition.subject}" for everyone who does not have it yet?', err=True):
            raise UsageError("Nothing was done.")
    number = newsroom.cancel_edition(edition.uid)
    here.screen.say(f"{edition.uid} is cancelled; {number} emails were not sent.")
