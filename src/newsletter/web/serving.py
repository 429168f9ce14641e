"""The web door on a port: one process, a quiet log, and an orderly end on SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from newsletter.errors import NewsletterError, UsageError
from newsletter.web.guard import LOCAL_HOSTS

DRAIN_S = 10


class WebServer:
    """An app bound to an address; `run` serves until `stop` is called or the process is told to end."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        """Bind `host` and `port` (0: any free one).

        Raises UsageError for a dev inbox on an address others can reach and for a port that does
        not exist, and NewsletterError when the address cannot be had.
        """
        if app.state.dev_inbox and host not in LOCAL_HOSTS:
            raise UsageError(
                f"The dev inbox shows every message to whoever asks, and {host} can be reached by others. "
                "Bind 127.0.0.1, or serve without the dev inbox."
            )
        self._socket = _bound(host, port)
        self._at_end: Callable[[], None] = app.state.at_end
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                # Its lines hold whole paths, and so tokens; the guard writes its own.
                access_log=False,
                server_header=False,
                # The guard finds out who asks, and believes only the proxies it was told of.
                proxy_headers=False,
                lifespan="off",
                ws="none",
                limit_concurrency=256,
                timeout_graceful_shutdown=DRAIN_S,
            )
        )

    @property
    def address(self) -> tuple[str, int]:
        """The host and port in use."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def run(self) -> None:
        """Serve; returns after `stop`, SIGINT or SIGTERM, when open requests are answered or 10 s are over.

        What the app counted and has not written yet is written then.
        """
        with _ends_quietly(self.stop):
            self._server.run(sockets=[self._socket])
            self._at_end()

    def stop(self) -> None:
        """Make `run` return; from any thread."""
        self._server.should_exit = True


def serve(app: Starlette, host: str, port: int) -> None:
    """Serve `app` on `host` and `port` until the process is told to end. Raises like `WebServer`."""
    WebServer(app, host, port).run()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not 0 <= port <= 65535:
        raise UsageError(f"{host}:{port}: there is no such port. Choose one from 1 to 65535.")
    try:
        bound = socket.create_server((host, port), family=family)
        # Connections take it over. asyncio does not set it on sockets made elsewhere, and an answer whose
        # body follows its head then waits 40 ms for the other side's delayed acknowledgement (measured).
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except OSError as error:
        raise NewsletterError(
            f"{host}:{port}: cannot be served on ({os.strerror(error.errno) if error.errno else error}). "
            "Stop the program that holds it, or choose another address or port."
        ) from error


@contextmanager
def _ends_quietly(stop: Callable[[], None]) -> Iterator[None]:
    """Let `run` return after a signal: uvicorn raises it again when it is done, which by default kills the process.

    The caller still has senders to drain.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # uvicorn listens for signals only once it runs: one that comes before must not be lost.
    former = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
