"""A thread beside the web door that sends notices as soon as they are written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from newsletter.delivery.notices import NoticeRun, notices_are_due, send_notices
from newsletter.delivery.senders import Sender
from newsletter.delivery.transports.transport import Transport
from newsletter.delivery.worker import EVERY_S, Worker, WorkerWords
from newsletter.store import Store

_WORDS = WorkerWords(waits="Notices wait", again="Notices go out again.", ended="The sender of notices has ended")


class NoticeSender:
    """Sends what is due at once when it is told, and looks by itself every few seconds. Start it once.

    `open_transport` gives a fresh transport for each round in which something is due. `clock` gives
    aware UTC and `jitter` a number in [0, 1); `sender` names this thread alone; `sign` as for `NoticeRun`.
    """

    def __init__(
        self,
        store: Store,
        open_transport: Callable[[], AbstractContextManager[Transport]],
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        sender: Sender,
        sign: Callable[[bytes, datetime], bytes] = lambda message, _: message,
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._store = store
        self._open_transport = open_transport
        self._clock, self._jitter, self._sender, self._sign = clock, jitter, sender, sign
        self._worker = Worker("notices", self._send, _WORDS)

    @property
    def fault(self) -> str:
        """What keeps notices from going out just now, in a sentence without addresses; "" while all is well."""
        return self._worker.fault

    def start(self, *, every_s: float = EVERY_S) -> None:
        """Begin; look for due notices at least every `every_s` seconds."""
        self._worker.start(every_s=every_s)

    def wake(self) -> None:
        """Have what is due sent now; returns at once. During a back-off, when that is over."""
        self._worker.wake()

    def stop(self, *, timeout_s: float = 30.0) -> bool:
        """Finish the notice in flight and end; the others stay queued. False if it has not ended in time."""
        return self._worker.stop(timeout_s=timeout_s)

    def _send(self, stop: Callable[[], bool]) -> None:
        if not notices_are_due(self._store, sender=self._sender, now=self._clock()):
            return
        with self._open_transport() as transport:
            run = NoticeRun(
                transport=transport,
                clock=self._clock,
                jitter=self._jitter,
                sender=self._sender,
                stop=stop,
                sign=self._sign,
            )
            send_notices(self._store, run)
