"""A process that dies at a chosen step: every touch of the database and the wire counts as one.

Stands in for tracing system calls: at step N a `Died` is raised, and from then on every further
step raises it, too, so that no clean-up can write. Only a rollback goes through, as the end of a
process would bring it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from newsletter.delivery import journal
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import Envelope, Receipt
from newsletter.store import Store


class Died(BaseException):
    """The end of the pretended process."""


class Fate:
    """Counts steps, and ends everything at step `at` (never, if 0)."""

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, at: int) -> None:
        """A new life, which ends at step `at`."""
        self._at = at
        self._steps = 0

    def step(self) -> None:
        self._steps += 1
        if 0 < self._at <= self._steps:
            raise Died


def moving_store(where: Callable[[], Path], fate: Fate | None = None) -> Store:
    """A store on whichever file `where` names when it connects; with a `fate`, statements and commits are steps.

    One engine for many files, since it keeps the compiled statements. A commit may die before and
    after it is durable.
    """

    class MortalCursor(sqlite3.Cursor):
        def execute(self, *args: Any) -> Any:
            assert fate is not None
            fate.step()
            return super().execute(*args)

    class MortalConnection(sqlite3.Connection):
        def cursor(self, factory: Any = MortalCursor) -> Any:
            return super().cursor(factory)

        def commit(self) -> None:
            assert fate is not None
            fate.step()
            super().commit()
            fate.step()

    store = Store(f"sqlite:///{where()}")

    @event.listens_for(store.engine, "do_connect")
    def connect(*_: object) -> sqlite3.Connection:
        factory = sqlite3.Connection if fate is None else MortalConnection
        return sqlite3.connect(where(), timeout=5, factory=factory, check_same_thread=False)

    @event.listens_for(store.engine, "connect")
    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        # Only the order of steps matters here: the page cache outlives every pretended death.
        sqlite3.Connection.execute(connection, "PRAGMA synchronous=OFF")

    return store


@contextmanager
def mortal_journals(fate: Fate) -> Iterator[None]:
    """Within the block a line of a journal is a step, too: the end may come before and after it is written."""
    real = os.write

    def write(file: int, octets: bytes) -> int:
        fate.step()
        written = real(file, octets)
        fate.step()
        return written

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal.os, "write", write)
        yield


class MortalTransport(MemoryTransport):
    """Dies before the content, after it was taken, or before the answer is heard. Its log outlives it."""

    def __init__(self, fate: Fate, *, opens_late: bool = False) -> None:
        super().__init__()
        self._fate = fate
        self._opens_late = opens_late

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        self._fate.step()
        if self._opens_late:
            receipt = super().deliver(envelope, message, opened=lambda: None)
            self._fate.step()
            opened()
            return receipt
        receipt = super().deliver(envelope, message, opened=opened)
        self._fate.step()
        return receipt
