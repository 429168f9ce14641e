"""The pages of the dev inbox: a list, one message in tabs, its frame, its file.

Nothing here writes: the button that tries one-click unsubscribe posts to the same address a mail
program would.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from newsletter.web.guard import LOCAL_HOSTS, host_of
from newsletter.web.inbox.maildir import MaildirEntry, find_entry, list_entries, read_entry
from newsletter.web.inbox.reading import GMAIL_CLIP_OCTETS, ReadMessage, read_message
from newsletter.web.inbox.showing import Scheme, shown_html
from newsletter.web.policies import INBOX_POLICY, MESSAGE_POLICY, PERSONAL
from newsletter.web.served import ServedNewsroom

Endpoint = Callable[[Request], Response]

PER_PAGE = 25
MAX_SOURCE_CHARACTERS = 200_000
_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
TABS = {
    "light": "Light",
    "dark": "Dark",
    "phone": "Phone",
    "phone-dark": "Phone, dark",
    "text": "Text",
    "headers": "Headers",
    "source": "Source",
}


def inbox_routes(newsroom: ServedNewsroom) -> tuple[Route, ...]:
    """The routes under `/dev/inbox/`, which answer only to this machine, asked for by a name of its own."""
    pages = Environment(
        loader=PackageLoader("newsletter.web.inbox", "pages"), autoescape=True, undefined=StrictUndefined
    )
    pages.globals.update(masthead=newsroom.masthead, tabs=TABS, clip=GMAIL_CLIP_OCTETS)
    style = (files("newsletter.web.inbox") / "pages" / "inbox.css").read_bytes()
    endpoints: dict[str, Endpoint] = {
        "/dev/inbox/": _list(newsroom, pages),
        "/dev/inbox/inbox.css": lambda _: Response(style, media_type="text/css"),
        "/dev/inbox/{key}/": _first_tab(newsroom),
        "/dev/inbox/{key}/{tab}/": _message(newsroom, pages),
        "/dev/inbox/{key}/frame/{scheme}": _frame(newsroom),
        "/dev/inbox/{key}/message.eml": _file(newsroom),
    }
    redirect = Route("/dev/inbox", _guarded(lambda _: RedirectResponse("/dev/inbox/", 301)))
    return (redirect, *(Route(path, _guarded(endpoint)) for path, endpoint in endpoints.items()))


def _guarded(endpoint: Endpoint) -> Endpoint:
    """`endpoint` for this machine only: a site elsewhere could point its own name here (DNS rebinding)."""

    def answer(request: Request) -> Response:
        if host_of(request.headers) not in LOCAL_HOSTS or not _is_local(request):
            raise HTTPException(status_code=404)
        response = endpoint(request)
        response.headers.setdefault("Content-Security-Policy", INBOX_POLICY)
        response.headers.update(PERSONAL)
        return response

    return answer


def _is_local(request: Request) -> bool:
    """Whether a browser on this machine asks, and not a proxy on it for somebody else.

    nginx, left as it comes, names this server as the host and speaks HTTP/1.0 to it; others say for
    whom they ask.
    """
    if request.scope.get("http_version") == "1.0" or any(name in request.headers for name in _PROXIED):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _list(newsroom: ServedNewsroom, pages: Environment) -> Endpoint:
    def listed(request: Request) -> Response:
        entries = list_entries(newsroom.outbox_folder) if newsroom.outbox_folder else []
        last = max(1, -(-len(entries) // PER_PAGE))
        asked = request.query_params.get("page", "1")
        page = min(int(asked), last) if asked.isdecimal() and len(asked) < 7 and int(asked) else 1
        shown = [(entry, read_message(read_entry(entry))) for entry in entries[(page - 1) * PER_PAGE : page * PER_PAGE]]
        values = {"folder": newsroom.outbox_folder, "total": len(entries), "page": page, "last": last}
        return _html(pages, "list.html", messages=shown, **values)

    return listed


def _first_tab(newsroom: ServedNewsroom) -> Endpoint:
    def first_tab(request: Request) -> Response:
        _found(newsroom, request)
        return RedirectResponse("./light/", 301)

    return first_tab


def _message(newsroom: ServedNewsroom, pages: Environment) -> Endpoint:
    def message(request: Request) -> Response:
        tab = request.path_params["tab"]
        entry, source, read = _found(newsroom, request)
        if tab not in TABS:
            raise HTTPException(status_code=404)
        return _html(
            pages,
            "message.html",
            entry=entry,
            message=read,
            tab=tab,
            scheme=Scheme.DARK if tab.endswith("dark") else Scheme.LIGHT,
            source=source.decode("utf-8", "replace")[:MAX_SOURCE_CHARACTERS],
            try_at=_local_path(read.one_click, newsroom.masthead.base_url),
        )

    return message


def _frame(newsroom: ServedNewsroom) -> Endpoint:
    def frame(request: Request) -> Response:
        _, _, read = _found(newsroom, request)
        if request.path_params["scheme"] not in [scheme.value for scheme in Scheme]:
            raise HTTPException(status_code=404)
        scheme = Scheme(request.path_params["scheme"])
        html = shown_html(read.html, scheme=scheme, base_url=newsroom.masthead.base_url)
        headers = {"Content-Security-Policy": MESSAGE_POLICY}
        return Response(html.encode("utf-8", "replace"), media_type="text/html; charset=utf-8", headers=headers)

    return frame


def _file(newsroom: ServedNewsroom) -> Endpoint:
    def file(request: Request) -> Response:
        _, source, _ = _found(newsroom, request)
        headers = {"Content-Disposition": 'attachment; filename="message.eml"'}
        return Response(source, media_type="message/rfc822", headers=headers)

    return file


def _found(newsroom: ServedNewsroom, request: Request) -> tuple[MaildirEntry, bytes, ReadMessage]:
    folder = newsroom.outbox_folder
    entry = find_entry(folder, request.path_params["key"]) if folder else None
    if entry is None:
        raise HTTPException(status_code=404)
    source = read_entry(entry)
    return entry, source, read_message(source)


def _local_path(url: str, base_url: str) -> str:
    """The path on this server of an unsubscribe link of this newsroom; empty for any other URL."""
    return url.removeprefix(base_url) if url.startswith(f"{base_url}/u/") else ""


def _html(pages: Environment, name: str, **values: object) -> Response:
    content = pages.get_template(name).render(values).encode("utf-8", "replace")
    return Response(content, media_type="text/html; charset=utf-8")
