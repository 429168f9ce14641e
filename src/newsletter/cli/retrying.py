"""`deliveries retry`: which deliveries they are, the question, and what comes after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.cli.publish import COUNT_BY_HAND
from newsletter.cli.screen import Screen
from newsletter.model import DeliveryState, EditionState

if TYPE_CHECKING:
    from newsletter.answers import RetryChoice
    from newsletter.store.overview import DeliveryLine

_COLUMNS = ("reader", "state", "attempts", "reason", "the server said")


def show_choice(choice: RetryChoice, screen: Screen) -> None:
    """The deliveries as a table on stdout, what is left out below it, and a word of caution for unknown ones."""
    state = choice.state.name.lower()
    if not screen.json:
        _show_lines(choice.lines, choice.number, screen, empty=f"No delivery of it is {state} that could be retried.")
    if choice.left_out_number:
        number = choice.left_out_number
        screen.say(f"Left out, because the reader's address bounced: {number:,} {_deliveries(number)}.")
        if not screen.json:
            _show_lines(choice.left_out, choice.left_out_number, screen, empty="")
    if choice.number and choice.state is DeliveryState.UNKNOWN:
        screen.warn(
            "Some of these readers may have it already: nobody knows what their server did. "
            "It goes out with the same Message-ID, and some of them may see it twice."
        )


def _show_lines(lines: Sequence[DeliveryLine], number: int, screen: Screen, *, empty: str) -> None:
    rows = [(line.address, line.state.name.lower(), line.attempts, line.reason, _said(line)) for line in lines]
    screen.table(None, _COLUMNS, rows, empty=empty)
    if number > len(lines):
        screen.say(f"and {number - len(lines):,} more; --all shows them.")


def _said(line: DeliveryLine) -> str | None:
    """The server's last reply, unless the reason says it already."""
    return None if line.reason and line.reply and line.reply in line.reason else line.reply


def ask_to_retry(choice: RetryChoice, screen: Screen, *, yes: bool) -> None:
    """Nothing, once a person has agreed; from 1,000 deliveries on by typing their number. Raises UsageError else."""
    what = f"{choice.number:,} {choice.state.name.lower()} {_deliveries(choice.number)}"
    consequence = f"This queues {what} again"
    if choice.number >= COUNT_BY_HAND and not yes:
        screen.require_number(f"{consequence}. Type that number to agree", choice.number, consequence=consequence)
    else:
        screen.require_yes(f"Queue {what} again?", consequence=consequence, yes=yes)


def choice_data(choice: RetryChoice, *, queued: int) -> dict[str, object]:
    """The deliveries and what was queued as stable JSON."""
    return {
        "uid": choice.edition.uid,
        "only": choice.state,
        "number": choice.number,
        "queued": queued,
        "deliveries": choice.lines,
        "left_out_number": choice.left_out_number,
        "left_out": choice.left_out,
    }


def tell_queued(choice: RetryChoice, screen: Screen, *, queued: int) -> None:
    """How many are queued now, and what sends them."""
    if not choice.number:
        return
    uid = choice.edition.uid
    screen.say(f"{queued:,} {_deliveries(queued)} of edition {uid} queued.")
    if choice.edition.state in (EditionState.PAUSED, EditionState.HELD):
        screen.say(f"The edition is {choice.edition.state}. Go on with: newsletter editions resume {uid}")
    else:
        screen.say(f"A running newsletter serve sends them by itself; or now: newsletter editions resume {uid}")


def _deliveries(number: int) -> str:
    return "delivery" if number == 1 else "deliveries"
