"""Where outputs may lie: names that cannot leave their folder, and folders opened step by step.

Every step below the root is opened relative to the one before it and never through a link, so that
neither a name nor a link planted in the folder leads a write or a read elsewhere.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import OutputError
from newsletter.site.faults import sentences

OUTPUT_FOLDERS = ("feeds", "site")

MAX_PATH_CHARACTERS = 512
# Linux takes 255 octets for a name; the temporary file adds a dot and an ending to it.
MAX_NAME_OCTETS = 245

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def split_path(path: str) -> tuple[str, ...] | None:
    """The segments of a relative path with forward slashes, or None when it may not name an output.

    Refused: empty segments, hidden names and ".." (both start with a dot), backslashes, control
    characters, and what no file system can store.
    """
    segments = tuple(path.split("/"))
    return segments if len(path) <= MAX_PATH_CHARACTERS and all(map(_is_name, segments)) else None


def _is_name(segment: str) -> bool:
    if not segment or segment.startswith(".") or "\\" in segment:
        return False
    # Cc: NUL and its kin; Cs: half characters, which UTF-8 cannot hold; Zl, Zp: lines within a name.
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in segment):
        return False
    return len(segment.encode()) <= MAX_NAME_OCTETS


def output_segments(path: str) -> tuple[str, ...]:
    """The segments of `path`, which has to lie below `feeds/` or `site/`; raises OutputError when it does not."""
    segments = split_path(path)
    if segments is None or len(segments) < 2 or segments[0] not in OUTPUT_FOLDERS:
        raise OutputError(
            f"{path[:80]!r} cannot be the name of an output. Outputs lie below feeds/ or site/, and no part "
            f"of their name is empty, hidden, or longer than {MAX_NAME_OCTETS} octets."
        )
    return segments


@contextmanager
def opened_root(root: Path) -> Iterator[int]:
    """A descriptor of `root`, which may be reached through a link. Raises OutputError when there is none."""
    try:
        descriptor = os.open(root, _FOLDER)
    except OSError as error:
        raise OutputError(f"{root}: {error.strerror}. Check that the folder exists and may be entered.") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_folder(root: int, segments: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """A descriptor of the folder `segments` below `root`, made with mode 0755 when `create` and missing.

    Raises FileNotFoundError for a missing folder and NotADirectoryError where a link or a file is in the way.
    """
    descriptor = os.dup(root)
    try:
        for segment in segments:
            following = _step(descriptor, segment, create=create)
            os.close(descriptor)
            descriptor = following
        yield descriptor
    finally:
        os.close(descriptor)


def _step(folder: int, segment: str, *, create: bool) -> int:
    try:
        return os.open(segment, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    except OSError as error:
        # A link gives ELOOP on some systems and ENOTDIR on others.
        if error.errno == errno.ELOOP:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), segment) from error
        raise
    # Another process may make it between our look and now.
    with suppress(FileExistsError):
        os.mkdir(segment, 0o755, dir_fd=folder)
    made = os.open(segment, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    # The web server may be another user, whatever our umask.
    os.fchmod(made, 0o755)
    return made


def require_writable(root: Path) -> None:
    """Nothing, if outputs can be written below `root`; its output folders are made if need be.

    Asked before a release, which cannot be taken back when the disk refuses after it. Raises OutputError.
    """
    with opened_root(root) as base:
        for name in OUTPUT_FOLDERS:
            with sentences(f"{name}/"), opened_folder(base, (name,), create=True) as folder:
                if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def open_regular(folder: int, name: str) -> BinaryIO | None:
    """The regular file `name` in `folder`, open for reading; None when it is missing or anything else."""
    try:
        # O_NONBLOCK: a pipe planted under that name must not keep us waiting for its other end.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EISDIR):
            return None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    return None


def open_output(folder: Path, path: str) -> BinaryIO | None:
    """The written file `path` below `folder`, open for reading.

    None when there is no such file, when its name may not name an output, or when a link stands
    anywhere on the way below `folder`; also when `folder` itself is missing.
    """
    segments = split_path(path)
    if segments is None:
        return None
    try:
        with opened_root(folder) as root, opened_folder(root, segments[:-1]) as parent:
            return open_regular(parent, segments[-1])
    except (OutputError, OSError):
        return None
