"""A thread beside the web door that sends notices as soon as they are written.

It outlives relays that are down and databases that are busy: it waits longer each time, says so once
in the log, and tells whoever asks what is wrong.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from newsletter.delivery.notices import NoticeRun, notices_are_due, send_notices
from newsletter.delivery.senders import Sender
from newsletter.delivery.transports.transport import Transport
from newsletter.delivery.words import fit_for_log
from newsletter.errors import NewsletterError
from newsletter.store import Store

EVERY_S = 5.0
LONGEST_WAIT_S = 300.0
_log = logging.getLogger(__name__)


class NoticeSender:
    """Sends what is due at once when it is told, and looks by itself every few seconds. Start it once.

    `open_transport` gives a fresh transport for each round in which something is due. `clock` gives
    aware UTC and `jitter` a number in [0, 1); `sender` names this thread alone.
    """

    def __init__(
        self,
        store: Store,
        open_transport: Callable[[], AbstractContextManager[Transport]],
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        sender: Sender,
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._store = store
        self._open_transport = open_transport
        self._clock, self._jitter, self._sender = clock, jitter, sender
        self._every_s = EVERY_S
        self._told = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="notices", daemon=True)
        self._fault = ""

    @property
    def fault(self) -> str:
        """What keeps notices from going out just now, in a sentence without addresses; "" while all is well."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stopping.is_set():
            return "The sender of notices has ended. Restart: newsletter serve"
        return self._fault

    def start(self, *, every_s: float = EVERY_S) -> None:
        """Begin; look for due notices at least every `every_s` seconds."""
        self._every_s = every_s
        self._thread.start()

    def wake(self) -> None:
        """Have what is due sent now; returns at once. During a back-off, when that is over."""
        self._told.set()

    def stop(self, *, timeout_s: float = 30.0) -> bool:
        """Finish the notice in flight and end; the others stay queued. False if it has not ended in time."""
        self._stopping.set()
        self._told.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._told.clear()
            if self._round(quiet=failures > 0):
                failures = 0
                self._told.wait(self._every_s)
            else:
                # Not to be cut short by the next sign-up: a relay that is down would be asked at each one.
                self._stopping.wait(min(self._every_s * 2**failures, LONGEST_WAIT_S))
                failures = min(failures + 1, 16)

    def _round(self, *, quiet: bool) -> bool:
        """Send what is due; False when it cannot be done now. The log hears of the first failure in a row."""
        try:
            if notices_are_due(self._store, sender=self._sender, now=self._clock()):
                with self._open_transport() as transport:
                    send_notices(self._store, self._run(transport))
        except Exception as error:  # noqa: BLE001  # whatever it is, confirmations must go out again afterwards
            words = str(error) if isinstance(error, NewsletterError) else f"{type(error).__name__}: {error}"
            self._fault = f"Notices wait: {fit_for_log(words)}"
            if not quiet:
                _log.warning("%s", self._fault)
            return False
        if self._fault:
            _log.info("Notices go out again.")
        self._fault = ""
        return True

    def _run(self, transport: Transport) -> NoticeRun:
        return NoticeRun(
            transport=transport,
            clock=self._clock,
            jitter=self._jitter,
            sender=self._sender,
            stop=self._stopping.is_set,
        )
