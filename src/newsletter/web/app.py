"""The app: its routes, and what it says when there is nothing."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.pages import PageText
from newsletter.web.asking import LOOPBACK, new_watch
from newsletter.web.confirming import confirm_endpoint
from newsletter.web.guard import Guard
from newsletter.web.health import Tally, alive_endpoint, metrics_endpoint, ready_endpoint, security_endpoint
from newsletter.web.hooks import hooks_endpoint
from newsletter.web.hub import hub_endpoint
from newsletter.web.inbox import inbox_routes
from newsletter.web.preferring import preferences_endpoint
from newsletter.web.private import private_feed_endpoint
from newsletter.web.published import feeds_endpoint, site_endpoint
from newsletter.web.readership import FeedTally, counted
from newsletter.web.searching import search_endpoint
from newsletter.web.served import ServedNewsroom
from newsletter.web.stopping import DOOR, stop_endpoint
from newsletter.web.subscribing import script_endpoint, snippet_endpoint, subscribe_endpoint
from newsletter.web.unsubscribe import unsubscribe_endpoint
from newsletter.web.words import answer_page, frame_in, wished_language


def create_app(
    newsroom: ServedNewsroom,
    *,
    dev_inbox: bool,
    hosts: Collection[str] = (),
    trusted_proxies: Collection[str] = (),
    seal_key: bytes | None = None,
) -> Starlette:
    """The web door of `newsroom`, for any ASGI server.

    It answers to the host of the newsroom's base URL, to this machine's own names, and to `hosts`;
    any other Host header gets 400. With `dev_inbox`, the outbox can be read under `/dev/inbox/`, from
    this machine only; `serve` refuses to open such an app to others. `trusted_proxies` are networks
    whose X-Forwarded-For is believed. `seal_key` signs the forms: processes that share it take each
    other's; without one, forms last as long as this process.
    """
    watch = new_watch(seal_key or secrets.token_bytes(32))
    trusted = tuple(ipaddress.ip_network(each, strict=False) for each in trusted_proxies)
    tally = Tally()
    feed_readers = FeedTally()
    both = ["GET", "POST"]
    routes = [
        Route("/healthz", alive_endpoint(newsroom)),
        Route("/readyz", ready_endpoint(newsroom)),
        Route("/metrics", metrics_endpoint(newsroom, tally, (*LOOPBACK, *trusted))),
        Route("/.well-known/security.txt", security_endpoint(newsroom)),
        Route("/u/{token:path}", unsubscribe_endpoint(newsroom, watch), methods=both),
        Route("/c/{token:path}", confirm_endpoint(newsroom, watch), methods=both),
        Route("/p/{token:path}", preferences_endpoint(newsroom, watch), methods=both),
        # Before the editions' own pages, which are files.
        Route(f"/{DOOR}/{{token:path}}", stop_endpoint(newsroom, watch), methods=both),
        Route("/subscribe", subscribe_endpoint(newsroom, watch), methods=both),
        Route("/subscribe/snippet", snippet_endpoint(newsroom)),
        Route("/zone.js", script_endpoint),
        Route("/search", search_endpoint(newsroom)),
        *([Route("/hub", hub_endpoint(newsroom, newsroom.hub), methods=both)] if newsroom.hub else ()),
        *_hooks(newsroom),
        Route("/feeds/private/{path:path}", private_feed_endpoint(newsroom)),
        Route("/feeds/{path:path}", counted(feeds_endpoint(newsroom), feed_readers, newsroom)),
        *(inbox_routes(newsroom) if dev_inbox else ()),
        Route("/{path:path}", site_endpoint(newsroom)),
    ]
    known = {urlsplit(newsroom.masthead.base_url).hostname or "", *hosts}
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=known, trusted=trusted, tally=tally)],
        exception_handlers={404: _not_found(newsroom), 405: _not_allowed},
    )
    # Its redirect is made from the Host header and from slashes of the asker's choice; ours is not.
    app.router.redirect_slashes = False
    app.state.dev_inbox = dev_inbox
    app.state.at_end = lambda: feed_readers.flush(newsroom)
    return app


def _hooks(newsroom: ServedNewsroom) -> tuple[Route, ...]:
    if newsroom.hooks is None:
        return ()
    return (Route("/hooks/{provider}", hooks_endpoint(newsroom.hooks), methods=["POST"]),)


def _not_found(newsroom: ServedNewsroom) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        masthead = newsroom.masthead
        first = request.url.path.strip("/").partition("/")[0]
        language = first if first in masthead.languages else wished_language(request, masthead)
        say = frame_in(masthead, language).words.say
        text = PageText(
            title=say("This page does not exist"),
            paragraphs=(say("The address may be mistyped, or the article was withdrawn."),),
        )
        return answer_page(newsroom, text, language=language, status=404)

    return answer


def _not_allowed(request: Request, error: Exception) -> Response:
    allowed = (error.headers or {}).get("Allow", "") if isinstance(error, HTTPException) else ""
    # Sorted, since it comes from a set.
    headers = {"Allow": ", ".join(sorted(allowed.split(", ")))}
    return PlainTextResponse("This address cannot be used in that way.\n", 405, headers=headers)
