"""`newsletter editions …`: what was mailed, and stopping, resuming or cancelling what is being mailed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, group, session
from newsletter.cli.help import examples
from newsletter.cli.values import counted, hour, picked
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.answers import EditionReport

editions = group("editions", about="List, show, pause, resume and cancel editions.")

Uid = Annotated[
    str, typer.Argument(metavar="UID", help="The edition's uid; its first characters suffice.", show_default=False)
]
_SHOWN = (
    "uid",
    "kind",
    "state",
    "reason",
    "subject",
    "scheduled_at",
    "released_at",
    "finished_at",
    "considered",
    "audience",
)


@editions.command("list", epilog=examples("newsletter editions list"))
def list_editions(ctx: typer.Context, json: JsonOption = False) -> None:
    """List editions, newest first."""
    here = session(ctx, json=json)
    rows = here.newsroom().list_editions()
    here.screen.table(
        [picked(edition, _SHOWN) for edition in rows],
        ("uid", "released", "state", "kind", "readers", "subject"),
        [(e.uid, e.released_at, e.state, e.kind, f"{e.audience:,}", e.subject) for e in rows],
        empty="No edition yet. Publishing an article makes one: newsletter publish articles/NAME.md",
    )


@editions.command(
    no_args_is_help=True,
    short_help="Show an edition's state, variants and balance.",
    epilog=examples("newsletter editions show 7a96"),
)
def show(ctx: typer.Context, uid: Uid, json: JsonOption = False) -> None:
    """Show one edition: its state, its variants, its articles, and the balance of its deliveries.

    What was not sent is shown with its reasons, the most frequent first.
    """
    from newsletter.cli.sending import explained, report_data

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = explained(newsroom, newsroom.show_edition(uid))
    variants = [stored.variant for stored in found.variants]
    here.screen.data(
        {
            **report_data(found),
            "kind": found.edition.kind,
            "subject": found.edition.subject,
            "released_at": found.edition.released_at,
            "variants": [picked(variant, ("language", "furniture", "subject")) for variant in variants],
            "articles": found.articles,
        },
        _lines(found),
    )


def _lines(found: EditionReport) -> Iterator[str]:
    from newsletter.cli.plan_view import balance_line
    from newsletter.cli.remainders import remainder_lines

    edition = found.edition
    yield f"uid       {edition.uid}"
    yield f"state     {edition.state}{f' ({edition.reason})' if edition.reason else ''}"
    yield f"subject   {edition.subject}"
    yield f"released  {hour(edition.released_at) if edition.released_at else 'not yet'}"
    yield f"balance   {balance_line(found.balance)}"
    for line in remainder_lines(found.remainders or ()):
        yield f"          {line}"
    for stored in found.variants:
        variant = stored.variant
        yield f"variant   article in {variant.language}, the words around it in {variant.furniture}"
    for title in found.articles:
        yield f"article   {title}"


@editions.command(
    no_args_is_help=True,
    short_help="Stop sending an edition, for now.",
    epilog=examples("newsletter editions pause 7a96"),
)
def pause(ctx: typer.Context, uid: Uid, json: JsonOption = False) -> None:
    """Stop sending an edition; only what is in flight still leaves. Go on with `editions resume`."""
    here = session(ctx, json=json)
    edition = here.newsroom().pause_edition(uid)
    here.screen.data({"uid": edition.uid, "state": edition.state})
    here.screen.say(f"Edition {edition.uid} is paused. Go on with: newsletter editions resume {edition.uid}")


@editions.command(
    no_args_is_help=True,
    short_help="Go on sending; nobody is mailed twice.",
    epilog=examples("newsletter editions resume 7a96"),
)
def resume(ctx: typer.Context, uid: Uid, json: JsonOption = False) -> None:
    """Go on sending a paused, deferred or interrupted edition; nobody is mailed twice.

    For one that is sent already it says so, and does nothing.
    """
    from newsletter.cli.sending import Sent, explained, report_data, send_with_progress, tell_sent
    from newsletter.model import EditionState

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = newsroom.show_edition(uid)
    if found.edition.state is EditionState.SENT:
        here.screen.say("It is sent already; nothing is left to do.")
        sent = Sent(reports=(explained(newsroom, found),))
    else:
        sent = send_with_progress(newsroom, [newsroom.resume_edition(found.edition.uid)], here.screen)
    here.screen.data(report_data(sent.reports[0]))
    tell_sent(sent, here.screen)
    raise typer.Exit(0 if found.edition.state is EditionState.SENT else sent.exit_code)


@editions.command(
    no_args_is_help=True,
    short_help="End an edition for good.",
    epilog=examples("newsletter editions cancel 7a96"),
)
def cancel(
    ctx: typer.Context,
    uid: Uid,
    give_back: Annotated[
        bool, typer.Option("--give-back", help="Bring its articles to those readers in their next digest.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """End an edition: what is not sent yet is cancelled for good. There is no way back.

    One that still waits for its hour leaves no trace: a digest's articles wait for the next run, and articles
    that were scheduled are not published.
    """
    from newsletter.model import EditionState

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    edition = newsroom.show_edition(uid).edition
    if edition.state is EditionState.SENT:
        raise UsageError(f"Edition {edition.uid} is sent; there is nothing left to cancel.")
    here.screen.require_yes(
        f'Cancel "{edition.subject}" for everyone who does not have it yet?',
        consequence=f"This cancels edition {edition.uid}",
        yes=yes,
    )
    number = newsroom.cancel_edition(edition.uid, give_back=give_back)
    here.screen.data({"uid": edition.uid, "cancelled": number})
    ends = f"{counted(number, 'email')} will not be sent" if edition.released_at else "nothing of it will go out"
    here.screen.say(f"Edition {edition.uid} is cancelled; {ends}.")
