"""The workers of `newsletter serve` by a clock that goes on with each ring of their bell.

Started with a folder, the moment at which to begin, the minutes between two rings, and the moment at which to end.
Says the moment of each ring before it. Everything else is as it is in `serve`: threads, bell, senders, notices.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.answers import World
from newsletter.cli.serving import Served
from newsletter.newsroom import Newsroom
from newsletter.scheduler import Bell


class FastYears:
    """The clock, and the bell that moves it."""

    def __init__(self, folder: str, begin: str, minutes: str, end: str) -> None:
        self.now = datetime.fromisoformat(begin)
        self._step, self._end = timedelta(minutes=int(minutes)), datetime.fromisoformat(end)
        # The ids of the other harness are counted, and would be the same in two processes.
        world = World(clock=lambda: self.now, new_id=lambda: str(uuid.uuid4()), random=os.urandom, environ={})
        self._newsroom = Newsroom(Path(folder), world)
        self._newsroom.renew_outputs()
        self._workers = Served(self._newsroom).workers
        self._ring = self._workers._ring
        self._workers.bell = Bell(self.ring, every_s=0.002)
        # It would say whenever a ring takes longer than the time to the next one.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._over = threading.Event()

    def ring(self) -> None:
        if self._over.is_set():
            return
        sys.stdout.write(f"{self.now.isoformat()}\n")
        sys.stdout.flush()
        self._ring()
        self._workers.mail.wake()
        self.now += self._step
        if self.now > self._end:
            self._over.set()

    def live(self) -> None:
        with self._workers.at_work():
            self._over.wait()
        # What was due when the bell stopped.
        self._newsroom.send_due()
        self._newsroom.close()


if __name__ == "__main__":
    FastYears(*sys.argv[1:]).live()
