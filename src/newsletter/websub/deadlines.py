"""Ends connections whose time is over, whatever the other side sends.

A socket's own timeout holds for one read only: whoever sends an octet a second would keep us for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

_LOOK_EVERY_S = 0.1


class Deadlines:
    """Watches any number of sockets with one thread, which lives while there are any. Shared by threads.

    A thread for each exchange would cost as much as the exchange (measured with 1,000 on loopback).
    """

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._ends: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        self._is_watching = False

    @contextlib.contextmanager
    def until(self, ends_at: float, sock: socket.socket) -> Iterator[None]:
        """Shut `sock` down if the block still runs at `ends_at` (of the monotonic clock, a tenth of a second late)."""
        with self._lock:
            self._ends[sock] = ends_at
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, name="deadlines", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._ends.pop(sock, None)

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY_S)
            with self._lock:
                for sock in [sock for sock, ends_at in self._ends.items() if ends_at <= time.monotonic()]:
                    del self._ends[sock]
                    _cut(sock)
                if not self._ends:
                    self._is_watching = False
                    return


def _cut(sock: socket.socket) -> None:
    """End a connection that another thread waits for; it wakes up and finds the end."""
    with contextlib.suppress(OSError):
        # Past the TLS layer, whose own shutdown would pull the ground from under the other thread.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
