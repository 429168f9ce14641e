"""The lanes of recipient domains, as one process knows them: read at each lease, written at each settling.

Between the two, what happened is kept as a list of changes: they are applied here at once, and to the
stored lane when it is written, since another process may have changed that meanwhile. Used by `gate`.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from newsletter.delivery.lanes import (
    LONGEST_CLOSING,
    Pushback,
    accepted,
    asks_for_less,
    new_lane,
    passing,
    pushed_back,
    spread,
    widened,
)
from newsletter.delivery.pace import minute_of
from newsletter.model import Outcome, Receipt
from newsletter.store.lanes import Lane, delete_lane, hold_lanes, lanes_of, save_lane

_Change = Callable[[Lane | None], Lane | None]
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class PutOff:
    """A row that had better wait `until` then (aware UTC), and why: nothing was tried, and nothing went wrong."""

    subscriber_id: int
    until: datetime
    reason: str


class DomainLanes:
    """What each recipient domain takes over the transport in use; nothing is learned without `per_domain`."""

    def __init__(self, transport: str, per_domain: int | None) -> None:
        """Begin with nothing learned, and `per_domain` messages in flight to each."""
        self._name, self._per_domain = transport, per_domain
        self._most = sys.maxsize if per_domain is None else per_domain
        self._lanes: defaultdict[str, dict[str, Lane]] = defaultdict(dict)
        self._here = self._lanes[transport]
        self._unsaved: defaultdict[str, dict[str, list[_Change]]] = defaultdict(dict)
        self._queues_end_at: dict[tuple[str, str], datetime] = {}
        self._taken: dict[str, int] = {}
        self._taken_before: dict[str, int] = {}
        self._minute: datetime | None = None

    def use(self, transport: str) -> None:
        """Look at the lanes over this transport from now on."""
        self._name = transport
        self._here = self._lanes[transport]

    def refresh(self, connection: Connection, *, now: datetime) -> None:
        """Read what all processes have learned, and widen lanes that were quiet for long enough."""
        if self._per_domain is None:
            return
        fresh = lanes_of(connection, self._name)
        for domain, changes in self._unsaved[self._name].items():
            _put(fresh, domain, _changed(fresh.get(domain), changes))
        self._lanes[self._name] = self._here = fresh
        widen = partial(_widened, per_domain=self._per_domain, now=now)
        for domain, lane in list(fresh.items()):
            if widen(lane) != lane:
                self._change(self._name, domain, widen)

    def sort(self, rows: Sequence[tuple[int, str]], *, now: datetime) -> list[PutOff]:
        """Those of `rows` (subscriber, domain) that must wait; the tokens of the others are taken."""
        if not self._here:
            return []
        by_domain: dict[str, list[int]] = {}
        for subscriber_id, domain in rows:
            if domain in self._here:
                by_domain.setdefault(domain, []).append(subscriber_id)
        return [each for domain, ids in by_domain.items() for each in self._sort_domain(domain, ids, now)]

    def room(self, domain: str) -> int:
        """How many messages to `domain` may be in flight at once, at least 1; any thread may ask."""
        lane = self._here.get(domain)
        return self._most if lane is None or lane.concurrency is None else lane.concurrency

    def heard(self, domain: str, receipt: Receipt, *, now: datetime, jitter: float, transport: str) -> None:
        """Learn from an answer that came over `transport`."""
        if self._per_domain is None:
            return
        if self._minute is None or now >= self._minute:
            self._begin_minute(now)
        self._taken[domain] = self._taken.get(domain, 0) + 1
        if receipt.outcome is Outcome.ACCEPTED:
            lane = self._lanes[transport].get(domain)
            if lane is not None and (lane.streak or lane.closures):
                self._change(transport, domain, _accepted)
        elif asks_for_less(receipt):
            self._push_back(transport, domain, receipt, now, jitter)

    def save(self, connection: Connection) -> None:
        """Apply the changes to the stored lanes, by transport and domain, and write them."""
        for name in sorted(self._unsaved):
            unsaved = self._unsaved.pop(name)
            stored = hold_lanes(connection, name, unsaved)
            for domain in sorted(unsaved):
                before = stored.get(domain)
                after = _changed(before, unsaved[domain])
                if after is None:
                    delete_lane(connection, name, domain)
                elif after != before:
                    save_lane(connection, after)
                _put(self._lanes[name], domain, after)

    def _sort_domain(self, domain: str, ids: Sequence[int], now: datetime) -> list[PutOff]:
        lane = self._here[domain]
        count, _after = passing(lane, len(ids), now=now)
        if count:
            self._change(self._name, domain, partial(_taken_from, count=count, now=now))
        lane = self._here[domain]
        begins = max(now, lane.closed_until or now)
        # Rows of earlier leases wait already: the new ones stand behind them.
        ahead = max(timedelta(), self._queues_end_at.get((self._name, domain), begins) - begins)
        gap = timedelta(seconds=1 / (lane.rate or 1.0))
        waits = [ahead + place * gap for place in range(1, len(ids) - count + 1)]
        if waits:
            self._queues_end_at[self._name, domain] = begins + min(waits[-1], LONGEST_CLOSING)
        reason = f"{domain} asks for less mail: {lane.reason}"
        return [
            PutOff(subscriber_id=who, until=begins + spread(wait), reason=reason)
            for who, wait in zip(ids[count:], waits, strict=True)
        ]

    def _push_back(self, name: str, domain: str, receipt: Receipt, now: datetime, jitter: float) -> None:
        # Codes only: the words of a server may hold a reader's address.
        pushback = Pushback(
            now=now,
            taken=max(self._taken[domain], self._taken_before.get(domain, 0)),
            jitter=jitter,
            reason=f"{receipt.code} {receipt.enhanced}".strip(),
        )
        fresh = new_lane(name, domain, per_domain=self._most, now=now)
        self._change(name, domain, partial(_pushed_back, pushback=pushback, fresh=fresh))

    def _begin_minute(self, now: datetime) -> None:
        is_next = self._minute is not None and now < self._minute + _MINUTE
        self._taken_before, self._taken = self._taken if is_next else {}, {}
        self._minute = minute_of(now) + _MINUTE

    def _change(self, name: str, domain: str, change: _Change) -> None:
        self._unsaved[name].setdefault(domain, []).append(change)
        _put(self._lanes[name], domain, change(self._lanes[name].get(domain)))


def _changed(lane: Lane | None, changes: Sequence[_Change]) -> Lane | None:
    for change in changes:
        lane = change(lane)
    return lane


def _put(lanes: dict[str, Lane], domain: str, lane: Lane | None) -> None:
    if lane is None:
        lanes.pop(domain, None)
    else:
        lanes[domain] = lane


def _accepted(lane: Lane | None) -> Lane | None:
    return None if lane is None else accepted(lane)


def _widened(lane: Lane | None, *, per_domain: int, now: datetime) -> Lane | None:
    return None if lane is None else widened(lane, per_domain=per_domain, now=now)


def _taken_from(lane: Lane | None, *, count: int, now: datetime) -> Lane | None:
    return None if lane is None else passing(lane, count, now=now)[1]


def _pushed_back(lane: Lane | None, *, pushback: Pushback, fresh: Lane) -> Lane:
    return pushed_back(lane or fresh, pushback)
