"""What a disk may hold after a power cut, told from the system calls of a process up to that moment.

What was synced is there. Of everything later, any part may be: writes in any choice, the last one of a file
torn between two sectors; names that were given, changed or taken away and whose folder was not synced since.
The memory that senders share (`-shm`) is gone, as after any start of the machine.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from system_calls import Deed, Step

SECTOR = 512
_MEMORY = "-shm"
# How much of what was not synced is there: often all or nothing, as one flush or none would leave it.
_SHARES = (0.0, 0.3, 0.7, 0.95, 1.0)
_NAMING = (Deed.CREATE, Deed.RENAME, Deed.UNLINK, Deed.MKDIR)


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file but shared memory, by its path relative to `folder`."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(_MEMORY)
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trace:
    """A step and the file it concerns; for a name, whose folder is `place`, the file that has it from now on."""

    step: Step
    file: int
    at: int = 0
    places: tuple[str, ...] = ()


class Disk:
    """A folder as it was found, and what was done to it since."""

    def __init__(self, found: Mapping[str, bytes], folders: Sequence[str], steps: Sequence[Step]) -> None:
        """Begin with the files `found`, all of them durable, in `folders`; the steps come after."""
        self._names = dict(zip(found, range(len(found)), strict=True))
        self._contents = dict(enumerate(found.values()))
        self._folders = frozenset({"", *folders})
        self.steps = list(steps)
        self._traces = list(_follow(self._names, self._contents, steps))

    def after(self, cut: int, chance: random.Random | None = None) -> dict[str, bytes]:
        """The files after a cut that lets the first `cut` steps happen; without a `chance` nothing is lost."""
        durable = self._durable(cut)
        share = 1.0 if chance is None else chance.choice(_SHARES)
        names, folders, contents = dict(self._names), set(self._folders), dict[int, bytearray]()
        last = dict[int, _Trace]()
        kept = list[_Trace]()
        for number, trace in enumerate(self._traces[:cut]):
            keys = trace.places or (trace.file,)
            is_certain = all(number < durable[key] for key in keys)
            if is_certain or chance is None or chance.random() < share:
                kept.append(trace)
                if not is_certain and trace.step.deed is Deed.WRITE:
                    last[trace.file] = trace
        for trace in kept:
            if trace.step.deed in _NAMING:
                _rename(names, folders, trace)
            elif trace.step.deed in (Deed.WRITE, Deed.CUT):
                content = contents.setdefault(trace.file, bytearray(self._contents.get(trace.file, b"")))
                is_torn = chance is not None and last.get(trace.file) is trace and chance.random() < 0.5
                _write(content, trace, chance if is_torn else None)
        return {
            name: bytes(contents.get(file, self._contents.get(file, b"")))
            for name, file in sorted(names.items())
            if not name.endswith(_MEMORY) and _folder_of(name) in folders
        }

    def _durable(self, cut: int) -> defaultdict[int | str, int]:
        """Before which step everything is certain, for each file by number and each folder by path."""
        durable = defaultdict[int | str, int](int)
        for trace in self._traces[:cut]:
            if trace.step.deed is Deed.SYNC:
                key = trace.places[0] if trace.places else trace.file
                durable[key] = max(durable[key], trace.step.since)
        return durable


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Put files, as `Disk.after` gives them, into an empty folder."""
    for name, octets in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)


def _follow(names: Mapping[str, int], contents: Mapping[int, bytes], steps: Sequence[Step]) -> Iterator[_Trace]:
    """Each step with the file it concerned while everything was still in memory."""
    now, folders = dict(names), set[str]()
    sizes = {file: len(content) for file, content in contents.items()}
    ends, appending, fresh = dict[int, int](), set[int](), len(names)
    for step in steps:
        if step.deed is Deed.CREATE:
            is_new = step.path not in now
            file = now.setdefault(step.path, fresh)
            fresh += is_new
            ends[file] = 0
            appending = appending | {file} if step.is_appending else appending - {file}
            if is_new:
                yield _Trace(step=step, file=file, places=(_folder_of(step.path),))
                continue
            step = Step(deed=Deed.SAY)
        file = now.get(step.path, -1)
        if step.deed is Deed.RENAME:
            now[step.target] = now.pop(step.path)
            yield _Trace(step=step, file=file, places=(_folder_of(step.path), _folder_of(step.target)))
        elif step.deed in (Deed.UNLINK, Deed.MKDIR):
            now.pop(step.path, None)
            folders.add(step.path)
            yield _Trace(step=step, file=file, places=(_folder_of(step.path),))
        elif step.deed is Deed.SYNC and file < 0:
            yield _Trace(step=step, file=file, places=(step.path,))
        else:
            at = step.offset
            if at is None:
                at = sizes.get(file, 0) if file in appending else ends.get(file, 0)
                ends[file] = at + len(step.octets)
            if step.deed in (Deed.WRITE, Deed.CUT):
                end = at + len(step.octets)
                sizes[file] = end if step.deed is Deed.CUT else max(sizes.get(file, 0), end)
            yield _Trace(step=step, file=file, at=at)


def _rename(names: dict[str, int], folders: set[str], trace: _Trace) -> None:
    step = trace.step
    if step.deed is Deed.CREATE:
        names[step.path] = trace.file
    elif step.deed is Deed.MKDIR:
        folders.add(step.path)
    else:
        names.pop(step.path, None)
        if step.deed is Deed.RENAME:
            names[step.target] = trace.file


def _write(content: bytearray, trace: _Trace, tearing: random.Random | None) -> None:
    at, octets = trace.at, trace.step.octets
    if trace.step.deed is Deed.CUT:
        del content[at:]
        content.extend(bytes(at - len(content)))
        return
    if len(content) < at + len(octets):
        content.extend(bytes(at + len(octets) - len(content)))
    for start in range(at - at % SECTOR, at + len(octets), SECTOR):
        if tearing is None or tearing.random() < 0.5:
            first, end = max(start, at), min(start + SECTOR, at + len(octets))
            content[first:end] = octets[first - at : end - at]


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]
