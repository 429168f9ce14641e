"""`newsletter schedule …`: the digests that come by themselves, looked at and taken by the arm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, YesOption, group, session
from newsletter.cli.appointments import local_hour
from newsletter.cli.help import examples
from newsletter.cli.ticks import slot_data, slot_words
from newsletter.cli.values import counted
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.answers import DigestLook, ScheduleLine
    from newsletter.newsroom import Newsroom

schedule = group("schedule", about="List, preview, run, skip, pause and resume schedules.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The schedule's name, as in [schedules.NAME].", show_default=False)
]
_NONE = "No schedule is in config.toml. A section switches one on: [schedules.weekly]"


@schedule.command(
    "list", short_help="List schedules: when, for whom, what next.", epilog=examples("newsletter schedule list")
)
def list_schedules(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the schedules in words, with their readers, their latest run and their next five in the newsroom's zone."""
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    board = newsroom.schedule_board()
    lines = board.lines()
    here.screen.data([schedule_data(line) for line in lines], _words(newsroom, lines))
    if not lines:
        here.screen.say(_NONE)
    for rhythm, number in board.unserved().items():
        here.screen.warn(
            f"{counted(number, 'reader')} chose {rhythm}, which no schedule serves. "
            f"Add [schedules.{rhythm}] to config.toml."
        )


@schedule.command("next", short_help="Say what runs next.", epilog=examples("newsletter schedule next"))
def next_run(ctx: typer.Context, json: JsonOption = False) -> None:
    """Say what happens next: each schedule's next run, and each article that waits for its hour, in order."""
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    status = newsroom.status()
    coming: list[tuple[datetime, str, int | None]] = [
        (at, f"the {line.name} digest", line.readers) for line in status.schedules for at in line.next
    ]
    coming += [(one.at, one.source_path, None) for one in status.scheduled]
    coming += [(one.hold_until, f"“{one.subject}”", None) for one in status.waiting if one.hold_until]
    rows = sorted(coming, key=lambda row: row[0])
    here.screen.table(
        [{"at": at, "what": what, "readers": readers} for at, what, readers in rows],
        ("when", "what", "readers"),
        [(local_hour(newsroom, at), what, "" if readers is None else f"{readers:,}") for at, what, readers in rows],
        empty="Nothing is scheduled.",
    )


