"""Who asks, from where, with which form: what every route that changes something looks at first."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

from newsletter.model import Masthead
from newsletter.web.limits import Limit
from newsletter.web.seals import FIELD, SealState, seal_state
from newsletter.web.served import ServedNewsroom

Networks = Collection[ipaddress.IPv4Network | ipaddress.IPv6Network]

MAX_FIELDS = 20
FORM_TYPE = "application/x-www-form-urlencoded"
_ASKER = "newsletter.asker"
LOOPBACK: Networks = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """What the writing routes share: the key of their seals, and their limits."""

    seal_key: bytes
    sign_ups: Limit
    wishes: Limit


def new_watch(seal_key: bytes) -> Watch:
    """Fresh limits: 10 sign-ups an hour and 60 other wishes an hour from one neighbourhood."""
    hour = timedelta(hours=1)
    return Watch(seal_key=seal_key, sign_ups=Limit(10, hour), wishes=Limit(60, hour))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """The fields of a form, each once; `topics` may come several times."""

    values: Mapping[str, str]
    topics: tuple[str, ...]

    def get(self, name: str) -> str:
        """The field's text, "" where it is missing."""
        return self.values.get(name, "")


def asker_of(scope: Scope, trusted: Networks) -> str:
    """The network address that asks: the peer's, or what proxies we trust say of it.

    "" where a proxy on this machine asks that is not trusted.
    X-Forwarded-For is read from its end, where our own proxies write, and only as far as those are trusted.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if not is_among(address, trusted):
        # A proxy on this machine that nobody told us of: it asks for somebody else, and that is not this machine.
        is_relayed = any(name in (b"x-forwarded-for", b"forwarded", b"x-real-ip") for name, _ in scope["headers"])
        return "" if is_relayed and is_among(address, LOOPBACK) else address
    named = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    for hop in reversed(named.decode("latin-1").split(",")):
        if _parsed(hop.strip()) is None:
            break
        address = hop.strip()
        if not is_among(address, trusted):
            break
    return address


def asker(request: Request) -> str:
    """The network address that asks, as the guard found it."""
    found = request.scope.get(_ASKER)
    return found if isinstance(found, str) else ""


def form_of(request: Request, body: bytes, *, topics: int) -> Fields | None:
    """The fields of the form that was posted; None for another media type.

    Raises HTTPException 400 for more fields than a form of ours has, with `topics` to choose from.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return None
    try:
        text = body.decode("utf-8", "replace")
        found = parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS + topics, errors="replace")
    except ValueError as error:
        raise HTTPException(status_code=400) from error
    values = {name: each[-1] for name, each in found.items()}
    return Fields(values=values, topics=tuple(found.get("topics", ())))


def is_from_elsewhere(request: Request, masthead: Masthead) -> bool:
    """Whether the browser says that another site's page sends this (RFC 6454 §7, Fetch Metadata).

    "Origin: null" says nothing by itself: our own pages, which send no referrer, make some browsers say
    it. The seal decides there.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin", "null")
    if origin == "null":
        return False
    host = request.headers.get("host", "")
    here = {_origin(masthead.base_url), f"http://{host}", f"https://{host}"}
    return origin.lower() not in {each.lower() for each in here}


def is_sealed(
    request: Request, fields: Fields | None, newsroom: ServedNewsroom, watch: Watch, purpose: str
) -> SealState:
    """What the form's seal is worth; NONE for a form of another site, whatever it holds."""
    if fields is None or is_from_elsewhere(request, newsroom.masthead):
        return SealState.NONE
    return seal_state(watch.seal_key, purpose, fields.get(FIELD), newsroom.clock())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_among(address: str, networks: Networks) -> bool:
    """Whether `address` lies in one of `networks`."""
    found = _parsed(address)
    return found is not None and any(found in network for network in networks)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
