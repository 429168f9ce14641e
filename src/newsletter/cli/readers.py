"""`newsletter readers`: how many read, through feeds and by email."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, app, session
from newsletter.cli.help import examples

if TYPE_CHECKING:
    from newsletter.readership import Groups, Readership

MAX_DAYS = 400


@app.command(
    short_help="Show how many read, through feeds and by email.",
    epilog=examples("newsletter readers", "newsletter readers --days 30 --json"),
)
def readers(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, metavar="NUMBER", help="How many days back.")] = 14,
    json: JsonOption = False,
) -> None:
    """Show how many read: feed readers day by day, and the readers who get email.

    "reported" is what services such as Feedly say in their requests: how many people they ask for. Nobody can
    check it. "programs" is our own estimate, for feed readers that say no number: one for each program and
    network on a day, so a family is one and a traveller two. Browsers, crawlers and tools are left out.

    Who reads two feeds counts twice, and who reads one feed in two formats once. These are people who may
    read, not people who did: no email tells us when it is opened, and no address is kept of who fetches a
    feed. Groups of fewer than ten are not named. Days are in UTC, and today's is not over.
    """
    from newsletter.cli.values import picked
    from newsletter.readership import readership_of

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    found = readership_of(newsroom.store, days=days, now=newsroom.now)
    if here.screen.json:
        lines = [{**picked(line, ("reported", "programs", "total")), "day": str(line.day)} for line in found.days]
        on = str(found.services_on) if found.services_on else None
        names = ("services", "email", "rhythms", "without_email", "private_feeds")
        here.screen.data({"days": lines, "services_on": on, **picked(found, names)})
        return
    here.screen.table(
        found.days,
        ("day", "reported", "programs", "feed readers", "email readers"),
        # Of former days nobody knows how many readers there were.
        [
            (
                line.day,
                f"{line.reported:,}",
                f"{line.programs:,}",
                f"{line.total:,}",
                f"{found.email:,}" if n == 0 else "",
            )
            for n, line in enumerate(found.days)
        ],
        empty="",
    )
    here.screen.data(None, _summary(found))


def _summary(found: Readership) -> Iterator[str]:
    if found.services_on:
        yield ""
        yield f"Feed readers on {found.services_on}:"
        yield from _lines(found.services)
    else:
        yield ""
        yield "No feed reader was counted yet. newsletter serve counts those who ask it for a feed."
    yield ""
    yield f"Email readers now: {found.email:,}"
    yield from _lines(found.rhythms)
    yield f"Readers who chose feeds alone: {found.without_email:,}; private feeds in use: {found.private_feeds:,}"


def _lines(groups: Groups) -> Iterator[str]:
    for name, number in groups.named.items():
        yield f"  {name}  {number:,}"
    if groups.others:
        yield f"  others (under 10 each)  {groups.others:,}"
