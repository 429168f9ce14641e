"""Write, compare and remove outputs: each file is swapped in whole, and only when its bytes differ.

Comes in: paths below the newsroom's folder ("feeds/rss.xml", "site/en/the-tide-tables/index.html") and
bytes. Goes out: the files with their packed copies, one row each in the store, and `Written`, which
counts a file and its copies as one. A crash at any point leaves the old file or the new one; what it
could not remember is put right by the next write.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from newsletter.site.faults import sentences
from newsletter.site.lock import LOCK_WAIT_S, writing_alone
from newsletter.site.packing import MIN_OCTETS, is_packed, packed_copies, packed_paths
from newsletter.site.places import opened_folder, opened_root, output_segments
from newsletter.site.swapping import NewFile, read_standing, settle_folders, swap_in
from newsletter.site.versions import versions_among
from newsletter.store import Store
from newsletter.store.feed_versions import remember_versions
from newsletter.store.outputs import StoredOutput, forget_outputs, outputs_at, remember_outputs


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a write did: paths changed and removed, in order of their names, and how many stayed as they were."""

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """The files that should stand, and the paths that should not.

    `before` are files that come first, a few at a time: so many that they are made only when they are written.
    """

    files: Mapping[str, bytes]
    gone: Collection[str] = ()
    before: Iterable[Mapping[str, bytes]] = ()


def write_outputs(
    root: Path, files: Mapping[str, bytes], *, store: Store, now: datetime, wait_s: float = LOCK_WAIT_S
) -> Written:
    """Bring `files` below `root`, changing only those whose bytes differ; pages first, feeds last.

    `now` (aware UTC) becomes the Last-Modified of what changes. Safe to repeat. Nothing is touched
    when one of the names cannot be an output. Opens its own transactions: call it outside of one.

    Raises OutputError when a file cannot be written (the last good one stays), StoreBusy when
    another writer holds the lock longer than `wait_s`.
    """
    return renew_outputs(root, lambda: Renewal(files=files), store=store, now=now, wait_s=wait_s)


def remove_outputs(root: Path, paths: Collection[str], *, store: Store, wait_s: float = LOCK_WAIT_S) -> tuple[str, ...]:
    """Take `paths` away with the folders they leave empty; the ones that stood there, sorted.

    Safe to repeat. Raises OutputError and StoreBusy like `write_outputs`.
    """
    with writing_alone(root, wait_s=wait_s):
        return _remove(root, paths, store=store)


def renew_outputs(
    root: Path, build: Callable[[], Renewal], *, store: Store, now: datetime, wait_s: float = LOCK_WAIT_S
) -> Written:
    """Call `build` while no other writer is at work, then write and remove what it says.

    Two commands that publish at once would otherwise each write the feed as they had read it, and
    the slower one would take the other's article out of it again. Raises like `write_outputs`.
    """
    with writing_alone(root, wait_s=wait_s):
        renewal = build()
        parts = [_write(root, files, store=store, now=now) for files in renewal.before]
        parts.append(_write(root, renewal.files, store=store, now=now))
        removed = _remove(root, [path for path in renewal.gone if path not in renewal.files], store=store)
        return Written(
            changed=tuple(path for part in parts for path in part.changed),
            removed=removed,
            unchanged=sum(part.unchanged for part in parts),
        )


