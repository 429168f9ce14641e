"""A newsroom's clockwork moved by hand: the clock is set, the bell rung, and what left is noted with its hour.

The judge is the Maildir, never our own tables. What should have left is worked out here a second time, by
trying every minute.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

from real_newsroom import Desk
from sqlalchemy import Engine, event, update

from newsletter.answers import Ticked
from newsletter.editions import PublishWishes, Wishes, release
from newsletter.editions.news import NewsKind
from newsletter.errors import UsageError
from newsletter.model import Subscriber
from newsletter.newsroom import Newsroom
from newsletter.schedule_desk import ScheduleDesk
from newsletter.store.tables import notices, slots, subscribers
from newsletter.subscribers import Choices
from newsletter.subscribers.preferences import save

TICK = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """One message in the Maildir: when it was first seen there, to whom, and which of the titles stand in it."""

    at: datetime
    to: str
    subject: str
    titles: frozenset[str]


@dataclass
class Clockwork:
    """A desk with its clock, its bell and its letter box."""

    desk: Desk
    mails: list[Mail] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    _bell: ScheduleDesk | None = None

    # Preparing.

    def schedule(self, lines: str) -> None:
        """Write `[schedules]` with these lines, and let them begin now."""
        self.desk.configure("[topics.diplomacy]\n", f"[schedules]\n{lines}\n[topics.diplomacy]\n")
        self.reopen()
        self.tick()

    def reopen(self) -> None:
        """Open the newsroom again, as the next process would."""
        self.desk.reopen()
        self._bell = None
        if self.desk.store.is_sqlite:
            hurry(self.desk.store.engine)

    def follow(self, schedule: str, address: str, **choices: object) -> Subscriber:
        """A reader of this schedule, who joins now."""
        reader = self.desk.add(address, **choices)
        with self.desk.store.writing() as connection:
            connection.execute(update(subscribers).where(subscribers.c.id == reader.id).values(rhythm=schedule))
        return reader

    def move(self, reader: Subscriber, zone: str) -> None:
        """Give a reader another time zone, as the preferences page does."""
        assert save(self.desk.store, reader.id, Choices(time_zone=zone), intake=self.desk.newsroom.intake)

    def publish(self) -> str:
        """Publish an article with a title of its own; gives the title."""
        title, file = self._write()
        release(self.desk.store, self.desk.plan(file), now=self.desk.now)
        return title

    def publish_from(self, newsroom: Newsroom) -> Callable[[], str]:
        """What publishes an article from another process."""

        def publish() -> str:
            title, file = self._write()
            plan = newsroom.plan([file], wishes=Wishes(), publish=PublishWishes())
            release(newsroom.store, plan, now=newsroom.now)
            return title

        return publish

    def publish_at(self, at: datetime) -> str:
        """Schedule an article with a title of its own; gives the title."""
        title, file = self._write()
        plan = self.desk.newsroom.plan([file], wishes=Wishes(), publish=PublishWishes(), at=at)
        self.desk.newsroom.publish_at(plan, at)
        return title

    def _write(self) -> tuple[str, Path]:
        number = len(self.titles) + 1
        self.titles.append(title := f"Bulletin {number:03d}")
        return title, self.desk.write(f"articles/{number:03d}.md", article(title))

    # Moving.

    @property
    def bell(self) -> ScheduleDesk:
        """The schedules' desk of one process, which is kept as `serve` keeps it."""
        if self._bell is None:
            tools = self.desk.newsroom.schedules()._tools
            # Feeds and pages are not what is tried here, and writing them takes most of the time.
            self._bell = ScheduleDesk(replace(tools, renew=lambda: None))
        return self._bell

    def tick(self) -> Ticked:
        """Ring the bell once; a fault in the answer is a fault of ours."""
        ticked = self.bell.tick()
        assert ticked.faults == ()
        return ticked

    def try_tick(self) -> Exception | None:
        """Ring the bell once; gives what went wrong."""
        try:
            ticked = self.bell.tick()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            return error
        return UsageError("; ".join(ticked.faults)) if ticked.faults else None

    def ring(self) -> list[Mail]:
        """Ring the bell, send what is due, and give what left by it."""
        self.tick()
        return self.send()

    def send(self) -> list[Mail]:
        """Send what is due, and give what left."""
        self.bell.send_due()
        left = [self._take(path) for path in sorted((self.desk.folder / "outbox" / "new").glob("*"))]
        self.mails += left
        return left

    def walk(self, until: datetime, *, every: timedelta = TICK, news_every: timedelta | None = None) -> list[Mail]:
        """Ring at every step up to `until`; see `walk_over`."""
        steps = -(-(until - self.desk.now) // every)
        moments = [min(self.desk.now + number * every, until) for number in range(1, steps + 1)]
        return self.walk_over(moments, news_every=news_every)

    def walk_over(self, moments: Iterable[datetime], *, news_every: timedelta | None = None) -> list[Mail]:
        """Ring at each of the moments; at those that are a multiple of `news_every`, an article is published first."""
        before = len(self.mails)
        for moment in moments:
            self.desk.now = moment
            if news_every and not (moment - EPOCH) % news_every:
                self.publish()
            self.ring()
        return self.mails[before:]

    def jump(self, to: datetime) -> list[Mail]:
        """Set the clock, ring, and give what left."""
        self.desk.now = to
        return self.ring()

    # Looking.

    def slots(self, schedule: str = "daily") -> dict[date, str]:
        """The state of each run of a schedule by its date."""
        return {row["local_date"]: row["state"] for row in self.desk.rows(slots) if row["schedule"] == schedule}

    def slot_states(self, schedule: str = "daily") -> Counter[str]:
        return Counter(self.slots(schedule).values())

    def told(self, kind: NewsKind = NewsKind.HELD) -> int:
        """How often the owner was told of it."""
        return sum(row["kind"] == kind for row in self.desk.rows(notices))

    def each_got(self, address: str) -> Counter[str]:
        """How often each title reached this address."""
        return Counter(title for mail in self.mails if mail.to == address for title in mail.titles)

    def _take(self, path: Path) -> Mail:
        """Read a message and throw it away: a Maildir keeps what comes twice once, and would hide it."""
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        path.unlink()
        body = message.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        found = frozenset(title for title in self.titles if title in text)
        return Mail(at=self.desk.now, to=str(message["To"]), subject=str(message["Subject"]), titles=found)


def hurry(engine: Engine) -> None:
    """Spare SQLite the waiting for the disk: no test of the clock pulls the plug."""

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")


def article(title: str) -> str:
    """A small article in English."""
    return f"---\ntitle: {title}\nlanguage: en\n---\nThe harbour office writes: nothing new, in {title.lower()}.\n"


# What should be: every minute is tried, nothing is reckoned.


def expected_instant(day: date, at: time, zone: str) -> datetime | None:
    """The first minute whose local date is `day` and whose local clock is at `at` or past it; None if there is none."""
    place = ZoneInfo(zone)
    start = datetime.combine(day, time(), UTC) - timedelta(hours=16)
    for number in range(48 * 60):
        moment = start + number * MINUTE
        there = moment.astimezone(place)
        if there.date() == day and there.time().replace(tzinfo=None) >= at:
            return moment
    return None


def expected_runs(at: time, zone: str, first: datetime, last: datetime) -> dict[date, datetime]:
    """The instant of each local date's run after `first` and until `last`."""
    day = first.date() - timedelta(days=1)
    found: dict[date, datetime] = {}
    while day <= last.date() + timedelta(days=1):
        moment = expected_instant(day, at, zone)
        if moment is not None and first < moment <= last:
            found[day] = moment
        day += timedelta(days=1)
    return found


def next_tick(moment: datetime, every: timedelta = TICK) -> datetime:
    """The first multiple of `every` at `moment` or after it."""
    past = (moment - EPOCH) % every
    return moment if not past else moment + every - past


def clock_changes(zone: str, year: int) -> Iterator[tuple[datetime, timedelta]]:
    """Each instant of a year at which a zone's clocks change, and by how much."""
    place = ZoneInfo(zone)
    hours = (datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(366 * 24))
    for before, after in itertools.pairwise(hours):
        step = _offset(after, place) - _offset(before, place)
        if step:
            moment = next(m for n in range(1, 61) if _offset(m := before + n * MINUTE, place) == _offset(after, place))
            yield moment, step


def _offset(moment: datetime, place: ZoneInfo) -> timedelta:
    offset = moment.astimezone(place).utcoffset()
    assert offset is not None
    return offset
