"""What every request passes and every answer carries: known host, small body, safe headers, a quiet log.

The outermost layer, in plain ASGI: whatever goes wrong inside, the answer is a short sentence and
the log holds neither a token nor an address.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
import traceback
from collections.abc import Collection
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.web.asking import Networks, asker_of
from newsletter.web.health import Tally
from newsletter.web.policies import EVERYWHERE

log = logging.getLogger("newsletter.web")

MAX_BODY_OCTETS = 64 * 1024
MAX_HOOK_OCTETS = 1024 * 1024  # a provider reports a thousand events at once
BODY_TIMEOUT_S = 10.0
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+?)\.?(?::[0-9]{1,5})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN_PATH = re.compile(r"/(?:[ucp]|stop|feeds/+private)/", re.IGNORECASE)


def host_of(headers: Headers) -> str:
    """The name in the Host header, lower case, without port and brackets; "" when it is missing, doubled or odd."""
    values = headers.getlist("host")
    match = _HOST.fullmatch(values[0]) if len(values) == 1 else None
    return match["name"].strip("[]").lower() if match else ""


def body_of(request: Request) -> bytes:
    """The body of `request`, read and measured before any endpoint saw it."""
    body = request.scope["newsletter.body"]
    return body if isinstance(body, bytes) else b""


def masked(path: str) -> str:
    """`path` for a log: no token, one line."""
    token = _TOKEN_PATH.search(path)
    return quote(path) if token is None else f"{quote(path[: token.start()])}{token[0].lower()}…"


class Guard:
    """ASGI middleware around the whole door; `hosts` are the names it answers to.

    `trusted` are the proxies whose word about the asker is believed, `tally` counts what was answered.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], trusted: Networks, tally: Tally) -> None:
        """Wrap `app`."""
        self._app = app
        self._trusted, self._tally = trusted, tally
        self._hosts = frozenset(host.lower() for host in hosts) | LOCAL_HOSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Ours alone: one from outside could write anything into our log.
        request_id = secrets.token_hex(8)
        scope["newsletter.asker"] = asker_of(scope, self._trusted)
        answer = _Answer(send, is_head=scope["method"] == "HEAD", request_id=request_id)
        began = time.perf_counter()
        try:
            await self._answer(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last door: whatever it is, it ends in a sentence
            _report(scope, error, request_id)
            if not answer.status:
                sentence = "Something went wrong on our side. Please try again later.\n"
                await PlainTextResponse(sentence, 500)(scope, receive, answer.send)
        took_s = time.perf_counter() - began
        self._tally.count(scope["path"], answer.status, took_s)
        said = (scope["method"], masked(scope["path"]), answer.status, took_s * 1000, request_id)
        log.info("%s %s %d %.1f ms %s", *said)

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers = Headers(scope=scope)
        # A probe asks by IP address; this page names no host, so it may.
        if host_of(headers) not in self._hosts and scope["path"] != "/healthz":
            refusal = PlainTextResponse("This server does not answer to that host name.\n", 400)
            await refusal(scope, receive, answer.send)
            return
        if _CONTROL.search(scope["path"]):
            # Route patterns let a line feed at the end pass, as Python's "$" does.
            refusal = PlainTextResponse("The address holds characters that no address has.\n", 400)
            await refusal(scope, receive, answer.send)
            return
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _read_body(scope, headers, receive)
        except TimeoutError:
            await PlainTextResponse("The request took too long to arrive.\n", 408)(scope, receive, answer.send)
            return
        if body is None:
            sentence = f"The request is larger than {_most_octets(scope) // 1024} KB.\n"
            await PlainTextResponse(sentence, 413)(scope, receive, answer.send)
            return
        scope["newsletter.body"] = body
        await self._app(scope, receive, answer.send)


class _Answer:
    """Sends one answer with the headers all answers have, and remembers its status."""

    def __init__(self, send: Send, *, is_head: bool, request_id: str) -> None:
        self.status = 0
        self._request_id = request_id
        self._send = send
        self._is_head = is_head

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in EVERYWHERE.items():
                headers.setdefault(name, value)
            if self.status >= 400 or "no-store" in headers.get("cache-control", ""):
                # Not on what caches keep, since they would give it to others too.
                headers["X-Request-Id"] = self._request_id
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _most_octets(scope: Scope) -> int:
    return MAX_HOOK_OCTETS if scope["path"].startswith("/hooks/") else MAX_BODY_OCTETS


async def _read_body(scope: Scope, headers: Headers, receive: Receive) -> bytes | None:
    """The whole body, or None as soon as it is seen to be too large."""
    length, most = headers.get("content-length", ""), _most_octets(scope)
    if length.isdecimal() and int(length[:20]) > most:
        return None
    if scope["method"] in ("GET", "HEAD"):
        return b""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Half a form is no form: topics that did not arrive are not topics that were given up.
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _report(scope: Scope, error: BaseException, request_id: str) -> None:
    """Log where it happened, not with what: a message or a value could hold an address or a token."""
    steps = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    kind = type(error).__name__
    log.error("%s %s: %s %s\n%s", scope["method"], masked(scope["path"]), kind, request_id, steps)
