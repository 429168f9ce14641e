"""One reader: let go, shown whole, forgotten (`newsletter subscribers …`), and `newsletter why`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from newsletter.cli.app import JsonOption, YesOption, app, session
from newsletter.cli.help import examples
from newsletter.cli.subscribers import Address, subscribers
from newsletter.cli.values import counted, picked
from newsletter.errors import StoreBusy, UsageError

if TYPE_CHECKING:
    from newsletter.answers import Explanation

_READER = ("uid", "address", "state", "language", "rhythm", "topics", "time_zone", "hour", "joined_at")
_EDITION = ("edition_uid", "subject", "released_at", "became", "explained", "settled_at")


@subscribers.command(
    no_args_is_help=True,
    short_help="Let a reader go at once.",
    epilog=examples("newsletter subscribers unsubscribe cleo@example.org"),
)
def unsubscribe(ctx: typer.Context, address: Address, json: JsonOption = False) -> None:
    """Let a reader go at once, also from what is queued. Only the reader can come back."""
    from newsletter import subscribers as readers

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = readers.find(newsroom.store, address)
    left = newsroom.unsubscribe(found.id, source="newsletter subscribers unsubscribe") if found else None
    if left is None:
        raise UsageError(f"{readers.mask(address)} is no subscriber here. See: newsletter subscribers list")
    here.screen.data({"changed": left.changed, "cancelled": left.cancelled})
    waiting = f" {counted(left.cancelled, 'waiting email')} will not be sent." if left.cancelled else ""
    here.screen.say(
        f"{readers.mask(address)} is unsubscribed.{waiting}"
        if left.changed
        else f"{readers.mask(address)} had left before."
    )


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


@app.command(
    no_args_is_help=True,
    short_help="What did a person get, when, and why not.",
    epilog=examples("newsletter why ada@example.org"),
)
def why(ctx: typer.Context, address: Address, json: JsonOption = False) -> None:
    """What did this person get, when, and why not: edition by edition, the latest twenty."""
    here = session(ctx, json=json)
    found = here.newsroom().why(address)
    if here.screen.json:
        here.screen.data(
            {
                "reader": picked(found.subscriber, _READER) if found.subscriber else None,
                "suppressed": found.suppressed,
                "would_get": found.would_get,
                "editions": [picked(edition, _EDITION) for edition in found.editions],
            }
        )
        return
    here.screen.data(None, _about(found))
    here.screen.table(
        None,
        ("released", "edition", "became", "why", "subject"),
        [(e.released_at, e.edition_uid, e.became, e.explained, e.subject) for e in found.editions],
        empty="No edition was released yet." if found.subscriber else "",
    )


def _about(found: Explanation) -> Iterator[str]:
    reader = found.subscriber
    if reader is not None:
        topics = ", ".join(reader.topics) or "all topics"
        yield f"reader        {reader.address}: {reader.state}, {reader.language}, {reader.rhythm}, {topics}"
        yield f"joined        {reader.joined_at:%Y-%m-%d}"
    yield f"next article  {found.would_get}"
