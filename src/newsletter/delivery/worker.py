"""A thread that does its round again and again, through outages and to a clean end.

It waits longer after each failure, says so once in the log, and tells whoever asks what is wrong.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from newsletter.delivery.words import fit_for_log
from newsletter.errors import NewsletterError

EVERY_S = 5.0
LONGEST_WAIT_S = 300.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerWords:
    """How a worker speaks of its work: "Notices wait", "Notices go out again.", "The sender of notices has ended"."""

    waits: str
    again: str
    ended: str


class Worker:
    """Calls `work` at once when it is told, and by itself every few seconds. Start it once.

    `work` is handed a function that says whether it should stop; it raises whatever keeps it from working.
    """

    def __init__(self, name: str, work: Callable[[Callable[[], bool]], object], words: WorkerWords) -> None:
        """Prepare; nothing runs before `start`."""
        self._work, self._words = work, words
        self._every_s = EVERY_S
        self._told = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._rounds, name=name, daemon=True)
        self._fault = ""

    @property
    def fault(self) -> str:
        """What keeps it from working just now, in a sentence without addresses; "" while all is well."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stopping.is_set():
            return f"{self._words.ended}. Restart: newsletter serve"
        return self._fault

    def start(self, *, every_s: float = EVERY_S) -> None:
        """Begin; work at least every `every_s` seconds."""
        self._every_s = every_s
        self._thread.start()

    def wake(self) -> None:
        """Have it work now; returns at once. During a back-off, when that is over."""
        self._told.set()

    def stop(self, *, timeout_s: float = 30.0) -> bool:
        """Finish what is in hand and end; False if it has not ended in time."""
        self._stopping.set()
        self._told.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _rounds(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._told.clear()
            if self._round(quiet=failures > 0):
                failures = 0
                # Who stopped it just before `clear` is not heard by `wait`.
                if not self._stopping.is_set():
                    self._told.wait(self._every_s)
            else:
                # Not to be cut short by the next sign-up: a relay that is down would be asked at each one.
                self._stopping.wait(min(self._every_s * 2**failures, LONGEST_WAIT_S))
                failures = min(failures + 1, 16)

    def _round(self, *, quiet: bool) -> bool:
        """Work once; False when it cannot be done now. The log hears of the first failure in a row."""
        try:
            self._work(self._stopping.is_set)
        except Exception as error:  # noqa: BLE001  # whatever it is, the work must go on afterwards
            words = str(error) if isinstance(error, NewsletterError) else f"{type(error).__name__}: {error}"
            self._fault = f"{self._words.waits}: {fit_for_log(words)}"
            if not quiet:
                _log.warning("%s", self._fault)
            return False
        if self._fault:
            _log.info("%s", self._words.again)
        self._fault = ""
        return True
