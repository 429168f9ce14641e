"""`newsletter suppressions …`: addresses never to be mailed, each with its reason."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, group, session
from newsletter.cli.help import examples
from newsletter.cli.subscribers import Address
from newsletter.cli.values import counted
from newsletter.errors import UsageError

suppressions = group("suppressions", about="Addresses never to be mailed: bounces, complaints, objections, imports.")

BecauseOption = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why, for the record.")]
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many at most, newest first.")]


@suppressions.command(
    "list",
    short_help="List suppressed addresses, and why.",
    epilog=examples("newsletter suppressions list", "newsletter suppressions list --reason complained"),
)
def list_them(
    ctx: typer.Context,
    reason: Annotated[
        str, typer.Option("--reason", metavar="REASON", help="Only: bounced, complained, objected or erased.")
    ] = "",
    limit: LimitOption = 100,
    json: JsonOption = False,
) -> None:
    """List suppressions, newest first. Addresses are kept as keyed hashes; those of subscribers are named."""
    from newsletter.store.suppressions import list_suppressions, suppression_counts
    from newsletter.subscribers import SuppressionReason

    if reason and reason not in list(SuppressionReason):
        raise UsageError(f"There is no reason {reason!a}. Write one of: {', '.join(SuppressionReason)}.")
    here = session(ctx, json=json)
    with here.newsroom().store.reading() as connection:
        found = list_suppressions(connection, reason=reason, limit=limit)
        counts = suppression_counts(connection)
    here.screen.table(
        [{"hash": one.address_key, **_facts(one)} for one in found],
        ("since", "reason", "by", "address"),
        [(one.at, one.reason, one.source, one.address or f"{one.address_key[:12]}… (a hash)") for one in found],
        empty="No address is suppressed.",
    )
    total = counts.get(reason, 0) if reason else sum(counts.values())
    if total > len(found):
        here.screen.say(f"{total - len(found):,} more. See them: --limit {total}")


@suppressions.command(
    no_args_is_help=True,
    short_help="Never mail an address again.",
    epilog=examples('newsletter suppressions add cleo@example.org --because "asked by telephone"'),
)
def add(ctx: typer.Context, address: Address, because: BecauseOption, json: JsonOption = False) -> None:
    """Never mail an address again, whoever signs it up or imports it. A reader's waiting mail is cancelled."""
    from newsletter import subscribers as readers
    from newsletter.store.suppressions import Suppression

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    reason = readers.SuppressionReason.OBJECTED
    kept = Suppression(reason=reason, source=f"newsletter suppressions add: {because}"[:255], at=newsroom.now)
    done = readers.suppress(newsroom.store, address, suppression=kept, keys=newsroom.keys)
    here.screen.data({"subscriber": done.subscriber is not None, "cancelled": done.cancelled})
    masked = readers.mask(readers.parse_address(address).address)
    waiting = f" {counted(done.cancelled, 'waiting email')} will not be sent." if done.cancelled else ""
    here.screen.say(f"{masked} is never mailed again.{waiting}")


@suppressions.command(
    no_args_is_help=True,
    short_help="Let an address be signed up again.",
    epilog=examples(
        'newsletter suppressions remove ada@example.org --because "asked to come back"',
        'newsletter suppressions remove ada@example.org --because "the mailbox works again" --revive',
    ),
)
def remove(
    ctx: typer.Context,
    address: Address,
    because: BecauseOption,
    revive: Annotated[
        bool, typer.Option("--revive", help="Mail a reader again whose mailbox had failed, without a new sign-up.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Take an address off the list. Nobody gets mail by that alone: the reader has to sign up again.

    Whoever complained, objected or was erased said so themselves: remove them only on their own wish.
    """
    from newsletter import subscribers as readers

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    masked = readers.mask(readers.parse_address(address).address)
    here.screen.require_yes(f"Let {masked} be mailed again?", consequence="This ends a suppression", yes=yes)
    done = readers.unsuppress(
        newsroom.store, address, keys=newsroom.keys, because=because, now=newsroom.now, revive=revive
    )
    state = None if done.subscriber is None else done.subscriber.state
    here.screen.data({"was": done.was, "state": state})
    if done.is_active:
        here.screen.say(f"{masked} gets mail again, from the next article on.")
    elif done.was is None and state is None:
        here.screen.say(f"{masked} was not suppressed.")
    else:
        here.screen.say(f"{masked} is suppressed no more, and gets mail once they sign up again.")


def _facts(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in ("reason", "source", "at", "address")}
