"""The one client that calls addresses strangers gave us: resolve, check, connect to what was checked.

Comes in: a URL and what to say there. Goes out: a `Reply`, also where nobody answered. It follows no
redirect, reads no proxy from the environment, and ends each exchange after a few seconds.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from newsletter.websub.deadlines import Deadlines
from newsletter.websub.reachable import Destination, destination_of, ip_address_of, is_public

LIMIT_S = 5.0
MAX_OCTETS = 64 * 1024
MAX_ADDRESSES = 4

# What a connection, and an answer that is no HTTP, may end in.
_BROKEN = (OSError, HTTPError, HTTPException, ValueError)

Resolver = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back: an HTTP `status` and the first octets of the body, or a `fault` in a sentence and status 0."""

    status: int = 0
    body: bytes = b""
    fault: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300

    @property
    def words(self) -> str:
        """The reply for a person: its fault, or what it answered."""
        return self.fault or f"It answered {self.status}."


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of `host` as the system knows them. Raises OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardedClient:
    """Calls public addresses only; with `allow_private` all others too.

    `allow_private` is for hubs, which the owner names, and for callbacks of a newsroom that is itself on
    this machine (`is_on_this_machine`). Shared by threads.
    """

    resolve: Resolver = system_resolver
    allow_private: bool = False
    limit_s: float = LIMIT_S
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _deadlines: Deadlines = field(default_factory=Deadlines, init=False, repr=False)

    def get(self, url: str) -> Reply:
        """The answer to a GET, with up to 64 KB of its body."""
        return self._exchange("GET", url, {}, None)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The answer to a POST, without its body, which nobody needs."""
        return self._exchange("POST", url, headers, body)

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        ends_at = time.monotonic() + self.limit_s
        place = destination_of(url)
        if isinstance(place, str):
            return Reply(fault=place)
        try:
            addresses = self._addresses(place, ends_at)
            if not addresses or not all(self.allow_private or is_public(address) for address in addresses):
                # All are checked: a name with one private address is a trap, whichever we would take.
                return Reply(fault=f"{place.host} is no public address, so it is not called.")
            return self._talk(place, addresses, (method, headers, body), ends_at)
        except TimeoutError:
            return Reply(fault=f"It did not answer within {self.limit_s:g} seconds.")
        except _BROKEN as error:
            # The words of a library may hold the whole address.
            return Reply(fault=f"It could not be reached ({type(error).__name__}).")

    def _addresses(self, place: Destination, ends_at: float) -> Sequence[str]:
        if ip_address_of(place.host):
            return [place.host]
        return _within(ends_at, lambda: self.resolve(place.host, place.port))

    def _talk(
        self,
        place: Destination,
        addresses: Sequence[str],
        said: tuple[str, Mapping[str, str], bytes | None],
        ends_at: float,
    ) -> Reply:
        method, headers, body = said
        connection = self._connect(place, addresses, ends_at)
        named = {"Host": place.authority, "User-Agent": "newsletter-press (WebSub)", "Connection": "close"}
        try:
            with self._deadlines.until(ends_at, connection.sock):
                connection.request(
                    method, place.path, body, {**named, **headers}, preload_content=False, decode_content=False
                )
                response = connection.getresponse()
                content = response.read(MAX_OCTETS) if method == "GET" else b""
        except _BROKEN as error:
            if time.monotonic() >= ends_at:
                raise TimeoutError from error
            raise
        finally:
            connection.close()
        if time.monotonic() >= ends_at:
            # The cut looks like the end of a body that said no length.
            raise TimeoutError
        return Reply(status=response.status, body=content)

    def _connect(self, place: Destination, addresses: Sequence[str], ends_at: float) -> HTTPConnection:
        """A connection to the first address that takes one; its certificate has to hold for the name."""
        tried = addresses[:MAX_ADDRESSES]
        for number, address in enumerate(tried):
            # Shared among them, so that one that swallows everything leaves time for the next.
            connection = self._connection(place, address, _left(ends_at) / (len(tried) - number))
            try:
                connection.connect()
            except (OSError, HTTPError) as error:
                connection.close()
                if time.monotonic() >= ends_at:
                    raise TimeoutError from error
                if number == len(tried) - 1:
                    raise
                continue
            connection.timeout = _left(ends_at)
            connection.sock.settimeout(connection.timeout)
            return connection
        raise OSError("no address")

    def _connection(self, place: Destination, address: str, timeout_s: float) -> HTTPConnection:
        if place.scheme == "http":
            return HTTPConnection(address, place.port, timeout=timeout_s)
        # With assert_hostname, urllib3 would switch off OpenSSL's own check of the name.
        return HTTPSConnection(
            address, place.port, timeout=timeout_s, ssl_context=self.context, server_hostname=place.host
        )


def _left(ends_at: float) -> float:
    """The seconds left, never quite 0, which would mean for ever to a socket."""
    return max(ends_at - time.monotonic(), 0.001)


def _within(ends_at: float, call: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What `call` gives, in time; a resolver knows no time limit of its own."""
    found: list[Sequence[str]] = []
    failed: list[OSError] = []

    def run() -> None:
        try:
            found.append(call())
        except OSError as error:
            failed.append(error)
        except UnicodeError as error:
            # Python's IDNA codec dislikes some names that DNS may hold.
            failed.append(OSError(str(error)))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_left(ends_at))
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError
    return found[0]


def fetch_public(url: str) -> bytes:
    """What lies at a public address, up to 64 KB. Raises OSError with a sentence for anything but a 2xx answer."""
    reply = GuardedClient().get(url)
    if not reply.is_success:
        raise OSError(reply.words)
    return reply.body
