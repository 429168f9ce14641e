"""Why a run ends before its work is done: said once by whoever finds out, heard by every thread."""

from __future__ import annotations

import threading


class Halt:
    """The first reason counts. `pause` is why the edition must pause, `error` is raised when all is settled."""

    def __init__(self) -> None:
        """Nothing is said yet."""
        self._lock = threading.Lock()
        self._is_called = False
        self.pause: str | None = None
        self.error: BaseException | None = None

    def __bool__(self) -> bool:
        """Whether the run is to end."""
        return self._is_called

    def call(self, *, pause: str | None = None, error: BaseException | None = None) -> None:
        """Let nothing more begin."""
        with self._lock:
            if not self._is_called:
                self.pause, self.error = pause, error
            self._is_called = True
