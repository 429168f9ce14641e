"""Rings the bell of a newsroom in a process of its own, by a clock that it is told.

Started with a folder and, for PostgreSQL, the URL of a database. Each line on stdin is an order:
`tick MOMENT`, `send MOMENT`, `ring MOMENT` (both), `serve MOMENT` (the workers of `newsletter serve`, until the
next line), `loop MOMENT MINUTES` (ring for ever, so many minutes later each time). Each is answered by a line;
a loop says the moment of each ring before it.
"""

from __future__ import annotations

import logging
import os
import sys
import uuid
import warnings
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.answers import Ticked, World
from newsletter.cli.serving import Served
from newsletter.newsroom import Newsroom
from newsletter.scheduler import Bell


class Ringer:
    """A newsroom, and the clock on its wall."""

    def __init__(self, folder: str, database: str) -> None:
        self.now = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
        environ = {"NEWSLETTER_STORE__URL": database} if database else {}
        # The ids of the other harness are counted, and would be the same in two processes.
        world = World(clock=lambda: self.now, new_id=lambda: str(uuid.uuid4()), random=os.urandom, environ=environ)
        self.newsroom = Newsroom(Path(folder), world)
        # Opened now, so that an order finds everything warm.
        self.desk = self.newsroom.schedules()
        self.desk.due_editions()

    def obey(self, word: str, moment: str, minutes: str = "60") -> str:
        self.now = datetime.fromisoformat(moment)
        match word:
            case "tick":
                return self.tick()
            case "send":
                self.desk.send_due()
            case "ring":
                told = self.tick()
                self.desk.send_due()
                return told
            case "serve":
                return self.serve()
            case "loop":
                while True:
                    say(self.now.isoformat())
                    self.tick()
                    self.desk.send_due()
                    self.now += timedelta(minutes=int(minutes))
        return ""

    def tick(self) -> str:
        return words_of(self.desk.tick())

    def serve(self) -> str:
        """Be at work, with a bell that rings as often as it can, until another line comes; gives what it did."""
        workers = Served(self.newsroom).workers
        done: list[str] = []
        ring, tick = workers._ring, workers._desk.tick

        def noted() -> Ticked:
            ticked = tick()
            done.append(words_of(ticked))
            return ticked

        workers._desk.tick = noted  # type: ignore[method-assign]
        workers.bell = Bell(ring, every_s=0.02)
        # It would say whenever a ring takes longer than the time to the next one.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        with workers.at_work():
            say("at work")
            sys.stdin.readline()
        return "; ".join(filter(None, done))


def words_of(ticked: Ticked) -> str:
    """Faults, articles published, states of runs."""
    return "; ".join((*ticked.faults, *ticked.published, *(str(slot.state) for slot in ticked.slots)))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: str, database: str = "") -> None:
    warnings.simplefilter("error")
    ringer = Ringer(folder, database)
    say("ready")
    for line in iter(sys.stdin.readline, ""):
        say(ringer.obey(*line.split()))
    ringer.newsroom.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
