"""What is published: `/feeds/…` from the feeds folder, everything else from the site folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from newsletter.pages import stylesheet
from newsletter.site import feed_type, is_archive, json_feed_of
from newsletter.web.asking import asker
from newsletter.web.deltas import Deltas
from newsletter.web.feed_pages import FeedPages
from newsletter.web.files import (
    SITE_TYPES,
    Shelf,
    answer_held,
    answer_with,
    held_of,
)
from newsletter.web.former import Former
from newsletter.web.horizon import Horizon
from newsletter.web.limits import Limit
from newsletter.web.policies import EDITION_POLICY
from newsletter.web.recordings import recording_answer
from newsletter.web.served import ServedNewsroom

Endpoint = Callable[[Request], Awaitable[Response]]

PAGE_CACHE = "public, max-age=300"
# The stylesheet is linked with a mark of its content; the name of a picture, and of a page of an archive, holds a
# hash of what it says.
STYLE_CACHE = "public, max-age=86400"
MEDIA_CACHE = "public, max-age=31536000, immutable"

# One feed, one address: many readers may share it, and each of them asks unconditionally once at least.
UNCONDITIONAL_A_MINUTE = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class _FeedDoor:
    """What the requests for feeds share."""

    newsroom: ServedNewsroom
    shelf: Shelf
    pages: FeedPages
    horizon: Horizon
    deltas: Deltas
    budget: Limit = field(default_factory=lambda: Limit(UNCONDITIONAL_A_MINUTE, timedelta(minutes=1)))


def feeds_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves the three feed files of every feed, to anybody and any program (CORS).

    Whoever fetches one and the same feed without a condition more than 30 times a minute gets 429 for
    a while (§4 of RFC 6585). A browser that opens a feed gets a page for people.
    """
    door = _FeedDoor(
        newsroom=newsroom,
        shelf=Shelf(folder=lambda: newsroom.feeds_folder),
        pages=FeedPages(newsroom=newsroom),
        horizon=Horizon(look=newsroom.next_run),
        deltas=Deltas(newsroom=newsroom),
    )

    async def feed(request: Request) -> Response:
        path = request.path_params["path"]
        media_type = feed_type(path)
        response = await _feed(door, request, path, media_type) if media_type else None
        if response is None:
            raise HTTPException(status_code=404)
        return response

    return feed


async def _feed(door: _FeedDoor, request: Request, path: str, media_type: str) -> Response | None:
    now = door.newsroom.clock()
    if door.horizon.looked_at is None:
        await run_in_threadpool(door.horizon.renew, now)
    url = f"{door.newsroom.masthead.base_url}/feeds/{quote(path)}"
    # Of a page of an archive nobody has to be told anything.
    hubs = () if is_archive(path) else door.newsroom.hubs
    headers = {
        "Content-Type": media_type,
        "Cache-Control": MEDIA_CACHE if is_archive(path) else f"public, max-age={door.horizon.max_age(now)}",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Last-Modified, Link",
        "Link": ", ".join([*(f'<{hub}>; rel="hub"' for hub in hubs), f'<{url}>; rel="self"']),
    }
    if door.newsroom.feed_pages:
        headers["Vary"] = "Sec-Fetch-Dest"
        page = await _page(door, request, path, url, headers)
        if page is not None:
            return page
    held = await held_of(door.shelf, path)
    if held is None:
        return None
    delta = await door.deltas.answer(request, (path, held), headers, now)
    response = delta or await answer_held(request, door.shelf, (path, held), headers, now)
    if response is None:
        return None
    if response.status_code == 200 and (wait_s := _wait_s(door, request, path)):
        sentence = f"This feed was fetched whole too often. Ask with If-None-Match, or again in {wait_s} seconds.\n"
        return PlainTextResponse(sentence, 429, headers={"Retry-After": str(wait_s), "Cache-Control": "no-store"})
    if door.horizon.is_old(now):
        # After the answer, so that no reader waits for the database: none after the first of the process.
        response.background = BackgroundTask(door.horizon.renew, now)
    return response


async def _page(door: _FeedDoor, request: Request, path: str, url: str, headers: dict[str, str]) -> Response | None:
    """The page for people, for a browser that opens the feed in a window; None for everybody else."""
    if request.headers.get("sec-fetch-dest") != "document":
        return None
    shelf = door.shelf
    source = json_feed_of(path)
    # The page stands for the feed that was asked for, so that has to be there as well.
    if await held_of(shelf, path) is None or (feed := await held_of(shelf, source)) is None:
        return None
    page = await run_in_threadpool(door.pages.page_of, url, feed)
    if page is None:
        return None
    extra = {"Content-Type": "text/html; charset=utf-8", "X-Robots-Tag": "noindex", "Cache-Control": PAGE_CACHE}
    return answer_with(request, page, headers | extra, door.newsroom.clock())


def _wait_s(door: _FeedDoor, request: Request, path: str) -> int:
    """Seconds to wait for who fetches too much, else 0; who asks with a condition fetches only what is new."""
    if request.method != "GET" or any(name in request.headers for name in ("if-none-match", "if-modified-since")):
        return 0
    return door.budget.wait_s(f"{asker(request)} {path}", door.newsroom.clock())


def site_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves pages and pictures; a folder is its index.html, and its name without the slash leads to it.

    A former address of an article answers 301, that of a withdrawn one 410.
    """
    shelf = Shelf(folder=lambda: newsroom.site_folder)
    former = Former(newsroom=newsroom)

    async def page(request: Request) -> Response:
        path = request.path_params["path"]
        file = f"{path}index.html" if path == "" or path.endswith("/") else path
        if (recording := await recording_answer(request, newsroom.site_folder, file)) is not None:
            return recording
        media_type = SITE_TYPES.get(PurePosixPath(file).suffix.lower())
        if media_type:
            held = await held_of(shelf, file)
            if (elsewhere := former.answer(request, shelf, path, held)) is not None:
                return elsewhere
            headers, now = _headers(file, media_type), newsroom.clock()
            response = await answer_held(request, shelf, (file, held), headers, now) if held is not None else None
            if response is not None:
                return response
        if path == "site.css":
            css = stylesheet(newsroom.templates)
            return Response(css, media_type="text/css", headers={"Cache-Control": "no-cache"})
        folder = None if path.endswith("/") else await held_of(shelf, f"{path}/index.html")
        if folder is not None or former.stands_for(shelf, path):
            # Relative, and each part quoted: no path can make it point at another host.
            return RedirectResponse(f"./{quote(path.rpartition('/')[2], safe='')}/", status_code=301)
        raise HTTPException(status_code=404)

    return page


def _headers(file: str, media_type: str) -> dict[str, str]:
    headers = {"Content-Type": media_type, "Cache-Control": PAGE_CACHE}
    if file == "site.css":
        headers["Cache-Control"] = STYLE_CACHE
    if file.startswith("media/"):
        headers["Cache-Control"] = MEDIA_CACHE
    if file.startswith("editions/"):
        headers["Content-Security-Policy"] = EDITION_POLICY
    return headers
