"""How many read: feeds and email side by side, day by day. Reads the store; changes nothing.

No number here is of a person, and no service or rhythm with fewer than ten readers is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath

from newsletter.store import Store
from newsletter.store.feed_readers import FeedReaders, count_private_feeds, feed_readers_since
from newsletter.store.schedules import readers_by_rhythm

SMALLEST_NAMED = 10
"""A smaller group is not named: its number would be of people one may know."""

_NO_MAIL = "feed"
_FORMATS = (".atom.xml", ".xml", ".json")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadersOfDay:
    """The feed readers of one day (UTC): `reported` by services, and `programs` that we counted."""

    day: date
    reported: int = 0
    programs: int = 0

    @property
    def total(self) -> int:
        """All feed readers of the day."""
        return self.reported + self.programs


@dataclass(frozen=True, kw_only=True, slots=True)
class Groups:
    """Groups of ten and more by name, the largest first; `others` are all smaller ones together."""

    named: Mapping[str, int]
    others: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Readership:
    """Who reads, through feeds and by email.

    `days` has a line for each day asked for, newest first, without a gap. `services` are those of the day
    `services_on`, the last whole day with a count, else today; None while nothing was counted.
    `rhythms` are active readers who get email, as they are now, and `email` is their sum;
    `without_email` have chosen feeds alone, and `private_feeds` are in use.
    """

    days: tuple[ReadersOfDay, ...]
    services_on: date | None
    services: Groups
    email: int
    rhythms: Groups
    without_email: int
    private_feeds: int


def readership_of(store: Store, *, days: int, now: datetime) -> Readership:
    """The readers of the last `days` days, today's until `now` (aware UTC) among them."""
    today = now.astimezone(UTC).date()
    wanted = [today - timedelta(days=back) for back in range(days)]
    with store.reading() as connection:
        counts = feed_readers_since(connection, wanted[-1])
        rhythms = readers_by_rhythm(connection)
        private_feeds = count_private_feeds(connection)
    by_day: dict[date, list[FeedReaders]] = {}
    for count in counts:
        by_day.setdefault(count.day, []).append(count)
    services_on = next((day for day in (*wanted[1:], today) if day in by_day), None)
    mailed = {rhythm: number for rhythm, number in rhythms.items() if rhythm != _NO_MAIL}
    return Readership(
        days=tuple(_day(day, by_day.get(day, ())) for day in wanted),
        services_on=services_on,
        services=_groups(_by_service(by_day[services_on])) if services_on else Groups(named={}, others=0),
        email=sum(mailed.values()),
        rhythms=_groups(mailed),
        without_email=rhythms.get(_NO_MAIL, 0),
        private_feeds=private_feeds,
    )


def _day(day: date, counts: Iterable[FeedReaders]) -> ReadersOfDay:
    sums = {True: 0, False: 0}
    for count in _merged(counts):
        sums[count.is_estimate] += count.readers
    return ReadersOfDay(day=day, reported=sums[False], programs=sums[True])


def _by_service(counts: Iterable[FeedReaders]) -> dict[str, int]:
    found: dict[str, int] = {}
    for count in _merged(counts):
        found[count.service] = found.get(count.service, 0) + count.readers
    return found


def _merged(counts: Iterable[FeedReaders]) -> Iterable[FeedReaders]:
    """One count for each feed, service and number of the feed: the highest of the formats, which have the same readers.

    A service that says how many they are is no program of its own, should it once ask without a number.
    """
    counts = list(counts)
    reporting = {(_feed(count.path), count.service) for count in counts if not count.is_estimate}
    highest: dict[tuple[str, str, str], FeedReaders] = {}
    for count in counts:
        key = (_feed(count.path), count.service, count.feed_key)
        if count.is_estimate and key[:2] in reporting:
            continue
        if key not in highest or highest[key].readers < count.readers:
            highest[key] = count
    return highest.values()


def _feed(path: str) -> str:
    """What the three formats of a feed have in common: the folder, and for a digest its name without the ending."""
    name = PurePosixPath(path).name
    if not name.startswith("digest-"):
        return path.removesuffix(name)
    ending = next((ending for ending in _FORMATS if name.endswith(ending)), "")
    return path.removesuffix(ending)


def _groups(numbers: Mapping[str, int]) -> Groups:
    largest = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return Groups(
        named={name: number for name, number in largest if number >= SMALLEST_NAMED},
        others=sum(number for number in numbers.values() if number < SMALLEST_NAMED),
    )
