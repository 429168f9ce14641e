"""What a process did to the files of one folder and said to others, as strace saw it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import pytest

_SYNCS = ("fsync", "fdatasync")
_RENAMES = ("rename", "renameat", "renameat2")
_UNLINKS = ("unlink", "unlinkat", "rmdir")
_MAKES = ("mkdir", "mkdirat")
_CUTS = ("ftruncate",)
_WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg")
_CALLS = ("openat", *_SYNCS, *_RENAMES, *_UNLINKS, *_MAKES, *_CUTS, *_WRITES)
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_RESULT = re.compile(r"\)\s+= (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FILE = re.compile(r"(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>")
_UNFINISHED = "<unfinished ...>"


class Deed(Enum):
    """What a step does."""

    CREATE = auto()
    WRITE = auto()
    CUT = auto()  # to a length
    RENAME = auto()
    UNLINK = auto()
    MKDIR = auto()
    SYNC = auto()
    SAY = auto()  # to a socket or a pipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One call that succeeded. Paths are relative to the folder, "" is the folder itself.

    `since` is the place at which the call began among the steps: a sync covers what was done before it began.
    A write without `offset` goes on where the file's last one ended.
    """

    deed: Deed
    path: str = ""
    target: str = ""
    octets: bytes = b""
    offset: int | None = None
    is_appending: bool = False
    since: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    name: str
    words: str
    result: int
    began: int
    ended: int


def record(command: Sequence[object], folder: Path, log: Path) -> list[Step]:
    """Run a command to its end under strace, and give what it did below `folder`, in order."""
    options = ["-f", "-y", "-xx", "-s", "9999999", "--seccomp-bpf", "-o", str(log), "-e", f"trace={','.join(_CALLS)}"]
    whole = ["strace", *options, *map(str, command)]
    with subprocess.Popen(whole, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        words = process.communicate(timeout=100)[1]
    assert process.returncode == 0, words
    return steps_in(log.read_text("ascii"), folder)


def require_strace() -> None:
    """Skip a test, and say why, where nothing can be recorded; fail where NEWSLETTER_REQUIRE_TOOLS=1 asks for it."""
    path = shutil.which("strace")
    if path is None and os.environ.get("NEWSLETTER_REQUIRE_TOOLS") == "1":
        pytest.fail("strace is not installed, and NEWSLETTER_REQUIRE_TOOLS=1 asks for it.")
    if path is None:
        pytest.skip("could not run: strace is not installed.")
    if subprocess.run([path, "-o", os.devnull, "true"], capture_output=True).returncode:
        pytest.skip("could not run: this machine forbids programs to trace others.")


def steps_in(log: str, folder: Path) -> list[Step]:
    """The steps that a trace tells: each where it began, since it may have had its effect; a sync where it ended."""
    calls = [(call, is_sync) for call in _calls(log) if call.result >= 0 for is_sync in [call.name in _SYNCS]]
    calls.sort(key=lambda each: each[0].ended if each[1] else each[0].began)
    steps, begins = list[Step](), list[int]()
    for call, is_sync in calls:
        since = sum(moment < call.began for moment in begins) if is_sync else len(steps)
        for step in _steps(call, _Folder(folder), since):
            steps.append(step)
            begins.append(call.ended if is_sync else call.began)
    return steps


def _calls(log: str) -> Iterator[_Call]:
    begun: dict[str, tuple[int, str, str]] = {}
    for number, line in enumerate(log.splitlines()):
        found = _LINE.match(line)
        if found is None:
            continue
        pid, resumed, name, rest = found.groups()
        if resumed is None and rest.endswith(_UNFINISHED):
            begun[pid] = (number, name, rest.removesuffix(_UNFINISHED))
            continue
        began, name, words = (number, name, "") if resumed is None else begun.pop(pid)
        result = _RESULT.search(rest)
        if result is not None:
            words = words + rest[: result.start()]
            yield _Call(name=name, words=words, result=int(result[1]), began=began, ended=number)


class _Folder:
    """Says where below the folder a path lies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def place_of(self, path: Path) -> str | None:
        if path == self._folder:
            return ""
        return str(path.relative_to(self._folder)) if path.is_relative_to(self._folder) else None


def _steps(call: _Call, folder: _Folder, since: int) -> Iterator[Step]:
    """What one call comes to: nothing for a file elsewhere, two steps where opening a file empties it."""
    files = [Path(_octets(each).decode()) for _, each in _FILE.findall(call.words)]
    texts = [_octets(each) for each in _TEXT.findall(call.words)]
    if call.name in _WRITES or call.name in _SYNCS or call.name in _CUTS:
        yield from _to_open_file(call, folder, (files[0] if files else Path(), b"".join(texts)), since)
        return
    bases = [*files, *[Path()] * len(texts)]
    named = [folder.place_of(base / text.decode()) for base, text in zip(bases, texts, strict=False)]
    if any(each is None for each in named):
        return
    path, target = str(named[0]), str(named[-1])
    if call.name == "openat":
        if "O_CREAT" in call.words:
            yield Step(deed=Deed.CREATE, path=path, is_appending="O_APPEND" in call.words)
        if "O_TRUNC" in call.words:
            yield Step(deed=Deed.CUT, path=path, offset=0)
    elif call.name in _RENAMES:
        yield Step(deed=Deed.RENAME, path=path, target=target)
    else:
        yield Step(deed=Deed.MKDIR if call.name in _MAKES else Deed.UNLINK, path=path)


def _to_open_file(call: _Call, folder: _Folder, to: tuple[Path, bytes], since: int) -> Iterator[Step]:
    file, octets = to
    path = folder.place_of(file)
    if call.name in _SYNCS and path is not None:
        yield Step(deed=Deed.SYNC, path=path, since=since)
    elif call.name in _CUTS and path is not None:
        yield Step(deed=Deed.CUT, path=path, offset=_last_number(call))
    elif call.name in _WRITES and path is not None:
        offset = _last_number(call) if call.name.startswith("p") else None
        yield Step(deed=Deed.WRITE, path=path, octets=octets[: call.result], offset=offset)
    elif call.name in _WRITES and not file.is_absolute():
        yield Step(deed=Deed.SAY, octets=octets[: call.result])


def _last_number(call: _Call) -> int:
    return int(call.words.rpartition(",")[2])


def _octets(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal.replace("\\x", ""))