@schedule.command(
    no_args_is_help=True,
    short_help="Show what the next digest would bring.",
    epilog=examples("newsletter schedule preview weekly", "newsletter schedule preview weekly --into /tmp/look"),
)
def preview(
    ctx: typer.Context,
    name: Name,
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder to write to (default: preview/digest-NAME).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write each variant of the next digest to a folder, as it would be sent now, with the number of its readers.

    It is gathered and rendered by what makes the real one. Nothing is sent and nothing changes.
    """
    here = session(ctx, json=json)
    look, written = newsroom_preview(here.newsroom(), name, into)
    here.screen.data(_look_data(look, written), [str(path) for path in written])
    for variant, contents, readers in look.variants:
        here.screen.say(f"{counted(readers, 'reader')}: {counted(len(contents), 'article')}, “{variant.subject}”")
    if look.waiting or not look.variants:
        here.screen.say(f"{counted(look.waiting, 'reader')}: nothing new")


def newsroom_preview(newsroom: Newsroom, name: str, into: Path | None) -> tuple[DigestLook, tuple[Path, ...]]:
    """What the next digest of a schedule brings, and the files it was written to."""
    from newsletter.editions import variant_files, write_preview

    look = newsroom.schedule_board().preview(name)
    variants = [variant for variant, _, _ in look.variants]
    folder = into or newsroom.folder / "preview" / f"digest-{name}"
    return look, write_preview(folder, variant_files(variants, newsroom.folder / "site", newsroom.masthead))


@schedule.command(
    no_args_is_help=True, short_help="Make no runs, for now.", epilog=examples("newsletter schedule pause weekly")
)
def pause(ctx: typer.Context, name: Name, json: JsonOption = False) -> None:
    """Make no runs of a schedule until it is resumed; what is published meanwhile waits for the first run after."""
    here = session(ctx, json=json)
    here.newsroom().schedules().pause(name)
    here.screen.data({"schedule": name, "paused": True})
    here.screen.say(f"{name} makes no runs. Go on with: newsletter schedule resume {name}")


@schedule.command(
    no_args_is_help=True, short_help="Let a schedule run again.", epilog=examples("newsletter schedule resume weekly")
)
def resume(ctx: typer.Context, name: Name, json: JsonOption = False) -> None:
    """Let a schedule run again, from its next date on; runs that came due while it was paused are not made up for."""
    here = session(ctx, json=json)
    newsroom = here.newsroom()
    newsroom.schedules().resume(name)
    line = next(line for line in newsroom.schedule_board().lines(runs=1) if line.name == name)
    here.screen.data({"schedule": name, "paused": False, "next": line.next})
    when = local_hour(newsroom, line.next[0]) if line.next else "not in sight"
    here.screen.say(f"{name} runs again; next: {when}")


@schedule.command(
    no_args_is_help=True,
    short_help="Make a run now, also one that is held.",
    epilog=examples("newsletter schedule run weekly --now", "newsletter schedule run weekly --now --yes"),
)
def run(
    ctx: typer.Context,
    name: Name,
    now: Annotated[bool, typer.Option("--now", help="For all its readers at once, whatever their hour.")] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Make a run now and send it: the one that is held, else one dated today. The next regular run comes as planned.

    It brings what the next digest would have brought; nobody gets an article twice.
    """
    from newsletter.cli.sending import report_data, send_with_progress, tell_sent

    here = session(ctx, json=json)
    if not now:
        raise UsageError(
            "A run by hand goes to all its readers at once. Say so with --now, or wait: newsletter schedule next"
        )
    newsroom = here.newsroom()
    newsroom.require_running()
    look = newsroom.schedule_board().preview(name)
    number = sum(readers for _, _, readers in look.variants)
    here.screen.require_yes(
        f"Send the {name} digest to {counted(number, 'reader')} now?",
        consequence=f"This mails {counted(number, 'reader')}",
        yes=yes,
    )
    slot = newsroom.schedules().run(name)
    sent = send_with_progress(newsroom, newsroom.schedules().due_editions(), here.screen)
    here.screen.data({"run": slot_data(slot), "editions": [report_data(report) for report in sent.reports]})
    here.screen.say(f"{name} {slot.local_date}: {slot_words(slot)}")
    tell_sent(sent, here.screen)
    raise typer.Exit(sent.exit_code)


@schedule.command(
    no_args_is_help=True,
    short_help="Leave one run out.",
    epilog=examples("newsletter schedule skip weekly 2026-12-28", "newsletter schedule skip weekly 2026-12-28 --undo"),
)
def skip(
    ctx: typer.Context,
    name: Name,
    day: Annotated[str, typer.Argument(metavar="DATE", help="The run's date: YYYY-MM-DD.", show_default=False)],
    undo: Annotated[bool, typer.Option("--undo", help="Let it run after all.")] = False,
    json: JsonOption = False,
) -> None:
    """Leave one run of a schedule out; its articles wait for the run after it."""
    here = session(ctx, json=json)
    here.newsroom().schedules().skip(name, _day(day), undo=undo)
    here.screen.data({"schedule": name, "date": day, "skipped": not undo})
    here.screen.say(f"{name} {day}: {'runs after all' if undo else 'is left out; its articles wait for the next run'}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"“{text}” is no date. Write it as YYYY-MM-DD.") from error


def _words(newsroom: Newsroom, lines: list[ScheduleLine]) -> Iterator[str]:
    for line in lines:
        yield f"{line.name}: {line.words}, {line.whose_hour}{'; PAUSED' if line.paused else ''}"
        yield f"  readers   {line.readers:,}"
        if line.latest is not None:
            yield f"  latest    {line.latest.local_date}: {slot_words(line.latest)}"
        for at in line.next:
            yield f"  next      {local_hour(newsroom, at)}"


def schedule_data(line: ScheduleLine) -> dict[str, object]:
    """A schedule as stable JSON."""
    return {
        "name": line.name,
        "words": line.words,
        "whose_hour": line.whose_hour,
        "readers": line.readers,
        "paused": line.paused,
        "latest": slot_data(line.latest),
        "next": line.next,
    }


def _look_data(look: DigestLook, written: tuple[Path, ...]) -> dict[str, object]:
    variants = [
        {"subject": variant.subject, "readers": readers, "articles": [one.uid for one in contents]}
        for variant, contents, readers in look.variants
    ]
    return {
        "schedule": look.schedule,
        "date": look.day.isoformat(),
        "first_at": look.first_at,
        "variants": variants,
        "nothing_new": look.waiting,
        "files": written,
    }
