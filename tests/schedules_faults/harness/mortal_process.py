"""Rings the bell of a newsroom in processes that may be killed: forked on demand, so that none has to start anew.

Each line on stdin is a word and a moment: `tick MOMENT` (one tick) or `loop MOMENT MINUTES UNTIL` (tick and send,
so many minutes later each time). The child is stopped before it opens anything, and its number is said; whoever
continues it may have got hold of it before. A loop says the moment of each ring; at last comes how it ended.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.answers import World
from newsletter.newsroom import Newsroom


def live(folder: str, word: str, moment: str, minutes: str = "60", until: str = "") -> None:
    now = datetime.fromisoformat(moment)
    # The ids of the other harness are counted, and would be the same in two processes.
    world = World(clock=lambda: now, new_id=lambda: str(uuid.uuid4()), random=os.urandom, environ={})
    newsroom = Newsroom(Path(folder), world)
    if word == "tick":
        assert newsroom.tick().faults == ()
        return
    desk = newsroom.schedules()
    while now <= datetime.fromisoformat(until):
        say(f"at {now.isoformat()}")
        assert desk.tick().faults == ()
        desk.send_due()
        now += timedelta(minutes=int(minutes))


def bear(folder: str, order: list[str]) -> int:
    """The number of a child that waits to be continued before it lives."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, os.WUNTRACED)
        return pid
    code = 70
    try:
        os.kill(os.getpid(), signal.SIGSTOP)
        live(folder, *order)
        code = 0
    finally:
        os._exit(code)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: str) -> None:
    say("ready")
    for line in iter(sys.stdin.readline, ""):
        pid = bear(folder, line.split())
        say(f"born {pid}")
        say(f"ended {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
