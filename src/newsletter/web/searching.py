"""The search: GET only, nothing kept of what was asked, in the reader's language first."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.errors import NewsletterError
from newsletter.pages import SearchResults, search_page
from newsletter.web.answers import later, page_language, personal
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import frame_in, log

PAGE_LENGTH = 20
MAX_QUESTION = 200
# Nobody turns more pages than this; the database need not count to a number of the asker's choice.
_MAX_PAGE = 1_000


def search_endpoint(newsroom: ServedNewsroom) -> Callable[[Request], Response]:
    """Serves `/search?q=WORDS&page=N&lang=LANGUAGE`; anything odd in it counts as not given.

    The answer is kept by nobody (no-store): its address says what somebody looked for.
    """

    def search(request: Request) -> Response:
        language = page_language(request, newsroom)
        try:
            response = _answered(newsroom, _results(newsroom, request, language), language)
        except NewsletterError as error:
            log.error("Nobody can search just now: %s", error)
            response = later(newsroom, language)
        return personal(response)

    return search


def _results(newsroom: ServedNewsroom, request: Request, language: str) -> SearchResults:
    # Half characters (U+D800 …) can be neither sent back nor linked to.
    typed = request.query_params.get("q", "").encode("utf-8", "replace").decode()
    asked = " ".join(typed.split())[:MAX_QUESTION]
    if not asked:
        return SearchResults()
    page = _page(request.query_params.get("page", ""))
    found = newsroom.search(asked, language=language, page=page, length=PAGE_LENGTH)
    elsewhere = not found.number and len(newsroom.masthead.languages) > 1
    if elsewhere:
        found = newsroom.search(asked, language=None, page=page, length=PAGE_LENGTH)
    return SearchResults(
        asked=asked,
        number=found.number,
        articles=found.articles,
        page=page,
        length=PAGE_LENGTH,
        elsewhere=elsewhere and found.number > 0,
    )


def _page(text: str) -> int:
    return min(int(text), _MAX_PAGE) if re.fullmatch("[1-9][0-9]{0,8}", text) else 1


def _answered(newsroom: ServedNewsroom, results: SearchResults, language: str) -> Response:
    return HTMLResponse(search_page(newsroom.templates, results, frame=frame_in(newsroom.masthead, language)))
