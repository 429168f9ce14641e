"""Files swapped in whole, many at once: all on disk first, then every name, then every folder.

In that order a power cut leaves each name with its old bytes or its new ones, never with none. One
file after the other would give the same promise at a multiple of the time: 20 files take 20 ms
together and 80 ms one by one, since the disk settles what was written before in one go.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.site.faults import sentences
from newsletter.site.lock import temporary_name
from newsletter.site.places import open_regular, opened_folder


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file to be: its segments below the root, its bytes, and since when they are these (whole seconds)."""

    segments: tuple[str, ...]
    content: bytes
    modified: datetime

    @property
    def path(self) -> str:
        """The segments as one name."""
        return "/".join(self.segments)


def swap_in(base: int, files: Sequence[NewFile]) -> None:
    """Bring `files` below the folder `base`; when one cannot be written, none of them is changed.

    Raises OutputError.
    """
    try:
        for step in (_stage, _settle, _rename):
            for file in files:
                with sentences(file.path), opened_folder(base, file.segments[:-1], create=True) as folder:
                    step(folder, file)
        settle_folders(base, {file.segments[:depth] for file in files for depth in range(len(file.segments))})
    except BaseException:
        for file in files:
            with suppress(OSError), opened_folder(base, file.segments[:-1]) as folder:
                os.unlink(temporary_name(file.segments[-1]), dir_fd=folder)
        raise


def settle_folders(base: int, folders: Iterable[Sequence[str]]) -> None:
    """Put on disk which names are in `folders`, innermost first; those that are gone need none of it."""
    for segments in sorted(folders, key=len, reverse=True):
        with suppress(FileNotFoundError), sentences("/".join(segments)), opened_folder(base, segments) as folder:
            os.fsync(folder)


def read_standing(base: int, segments: Sequence[str]) -> tuple[bytes, datetime] | None:
    """The bytes of the file that stands there now, and since when; None for a link or anything but a file."""
    try:
        with sentences("/".join(segments)), opened_folder(base, segments[:-1]) as folder:
            file = open_regular(folder, segments[-1])
    except FileNotFoundError:
        return None
    if file is None:
        return None
    with file:
        return file.read(), datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _stage(folder: int, file: NewFile) -> None:
    temporary = temporary_name(file.segments[-1])
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o644, dir_fd=folder), "wb") as staged:
        staged.write(file.content)
        staged.flush()
        os.fchmod(staged.fileno(), 0o644)
        os.utime(staged.fileno(), (file.modified.timestamp(), file.modified.timestamp()))


def _settle(folder: int, file: NewFile) -> None:
    temporary = temporary_name(file.segments[-1])
    descriptor = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(folder: int, file: NewFile) -> None:
    name = file.segments[-1]
    os.replace(temporary_name(name), name, src_dir_fd=folder, dst_dir_fd=folder)
