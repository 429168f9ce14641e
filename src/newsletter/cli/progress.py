"""How an edition comes along, in words and as JSON: sent of audience, pace, expected end, what slows it.

Comes in: `Underway`. Goes out: lines for `status` and `status --watch`, and stable JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.cli.values import counted, picked
from newsletter.model import DeliveryState, EditionState

if TYPE_CHECKING:
    from newsletter.answers import EditionReport, Pace, Underway
    from newsletter.store.lanes import Lane

LANES_SHOWN = 10
_LANE = ("transport", "domain", "rate", "concurrency", "closed_until", "reason")


def pace_data(pace: Pace | None) -> dict[str, object] | None:
    """An edition's pace as stable JSON."""
    if pace is None:
        return None
    # To the third place: more of it is noise.
    return {**picked(pace, ("ends_at", "next_try_at")), "per_second": round(pace.rate, 3)}


def lanes_data(underway: Underway) -> list[dict[str, object]]:
    """The narrow lanes as stable JSON; `domain` "" is a transport as a whole."""
    return [picked(lane, _LANE) for lane in underway.lanes]


def edition_line(report: EditionReport, underway: Underway) -> str:
    """How one edition comes along, on one line."""
    balance = report.balance
    said = [f"{report.edition.uid} is {balance.state}", sent_words(report)]
    if balance.state is EditionState.SENDING:
        said.append(pace_words(report, underway))
    elif balance.reason:
        said.append(balance.reason)
    return ", ".join([*said, *deferred_words(report, underway)])


def sent_words(report: EditionReport) -> str:
    """`1,200 of 34,000 sent`"""
    return f"{report.balance.count(DeliveryState.SENT):,} of {report.balance.audience:,} sent"


def pace_words(report: EditionReport, underway: Underway) -> str:
    """`40 a second, the last about 14:32, Europe/Paris`"""
    pace = report.pace
    if pace is None or (not pace.rate and pace.ends_at is None):
        return "none in the last minutes"
    ends = f", the last about {clock_hour(pace.ends_at, underway)}" if pace.ends_at is not None else ""
    return f"{rate_words(pace.rate)}{ends}"


def deferred_words(report: EditionReport, underway: Underway) -> Iterator[str]:
    """`12 deferred, the next try 14:05, Europe/Paris`; nothing when none is."""
    deferred = report.balance.count(DeliveryState.DEFERRED)
    if not deferred:
        return
    next_at = report.pace.next_try_at if report.pace is not None else None
    when = f", the next try {clock_hour(next_at, underway)}" if next_at is not None else ""
    yield f"{deferred:,} deferred{when}"


def rate_words(rate: float) -> str:
    """`40 a second`, `12 a minute`, `3 an hour`"""
    if rate >= 1:
        return f"{rate:,.0f} a second"
    if rate * 60 >= 1:
        return f"{rate * 60:.0f} a minute"
    return f"{rate * 3600:.0f} an hour"


def clock_hour(moment: datetime, underway: Underway) -> str:
    """`14:32, Europe/Paris`, with the date where it is another day; the newsroom's own hour."""
    from newsletter.timetable import in_zone

    zone = underway.time_zone
    local = in_zone(moment, zone)
    is_today = local.date() == in_zone(underway.now, zone).date()
    return f"{local:%H:%M}, {zone}" if is_today else f"{local:%Y-%m-%d %H:%M}, {zone}"


def lane_lines(underway: Underway) -> Iterator[str]:
    """What is closed or slowed, and why; the first ten."""
    for lane in underway.lanes[:LANES_SHOWN]:
        yield _lane_line(lane, underway)
    more = len(underway.lanes) - LANES_SHOWN
    if more > 0:
        yield f"and {counted(more, 'other lane')}"


def _lane_line(lane: Lane, underway: Underway) -> str:
    where = f"{lane.transport} to {lane.domain}" if lane.domain else lane.transport
    why = f" ({lane.reason})" if lane.reason else ""
    if lane.closed_until is not None and lane.closed_until > underway.now:
        return f"{where} is closed until {clock_hour(lane.closed_until, underway)}{why}"
    most = f", at most {lane.concurrency} at once" if lane.concurrency is not None else ""
    return f"{where} is slowed to {rate_words(lane.rate or 0.0)}{most}{why}"
