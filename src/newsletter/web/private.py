"""A reader's own feed: `/feeds/private/TOKEN/rss.xml`, `atom.xml` or `feed.json`, kept by nobody on the way.

The token in the path is the whole proof, as readers' programs can neither sign in nor keep a cookie. It
goes into no log. Nothing is written when somebody asks, not even when that was.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.pages import PageText
from newsletter.site import FEED_TYPES
from newsletter.web.answers import TOKEN, later, personal, too_often
from newsletter.web.asking import asker
from newsletter.web.codings import chosen_coding
from newsletter.web.conditions import is_known
from newsletter.web.limits import Limit, neighbourhood
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import answer_page, frame_in, log, wished_language

PRIVATE_CACHE = "private, no-store"
UNKNOWN_AN_HOUR = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class _PrivateDoor:
    """What the requests for private feeds share: how often one network may ask for what is not there."""

    newsroom: ServedNewsroom
    guesses: Limit = field(default_factory=lambda: Limit(UNKNOWN_AN_HOUR, timedelta(hours=1)))


def private_feed_endpoint(newsroom: ServedNewsroom) -> Callable[[Request], Response]:
    """Serves `/feeds/private/…`: 200 or 304 for a reader's feed, 410 for one that has ended, else 404.

    After 30 unknown addresses in an hour a network gets 429 for the next; known ones are answered all the same.
    """
    door = _PrivateDoor(newsroom=newsroom)

    def private_feed(request: Request) -> Response:
        # The whole rest of the path, so that no odd token finds its way to the public feeds.
        token, _, name = request.path_params["path"].partition("/")
        try:
            response = _answer(door, request, token, name)
        except NewsletterError as error:
            log.error("No private feed can be read just now: %s", error)
            response = later(newsroom, wished_language(request, newsroom.masthead))
        response = personal(response)
        response.headers["Cache-Control"] = PRIVATE_CACHE
        return response

    return private_feed


def _answer(door: _PrivateDoor, request: Request, token: str, name: str) -> Response:
    newsroom = door.newsroom
    found = newsroom.readers.feeds.feed_of(token, name) if TOKEN.fullmatch(token) else None
    if found is None:
        return _unknown(door, request)
    if found.content is None:
        return _ended(newsroom, request)
    return _feed(request, found.content, FEED_TYPES[name])


def _feed(request: Request, content: bytes, media_type: str) -> Response:
    coding = chosen_coding(request.headers.getlist("accept-encoding"), ["gzip"])
    is_packed = coding == "gzip"
    digest = hashlib.sha256(content).hexdigest()[:32]
    etag = f'"{digest}-gzip"' if is_packed else f'"{digest}"'
    headers = {"ETag": etag, "Vary": "Accept-Encoding"}
    # The feed of a reader who gives up a topic is older than it was: no date says when these bytes were new.
    if is_known(request.headers, etag=etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = media_type
    if is_packed:
        headers["Content-Encoding"] = "gzip"
        content = gzip.compress(content, 6, mtime=0)
    return Response(content, headers=headers)


def _unknown(door: _PrivateDoor, request: Request) -> Response:
    newsroom, language = door.newsroom, wished_language(request, door.newsroom.masthead)
    wait_s = door.guesses.wait_s(neighbourhood(asker(request)), newsroom.clock())
    if wait_s:
        return too_often(newsroom, language, wait_s=wait_s)
    say = frame_in(newsroom.masthead, language).words.say
    advice = say("The address may be mistyped. A new one is made on the page behind the link in each email.")
    return answer_page(
        newsroom, PageText(title=say("There is no such feed"), paragraphs=(advice,)), language=language, status=404
    )


def _ended(newsroom: ServedNewsroom, request: Request) -> Response:
    language = wished_language(request, newsroom.masthead)
    say = frame_in(newsroom.masthead, language).words.say
    advice = say("Its address does not work any more. Remove it from your feed reader.")
    return answer_page(
        newsroom, PageText(title=say("This feed has ended"), paragraphs=(advice,)), language=language, status=410
    )
