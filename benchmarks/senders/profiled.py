"""The engine under the profiler, all threads together: python -m senders.profiled FOLDER PORT CONNECTIONS.

CPU time, not wall time: twenty connections wait at once, for the receiver and for one another.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import threading
import time
from types import FrameType

from senders.engine import main


def profiled(arguments: list[str]) -> None:
    profiles = [cProfile.Profile(time.thread_time)]

    def begin(_frame: FrameType, _event: str, _arg: object) -> None:
        # A profile sees its own thread only, so that each thread begins one of its own at its first call.
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()

    threading.setprofile(begin)
    profiles[0].runcall(main, arguments)
    threading.setprofile(None)
    for one in profiles[1:]:
        one.create_stats()
    stats = pstats.Stats(*profiles)
    stats.sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    profiled(sys.argv[1:])
