"""The bell: APScheduler rings every few seconds, and that is all it does.

What is due and what was done stands in the newsroom's tables. So there is no persistent job store
(two processes on one fire twice, and one "database is locked" ends the scheduler in silence), no cron
trigger (3.11 skips the day after a spring change at midnight and fires twice in autumn), and a ring that
comes late is still a ring.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from newsletter.errors import NewsletterError

EVERY_S = 3.0
SILENT_S = 60.0
_log = logging.getLogger(__name__)


class Bell:
    """Calls `ring` every few seconds in a thread of its own, one ring at a time. Start it once."""

    def __init__(
        self, ring: Callable[[], object], *, every_s: float = EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing rings before `start`. `clock` gives seconds that never go back."""
        # Its own lines ("Added job", "Running job") would come every few seconds.
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._ring, self._clock = ring, clock
        self._rang_at = self._clock()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_job(self._once, IntervalTrigger(seconds=every_s, timezone=UTC))

    @property
    def fault(self) -> str:
        """ "" while the bell rings; else how long it has been silent."""
        silent_s = self._clock() - self._rang_at
        if silent_s < SILENT_S:
            return ""
        return f"The bell has been silent for {silent_s:.0f} s: no schedule runs. Restart: newsletter serve"

    def start(self) -> None:
        """Begin to ring."""
        self._rang_at = self._clock()
        self._scheduler.start()

    def stop(self) -> None:
        """Wait for the ring in hand and end."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _once(self) -> None:
        try:
            self._ring()
        except NewsletterError as error:
            # A database that is busy or a disk that is full: the next ring tries again.
            _log.warning("A tick was not done: %s", error)
        except Exception:  # noqa: BLE001  # the bell must ring on, and its silence is told by `fault`
            _log.exception("A tick failed.")
            return
        self._rang_at = self._clock()
