"""The outbox on disk: which messages lie in the Maildir, newest first, and the bytes of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.site import open_output

# Larger ones are refused by most mail servers anyway.
MAX_MESSAGE_OCTETS = 10 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class MaildirEntry:
    """One message file; `key` is its unique name without flags, `at` its time on disk (aware UTC)."""

    key: str
    name: str
    folder: Path
    size: int
    at: datetime


def list_entries(maildir: Path) -> list[MaildirEntry]:
    """Every message in `new/` and `cur/`, newest first; empty when there is no Maildir."""
    entries = [entry for name in ("new", "cur") for entry in _entries(maildir / name)]
    return sorted(entries, key=lambda entry: (entry.at, entry.key), reverse=True)


def find_entry(maildir: Path, key: str) -> MaildirEntry | None:
    """The message called `key`, or None. The name is looked up, never joined to a path."""
    return next((entry for entry in list_entries(maildir) if entry.key == key), None)


def read_entry(entry: MaildirEntry) -> bytes:
    """The message's bytes, cut at 10 MB; empty when it has gone in the meantime."""
    file = open_output(entry.folder, entry.name)
    if file is None:
        return b""
    with file:
        return file.read(MAX_MESSAGE_OCTETS)


def _entries(folder: Path) -> Iterator[MaildirEntry]:
    try:
        with os.scandir(folder) as found:
            files = [(each.name, each.stat(follow_symlinks=False)) for each in found if _is_message(each)]
    except FileNotFoundError:
        return
    for name, status in files:
        at = datetime.fromtimestamp(status.st_mtime, UTC)
        key = name.partition(":")[0]
        yield MaildirEntry(key=key, name=name, folder=folder, size=status.st_size, at=at)


def _is_message(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
