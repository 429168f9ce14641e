"""`newsletter bounce FILE` and `newsletter bounces …`: what came back, read, listed, and settled by a person."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import JsonOption, app, group, session
from newsletter.cli.help import examples
from newsletter.cli.values import counted, picked
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.delivery.mailboxes import Take
    from newsletter.returns_desk import Taken
    from newsletter.store.bounces import StoredBounce

bounces = group("bounces", about="What came back: bounces, complaints, answers of machines.")

MAX_OCTETS = 1_000_000
_SHOWN = ("id", "kind", "weight", "edition", "status", "diagnostic", "source", "outcome", "at")


@app.command(
    no_args_is_help=True,
    short_help="Read mail that came back.",
    epilog=examples("newsletter bounce returned.eml", "newsletter bounce - < returned.eml"),
)
def bounce(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Messages that came back; - is the input.")],
    json: JsonOption = False,
) -> None:
    """Read messages that came back, and act on what is proven: for a mail server's pipe, or by hand.

    A report without our own signature in it changes nothing and is kept for you. The same message twice counts
    once. Exit 75 when the database cannot take it now, so that a mail server keeps it and tries again.
    """
    here = session(ctx, json=json)
    desk = here.newsroom().returns_desk()
    faults: list[str] = []
    lines: list[dict[str, object]] = []
    for file in files:
        try:
            message = _read(file)
        except OSError as error:
            faults.append(f"{file}: cannot be read: {error.strerror}.")
            continue
        taken = desk.take(message, source="file")
        lines.append({"file": str(file), "kind": taken.kind, "done": taken.done, "id": taken.id})
        here.screen.say(f"{file}: {_words(taken)}")
    if here.screen.json:
        here.screen.data(lines)
    if faults:
        raise UsageError("\n".join(faults))


@bounces.command(
    "list",
    short_help="List what came back.",
    epilog=examples("newsletter bounces list", "newsletter bounces list --kept"),
)
def list_them(
    ctx: typer.Context,
    kept: Annotated[bool, typer.Option("--kept", help="Only what waits for you.")] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many at most, newest first.")] = 50,
    json: JsonOption = False,
) -> None:
    """List reports, newest first: what came back, about which edition, and what was done."""
    here = session(ctx, json=json)
    found = here.newsroom().returns_desk().list(kept=kept, limit=limit)
    here.screen.table(
        [picked(one, _SHOWN) for one in found],
        ("no", "at", "what", "edition", "by", "said", "done"),
        [(one.id, one.at, _called(one), one.edition, one.source, _said(one), one.outcome) for one in found],
        empty="Nothing waits for you." if kept else "Nothing has come back.",
    )


@bounces.command(
    no_args_is_help=True,
    short_help="Show one report, with its message.",
    epilog=examples("newsletter bounces show 7"),
)
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NO", help="Its number in `bounces list`.")],
    json: JsonOption = False,
) -> None:
    """Show a report; the whole message where it is kept. What strangers wrote is shown as plain text."""
    here = session(ctx, json=json)
    report, message = here.newsroom().returns_desk().show(number)
    text = None if message is None else message.decode("utf-8", "replace")
    facts = [f"{name:<11} {getattr(report, name)}" for name in _SHOWN]
    here.screen.data(
        {**picked(report, _SHOWN), "message": text}, [*facts, *([""] if text else []), *(text or "").splitlines()]
    )


@bounces.command(
    no_args_is_help=True,
    short_help="Say that you have dealt with a report.",
    epilog=examples("newsletter bounces settle 7"),
)
def settle(
    ctx: typer.Context,
    numbers: Annotated[list[int], typer.Argument(metavar="NO…", help="Numbers in `bounces list --kept`.")],
    json: JsonOption = False,
) -> None:
    """Take reports off your list; their messages are forgotten, and nothing else changes.

    If one of them shows a dead mailbox: newsletter suppressions add ADDRESS --because "it bounces"
    """
    here = session(ctx, json=json)
    desk = here.newsroom().returns_desk()
    settled = [desk.close(number) for number in numbers]
    here.screen.data([picked(one, _SHOWN) for one in settled])
    here.screen.say(f"{counted(len(settled), 'report')} settled.")


@bounces.command(
    short_help="Look into the mailboxes now.",
    epilog=examples("newsletter bounces fetch"),
)
def fetch(ctx: typer.Context, json: JsonOption = False) -> None:
    """Look into the Maildir and the IMAP mailbox of `[bounces]` now; `newsletter serve` does it by itself.

    Messages are marked as seen there, never deleted. Exit 75 if a mailbox cannot be reached.
    """
    from newsletter.cli.mailboxes import boxes_of
    from newsletter.delivery import draining
    from newsletter.delivery.mailboxes import collect_all

    here = session(ctx, json=json)
    newsroom = here.newsroom()
    desk, taken = newsroom.returns_desk(), Counter[str]()
    boxes = [(box, _noted(take, taken)) for box, take in boxes_of(newsroom, desk)]
    if not boxes:
        raise UsageError("No mailbox is named. Write `maildir` or `imap_host` into [bounces] of config.toml.")
    with draining() as stopped:
        faults = collect_all(boxes, stop=stopped)
    here.screen.data({"taken": taken.total(), "by_kind": taken, "faults": faults})
    said = ", ".join(f"{number} {kind}" for kind, number in taken.items())
    here.screen.say(f"{counted(taken.total(), 'message')} read{f': {said}' if said else ''}.")
    for fault in faults:
        here.screen.warn(fault)
    if faults:
        raise typer.Exit(75)


def _noted(take: Take, taken: Counter[str]) -> Take:
    """`take`, with what it took counted by its kind."""

    def note(message: bytes, recipients: Sequence[str]) -> object:
        done = take(message, recipients)
        taken[str(getattr(done, "kind", "unclear"))] += 1
        return done

    return note


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_OCTETS)
    with file.open("rb") as opened:
        return opened.read(MAX_OCTETS)


def _words(taken: Taken) -> str:
    if taken.id is None:
        return "was taken before; nothing changed."
    return f"{taken.kind}, {taken.done} (no {taken.id})."


def _called(report: StoredBounce) -> str:
    return f"{report.kind}, {report.weight}" if report.weight else report.kind


def _said(report: StoredBounce) -> str:
    return f"{report.status} {report.diagnostic}".strip()
