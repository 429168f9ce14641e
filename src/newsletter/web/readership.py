"""Counts who reads the feeds, without spying: numbers that services report, and programs told apart for a day.

Comes in: each answered request for a feed. Goes out: `FeedReaders`, at most every five minutes and when the
process ends; a crash loses what lies between. No request waits for the database.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from starlette.background import BackgroundTask, BackgroundTasks
from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.site import is_archive
from newsletter.store.feed_readers import FeedReaders
from newsletter.web.agents import FeedAgent, feed_agent
from newsletter.web.asking import asker
from newsletter.web.limits import neighbourhood
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import log

Endpoint = Callable[[Request], Awaitable[Response]]

WRITE_EVERY = timedelta(minutes=5)

MAX_COUNTS = 5_000
"""Counts held in memory: paths times services; what would be more is not counted, so that nobody can fill it."""

MAX_PROGRAMS = 100_000
"""Programs told apart on one day; beyond that the estimate stays too low."""

_SALT_OCTETS = 32
_MARK_OCTETS = 8
_Key = tuple[date, str, str, str]


@dataclass(slots=True)
class FeedTally:
    """The highest number of readers of each feed file, service and day (UTC), in memory. Shared by threads.

    A program that reports no number counts as one for each network (/24 of IPv4, /48 of IPv6) it asks
    from. Of the network only a hash is held, keyed by octets that are drawn each day and never written:
    after midnight nobody can say who it was. Each process sees only its own requests, and a new one begins
    anew, so of several the highest is kept: an estimate is rather too low than too high.
    """

    random: Callable[[int], bytes] = secrets.token_bytes
    _counts: dict[_Key, FeedReaders] = field(default_factory=dict)
    _unwritten: set[_Key] = field(default_factory=set)
    _programs: set[bytes] = field(default_factory=set)
    _salt: bytes = b""
    _day: date | None = None
    _written_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, path: str, agent: FeedAgent, address: str, now: datetime) -> None:
        """Count one request for the feed file `path` by `agent`, which asked from `address`, at `now`."""
        with self._lock:
            day = self._begin(now)
            if agent.reported is not None:
                self._keep(
                    FeedReaders(
                        day=day, path=path, service=agent.service, feed_key=agent.feed_key, readers=agent.reported
                    )
                )
            elif self._is_new_program(path, agent.service, address):
                former = self._counts.get((day, path, agent.service, ""))
                number = former.readers + 1 if former is not None and former.is_estimate else 1
                self._keep(FeedReaders(day=day, path=path, service=agent.service, readers=number, is_estimate=True))

    def is_due(self, now: datetime) -> bool:
        """Whether something is counted that was not written for five minutes."""
        if not self._unwritten or self._written_at is None:
            return False
        return not timedelta(0) <= now - self._written_at < WRITE_EVERY

    def flush(self, newsroom: ServedNewsroom) -> None:
        """Hand `newsroom` what was counted since the last time; a database that cannot take it now gets it later."""
        now = newsroom.clock()
        with self._lock:
            # First, so that those who ask meanwhile do not write as well.
            self._written_at = now
            keys, self._unwritten = self._unwritten, set()
            rows = [self._counts[key] for key in keys if key in self._counts]
        try:
            if rows:
                newsroom.note_feed_readers(rows)
        except NewsletterError as error:
            log.warning("The counts of feed readers could not be written yet: %s", type(error).__name__)
            with self._lock:
                self._unwritten |= keys
            return
        today = now.astimezone(UTC).date()
        with self._lock:
            for key in [key for key in self._counts if key[0] < today and key not in self._unwritten]:
                del self._counts[key]

    def _begin(self, now: datetime) -> date:
        """The day of `now`; on a new one, what told programs apart is forgotten."""
        day = now.astimezone(UTC).date()
        if self._written_at is None:
            self._written_at = now
        if day != self._day:
            self._day, self._salt, self._programs = day, self.random(_SALT_OCTETS), set()
        return day

    def _is_new_program(self, path: str, service: str, address: str) -> bool:
        if len(self._programs) >= MAX_PROGRAMS:
            return False
        seen = "\0".join((path, service, neighbourhood(address))).encode("utf-8", "replace")
        mark = hashlib.blake2b(seen, key=self._salt, digest_size=_MARK_OCTETS).digest()
        if mark in self._programs:
            return False
        self._programs.add(mark)
        return True

    def _keep(self, count: FeedReaders) -> None:
        key = (count.day, count.path, count.service, count.feed_key)
        former = self._counts.get(key)
        if former is None and len(self._counts) >= MAX_COUNTS:
            return
        # A reported number takes the place of an estimate, as it does in the database.
        if former is None or (not count.is_estimate, count.readers) > (not former.is_estimate, former.readers):
            self._counts[key] = count
            self._unwritten.add(key)


def counted(endpoint: Endpoint, tally: FeedTally, newsroom: ServedNewsroom) -> Endpoint:
    """`endpoint`, with each feed it gives a reader counted in `tally`, and written after an answer when it is time.

    Counted are answers with a feed, or that it is the same as before. A browser that opens a feed's address
    in a window is no feed reader, and who turns back the pages of an archive asks for the feed as well.
    """

    async def feed(request: Request) -> Response:
        response = await endpoint(request)
        path = request.path_params["path"]
        is_window = request.headers.get("sec-fetch-dest") == "document"
        if response.status_code >= 400 or is_window or is_archive(path):
            return response
        now = newsroom.clock()
        agent = feed_agent(request.headers.get("user-agent", ""))
        if agent is not None:
            tally.note(path, agent, asker(request), now)
        if tally.is_due(now):
            # After the answer, so that no reader waits for the database.
            later = [task for task in (response.background, BackgroundTask(tally.flush, newsroom)) if task is not None]
            response.background = BackgroundTasks(later)
        return response

    return feed
