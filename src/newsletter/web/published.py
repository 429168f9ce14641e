"""What is published: `/feeds/…` from the feeds folder, everything else from the site folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.pages import stylesheet
from newsletter.web.files import FEED_TYPES, SITE_TYPES, Shelf, Tags
from newsletter.web.policies import EDITION_POLICY
from newsletter.web.served import ServedNewsroom

Endpoint = Callable[[Request], Response]

FEED_CACHE = "public, max-age=900"
PAGE_CACHE = "public, max-age=300"
# The stylesheet is linked with a mark of its content, a picture's name is the hash of its bytes.
STYLE_CACHE = "public, max-age=86400"
MEDIA_CACHE = "public, max-age=31536000, immutable"


def feeds_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves the three feed files of every feed, to anybody and any program (CORS)."""
    tags = Tags()

    def feed(request: Request) -> Response:
        path = request.path_params["path"]
        media_type = FEED_TYPES.get(PurePosixPath(path).name)
        headers = {
            "Content-Type": media_type or "",
            "Cache-Control": FEED_CACHE,
            "Access-Control-Allow-Origin": "*",
        }
        shelf = Shelf(folder=newsroom.feeds_folder, tags=tags, now=newsroom.clock())
        response = shelf.serve(request, path, headers) if media_type else None
        if response is None:
            raise HTTPException(status_code=404)
        return response

    return feed


def site_endpoint(newsroom: ServedNewsroom) -> Endpoint:
    """Serves pages and pictures; a folder is its index.html, and its name without the slash leads to it."""
    tags = Tags()

    def page(request: Request) -> Response:
        path = request.path_params["path"]
        shelf = Shelf(folder=newsroom.site_folder, tags=tags, now=newsroom.clock())
        file = f"{path}index.html" if path == "" or path.endswith("/") else path
        media_type = SITE_TYPES.get(PurePosixPath(file).suffix.lower())
        response = shelf.serve(request, file, _headers(file, media_type)) if media_type else None
        if response is not None:
            return response
        if path == "site.css":
            return Response(
                stylesheet(newsroom.templates), media_type="text/css", headers={"Cache-Control": "no-cache"}
            )
        if shelf.holds(f"{path}/index.html"):
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
