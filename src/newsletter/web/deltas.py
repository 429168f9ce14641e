"""Only what is new: a feed for a program that says which version it has (RFC 3229, `A-IM: feed`).

Comes in: a request and the feed file it asks for. Goes out: 226 with the same head and the entries that
are new or changed, under the entity tag of the whole feed; None where the whole feed has to do.
"""

from __future__ import annotations

import gzip
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.web.codings import IDENTITY, chosen_coding
from newsletter.web.files import Held
from newsletter.web.served import ServedNewsroom

log = logging.getLogger("newsletter.web")

MAX_DELTAS = 256
MAX_TAGS = 4  # named by one request: programs name the one they have
MAX_CHARACTERS = 500  # of a list of tags or manipulations: longer than any program sends

_TAG = re.compile(r'(?:W/)?"([0-9a-f]{32})(?:-[a-z]+)?"')
_FEED = re.compile(r"(?:^|,)\s*feed\s*(?:;\s*q=(?P<q>[0-9.]{1,5})\s*)?(?:,|$)", re.IGNORECASE)

_Key = tuple[str, str, tuple[str, ...]]


@dataclass(slots=True)
class Deltas:
    """The deltas of a newsroom's feeds, the latest of them kept; shared by threads."""

    newsroom: ServedNewsroom
    _made: OrderedDict[_Key, bytes | None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def answer(
        self, request: Request, found: tuple[str, Held], headers: Mapping[str, str], now: datetime
    ) -> Response | None:
        """226 for the feed that was `found` (its path below `feeds/`, and as it was read); None for the whole feed."""
        path, held = found
        known = _versions_named(request) if accepts_deltas(request) else ()
        if not known or not held.content or held.digest in known:
            return None
        delta = await self._delta(path, held, known)
        if delta is None:
            return None
        accepted = request.headers.getlist("accept-encoding")
        body, coding = delta, chosen_coding(accepted, ["gzip"])
        answer = dict(headers) | {
            "IM": "feed",
            # That of the whole feed, in the form this asker would get it.
            "ETag": held.etag(chosen_coding(accepted, [each for each in held.forms if each != IDENTITY])),
            "Last-Modified": format_datetime(min(held.modified, now).replace(microsecond=0), usegmt=True),
            "Cache-Control": "private",
            "Vary": "A-IM, If-None-Match, Accept-Encoding",
        }
        if coding == "gzip":
            body = gzip.compress(delta, 6, mtime=0)
            answer["Content-Encoding"] = "gzip"
        return Response(body, status_code=226, headers=answer)

    async def _delta(self, path: str, held: Held, known: tuple[str, ...]) -> bytes | None:
        key = (path, held.digest, known)
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        try:
            made = await run_in_threadpool(self.newsroom.newer_entries, path, held.content, known)
        except NewsletterError as error:
            # The whole feed is an answer as well, and needs no database.
            log.warning("A delta of %s could not be made, the whole feed is sent: %s", path, error)
            return None
        if made is not None and len(made) >= len(held.content):
            made = None
        with self._lock:
            self._made[key] = made
            while len(self._made) > MAX_DELTAS:
                self._made.popitem(last=False)
        return made


def accepts_deltas(request: Request) -> bool:
    """Whether the asker takes a feed's new entries alone: `A-IM: feed`, among others or not (RFC 3229 §10.5.3)."""
    if request.method not in ("GET", "HEAD"):
        return False
    found = _FEED.search(", ".join(request.headers.getlist("a-im"))[:MAX_CHARACTERS])
    return found is not None and (found["q"] is None or found["q"].strip("0.") != "")


def _versions_named(request: Request) -> tuple[str, ...]:
    """The beginnings of the digests of the versions that the asker has, sorted."""
    tags = _TAG.findall(", ".join(request.headers.getlist("if-none-match"))[:MAX_CHARACTERS])
    return tuple(sorted(set(tags[:MAX_TAGS])))
