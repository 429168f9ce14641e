"""`status --watch`: what is being sent, looked at again and again until nothing is.

Comes in: a look at the newsroom, and a wait between two of them. Goes out: lines drawn in place on a
terminal; elsewhere one line, or one JSON object, for each change.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.cli.plan_view import balance_line
from newsletter.cli.progress import edition_line, lane_lines, lanes_data
from newsletter.cli.screen import Screen, write
from newsletter.cli.sending import report_data
from newsletter.cli.values import as_json, jsonable, plain

if TYPE_CHECKING:
    from newsletter.answers import EditionReport, Underway

Show = Callable[["Round"], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Eyes:
    """How a watch looks: at everything under way, at one edition by its uid, and how it waits for the next look."""

    look: Callable[[], Underway]
    look_at: Callable[[str], EditionReport]
    wait: Callable[[], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One look: what is under way, and the editions that ended since the watch began."""

    underway: Underway
    ended: Sequence[EditionReport]


def watch(eyes: Eyes, screen: Screen) -> None:
    """Show what is being sent until nothing is; editions that end meanwhile are shown with their balance."""
    seen: dict[str, None] = {}
    ended: dict[str, EditionReport] = {}
    with _drawn(screen) as show:
        while True:
            underway = eyes.look()
            now_there = [report.edition.uid for report in underway.editions]
            seen.update(dict.fromkeys(now_there))
            for uid in seen:
                if uid not in now_there and uid not in ended:
                    ended[uid] = eyes.look_at(uid)
            show(Round(underway=underway, ended=tuple(ended.values())))
            if not underway.is_going:
                break
            eyes.wait()
    if not screen.json:
        screen.say("Nothing is being sent now." if seen else "Nothing is being sent.")


def _drawn(screen: Screen) -> AbstractContextManager[Show]:
    if screen.json:
        return nullcontext(_Changes(_json_lines))
    return _in_place(screen) if sys.stdout.isatty() else nullcontext(_Changes(_text_lines))


@contextmanager
def _in_place(screen: Screen) -> Iterator[Show]:
    """Draws over what was drawn before; the last picture stays."""
    from rich.live import Live
    from rich.text import Text

    with Live(console=screen.console(sys.stdout), auto_refresh=False) as live:

        def show(now: Round) -> None:
            live.update(Text("\n".join(plain(line) for _, line in _text_lines(now))), refresh=True)

        yield show


class _Changes:
    """Writes the lines of a round that say something else than before, by their key."""

    def __init__(self, lines: Callable[[Round], Iterator[tuple[object, str]]]) -> None:
        self._lines, self._said = lines, frozenset[object]()

    def __call__(self, now: Round) -> None:
        lines = list(self._lines(now))
        for key, line in lines:
            if key not in self._said:
                write(sys.stdout, plain(line))
        self._said = frozenset(key for key, _ in lines)


def _text_lines(now: Round) -> Iterator[tuple[object, str]]:
    """Each line with what must change before it is said again."""
    underway = now.underway
    if underway.paused:
        line = f"paused: {underway.paused}; when you are sure: newsletter resume"
        yield line, line
    for report in underway.editions:
        yield _standing(report), edition_line(report, underway)
    for report in now.ended:
        uid, balance = report.edition.uid, report.balance
        yield _standing(report), f"{uid} is {balance.state}: {balance_line(balance)}"
    for line in lane_lines(underway):
        yield line, line


def _standing(report: EditionReport) -> object:
    balance = report.balance
    return (report.edition.uid, str(balance.state), balance.reason, tuple(balance.by_state.items()))


def _json_lines(now: Round) -> Iterator[tuple[object, str]]:
    """The round as one object on one line, keyed by what does not move by itself."""
    value = round_data(now)
    # The hour and the pace move between two looks though nothing happened.
    still = [{**report_data(report), "pace": None} for report in _reports(now)]
    yield as_json({**value, "at": None, "editions": still}), as_json(value, indent=None)


def _reports(now: Round) -> list[EditionReport]:
    return [*now.underway.editions, *now.ended]


def round_data(now: Round) -> dict[str, object]:
    """One look as stable JSON."""
    return {
        "at": jsonable(now.underway.now),
        "paused": now.underway.paused,
        "editions": [report_data(report) for report in _reports(now)],
        "lanes": lanes_data(now.underway),
    }
