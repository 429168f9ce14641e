"""Children that are killed: at a chosen system call, or at a random moment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

HARNESS = Path(__file__).parent
# Whatever changes a file or makes a change durable. What lies in memory alone dies with the process.
CALLS = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "rename", "renameat", "renameat2", "unlink")


class Mortals:
    """The process of mortal_process.py."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, str(HARNESS / "mortal_process.py"), str(folder)]
        self._process = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        assert self.hear() == "ready"

    def bear(self, *order: object) -> int:
        """A child that does nothing yet; gives its number."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, order)) + "\n")
        self._process.stdin.flush()
        word, pid = self.hear().split()
        assert word == "born"
        return int(pid)

    def hear(self) -> str:
        """The next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def lines(self) -> Iterator[str]:
        """What a child says until its end, which comes last."""
        while True:
            line = self.hear()
            yield line
            if line.startswith("ended") or not line:
                return

    def end_of(self, pid: int) -> int:
        """Let a child live, and give how it ended."""
        os.kill(pid, signal.SIGCONT)
        return int([*self.lines()][-1].split()[1])

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def traced(strace: str, pid: int, log: Path, *options: str) -> Iterator[None]:
    """Have a child's calls counted in `log`, or changed by `options`, from here to its end."""
    command = [strace, "-f", "-o", str(log), "-e", f"trace={','.join(CALLS)}", *options, "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=PIPE, text=True)
    assert tracer.stderr is not None
    line = tracer.stderr.readline()
    assert "attached" in line, line
    yield
    tracer.communicate(timeout=60)


def calls_in(log: Path) -> Counter[str]:
    """How often each call was made."""
    return Counter(
        match[1] for line in log.read_text("utf-8").splitlines() if (match := re.match(r"\d+ +(\w+)\(", line))
    )
