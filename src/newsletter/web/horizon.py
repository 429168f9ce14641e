"""How long a feed may be held: an hour, and less when a scheduled release is near."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.errors import NewsletterError

log = logging.getLogger("newsletter.web")

FEED_MAX_AGE = 3600
"""Seconds; the feeds' own ttl says the same."""

SHORTEST, LONGEST = 60, 900
_GRID = timedelta(minutes=5)
_LOOK_EVERY = timedelta(minutes=1)


def max_age(next_run: datetime | None, now: datetime) -> int:
    """Seconds for which a feed fetched at `now` may be held, when the next release is due at `next_run`.

    Counted to the last full five minutes before the release and in whole minutes, so that nobody can
    read from it when it is: only that something comes within the hour.
    """
    if next_run is None:
        return FEED_MAX_AGE
    grid = next_run.timestamp() // _GRID.total_seconds() * _GRID.total_seconds()
    left = grid - now.timestamp()
    if left >= FEED_MAX_AGE:
        return FEED_MAX_AGE
    return max(SHORTEST, min(LONGEST, int(left) // 60 * 60))


@dataclass(slots=True)
class Horizon:
    """The next release as it was last looked up, at most once a minute; after an answer was sent, but for the first."""

    look: Callable[[], datetime | None]
    next_run: datetime | None = None
    looked_at: datetime | None = None

    def max_age(self, now: datetime) -> int:
        """Seconds to hold a feed fetched at `now`."""
        return max_age(self.next_run, now)

    def is_old(self, now: datetime) -> bool:
        """Whether it is time to look again."""
        return self.looked_at is None or not timedelta(0) <= now - self.looked_at < _LOOK_EVERY

    def renew(self, now: datetime) -> None:
        """Look again; a database that cannot answer just now leaves what is known."""
        # First, so that those who ask meanwhile do not look as well.
        self.looked_at = now
        try:
            self.next_run = self.look()
        except NewsletterError as error:
            log.warning("The next release could not be looked up: %s", type(error).__name__)
