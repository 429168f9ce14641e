"""Written files over HTTP, from memory: the right type, validators that hold, packed forms, cheap 304.

A file is read once. After that, each request costs one `stat`, which tells whether the writer has
swapped a new file in: whole files are swapped, so new bytes always come with a new inode.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.site import ENDINGS, open_output, packed_paths, unpacked
from newsletter.web.codings import IDENTITY, chosen_coding
from newsletter.web.conditions import is_known

# Whatever else lies in the folders (a README, an editor's backup) is not there for the world.
SITE_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
}

MAX_HELD_OCTETS = 64 * 1024 * 1024
MAX_FILE_OCTETS = 4 * 1024 * 1024
MAX_HELD_FILES = 4096

_Identity = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A file as it was read: its bytes by coding, its hash, and since when they are these.

    A file too large to be held has no bytes here; its hash is kept.
    """

    identity: _Identity
    digest: str
    modified: datetime
    forms: Mapping[str, bytes]
    may_pack: bool

    @property
    def size(self) -> int:
        """Octets held."""
        return sum(map(len, self.forms.values()))

    @property
    def content(self) -> bytes:
        """The bytes as they were written, b"" for a file too large to be held."""
        return self.forms.get(IDENTITY, b"")

    def etag(self, coding: str) -> str:
        """The strong entity tag: one for each coding (RFC 9110 §8.8.3.3)."""
        return f'"{self.digest}"' if coding == IDENTITY else f'"{self.digest}-{coding}"'


@dataclass(slots=True)
class Shelf:
    """A folder whose files are served; the least asked for is forgotten first. Shared by threads."""

    folder: Callable[[], Path]
    max_octets: int = MAX_HELD_OCTETS
    _held: OrderedDict[str, Held] = field(default_factory=OrderedDict)
    _octets: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def known(self, path: str) -> Held | None:
        """The file `path` from memory, when it stands there as it was read; one `stat`, no reading."""
        with self._lock:
            held = self._held.get(path)
        if held is None or not self._is_current(path, held):
            return None
        with self._lock:
            if path in self._held:
                self._held.move_to_end(path)
        return held

    def find(self, path: str) -> Held | None:
        """The file `path` as it stands now, read when it is new or changed; None when there is none to serve."""
        if (held := self.known(path)) is not None:
            return held
        found = _read(self.folder(), path, max_octets=MAX_FILE_OCTETS)
        self._keep(path, found)
        return found

    def whole(self, path: str) -> Held | None:
        """The file `path` with its bytes, read now, however large it is; not held."""
        return _read(self.folder(), path, max_octets=None)

    def _is_current(self, path: str, known: Held) -> bool:
        try:
            # The name was safe when it was read. Whatever stands there now, a link included, is only
            # compared: anything but the file that was read is opened step by step again.
            return _identity(self.folder().joinpath(path).stat(follow_symlinks=False)) == known.identity
        except (OSError, ValueError):
            return False

    def _keep(self, path: str, found: Held | None) -> None:
        with self._lock:
            former = self._held.pop(path, None)
            if former is not None:
                self._octets -= former.size
            if found is None:
                return
            self._held[path] = found
            self._octets += found.size
            while self._octets > self.max_octets or len(self._held) > MAX_HELD_FILES:
                _, dropped = self._held.popitem(last=False)
                self._octets -= dropped.size


async def held_of(shelf: Shelf, path: str) -> Held | None:
    """The file `path` as it stands now, from memory where it can be; None when there is none to serve."""
    return shelf.known(path) or await run_in_threadpool(shelf.find, path)


async def answer_held(
    request: Request, shelf: Shelf, found: tuple[str, Held], headers: Mapping[str, str], now: datetime
) -> Response | None:
    """The file that was `found` (its path, and as it was read), read whole where its bytes are not held."""
    path, held = found
    response = answer_with(request, held, headers, now)
    if response is None:
        whole = await run_in_threadpool(shelf.whole, path)
        response = answer_with(request, whole, headers, now) if whole is not None else None
    return response


def answer_with(request: Request, held: Held, headers: Mapping[str, str], now: datetime) -> Response | None:
    """`held` (200, or 304 by RFC 9110 §15.4.5) with `headers`; None when its bytes are needed and not held."""
    coding = _coding(request, held)
    answer = dict(headers)
    if held.may_pack:
        answer["Vary"] = ", ".join(filter(None, [answer.get("Vary", ""), "Accept-Encoding"]))
    # A clock set wrong must not give readers a date in the future (RFC 9110 §8.8.2.1).
    modified = min(held.modified, now)
    etag = held.etag(coding)
    answer |= {"ETag": etag, "Last-Modified": format_datetime(_whole_seconds(modified), usegmt=True)}
    if is_known(request.headers, etag=etag, last_modified=modified):
        del answer["Content-Type"]
        return Response(status_code=304, headers=answer)
    if coding not in held.forms:
        return None
    if coding != IDENTITY:
        answer["Content-Encoding"] = coding
    return Response(held.forms[coding], headers=answer)


def _coding(request: Request, held: Held) -> str:
    # A file too large to be held goes out plain, so that its tag is the same with its bytes and without.
    offered = [coding for coding in ENDINGS if coding in held.forms] if len(held.content) <= MAX_FILE_OCTETS else []
    return chosen_coding(request.headers.getlist("accept-encoding"), offered) if offered else IDENTITY


def _read(folder: Path, path: str, *, max_octets: int | None) -> Held | None:
    file = open_output(folder, path)
    if file is None:
        return None
    with file:
        status = os.fstat(file.fileno())
        content = file.read()
    # A copy that says something else, since a publish is just under way or someone altered it, is not
    # offered: the tag would promise what the bytes do not keep.
    forms = {IDENTITY: content}
    for coding, name in zip(ENDINGS, packed_paths(path), strict=False):
        copy = _copy(open_output(folder, name))
        if copy is not None and unpacked(coding, copy, size=len(content)) == content:
            forms[coding] = copy
    return Held(
        identity=_identity(status),
        digest=hashlib.sha256(content).hexdigest()[:32],
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        forms=forms if max_octets is None or len(content) <= max_octets else {},
        may_pack=bool(packed_paths(path)),
    )


def _copy(file: BinaryIO | None) -> bytes | None:
    if file is None:
        return None
    with file:
        return file.read()


def _identity(status: os.stat_result) -> _Identity:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _whole_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
