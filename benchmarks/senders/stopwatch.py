"""What a sender says of itself when it is done: one line of JSON that bench_send.py reads."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Self

_STATUS = Path("/proc/self/status")


class Stopwatch:
    """Wall and CPU seconds of a block, all threads counted."""

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self._wall, self._cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu

    def print(self, sent: int) -> None:
        """Say it, with the number of messages that were accepted."""
        said = {"seconds": self._wall, "cpu_s": self._cpu, "peak_kb": peak_kb(), "sent": sent}
        print(json.dumps(said), flush=True)


def peak_kb() -> int:
    """The most memory this process has held."""
    # On Linux ru_maxrss is inherited from the process that started us; VmHWM (proc(5)) is ours alone.
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
