"""Returned mail from a Maildir, where the mail server or another program delivers it.

What is in `new/`, or unseen in `cur/`, is handed on; then it lies in `cur/` as seen, where other mail programs show it
as read mail (https://cr.yp.to/proto/maildir.html).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from newsletter.delivery.mailboxes.box import MAX_OCTETS, Collected, Take, Tally
from newsletter.errors import TransportError

# A name may begin with a stroke of its own for flags: this is the form every mail program writes.
_MARK = ":2,"


class MaildirBox:
    """The Maildir at `path`, made when it is missing. Several may read one at the same time."""

    def __init__(self, path: Path) -> None:
        """Use the folder `path`; nothing is made or read before `collect`."""
        self._path = path

    def collect(self, take: Take, *, stop: Callable[[], bool]) -> Collected:
        """Hand on what nobody has seen; see `Box.collect`.

        Files only: a link, a pipe or a folder is counted as failed and left alone.
        """
        tally = Tally()
        try:
            waiting = self._waiting()
        except OSError as error:
            raise TransportError(
                f"{self._path}: the Maildir cannot be read ({error.strerror}). Check permissions of that folder."
            ) from error
        for file in waiting:
            if stop():
                break
            self._collect_one(file, take, tally)
        return tally.sum()

    def _waiting(self) -> list[Path]:
        for part in ("tmp", "new", "cur"):
            (self._path / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        found = [*_aged(self._path / "new"), *(each for each in _aged(self._path / "cur") if not _is_seen(each[1]))]
        return [file for _, file in sorted(found, key=lambda each: (each[0], each[1].name))]

    def _collect_one(self, file: Path, take: Take, tally: Tally) -> None:
        try:
            message = _read(file)
        except FileNotFoundError:
            return  # Somebody else took it meanwhile.
        except OSError as error:
            tally.fail(f"{file}: cannot be read ({error.strerror}). Look at it, and move it away or mend its rights.")
            return
        if message is None:
            tally.fail(f"{file}: is no ordinary file, and stays unread. Move it away.")
            return
        if not tally.is_taken(take, message, str(file)):
            return
        try:
            self._mark_seen(file)
        except FileNotFoundError:
            pass  # Another collector was faster; taking it twice changes nothing.
        except OSError as error:
            tally.fail(
                f"{file}: was taken, but cannot be moved to cur ({error.strerror}), and so is read again each time. "
                "Make both folders writable."
            )
            return
        tally.count_taken()

    def _mark_seen(self, file: Path) -> None:
        # A rename lost in a power cut is no harm: the message is taken again, which changes nothing.
        name, _, flags = file.name.partition(_MARK)
        flags = "".join(sorted({*flags, "S"}))
        target = self._path / "cur" / f"{name}{_MARK}{flags}"
        # `rename` would overwrite. Names are unique by the rules of Maildir, so who has this one broke them long ago.
        number = count(1)
        while os.path.lexists(target):
            target = target.with_name(f"{name}.{next(number)}{_MARK}{flags}")
        file.rename(target)


def _aged(folder: Path) -> Iterator[tuple[int, Path]]:
    """The entries of `folder` with the time of their arrival; hidden ones are no messages."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                yield entry.stat(follow_symlinks=False).st_mtime_ns, Path(entry.path)
            except FileNotFoundError:
                continue


def _is_seen(file: Path) -> bool:
    return "S" in file.name.partition(_MARK)[2]


def _read(file: Path) -> bytes | None:
    """The first octets of an ordinary file; None for anything else, which is neither followed nor waited for."""
    if not stat.S_ISREG(file.lstat().st_mode):
        return None
    # It may have become a link or a pipe since.
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as opened:
        return opened.read(MAX_OCTETS) if stat.S_ISREG(os.fstat(handle).st_mode) else None
