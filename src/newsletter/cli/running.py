"""`serve`, `status`, `resume`: a newsroom runs, says how it is, and mails again after a restore."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, Session, YesOption, app, session
from newsletter.cli.help import examples
from newsletter.cli.values import counted, hour, picked
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.answers import Status

LOOK_EVERY_S = 2.0


@app.command(
    short_help="Serve pages, feeds, unsubscribe links and the dev inbox.",
    epilog=examples("newsletter serve", "newsletter serve --bind 0.0.0.0:8000"),
)
def serve(
    ctx: typer.Context,
    bind: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where (default: [web] bind, 127.0.0.1:8000).")
    ] = None,
) -> None:
    """Serve the pages and feeds, and answer mailed unsubscribe links; on 127.0.0.1 also the dev inbox.

    The dev inbox shows every message of the outbox, and answers to this machine alone.
    Ctrl-C ends it after the requests in hand.
    """
    from newsletter.cli.serving import run

    run(session(ctx), bind)


@app.command(
    short_help="Say how the newsroom is, and what waits for you.",
    epilog=examples("newsletter status", "newsletter status --watch", "newsletter status --watch 10 --json"),
)
def status(
    ctx: typer.Context,
    seconds: Annotated[
        float | None,
        typer.Argument(
            metavar="[SECONDS]", min=0.1, help="With --watch: how long between two looks (2).", show_default=False
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again at what is being sent, until nothing is.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say how the newsroom is: readers, articles that changed, editions under way, what a person must decide.

    An edition that is being sent is shown with its pace and expected end, and with what slows it.
    With --watch that alone is drawn in place; where there is no terminal, each change is a line of its own, with
    --json an object. Ctrl-C ends it (130), and the sending goes on.
    """
    here = session(ctx, json=json)
    if watch:
        _watch(here, LOOK_EVERY_S if seconds is None else seconds)
        return
    if seconds is not None:
        raise UsageError("SECONDS is for --watch: how long between two looks.")
    found = here.newsroom().status()
    here.screen.data(_status_data(found), _lines(found))


def _watch(here: Session, seconds: float) -> None:
    from newsletter.cli.watch import Eyes, watch

    newsroom = here.newsroom()
    eyes = Eyes(look=newsroom.deliveries.underway, look_at=newsroom.show_edition, wait=lambda: time.sleep(seconds))
    try:
        watch(eyes, here.screen)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _status_data(found: Status) -> dict[str, object]:
    from newsletter.cli.progress import lanes_data
    from newsletter.cli.schedule import schedule_data
    from newsletter.cli.sending import report_data
    from newsletter.cli.ticks import slot_data

    return {
        "title": found.title,
        "paused": found.paused,
        "subscribers": found.subscribers,
        "articles": found.articles,
        "editions": found.editions,
        "changed": found.changed,
        "unfinished": [report_data(report) for report in found.unfinished],
        "lanes": lanes_data(found.underway),
        "unknown": found.unknown,
        "reports": found.reports,
        "last_backup": found.last_backup,
        "scheduled": [picked(one, ("source_path", "uid", "at", "held")) for one in found.scheduled],
        "schedules": [schedule_data(line) for line in found.schedules],
        "waiting": [picked(one, ("uid", "subject", "hold_until")) for one in found.waiting],
        "held_runs": [slot_data(slot) for slot in found.held_runs],
        "unserved": found.unserved,
    }


def _lines(found: Status) -> Iterator[str]:
    yield f"newsroom      {found.title}"
    if found.paused:
        yield f"paused        {found.paused}; when you are sure: newsletter resume"
    yield f"subscribers   {_counts(found.subscribers)}"
    yield f"articles      {_counts(found.articles)}"
    yield f"editions      {_counts(found.editions)}"
    for path in found.changed:
        yield f"changed       {path}; newsletter publish {path} renews page and feeds"
    yield from _going_lines(found)
    for uid, number in found.unknown.items():
        yield f"undecided     {uid}: {number} unknown; newsletter deliveries list {uid} --only unknown"
    for line in found.schedules:
        when = "paused" if line.paused else f"next {hour(line.next[0])}" if line.next else "no next run"
        yield f"schedule      {line.name}: {line.words}, {counted(line.readers, 'reader')}, {when}"
    for one in found.scheduled:
        if one.held is None:
            yield f"waits         {one.source_path} until {hour(one.at)}; newsletter articles unschedule stops it"
        else:
            yield f"held          {one.source_path}: {one.held} newsletter publish {one.source_path} --now"
    for edition in found.waiting:
        until = hour(edition.hold_until) if edition.hold_until else "now"
        yield f"waits         “{edition.subject}” until {until}; newsletter editions cancel {edition.uid} stops it"
    for slot in found.held_runs:
        what = f"{slot.schedule} of {slot.local_date}"
        yield f"held          {what}: {slot.reason} newsletter schedule run {slot.schedule} --now sends it"
    for rhythm, number in found.unserved.items():
        yield f"unserved      {counted(number, 'reader')} chose {rhythm}; config.toml has no [schedules.{rhythm}]"
    if found.reports:
        yield f"came back     {counted(found.reports, 'report')} for you to read: newsletter bounces list --kept"
    yield f"last backup   {found.last_backup or 'never; newsletter db backup ../backup.zip'}"


def _going_lines(found: Status) -> Iterator[str]:
    """Editions under way, how fast they go, and what slows them."""
    from newsletter.cli.progress import deferred_words, lane_lines, pace_words, sent_words
    from newsletter.cli.sending import unsettled

    for report in found.unfinished:
        uid, balance = report.edition.uid, report.balance
        why = f" ({balance.reason})" if balance.reason else ""
        left = f"{unsettled(balance):,} of {balance.audience:,} to go"
        yield f"unfinished    {uid} is {balance.state}{why}, {left}; newsletter editions resume {uid}"
        pace = [pace_words(report, found.underway)] if balance.state == "sending" else []
        yield f"              {', '.join([sent_words(report), *pace, *deferred_words(report, found.underway)])}"
    for line in lane_lines(found.underway):
        yield f"slow          {line}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items()) or "none"


@app.command(
    short_help="Let a restored newsroom mail again.", epilog=examples("newsletter status", "newsletter resume")
)
def resume(ctx: typer.Context, yes: YesOption = False, json: JsonOption = False) -> None:
    """Let a restored newsroom mail again, when a person has looked and is sure."""
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    reason = newsroom.paused_reason()
    if reason is not None:
        here.screen.require_yes(
            f"{reason}. What was mailed since is not known here. Mail again?",
            consequence=f"The newsroom is paused ({reason}); this lets it mail again",
            yes=yes,
        )
        newsroom.resume()
    here.screen.data({"was_paused": reason})
    here.screen.say("The newsroom is not paused." if reason is None else "The newsroom mails again.")
