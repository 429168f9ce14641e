"""`newsletter notices …`: messages about the service itself, such as "please confirm"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, group, session
from newsletter.cli.help import examples

if TYPE_CHECKING:
    from newsletter.delivery import NoticeCounts
    from newsletter.newsroom import Newsroom

notices = group("notices", about="Confirmations and other messages about the service itself.")


@notices.command(
    "list",
    short_help="List notices, the newest first, and what became of them.",
    epilog=examples("newsletter notices list", "newsletter notices list --limit 20 --json"),
)
def list_notices(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="At most this many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List notices with their kind, masked address, state, attempts, and why they are not there yet."""
    from newsletter.store import notices as queries
    from newsletter.subscribers import mask

    here = session(ctx, json=json)
    with here.newsroom().store.reading() as connection:
        lines = queries.list_notices(connection, limit=limit)
    rows = [(one.kind, mask(one.to_address), one.state.name.lower(), one.attempts, one.reason) for one in lines]
    names = ("kind", "reader", "state", "attempts", "reason")
    here.screen.table([dict(zip(names, row, strict=True)) for row in rows], names, rows, empty="There are no notices.")
    if len(rows) == limit:
        here.screen.say(f"These are the newest {limit:,}; --limit shows more.")


@notices.command(
    "send",
    short_help="Send the notices that are due now.",
    epilog=examples("newsletter notices send"),
)
def send(ctx: typer.Context, json: JsonOption = False) -> None:
    """Send the notices that are due now, once; for newsrooms where `newsletter serve` does not run.

    Safe to repeat, and beside `serve`. Exit 1 if a notice failed or came too late, 75 if one has to wait.
    """
    here = session(ctx, json=json)
    counts = send_notices_due(here.newsroom())
    here.screen.data(
        counts,
        [f"{counts.sent:,} sent, {counts.deferred:,} waiting, {counts.failed:,} failed, {counts.expired:,} expired"],
    )
    if counts.failed or counts.expired:
        raise typer.Exit(1)
    if counts.deferred:
        raise typer.Exit(75)


def send_notices_due(newsroom: Newsroom) -> NoticeCounts:
    """Send what is due, until Ctrl-C. Raises NewsroomPaused, StoreError, and TransportError for a dead transport."""
    from newsletter.delivery import NoticeRun, draining, send_notices, this_sender

    world = newsroom.world
    with newsroom.open_transport() as transport, draining() as stopped:
        run = NoticeRun(
            transport=transport,
            clock=world.clock,
            jitter=lambda: world.random(1)[0] / 256,
            sender=this_sender(world.random(6).hex()),
            stop=stopped,
            sign=newsroom.sign,
        )
        return send_notices(newsroom.store, run)