def plan_outputs(root: Path, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The paths that `write_outputs` would change, sorted. Writes nothing and takes no lock."""
    places = {path: output_segments(path) for path in files}
    with opened_root(root) as base:
        standing = {path: read_standing(base, segments) for path, segments in sorted(places.items())}
    return tuple(path for path, found in standing.items() if found is None or found[0] != files[path])


def _write(root: Path, files: Mapping[str, bytes], *, store: Store, now: datetime) -> Written:
    places = {path: output_segments(path) for path in sorted(files)}
    with store.reading() as connection:
        known = outputs_at(connection, [name for path in files for name in (path, *packed_paths(path))])
    with opened_root(root) as base:
        compared = {
            path: _compared(base, NewFile(segments=segments, content=files[path], modified=now), known.get(path))
            for path, segments in places.items()
        }
        copies = [copy for file, _, is_new in compared.values() for copy in _copies(base, file, known, is_new=is_new)]
        changed = [file for file, _, is_new in compared.values() if is_new]
        for _, stage in groupby(sorted([*copies, *changed], key=_order_of), key=_stage_of):
            swap_in(base, list(stage))
    written = [row for _, row, _ in compared.values()] + [_row(copy) for copy in copies]
    rows = [row for row in written if row != known.get(row.path)]
    if rows:
        with store.writing() as connection:
            remember_outputs(connection, rows)
            remember_versions(connection, versions_among(changed, now=now))
    too_small = [name for path in files for name in packed_paths(path) if name in known and not _is_wanted(path, files)]
    _remove(root, too_small, store=store)
    return Written(changed=tuple(file.path for file in changed), unchanged=len(files) - len(changed))


def _is_wanted(path: str, files: Mapping[str, bytes]) -> bool:
    return len(files[path]) >= MIN_OCTETS


def _copies(base: int, file: NewFile, known: Mapping[str, StoredOutput], *, is_new: bool) -> Sequence[NewFile]:
    """The packed copies of `file` to write: both when it is new, else those that were lost or altered."""
    names = packed_paths(file.path) if len(file.content) >= MIN_OCTETS else ()
    if not is_new and all(_is_whole(base, known.get(name), file.modified) for name in names):
        return ()
    return [
        NewFile(segments=output_segments(name), content=content, modified=file.modified)
        for name, content in packed_copies(file.path, file.content).items()
    ]


def _is_whole(base: int, known: StoredOutput | None, modified: datetime) -> bool:
    """Whether the copy remembered as `known` stands there with its bytes, and with the date of its file."""
    if known is None or known.last_modified != modified:
        return False
    standing = read_standing(base, output_segments(known.path))
    return standing is not None and hashlib.sha256(standing[0]).hexdigest() == known.hash


def _row(file: NewFile) -> StoredOutput:
    digest = hashlib.sha256(file.content).hexdigest()
    return StoredOutput(path=file.path, hash=digest, size=len(file.content), last_modified=file.modified)


def _order_of(file: NewFile) -> tuple[int, bool]:
    """By stage, and in each of them the copies first: whoever sees a new file finds its copies there already."""
    return _stage_of(file), not is_packed(file.path)


def _stage_of(file: NewFile) -> int:
    """Pictures and styles before the pages that show them, feeds when every page they name is there."""
    if file.segments[0] == "feeds":
        return 2
    return 0 if file.segments[1] in ("media", "site.css", "site.css.br", "site.css.gz") else 1


def _compared(base: int, file: NewFile, known: StoredOutput | None) -> tuple[NewFile, StoredOutput, bool]:
    """`file` with the date its bytes deserve, its row, and whether it differs from what stands there."""
    standing = read_standing(base, file.segments)
    is_new = standing is None or standing[0] != file.content
    digest = hashlib.sha256(file.content).hexdigest()
    modified = file.modified
    if known is not None and known.hash == digest and (standing is None or not is_new):
        # The bytes of a file that was lost are not new; those of one that someone altered are.
        modified = known.last_modified
    elif standing is not None and not is_new:
        modified = min(standing[1], modified)
    modified = modified.replace(microsecond=0)
    row = StoredOutput(path=file.path, hash=digest, size=len(file.content), last_modified=modified)
    return NewFile(segments=file.segments, content=file.content, modified=modified), row, is_new


def _remove(root: Path, paths: Collection[str], *, store: Store) -> tuple[str, ...]:
    places = {name: output_segments(name) for path in sorted(paths) for name in (path, *packed_paths(path))}
    if not places:
        return ()
    with opened_root(root) as base:
        taken = [path for path, segments in places.items() if _take_away(base, segments)]
    removed = tuple(path for path in taken if path in paths)
    with store.writing() as connection:
        forget_outputs(connection, places.keys())
    return removed


def _take_away(base: int, segments: Sequence[str]) -> bool:
    try:
        with sentences("/".join(segments)), opened_folder(base, segments[:-1]) as folder:
            os.unlink(segments[-1], dir_fd=folder)
    except FileNotFoundError:
        return False
    for depth in range(len(segments) - 1, 1, -1):
        with opened_folder(base, segments[: depth - 1]) as parent:
            try:
                os.rmdir(segments[depth - 1], dir_fd=parent)
            except OSError:
                break
    settle_folders(base, [segments[:depth] for depth in range(1, len(segments))])
    return True
