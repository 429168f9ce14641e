"""Who takes returned mail in the tests, and fails when told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from newsletter.errors import StoreError


class Taker:
    """Keeps what it is given; `refuses` names what a database cannot keep just now. `full` tells of `enough`."""

    def __init__(self, *, refuses: Callable[[bytes], bool] = lambda _: False, enough: int = 1) -> None:
        self.taken: list[tuple[bytes, tuple[str, ...]]] = []
        self.refused = 0
        self.refuses = refuses
        self._enough, self.full = enough, threading.Event()

    def __call__(self, message: bytes, recipients: Sequence[str]) -> None:
        if self.refuses(message):
            self.refused += 1
            raise StoreError("the disk is full for <ada@example.org>. Make room.")
        self.taken.append((message, tuple(recipients)))
        if len(self.taken) >= self._enough:
            self.full.set()

    @property
    def messages(self) -> list[bytes]:
        return [message for message, _ in self.taken]


def never() -> bool:
    """Do not stop."""
    return False


def report(number: int) -> bytes:
    """A small message that came back."""
    return f"From: <>\r\nTo: b+{number}@example.org\r\nSubject: Returned {number}\r\n\r\nIt came back.\r\n".encode()
