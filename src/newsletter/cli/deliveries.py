"""`newsletter deliveries …`: one row per edition and reader, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.app import JsonOption, app, session
from newsletter.errors import UsageError
from newsletter.model import DeliveryState

deliveries = typer.Typer(help="What became of each email.", no_args_is_help=True)
app.add_typer(deliveries, name="deliveries", rich_help_panel="Look and mend")


@deliveries.command("list")
def list_deliveries(
    ctx: typer.Context,
    edition: Annotated[
        str, typer.Argument(help="The edition's uid; its first characters suffice.", show_default=False)
    ],
    only: Annotated[
        str | None, typer.Option(help="Only these: queued, leased, sent, deferred, failed, unknown, cancelled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List an edition's deliveries with their state, attempts, and the server's last word."""
    here = session(ctx, json=json)
    state = _state(only) if only else None
    rows = here.newsroom().list_deliveries(edition, only=state, limit=limit)
    here.screen.table(
        rows,
        ("reader", "state", "attempts", "settled", "next", "reason"),
        [(r.address, r.state.name.lower(), r.attempts, r.settled_at, r.next_at, r.reason or r.reply) for r in rows],
        empty="No delivery matches.",
    )
    if len(rows) == limit:
        here.screen.say(f"The first {limit}; pass --limit for more.")


def _state(name: str) -> DeliveryState:
    try:
        return DeliveryState[name.upper()]
    except KeyError:
        known = ", ".join(state.name.lower() for state in DeliveryState)
        raise UsageError(f"--only {name}: there is no such state. Choose one of: {known}.") from None
