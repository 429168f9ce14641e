"""`newsletter why`: what one person got, when, what came back, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from newsletter.cli.app import JsonOption, app, session
from newsletter.cli.help import examples
from newsletter.cli.subscribers import Address, subscribers
from newsletter.cli.values import moment, picked

if TYPE_CHECKING:
    from newsletter.answers import Explanation
    from newsletter.store.bounces import StoredBounce
    from newsletter.store.overview import ReaderLine

_READER = ("uid", "address", "state", "language", "rhythm", "topics", "time_zone", "hour", "joined_at")
_EDITION = ("edition_uid", "subject", "released_at", "became", "explained", "settled_at", "next_at", "tries")
_REPORT = ("kind", "weight", "edition", "status", "diagnostic", "source", "outcome", "at")


@subscribers.command(
    "why",
    no_args_is_help=True,
    short_help="What did a person get, when, and why not.",
    epilog=examples("newsletter subscribers why ada@example.org"),
)
@app.command(
    no_args_is_help=True,
    short_help="What did a person get, when, and why not.",
    epilog=examples("newsletter why ada@example.org"),
)
def why(ctx: typer.Context, address: Address, json: JsonOption = False) -> None:
    """What did this person get, when, and why not: edition by edition, the latest twenty.

    Below them each try: when it was, over which transport, how it ended, what the server said, and the next one.
    """
    here = session(ctx, json=json)
    found = here.newsroom().why(address)
    if here.screen.json:
        here.screen.data(
            {
                "reader": picked(found.subscriber, _READER) if found.subscriber else None,
                "suppressed": found.suppressed,
                "suppression": found.suppression,
                "would_get": found.would_get,
                "reports": [picked(report, _REPORT) for report in found.reports],
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
    here.screen.table(
        None,
        ("came back", "about", "edition", "by", "said", "so"),
        [
            (r.at, _called(r), r.edition, r.source, f"{r.status} {r.diagnostic}".strip(), r.outcome)
            for r in found.reports
        ],
        empty="",
    )
    here.screen.table(
        None,
        ("edition", "try", "at", "over", "ended", "the server said"),
        [row for edition in found.editions for row in _tries(edition)],
        empty="",
    )


def _tries(edition: ReaderLine) -> Iterator[tuple[object, ...]]:
    """Each try of an edition's delivery, and the next one where there is one to come."""
    for each in edition.tries:
        said = f"{each.code} {each.reply}".strip() if each.code else each.reply
        ended = each.outcome or "not yet"
        yield edition.edition_uid, each.no, moment(each.opened_at), each.transport, ended, said
    if edition.state is not None and edition.state.name in ("QUEUED", "LEASED", "DEFERRED"):
        yield edition.edition_uid, "next", edition.next_at or "when its turn comes", "", "", ""


def _called(report: StoredBounce) -> str:
    return f"{report.kind}, {report.weight}" if report.weight else report.kind


def _about(found: Explanation) -> Iterator[str]:
    reader = found.subscriber
    if reader is not None:
        topics = ", ".join(reader.topics) or "all topics"
        yield f"reader        {reader.address}: {reader.state}, {reader.language}, {reader.rhythm}, {topics}"
        yield f"joined        {reader.joined_at:%Y-%m-%d}"
    if found.suppression is not None:
        kept = found.suppression
        yield f"suppressed    {kept.reason} since {kept.at:%Y-%m-%d}, by {kept.source}"
    yield f"next article  {found.would_get}"
