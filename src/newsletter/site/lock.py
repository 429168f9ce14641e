"""One writer at a time: an advisory lock on a file in the newsroom's folder.

The file is empty while nobody writes. A writer that dies leaves its mark in it, and the next one then
takes away the temporary files it finds.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from newsletter.errors import OutputError, StoreBusy
from newsletter.site.faults import sentences
from newsletter.site.places import OUTPUT_FOLDERS, opened_root

LOCK_FILE = ".newsletter.lock"
LOCK_WAIT_S = 10.0
_PAUSE_S = 0.02
_ENDING = ".new"


def temporary_name(name: str) -> str:
    """The hidden name under which `name` is written before it is swapped in."""
    return f".{name}{_ENDING}"


@contextmanager
def writing_alone(root: Path, *, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold the lock of the newsroom at `root`, waiting at most `wait_s`; not to be nested.

    Raises StoreBusy when another writer, in this process or elsewhere, holds it for longer.
    """
    descriptor = _open(root)
    try:
        with sentences(str(root / LOCK_FILE)):
            _acquire(descriptor, root, wait_s)
            if os.pread(descriptor, 1, 0):
                _sweep(root)
            os.pwrite(descriptor, b"writing\n", 0)
            # On disk before the first temporary file is, so that a power cut is noticed as well.
            os.fsync(descriptor)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _open(root: Path) -> int:
    try:
        return os.open(root / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError(
            f"{root / LOCK_FILE}: {error.strerror}. Check that the folder exists and that this user may write to it."
        ) from error


def _acquire(descriptor: int, root: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise StoreBusy(
                    f"{root / LOCK_FILE}: another process has been writing feeds and pages for {wait_s:g} s. "
                    "Wait until it ends, then run the command again."
                ) from None
            time.sleep(_PAUSE_S)
        else:
            return


def _sweep(root: Path) -> None:
    """Remove the temporary files a dead writer left below the output folders."""
    with opened_root(root) as descriptor:
        for folder in OUTPUT_FOLDERS:
            # A folder that was never made needs no cleaning.
            with suppress(FileNotFoundError):
                for _, _, names, inside in os.fwalk(folder, follow_symlinks=False, dir_fd=descriptor):
                    for name in names:
                        if name.startswith(".") and name.endswith(_ENDING):
                            _remove_regular(inside, name)


def _remove_regular(folder: int, name: str) -> None:
    with suppress(OSError):
        if stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
