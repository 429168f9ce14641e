"""Recordings over HTTP: streamed from the disk, whole or the part that a player asks for (RFC 9110 §14).

They are too large for memory, and players on telephones fetch them piece by piece. A recording's name is
the hash of its octets, so it is its own entity tag, and nothing has to be read to know it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsletter.articles import AUDIO_TYPES
from newsletter.site import open_output
from newsletter.web.conditions import is_known

CACHE = "public, max-age=31536000, immutable"
_CHUNK_OCTETS = 64 * 1024
_NAME = re.compile(r"media/(?P<hash>[0-9a-f]{32})\.(?P<kind>[a-z0-9]+)")
_RANGE = re.compile(r"bytes=(?P<first>\d{0,15})-(?P<last>\d{0,15})", re.A)


async def recording_answer(request: Request, folder: Path, path: str) -> Response | None:
    """The recording `path` below `folder`: 200, 206 for one range, 304 or 416; None for what is no recording.

    More than one range, or one in another unit, is answered with the whole (RFC 9110 §14.2).
    """
    name = _NAME.fullmatch(path)
    media_type = AUDIO_TYPES.get(name["kind"]) if name else None
    if name is None or media_type is None:
        return None
    etag = f'"{name["hash"]}"'
    headers = {"ETag": etag, "Cache-Control": CACHE, "Accept-Ranges": "bytes"}
    file = await run_in_threadpool(open_output, folder, path)
    if file is None:
        return None
    size = os.fstat(file.fileno()).st_size
    # HEAD has no parts (RFC 9110 §14.2).
    first, last = _wanted(request.headers, etag, size) if request.method == "GET" else (0, size - 1)
    if is_known(request.headers, etag=etag) or first > last:
        file.close()
        if first <= last:
            return Response(status_code=304, headers=headers)
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers |= {"Content-Type": media_type, "Content-Length": str(last - first + 1)}
    is_whole = last - first + 1 == size
    if not is_whole:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    octets = _octets(file, first, last) if request.method == "GET" else iter(())
    # Closed by the task as well, since a stream that nobody begins to read closes nothing.
    return StreamingResponse(octets, 200 if is_whole else 206, headers=headers, background=BackgroundTask(file.close))


def _wanted(headers: Mapping[str, str], etag: str, size: int) -> tuple[int, int]:
    """The first and last octet asked for; the first lies behind the last where there is no such part."""
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    # A part of what is no longer there would be worth nothing (RFC 9110 §13.1.5).
    if found is None or headers.get("if-range", etag) != etag or not (found["first"] or found["last"]):
        return 0, size - 1
    if not found["first"]:
        length = min(int(found["last"]), size)
        return (size - length, size - 1) if length else (1, 0)
    first = int(found["first"])
    last = min(int(found["last"] or size - 1), size - 1)
    if found["last"] and int(found["last"]) < first:
        return 0, size - 1
    return (first, last) if first < size else (1, 0)


def _octets(file: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (chunk := file.read(min(_CHUNK_OCTETS, left))):
            left -= len(chunk)
            yield chunk
