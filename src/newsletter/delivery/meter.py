"""What one transport allows in all: its limits and its warm-up, shared by every process through the database.

Comes in: `TransportPace` and the open transaction in which rows are leased. Goes out: a `Grant`, whose
messages are counted before they leave. Called by `gate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from newsletter.config.pace_values import Limit
from newsletter.delivery.pace import (
    CLOCK_SLACK,
    Grant,
    TransportPace,
    bucket_of,
    day_start,
    filled_at,
    frees_at,
    minute_of,
    refill,
    whole,
    window_start,
    windows_of,
)
from newsletter.delivery.warm_up import DAYS, quota, step_after
from newsletter.store.bounces import count_complaints
from newsletter.store.lanes import hold_transport, save_tokens
from newsletter.store.traffic import Answers, Span, add_grants, count_answers, count_grants, grants_by_minute
from newsletter.timetable.instants import in_zone

_MINUTE = timedelta(minutes=1)


class Meter:
    """Counts what one transport is given; used by one thread."""

    def __init__(self, transport: str, pace: TransportPace, *, zone: str) -> None:
        """Keep the rules; days are those of `zone`."""
        self._transport, self._zone = transport, zone
        self._bucket = bucket_of(pace.limits)
        self._limits = ", ".join(str(limit) for limit in pace.limits if limit not in windows_of(pace.limits))
        self._windows = windows_of(pace.limits)
        self._warm_up = pace.warm_up
        self._step: tuple[date, int] | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing is limited, so that nothing has to be counted."""
        return self._bucket is None and not self._windows and self._warm_up is None

    def take(self, connection: Connection, wanted: int, *, now: datetime) -> Grant:
        """As many of `wanted` messages as may leave at `now`; they are counted in this transaction."""
        if self.is_free:
            return Grant(count=wanted)
        burst = 0 if self._bucket is None else self._bucket.burst
        lane = hold_transport(connection, self._transport, tokens=float(burst), now=now)
        rooms = [*self._in_windows(connection, wanted, now), *self._in_warm_up(connection, now)]
        tokens, since = lane.tokens, lane.refilled_at
        if self._bucket is not None:
            tokens, since = refill(self._bucket, tokens, since, now)
            count = whole(tokens)
            next_at = filled_at(self._bucket, tokens - count, since, wanted)
            rooms.append(Grant(count=count, next_at=next_at, reason=f"{self._transport}: the limit is {self._limits}"))
        tightest = min(rooms, key=_tightness, default=Grant(count=wanted))
        count = min(wanted, tightest.count)
        if self._bucket is not None:
            save_tokens(connection, self._transport, rate=self._bucket.rate, tokens=tokens - count, now=since)
        self._note(connection, count, now)
        return Grant(count=count) if count == wanted else tightest

    def give_back(self, connection: Connection, count: int, *, now: datetime) -> None:
        """Take back what was granted in this transaction and is not needed."""
        if self.is_free or count <= 0:
            return
        if self._bucket is not None:
            lane = hold_transport(connection, self._transport, tokens=0.0, now=now)
            tokens = min(self._bucket.depth, lane.tokens + count)
            save_tokens(connection, self._transport, rate=self._bucket.rate, tokens=tokens, now=lane.refilled_at)
        self._note(connection, -count, now)

    def _note(self, connection: Connection, count: int, now: datetime) -> None:
        if count and (self._windows or self._warm_up is not None):
            add_grants(connection, self._transport, count, minute=minute_of(now))

    def _in_windows(self, connection: Connection, wanted: int, now: datetime) -> Iterator[Grant]:
        for limit in self._windows:
            span = Span(since=window_start(limit, now), until=_end(now))
            room = max(0, limit.count - count_grants(connection, self._transport, span))
            if room >= wanted:
                continue
            yield Grant(
                count=room,
                next_at=self._frees_at(connection, limit, room, now),
                reason=f"{self._transport}: the limit of {limit} is reached",
            )

    def _frees_at(self, connection: Connection, limit: Limit, room: int, now: datetime) -> datetime:
        """When the window has room again after the `room` it has now was used up, too."""
        span = Span(since=window_start(limit, now), until=_end(now))
        granted = [*grants_by_minute(connection, self._transport, span), (minute_of(now), room)]
        return frees_at(limit, granted) or now + limit.per

    def _in_warm_up(self, connection: Connection, now: datetime) -> Iterator[Grant]:
        if self._warm_up is None:
            return
        today = in_zone(now, self._zone).date()
        step = self._steps_before(connection, self._warm_up, today)
        most = quota(step)
        if most is None:
            return
        begins = day_start(today, self._zone)
        granted = count_grants(connection, self._transport, Span(since=begins, until=_end(now)))
        yield Grant(
            count=max(0, most - granted),
            next_at=day_start(today + timedelta(days=1), self._zone),
            reason=f"{self._transport}: {most} messages a day in step {step + 1} of {DAYS} of the warm-up",
        )

    def _steps_before(self, connection: Connection, first: date, today: date) -> int:
        """How many steps were done before `today`; read once a day."""
        if self._step is None or self._step[0] != today:
            days = (first + timedelta(days=number) for number in range(max(0, (today - first).days)))
            self._step = today, step_after(self._answers_of(connection, self._span_of(day)) for day in days)
        return self._step[1]

    def _answers_of(self, connection: Connection, day: Span) -> Answers:
        complaints = count_complaints(connection, since=day.since, until=day.until)
        return replace(count_answers(connection, self._transport, day), complaints=complaints)

    def _span_of(self, day: date) -> Span:
        return Span(since=day_start(day, self._zone), until=day_start(day + timedelta(days=1), self._zone))


def _end(now: datetime) -> datetime:
    """The end of what counts: another machine's clock may be a little ahead, but not a wrong one."""
    return minute_of(now + CLOCK_SLACK) + _MINUTE


def _tightness(room: Grant) -> tuple[int, float]:
    return room.count, 0.0 if room.next_at is None else -room.next_at.timestamp()
