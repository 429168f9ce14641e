"""`newsletter deliveries …`: one row per edition and reader, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, group, session
from newsletter.cli.editions import Uid
from newsletter.cli.help import examples
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.model import DeliveryState
    from newsletter.store.overview import DeliveryLine

RETRY_LINES = 20

deliveries = group("deliveries", about="What became of each email.")


@deliveries.command(
    "list",
    no_args_is_help=True,
    short_help="List an edition's deliveries, and why.",
    epilog=examples("newsletter deliveries list 7a96", "newsletter deliveries list 7a96 --only failed"),
)
def list_deliveries(
    ctx: typer.Context,
    uid: Uid,
    only: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="Only: queued, leased, sent, deferred, failed, unknown or cancelled."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="At most this many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List an edition's deliveries with their state, attempts, and the server's last word."""
    here = session(ctx, json=json)
    state = _state(only) if only is not None else None
    rows = here.newsroom().deliveries.lines(uid, only=state, limit=limit)
    here.screen.table(
        rows,
        ("reader", "state", "attempts", "settled", "next", "reason"),
        [(r.address, r.state.name.lower(), r.attempts, r.settled_at, r.next_at, _reason(r)) for r in rows],
        empty="No delivery matches.",
    )
    if len(rows) == limit:
        here.screen.say(f"These are the first {limit:,}; --limit shows more.")


@deliveries.command(
    no_args_is_help=True,
    short_help="Try deliveries again that failed, wait, or are unknown.",
    epilog=examples(
        "newsletter deliveries retry 7a96 --only unknown",
        "newsletter deliveries retry 7a96 --only failed --to dan@example.org --yes",
    ),
)
def retry(
    ctx: typer.Context,
    uid: Uid,
    only: Annotated[str, typer.Option(metavar="STATE", help="Which: unknown, failed or deferred.", show_default=False)],
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="ADDRESS", help="Only this reader's; may be repeated.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="List every delivery, not the first 20.")] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """List deliveries that failed, wait for their next try, or are unknown, ask, and queue them again.

    Nothing is sent by this command: it says what sends them. An unknown one may have arrived; it goes out with the
    same Message-ID, by which many mail servers know it again. Readers who bounced are left out, and whoever
    unsubscribed or is suppressed gets nothing. Safe to repeat.
    """
    from newsletter.cli.retrying import ask_to_retry, choice_data, show_choice, tell_queued

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    choice = newsroom.deliveries.choose(uid, only=_state(only), addresses=to or (), limit=None if all_ else RETRY_LINES)
    show_choice(choice, here.screen)
    queued = 0
    if choice.number:
        ask_to_retry(choice, here.screen, yes=yes)
        queued = newsroom.deliveries.retry(choice)
    here.screen.data(choice_data(choice, queued=queued))
    tell_queued(choice, here.screen, queued=queued)


def _reason(line: DeliveryLine) -> str | None:
    """Why it is as it is, or what the server said; of an email that was accepted nobody asks."""
    return None if line.state.name == "SENT" else line.reason or line.reply


def _state(name: str) -> DeliveryState:
    from newsletter.model import DeliveryState

    try:
        return DeliveryState[name.upper()]
    except KeyError:
        known = ", ".join(state.name.lower() for state in DeliveryState)
        raise UsageError(f"--only {name}: there is no such state. Choose one of: {known}.") from None
