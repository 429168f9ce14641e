"""A file from outside comes into the newsroom: copied with its pictures, overwriting nothing.

The copy is the source from then on. Done before the release, so that a crash in between leaves a file
that the next run recognises.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

from newsletter.editions.draft import Draft
from newsletter.errors import OutputError, UsageError


def copy_in(drafts: Sequence[Draft]) -> tuple[Path, ...]:
    """Copy what lies outside to its permanent place; gives the files written. Safe to repeat.

    Raises UsageError, before anything is written, when another file already stands there, or when two
    files would be copied to one place.
    """
    wanted: dict[Path, Path] = {}
    for source, target in (pair for draft in drafts if draft.is_outside for pair in _pairs(draft)):
        there = target if target.exists() else wanted.setdefault(target, source)
        if there.read_bytes() != source.read_bytes():
            raise UsageError(
                f"{target}: another file of this name is there, and nothing is overwritten. "
                f"Rename {source}, or publish {target} itself."
                if there == target
                else f"{there} and {source} would both be copied to {target}. Rename one of them."
            )
    written = [target for target in wanted if not target.exists()]
    for target in written:
        _copy(wanted[target], target)
    return tuple(written)


def _pairs(draft: Draft) -> list[tuple[Path, Path]]:
    pictures = [(picture.source, draft.place.parent / picture.reference) for picture in draft.pictures]
    return [(draft.file, draft.place), *pictures]


def _copy(source: Path, target: Path) -> None:
    # Process and thread keep two copies of one file apart, as when a command is given twice at once.
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.copying")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.rename(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{target}: cannot be written ({error.strerror}). Check its permissions.") from error
