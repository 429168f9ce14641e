"""One kept connection to a provider's API over HTTPS: connect, post, hear the answer; never twice, never elsewhere.

Comes in: a request, and what to call before it leaves. Goes out: an `Answer`, or why none was heard. Provider
transports use it; what an answer means they know themselves.
"""

from __future__ import annotations

import errno
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from ipaddress import ip_address
from typing import TypeVar

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError

from newsletter.delivery.transports.settings import MailgunSettings, PostmarkSettings, SesSettings
from newsletter.delivery.transports.turns import turns_here
from newsletter.delivery.transports.wire import MAX_REPLY, printable
from newsletter.errors import TransportError

MAX_OCTETS = 64 * 1024
# Providers close what rests, and a request into a closed connection leaves its message in doubt.
_MAX_REST_S = 4.0
_MAX_AGE_S = 300.0
_BROKEN = (OSError, HTTPError, HTTPException, ValueError)

ProviderSettings = SesSettings | MailgunSettings | PostmarkSettings
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is posted: a path that begins with a slash, header fields, and the body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a provider said: the HTTP `status`, the body's JSON object (else empty), and its words for our books.

    `words` are at most 1,000 printable characters. `error_type` is how Amazon names an error in the header.
    """

    status: int
    words: str
    fields: Mapping[str, object] = field(default_factory=dict)
    error_type: str = ""

    def text(self, name: str) -> str:
        """The value of a field of the JSON object if it is text, else ""."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""


class AnswerLost(Exception):
    """The request may have left, and no answer was understood; says what was seen instead."""


class Api:
    """The provider's machine, called over one connection that is opened at the first request and reused."""

    def __init__(self, settings: ProviderSettings, host: str, *, context: ssl.SSLContext | None = None) -> None:
        """Call `host` as `settings` say; `context` replaces the system's trust. Raises TransportError for http afar."""
        if settings.insecure and not _is_loopback(host):
            raise TransportError(
                f"{settings.name} ({host}): keys never travel without TLS. Nothing was sent. "
                f"Remove insecure from transports.{settings.name}.",
                permanent=True,
            )
        self._settings, self._host, self._context = settings, host, context
        self._connection: HTTPConnection | None = None
        self._since = self._used = 0.0

    @property
    def place(self) -> str:
        """The transport's name and where it calls."""
        return f"{self._settings.name} ({self._host})"

    @property
    def authority(self) -> str:
        """The Host field: the host, with its port unless that is 443."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return host if self._settings.port == 443 else f"{host}:{self._settings.port}"

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def post(self, make: Callable[[], Request], *, opened: Callable[[], None]) -> Answer:
        """The answer to the request that `make` gives once there is a connection, so that its signature is fresh.

        `opened` is called right before the request leaves. Raises TransportError where there is no connection, and
        AnswerLost where the provider may have the request and was not understood.
        """
        try:
            connection = self._connection = self._ready()
            request = make()
            self._refuse_unfit(request)
            opened()
            began: list[bool] = []
            try:
                answer = _apart(lambda: self._ask(connection, request, began))
            except _BROKEN as error:
                if not began:
                    raise self._not_sent(error, "before the first octet") from error
                raise AnswerLost(f"{self.place}: {_what(error)} after the message had left") from error
        except BaseException:
            # A late answer to this request must not be heard as the answer to the next one.
            self.close()
            raise
        self._used = time.monotonic()
        return answer

    def _refuse_unfit(self, request: Request) -> None:
        for name, value in request.headers.items():
            if not value.isascii() or not value.isprintable():
                raise TransportError(
                    f"{self.place}: the {name} field would hold a sign that no key has. Nothing was sent. "
                    f"Check user and password of transports.{self._settings.name}.",
                    permanent=True,
                )

    def _ready(self) -> HTTPConnection:
        kept, now = self._connection, time.monotonic()
        if kept is not None:
            if kept.is_connected and now - self._used < _MAX_REST_S and now - self._since < _MAX_AGE_S:
                return kept
            self.close()
        try:
            connection = _apart(self._connect)
        except _BROKEN as error:
            raise self._not_sent(error, "while connecting") from error
        self._since = time.monotonic()
        return connection

    def _connect(self) -> HTTPConnection:
        settings = self._settings
        host, port, timeout_s = self._host, settings.port, settings.connect_timeout_s
        if settings.insecure:
            connection = HTTPConnection(host, port, timeout=timeout_s)
        else:
            # Made here, since it takes 25 ms and other conversations speak meanwhile.
            self._context = self._context or ssl.create_default_context()
            connection = HTTPSConnection(host, port, timeout=timeout_s, ssl_context=self._context)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        connection.timeout = settings.read_timeout_s
        connection.sock.settimeout(settings.read_timeout_s)
        return connection

    def _not_sent(self, error: BaseException, when: str) -> TransportError:
        return TransportError(
            f"{self.place}: {_what(error)} {when}. Nothing was sent. It is tried again later; "
            "check the network and the host."
        )

    def _ask(self, connection: HTTPConnection, request: Request, began: list[bool]) -> Answer:
        sock, ends_at = connection.sock, time.monotonic() + self._settings.read_timeout_s
        # A socket waits anew after every octet: at one a second an answer would never be over.
        guard = threading.Timer(self._settings.read_timeout_s, lambda: _cut(sock))
        guard.daemon = True
        try:
            guard.start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, "this machine starts no more threads") from error
        began.append(True)
        try:
            named = {"Host": self.authority, "User-Agent": "newsletter-press", "Accept": "application/json"}
            connection.request("POST", request.path, request.body, {**named, **request.headers}, preload_content=False)
            response = connection.getresponse()
            body = b""
            # To its end: only there it shows that less came than was announced.
            while len(body) <= MAX_OCTETS and (
                piece := response.read(MAX_OCTETS + 1 - len(body), decode_content=False)
            ):
                body += piece
        finally:
            guard.cancel()
        if time.monotonic() >= ends_at:
            # The cut looks like the end of a body that said no length.
            raise TimeoutError
        if len(body) > MAX_OCTETS:
            raise AnswerLost(f"{self.place}: an answer without end after the message had left")
        return _read(response, body)


def _read(response: BaseHTTPResponse, body: bytes) -> Answer:
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    return Answer(
        status=response.status,
        words=printable(" ".join(text.split()))[:MAX_REPLY],
        fields=found if isinstance(found, dict) else {},
        error_type=response.headers.get("x-amzn-errortype", ""),
    )


def _apart(work: Callable[[], Value]) -> Value:
    """What `work` gives; other conversations of this thread go on meanwhile."""
    turns = turns_here()
    return work() if turns is None else turns.apart(work)


def _what(error: BaseException) -> str:
    match error:
        case NameResolutionError():
            return "the host name was not found"
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted ({error.verify_message})"
        case ssl.SSLError():
            return "TLS failed"
        case TimeoutError():
            return "no answer in time"
        case _:
            # The words of a library may hold the whole address that was called.
            return f"the connection broke ({type(error).__name__})"


def _cut(sock: socket.socket) -> None:
    # Closed already, or by the other side.
    with suppress(OSError):
        # The plain way: that of an encrypted socket would take its state from the thread that reads.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
