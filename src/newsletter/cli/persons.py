"""One reader: let go, shown whole, forgotten: `newsletter subscribers …`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, session
from newsletter.cli.help import examples
from newsletter.cli.subscribers import Address, subscribers
from newsletter.cli.values import counted
from newsletter.errors import StoreBusy, UsageError

if TYPE_CHECKING:
    pass

# A mail server hands over whole messages; the fields at the top are enough.
MAX_MESSAGE_OCTETS = 1_000_000


@subscribers.command(
    no_args_is_help=True,
    short_help="Let a reader go at once.",
    epilog=examples(
        "newsletter subscribers unsubscribe cleo@example.org",
        "newsletter subscribers unsubscribe --from-mail < message.eml",
    ),
)
def unsubscribe(
    ctx: typer.Context,
    address: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", help="The reader's address.", show_default=False)
    ] = None,
    from_mail: Annotated[
        bool, typer.Option("--from-mail", help="Whoever wrote the email on standard input to our unsub+… address.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Let a reader go at once, also from what is queued. Only the reader can come back.

    Mail programs may unsubscribe by an email (RFC 2369). Have your mail server hand it over, with Postfix by
    this line in /etc/aliases: unsub: "|newsletter -C /srv/newsletter subscribers unsubscribe --from-mail".
    Safe to repeat; exit 1 for an email that names no reader of ours.
    """
    from newsletter import subscribers as readers
    from newsletter.subscribers.by_mail import token_in_message

    here = session(ctx, json=json)
    if from_mail == (address is not None):
        raise UsageError("Pass either an address or --from-mail. Nothing was done.")
    newsroom = here.newsroom()
    if address is None:
        token = token_in_message(sys.stdin.buffer.read(MAX_MESSAGE_OCTETS))
        leaver, source = readers.read_token(newsroom.keys, token, readers.Purpose.UNSUBSCRIBE), "mailto"
    else:
        found = readers.find(newsroom.store, address)
        leaver, source = found.id if found else None, "newsletter subscribers unsubscribe"
    left = newsroom.unsubscribe(leaver, source=source) if leaver is not None else None
    if left is None and address is not None:
        raise UsageError(f"{readers.mask(address)} is no subscriber here. See: newsletter subscribers list")
    here.screen.data({"changed": bool(left and left.changed), "cancelled": left.cancelled if left else 0})
    if left is None:
        here.screen.warn("The email names no reader of ours. Nothing was changed.")
        raise typer.Exit(1)
    whom = readers.mask(left.subscriber.address)
    waiting = f" {counted(left.cancelled, 'waiting email')} will not be sent." if left.cancelled else ""
    here.screen.say(f"{whom} is unsubscribed.{waiting}" if left.changed else f"{whom} had left before.")


@subscribers.command(
    no_args_is_help=True,
    short_help="Print all that is kept about one person.",
    epilog=examples("newsletter subscribers data ada@example.org > ada.json"),
)
def data(ctx: typer.Context, address: Address) -> None:
    """Print everything kept about one person as JSON (GDPR articles 15 and 20)."""
    from newsletter import subscribers as readers

    here = session(ctx, json=True)
    newsroom = here.newsroom()
    found = readers.data_of(newsroom.store, address, keys=newsroom.keys)
    if found is None:
        raise UsageError(f"Nothing is kept about {readers.mask(address)}.")
    here.screen.data(found)


@subscribers.command(
    no_args_is_help=True,
    short_help="Forget a person for good.",
    epilog=examples("newsletter subscribers erase cleo@example.org"),
)
def erase(ctx: typer.Context, address: Address, yes: YesOption = False, json: JsonOption = False) -> None:
    """Forget a person (GDPR article 17): a keyed hash stays, so that no import brings them back. No way back.

    Backups and copies in an outbox folder are not reached from here.
    """
    from newsletter import subscribers as readers
    from newsletter.store.traces import compact

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    masked = readers.mask(readers.parse_address(address).address)
    here.screen.require_yes(f"Forget {masked} for good?", consequence="This forgets a person for good", yes=yes)
    erased = readers.erase(
        newsroom.store, address, keys=newsroom.keys, source="newsletter subscribers erase", now=newsroom.now
    )
    try:
        compact(newsroom.store)
    except StoreBusy:
        is_compact = False
    else:
        is_compact = True
    here.screen.data({"found": erased.found, "cancelled": erased.cancelled, "compacted": is_compact})
    whom = f"{masked} is forgotten" if erased.found else f"{masked} was no subscriber; the address is suppressed now"
    here.screen.say(f"{whom}. Backups and copies in an outbox folder are not reached from here: delete those.")
    if not is_compact:
        here.screen.warn(
            "Another process has the database open, so old octets may stay in its file for a while. "
            "Stop it (newsletter serve?) and run this command once more to sweep them out."
        )


@subscribers.command(
    no_args_is_help=True,
    short_help="Give a reader a private feed instead of mail.",
    epilog=examples(
        "newsletter subscribers feed ada@example.org",
        "newsletter subscribers feed ada@example.org --revoke",
    ),
)
def feed(
    ctx: typer.Context,
    address: Address,
    revoke: Annotated[bool, typer.Option("--revoke", help="End the reader's private feed.")] = False,
    json: JsonOption = False,
) -> None:
    """Give a reader a private feed instead of mail, as they asked: three addresses, shown this once.

    What waits to be sent is cancelled. An older private feed of the reader ends, so this also makes a new
    address. With --revoke it only ends: the reader gets no mail until you set another rhythm.
    """
    from newsletter import site
    from newsletter import subscribers as readers
    from newsletter.subscribers import private_feeds

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = readers.find(newsroom.store, address)
    if found is None:
        raise UsageError(f"{readers.mask(address)} is no subscriber here. See: newsletter subscribers list")
    whom = readers.mask(found.address)
    if revoke:
        ended = private_feeds.revoke_feed(newsroom.store, found.id, intake=newsroom.intake)
        here.screen.data({"revoked": ended})
        again = "Mail comes back with: newsletter subscribers set ADDRESS --rhythm each"
        here.screen.say(f"The private feed of {whom} has ended. {again}" if ended else f"{whom} has no private feed.")
        return
    random = newsroom.world.random(private_feeds.TOKEN_OCTETS)
    swapped = private_feeds.swap_to_feed(newsroom.store, found.id, random=random, intake=newsroom.intake)
    if swapped is None:
        raise UsageError(f"{whom} is {found.state}: only an active reader has a private feed. Nothing was done.")
    urls = asdict(site.private_urls(newsroom.masthead, swapped.token))
    here.screen.data({**urls, "cancelled": swapped.cancelled}, [f"{name:<5} {url}" for name, url in urls.items()])
    waiting = f" {counted(swapped.cancelled, 'waiting email')} will not be sent." if swapped.cancelled else ""
    here.screen.say(f"{whom} reads this private feed instead of mail.{waiting} Nobody can look the addresses up again.")
