"""Written files over HTTP: the right type, validators that hold, and 304 without reading the file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response

from newsletter.site import open_output
from newsletter.web.conditions import is_known

# Whatever else lies in the folders (a README, an editor's backup) is not there for the world.
SITE_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
}
FEED_TYPES: Mapping[str, str] = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
}

MAX_TAGS = 4096


@dataclass(frozen=True, slots=True)
class Tags:
    """Entity tags of files as they were when last read; one of it per app, shared by its threads.

    A file is the same while device, inode, size and both its times are: the writer swaps whole
    files in, so new bytes always come with a new inode.
    """

    known: dict[tuple[int, ...], str] = field(default_factory=dict)

    def of(self, file: BinaryIO) -> tuple[str, bytes | None]:
        """The strong tag of `file`, with its content when that had to be read for it."""
        status = os.fstat(file.fileno())
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if (tag := self.known.get(identity)) is not None:
            return tag, None
        content = file.read()
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        if len(self.known) >= MAX_TAGS:
            self.known.clear()
        self.known[identity] = tag
        return tag, content


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """A folder whose files are served."""

    folder: Path
    tags: Tags
    now: datetime

    def serve(self, request: Request, path: str, headers: Mapping[str, str]) -> Response | None:
        """The file `path` (200 or 304, RFC 9110 §15.4.5) with `headers`; None when there is none to serve."""
        file = open_output(self.folder, path)
        if file is None:
            return None
        with file:
            etag, content = self.tags.of(file)
            # A clock set wrong must not give readers a date in the future (RFC 9110 §8.8.2.1).
            modified = min(datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC), self.now)
            answer = {**headers, "ETag": etag, "Last-Modified": format_datetime(_whole_seconds(modified), usegmt=True)}
            if is_known(request.headers, etag=etag, last_modified=modified):
                del answer["Content-Type"]
                return Response(status_code=304, headers=answer)
            return Response(file.read() if content is None else content, headers=answer)

    def holds(self, path: str) -> bool:
        """Whether `path` is a file to serve."""
        file = open_output(self.folder, path)
        if file is not None:
            file.close()
        return file is not None


def _whole_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
