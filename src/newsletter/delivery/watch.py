"""The look before each message: has its reader left, was its edition stopped, is its lease still ours?

For SQLite, which tells in a microsecond whether anybody has committed since the last look (PRAGMA
data_version). Only then the few rows are read that can take a message back.
"""

from __future__ import annotations

import sqlite3
import threading
from types import TracebackType
from typing import Any, Self

from newsletter.delivery.parcels import Parcel
from newsletter.delivery.run import EditionStopped, LeaseLost, Withdrawn
from newsletter.errors import StoreError
from newsletter.model import EditionId, SubscriberId
from newsletter.store.engine import Store, in_sentences
from newsletter.store.revocations import LAST_REVOCATION, LEASES_HELD, REVOKED_SINCE, STATE_OF_EDITION


class Watch:
    """Looks for the threads of a run, each by a connection of its own.

    With one connection for all, threads queued for it: asking SQLite gives other threads a turn.
    """

    def __init__(self, store: Store, edition_id: EditionId) -> None:
        """Watch over one edition's run. Raises StoreError when the database cannot be opened."""
        self._store, self._edition_id = store, edition_id
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._eyes: list[_Eye] = []
        self._revoked: dict[SubscriberId, int] = {}
        self._is_sending = True
        self._tokens: dict[int, str] = {}
        try:
            self._last = int(self._eye().read(LAST_REVOCATION)[0][0])
        except sqlite3.Error as error:
            raise _unreadable(error) from error

    def __enter__(self) -> Self:
        """Ready to look."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the connections back."""
        with self._lock:
            for eye in self._eyes:
                eye.close()

    def look(self, parcel: Parcel) -> None:
        """Nothing, if the message may leave. Raises Withdrawn, EditionStopped or LeaseLost."""
        eye = self._eye()
        try:
            version = eye.version()
            if version != eye.seen:
                with self._lock:
                    self._read_news(eye)
                # Taken down last: what was committed meanwhile is read again at the next look.
                eye.seen = version
        except sqlite3.Error as error:
            raise _unreadable(error) from error
        lease = parcel.batch.lease
        if self._tokens.get(lease.chunk_id) != lease.token:
            raise LeaseLost
        if not self._is_sending:
            raise EditionStopped
        if self._revoked.get(parcel.row.subscriber_id, 0) > parcel.seen:
            raise Withdrawn("the reader's choices changed")

    def _eye(self) -> _Eye:
        eye: _Eye | None = getattr(self._mine, "eye", None)
        if eye is None:
            eye = self._mine.eye = _Eye(self._store)
            with self._lock:
                self._eyes.append(eye)
        return eye

    def _read_news(self, eye: _Eye) -> None:
        self._is_sending = eye.read(STATE_OF_EDITION, self._edition_id) == [("sending",)]
        self._tokens = dict(eye.read(LEASES_HELD, self._edition_id))
        for number, subscriber_id in eye.read(REVOKED_SINCE, self._last):
            self._last = number
            if subscriber_id is not None:
                self._revoked[SubscriberId(subscriber_id)] = number


class _Eye:
    """One thread's reading connection; `seen` is the version its news were read at."""

    def __init__(self, store: Store) -> None:
        with in_sentences(store.url.database):
            self._connection = store.engine.raw_connection()
        self._cursor = self._connection.cursor()
        self.seen: object = None

    def version(self) -> object:
        self._cursor.execute("PRAGMA data_version")
        return self._cursor.fetchone()

    def read(self, sql: str, *values: int) -> list[Any]:
        self._cursor.execute(sql, values)
        return list(self._cursor.fetchall())

    def close(self) -> None:
        self._cursor.close()
        self._connection.close()


def _unreadable(error: sqlite3.Error) -> StoreError:
    return StoreError(f"The database cannot be read ({error}). Nothing more is sent. Run: newsletter doctor")
