"""Editions on their way: a progress bar on a terminal, Ctrl-C that drains, and the closing balance.

Comes in: released editions. Goes out: `Sent`, for `publish` and `editions resume`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.cli.plan_view import balance_line
from newsletter.cli.progress import pace_data
from newsletter.cli.remainders import remainder_lines, remainders_data
from newsletter.cli.screen import Screen
from newsletter.cli.values import hour, plain
from newsletter.delivery import draining
from newsletter.errors import TransportError
from newsletter.model import DeliveryState, EditionState

if TYPE_CHECKING:
    from newsletter.answers import EditionReport
    from newsletter.delivery import Balance
    from newsletter.newsroom import Newsroom
    from newsletter.store.editions import StoredEdition

_RESTING = (EditionState.PAUSED, EditionState.HELD)
_LOOK_AGAIN_S = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One report per edition; whether Ctrl-C ended the run; what the transport said if it does not work."""

    reports: tuple[EditionReport, ...]
    stopped: bool = False
    trouble: TransportError | None = None

    @property
    def exit_code(self) -> int:
        """130 if stopped; 1 if an email failed or is unknown; 75 if some only wait, but for their hour; else 0."""
        if self.stopped:
            return 130
        balances = [report.balance for report in self.reports]
        if any(b.count(DeliveryState.FAILED) or b.count(DeliveryState.UNKNOWN) for b in balances):
            return 1
        if self.trouble is not None:
            return self.trouble.exit_code
        return 75 if any(b.state in _RESTING or _waits(b) for b in balances) else 0


def _waits(balance: Balance) -> bool:
    """Whether emails wait for another try; those that wait for their reader's hour are in time."""
    if balance.state is not EditionState.SENDING:
        return False
    return not balance.waits_for_hour or balance.count(DeliveryState.DEFERRED) > 0


def send_with_progress(
    newsroom: Newsroom, editions: Sequence[StoredEdition], screen: Screen, *, follow: bool = True
) -> Sent:
    """Send what is due of `editions`, one after the other, and give every balance, whatever happened.

    With `follow` it ends when nothing is in the hands of another sender either, such as `serve`. The first
    Ctrl-C lets the message in flight end. A transport that does not work at all ends the run; the editions
    after it are reported as they are.
    """
    reports: list[EditionReport] = []
    trouble: TransportError | None = None
    with draining(lambda: _tell_of_draining(screen)) as stopped:
        for edition in editions:
            if trouble is not None or edition.state in _RESTING:
                reports.append(newsroom.show_edition(edition.uid))
                continue
            try:
                report = _send(newsroom, edition, screen, stopped)
                while follow and _is_in_other_hands(report) and not stopped():
                    time.sleep(_LOOK_AGAIN_S)
                    report = _send(newsroom, edition, screen, stopped)
                reports.append(report)
            except TransportError as error:
                trouble = error
                reports.append(newsroom.show_edition(edition.uid))
        # A signal after the last message stopped nothing.
        is_left = any(unsettled(report.balance) for report in reports)
        closed = tuple(explained(newsroom, report) for report in reports)
        return Sent(reports=closed, stopped=stopped() and is_left, trouble=trouble)


def explained(newsroom: Newsroom, report: EditionReport) -> EditionReport:
    """The report with the reasons of what was not sent."""
    return replace(report, remainders=newsroom.deliveries.remainders(report.edition.id))


def _is_in_other_hands(report: EditionReport) -> bool:
    """Whether another sender is at it: what was ours to send is sent."""
    return report.balance.state is EditionState.SENDING and report.balance.count(DeliveryState.LEASED) > 0


def _tell_of_draining(screen: Screen) -> None:
    if not screen.quiet:
        # Straight to the file: print could be interrupted in the middle of itself.
        os.write(2, b"\nStopping after the message in flight (Ctrl-C again leaves at once) ...\n")


def _send(newsroom: Newsroom, edition: StoredEdition, screen: Screen, stopped: Callable[[], bool]) -> EditionReport:
    if not screen.draws_progress:
        return newsroom.send(edition, stop=stopped)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen.console(sys.stderr), transient=True) as bars:
        bar = bars.add_task(plain(edition.subject)[:40], total=edition.audience)

        def show(balance: Balance) -> None:
            bars.update(bar, completed=balance.audience - unsettled(balance))

        return newsroom.send(edition, stop=stopped, progress=show)


def unsettled(balance: Balance) -> int:
    """How many emails are still to be tried in this run or the next."""
    return sum(balance.count(state) for state in (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.DEFERRED))


def report_data(report: EditionReport) -> dict[str, object]:
    """An edition's balance as stable JSON."""
    balance = report.balance
    return {
        "uid": report.edition.uid,
        "state": balance.state,
        "reason": balance.reason,
        "considered": balance.considered,
        "audience": balance.audience,
        "by_state": {state.name.lower(): number for state, number in balance.by_state.items()},
        "excluded": balance.excluded,
        "next_at": balance.next_at,
        "pace": pace_data(report.pace),
        "reasons": remainders_data(report.remainders or ()),
    }


def tell_sent(sent: Sent, screen: Screen) -> None:
    """The closing balance of each edition, and what a person has to look at."""
    for report in sent.reports:
        _tell_report(report, screen)
    if sent.trouble is not None:
        screen.warn(str(sent.trouble))
    if sent.stopped:
        screen.warn("Stopped. What was not sent yet is sent by the same command, run again.")


def _tell_report(report: EditionReport, screen: Screen) -> None:
    uid, balance = report.edition.uid, report.balance
    screen.say(f"edition {uid}: {balance.state if balance.audience else 'sent, nobody was due'}")
    screen.say(f"  {balance_line(balance)}")
    for line in remainder_lines(report.remainders or ()):
        screen.say(f"  {line}")
    if balance.state in _RESTING:
        screen.warn(f"edition {uid} is {balance.state}: {balance.reason or 'no reason is known'}")
        screen.warn(f"When you are sure, go on with: newsletter editions resume {uid}")
    elif balance.next_at and balance.waits_for_hour and not balance.count(DeliveryState.DEFERRED):
        waiting = balance.count(DeliveryState.QUEUED)
        screen.say(
            f"  {waiting:,} wait for their readers' hour, the next {hour(balance.next_at)}; serve or tick sends them"
        )
    elif balance.next_at:
        deferred = balance.count(DeliveryState.DEFERRED)
        screen.warn(f"{deferred:,} deferred; from {hour(balance.next_at)} on: newsletter editions resume {uid}")
    failed, unknown = balance.count(DeliveryState.FAILED), balance.count(DeliveryState.UNKNOWN)
    if unknown:
        screen.warn(f"{unknown:,} unknown: in flight when a run broke off, and not sent again by itself.")
    if failed or unknown:
        screen.warn(f"{failed:,} failed, {unknown:,} unknown. Look: newsletter deliveries list {uid}")
