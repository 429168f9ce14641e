"""How many messages may leave by the rules an owner has written: pure arithmetic, nothing is stored here.

A limit by the second or minute fills a bucket with tokens; one by the hour or day is a sum over what
was granted in it. Comes in: limits, hours, now. Goes out: numbers and moments. `meter` and `gate` ask.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from newsletter.config import Config
from newsletter.config.pace_values import Hours, Limit
from newsletter.config.transports import TransportKind
from newsletter.timetable.instants import in_zone, instant_of

# A transaction for each message costs more than the message; twenty a second cost nothing.
_GRANTS_A_SECOND = 20
_LONGEST_BUCKET = timedelta(minutes=1)
# Who comes back so late still finds all that flowed in meanwhile.
_LATE_S = 0.025
_TICK = timedelta(microseconds=1)
# A clock may differ by so much from that of another machine; by more, it was wrong.
CLOCK_SLACK = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class TransportPace:
    """What one transport allows: every one of `limits`, and since the day `warm_up` a little more each day."""

    limits: tuple[Limit, ...] = ()
    warm_up: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PaceRules:
    """How fast mail may go; everything is off by default.

    `transports` holds what each allows, by name. `hours` are those of `zone`, in which days begin, too. Of
    `per_domain` messages at most are in flight to one recipient domain; None learns nothing about domains.
    """

    transports: Mapping[str, TransportPace] = field(default_factory=dict)
    hours: Hours | None = None
    zone: str = "UTC"
    per_domain: int | None = None


def pace_rules(config: Config) -> PaceRules:
    """The rules that a newsroom has written; a Maildir takes what comes, so nothing is to be learned of its domains."""
    in_use = config.transports_in_use
    is_wire = any(transport.kind is not TransportKind.MAILDIR for transport in in_use)
    return PaceRules(
        transports={each.name: TransportPace(limits=each.limits, warm_up=each.warm_up) for each in in_use},
        hours=config.delivery.hours,
        zone=config.newsroom.time_zone,
        per_domain=config.delivery.per_domain if is_wire else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """So many messages may leave now. When they are fewer than wanted, `next_at` says when to ask again, and why."""

    count: int
    next_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """Tokens that come at `rate` a second, and are best taken `burst` at a time; `depth` of them are kept at most."""

    rate: float
    burst: int
    depth: float


def bucket_of(limits: Iterable[Limit]) -> Bucket | None:
    """The bucket that keeps all limits by the second and minute, or None where there is none.

    A full bucket and what flows in while a limit's time passes are together less than one more than its count.
    """
    short = [limit for limit in limits if limit.per <= _LONGEST_BUCKET]
    if not short:
        return None
    full = min(limit.count / limit.per.total_seconds() for limit in short)
    burst = max(1, int(full / _GRANTS_A_SECOND))
    depth = burst + full * _LATE_S
    rate = min((limit.count + 1 - depth) / limit.per.total_seconds() for limit in short)
    return Bucket(rate=rate, burst=burst, depth=depth)


def windows_of(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """The limits by the hour and day."""
    return tuple(limit for limit in limits if limit.per > _LONGEST_BUCKET)


def refill(bucket: Bucket, tokens: float, since: datetime, now: datetime) -> tuple[float, datetime]:
    """The tokens at `now` of a bucket that held `tokens` at `since`, and from when on they are counted anew.

    A clock that went back a little gives none twice; a `since` far ahead came from a wrong clock.
    """
    held = min(tokens, bucket.depth)
    if now <= since <= now + CLOCK_SLACK:
        return held, since
    elapsed_s = max(0.0, (now - since).total_seconds())
    return min(bucket.depth, held + elapsed_s * bucket.rate), now


def filled_at(bucket: Bucket, tokens: float, since: datetime, need: int) -> datetime:
    """When a bucket that holds `tokens` at `since` will hold `need` of them, or those of one burst."""
    missing = min(need, bucket.burst) - tokens
    # A tick more, since the tokens of exactly that moment may be rounded down.
    return since + timedelta(seconds=max(0.0, missing) / bucket.rate) + _TICK


def minute_of(moment: datetime) -> datetime:
    """The whole minute in which `moment` lies."""
    return moment.replace(second=0, microsecond=0)


def window_start(limit: Limit, now: datetime) -> datetime:
    """The first minute whose grants may still count: one that began before the window counts as a whole."""
    return minute_of(now - limit.per)


def frees_at(limit: Limit, granted: Sequence[tuple[datetime, int]]) -> datetime | None:
    """When a window that holds `granted`, by minute and oldest first, has room again; None if it has now."""
    over = sum(count for _minute, count in granted) - limit.count
    for minute, count in granted:
        if over < 0:
            break
        over -= count
        freed = minute + timedelta(minutes=1) + limit.per
        if over < 0:
            return freed
    return None


def is_open(hours: Hours, zone: str, now: datetime) -> bool:
    """Whether mail may leave at `now` (aware UTC)."""
    at = in_zone(now, zone).time()
    if hours.start < hours.end:
        return hours.start <= at < hours.end
    return at >= hours.start or at < hours.end


def opens_at(hours: Hours, zone: str, now: datetime) -> datetime:
    """The next moment after `now` at which the hours begin (aware UTC)."""
    today = in_zone(now, zone).date()
    moments = (instant_of(today + timedelta(days=ahead), hours.start, zone) for ahead in range(4))
    # Where a whole day or just these hours are left out by a change of clocks, the next day has them.
    return next((at for at in moments if at is not None and at > now and is_open(hours, zone, at)), now + CLOCK_SLACK)


def day_start(day: date, zone: str) -> datetime:
    """When `day` begins in `zone` (aware UTC); a day that a zone left out begins with the next one."""
    while (at := instant_of(day, datetime.min.time(), zone)) is None:
        day += timedelta(days=1)
    return at


def whole(tokens: float) -> int:
    """The messages that `tokens` pay for."""
    return math.floor(tokens)
