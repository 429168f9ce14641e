"""What a recipient domain's answers say about our pace: pure rules on a `Lane`, and nothing is stored here.

A deferral that means "too fast" halves how much is in flight and how much a second; five in a row close
the lane for a while, and then one message tries. Five minutes without one make it a little wider.
A domain without a lane takes what comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.delivery.pace import CLOCK_SLACK
from newsletter.model import Outcome, Receipt
from newsletter.store.lanes import Lane

STREAK = 5  # deferrals in a row that close a lane
FIRST_CLOSING = timedelta(seconds=30)
LONGEST_CLOSING = timedelta(minutes=15)
SLOWEST = 0.1  # messages a second: six a minute
WIDENS_EVERY = timedelta(minutes=5)
_WIDER = 1.1
_BURST = timedelta(seconds=10)
# What was in flight when it became too much says nothing new.
_SETTLES_IN = timedelta(seconds=10)
_PROBE_LASTS = timedelta(minutes=2)
_SPREAD = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushback:
    """A deferral that means "too fast" at `now`: `taken` messages went to the domain in the minute before it.

    `jitter` lies in [0, 1).
    """

    now: datetime
    taken: int
    jitter: float
    reason: str


def asks_for_less(receipt: Receipt) -> bool:
    """Whether an answer is about our pace: 421, 450, 451, 4.7.x, 4.2.x. RFC 3463 §3.

    A full mailbox (4.2.2) is its reader's affair, and an address refused for good says nothing of pace.
    """
    if receipt.outcome is not Outcome.DEFERRED or receipt.enhanced == "4.2.2":
        return False
    return receipt.code in (421, 450, 451) or receipt.enhanced.startswith(("4.7.", "4.2."))


def new_lane(transport: str, domain: str, *, per_domain: int, now: datetime) -> Lane:
    """A lane as wide as any domain's."""
    return Lane(transport=transport, domain=domain, refilled_at=now, tokens=1.0, concurrency=per_domain)


def pushed_back(lane: Lane, pushback: Pushback) -> Lane:
    """The lane after a deferral: half as wide, and closed by the fifth in a row."""
    now, streak = pushback.now, min(lane.streak + 1, STREAK)
    narrow = lane
    if lane.slowed_at is None or now - lane.slowed_at >= _SETTLES_IN:
        rate = pushback.taken / 60 if lane.rate is None else lane.rate
        rate = max(SLOWEST, rate / 2)
        concurrency = max(1, (lane.concurrency or 1) // 2)
        narrow = replace(refilled(lane, now), rate=rate, concurrency=concurrency, slowed_at=now)
        narrow = replace(narrow, tokens=min(narrow.tokens, _burst(rate)))
    narrow = replace(narrow, streak=streak, reason=pushback.reason)
    # The late answers of what was in flight at the closing do not close it again.
    if streak < STREAK or lane.streak >= STREAK:
        return narrow
    until = now + closing(lane.closures, jitter=pushback.jitter)
    return replace(narrow, closures=lane.closures + 1, closed_until=until, slowed_at=until)


def accepted(lane: Lane) -> Lane:
    """The lane after an acceptance: the row of deferrals is over, and a closed lane is open."""
    if not lane.streak and not lane.closures and lane.closed_until is None:
        return lane
    return replace(lane, streak=0, closures=0, closed_until=None)


def widened(lane: Lane, *, per_domain: int, now: datetime) -> Lane | None:
    """The lane with a tenth more a second and one more in flight for each quiet five minutes; None once it is whole.

    It is whole when as many may go in a second as may be in flight. Moments far ahead came from a wrong clock.
    """
    if lane.closed_until is not None and lane.closed_until > now + 2 * LONGEST_CLOSING:
        lane = replace(lane, closed_until=now)
    since = lane.slowed_at
    if since is None or since > now + 2 * LONGEST_CLOSING:
        return replace(lane, slowed_at=now)
    steps = max(0, (now - since) // WIDENS_EVERY)
    if not steps:
        return lane
    rate = lane.rate if lane.rate is None else lane.rate * _WIDER ** min(steps, 100)
    concurrency = min(per_domain, (lane.concurrency or per_domain) + steps)
    if concurrency >= per_domain and (rate is None or rate >= per_domain):
        return None
    wider = refilled(lane, now)
    return replace(wider, rate=rate, concurrency=concurrency, slowed_at=since + steps * WIDENS_EVERY)


def passing(lane: Lane, wanted: int, *, now: datetime) -> tuple[int, Lane]:
    """How many of `wanted` messages may go to the domain at `now`, and the lane without their tokens.

    One whose time is over lets one message out, and is closed until that one is answered.
    """
    if lane.closed_until is not None:
        if now < lane.closed_until:
            return 0, lane
        return 1, replace(lane, closed_until=now + _PROBE_LASTS, streak=STREAK - 1)
    full = refilled(lane, now)
    if full.rate is None:
        return wanted, full
    count = min(wanted, int(full.tokens))
    return count, replace(full, tokens=full.tokens - count)


def spread(wait: timedelta) -> timedelta:
    """How long a row waits whose turn would come after `wait`: what is too long becomes a quarter to half an hour.

    Each row has a place of its own there, so that they do not come back all at once; the lane may be wide by then.
    """
    return wait if wait <= LONGEST_CLOSING else LONGEST_CLOSING + wait % LONGEST_CLOSING


def refilled(lane: Lane, now: datetime) -> Lane:
    """The lane with the tokens of `now`."""
    if now <= lane.refilled_at <= now + CLOCK_SLACK:
        return lane
    if lane.rate is None:
        return replace(lane, refilled_at=now)
    flowed = max(0.0, (now - lane.refilled_at).total_seconds()) * lane.rate
    return replace(lane, tokens=min(_burst(lane.rate), lane.tokens + flowed), refilled_at=now)


def closing(times: int, *, jitter: float) -> timedelta:
    """How long to stay closed after `times` closings in a row: 30 s, 1, 2, 4, 8, 15 minutes, give or take a tenth."""
    doubled: int = 2 ** min(times, 10)
    return min(FIRST_CLOSING * doubled, LONGEST_CLOSING) * (1 + _SPREAD * (jitter - 0.5))


def _burst(rate: float) -> float:
    return max(1.0, rate * _BURST.total_seconds())
