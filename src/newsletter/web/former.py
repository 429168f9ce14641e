"""Former addresses of articles: 301 to where the article is now, 410 where it was withdrawn."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.pages import PageText
from newsletter.site import GONE, REDIRECTS, Forwarding, read_forwarding
from newsletter.web.files import Held, Shelf
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, wished_language

MAX_REMEMBERED = 4096


@dataclass(slots=True)
class Former:
    """What the two files of former addresses say, read again when they change; shared by threads.

    The page at an address changes whenever the article there comes or goes, after those files. So it
    is looked up once for each page that was read, and an ordinary page costs no second `stat`.
    """

    newsroom: ServedNewsroom
    _read: tuple[tuple[str, str], Forwarding] = (("", ""), Forwarding())
    _ordinary: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request, shelf: Shelf, path: str, held: Held | None) -> Response | None:
        """The answer at `path` ("LANG/SLUG/"), where `held` is the page that stands there; None for a usual address."""
        if (
            path.count("/") != 2
            or not path.endswith("/")
            or (held is not None and (path, held.identity) in self._ordinary)
        ):
            return None
        address, forwarding = path[:-1], self._forwarding(shelf)
        if (present := forwarding.moved.get(address)) is not None:
            # Relative, so that neither the Host header nor a path can make it point at another host.
            headers = {"Cache-Control": "public, max-age=300"}
            return RedirectResponse(f"../../{quote(present)}/", status_code=301, headers=headers)
        if held is None:
            return self._gone(request, address) if forwarding.is_gone(address) else None
        with self._lock:
            if len(self._ordinary) >= MAX_REMEMBERED:
                self._ordinary.clear()
            self._ordinary.add((path, held.identity))
        return None

    def stands_for(self, shelf: Shelf, address: str) -> bool:
        """Whether `address` ("LANG/SLUG") is a former one or that of a withdrawn article."""
        forwarding = self._forwarding(shelf)
        return address.count("/") == 1 and (address in forwarding.moved or forwarding.is_gone(address))

    def _forwarding(self, shelf: Shelf) -> Forwarding:
        redirects, gone = shelf.find(REDIRECTS), shelf.find(GONE)
        marks = (redirects.digest if redirects else "", gone.digest if gone else "")
        if self._read[0] != marks:
            made = read_forwarding(redirects.content if redirects else b"", gone.content if gone else b"")
            self._read = (marks, made)
        return self._read[1]

    def _gone(self, request: Request, address: str) -> Response:
        masthead = self.newsroom.masthead
        first = address.partition("/")[0]
        language = first if first in masthead.languages else wished_language(request, masthead)
        say = frame_in(masthead, language).words.say
        text = PageText(
            title=say("This article was withdrawn"), paragraphs=(say("It is no longer published at this address."),)
        )
        response = answer_page(self.newsroom, text, language=language, status=410)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response
