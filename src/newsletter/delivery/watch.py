"""The look before each message: has its reader left, was its edition stopped, is its lease still ours?

For SQLite, which tells in a microsecond whether anybody has committed since the last look (PRAGMA
data_version). Only then the few rows are read that can take a message back.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Any, Self

from newsletter.delivery.parcels import Parcel
from newsletter.delivery.run import EditionStopped, LeaseLost, Withdrawn
from newsletter.errors import StoreError
from newsletter.model import EditionId, SubscriberId
from newsletter.store.engine import Store, in_sentences
from newsletter.store.revocations import LAST_REVOCATION, LEASES_HELD, REVOKED_SINCE, STATE_OF_EDITION


class Watch:
    """Looks for all connections of a run, which take turns in one thread."""

    def __init__(self, store: Store, edition_id: EditionId) -> None:
        """Watch over one edition's run. Raises StoreError when the database cannot be opened."""
        self._edition_id = edition_id
        self._version: object = None
        self._revoked: dict[SubscriberId, int] = {}
        self._is_sending = True
        self._tokens: dict[int, str] = {}
        with in_sentences(store.url.database):
            self._connection = store.engine.raw_connection()
        try:
            self._cursor = self._connection.cursor()
            self._last = int(self._read(LAST_REVOCATION)[0][0])
        except sqlite3.Error as error:
            raise _unreadable(error) from error

    def __enter__(self) -> Self:
        """Ready to look."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the connection back."""
        self._cursor.close()
        self._connection.close()

    def look(self, parcel: Parcel) -> None:
        """Nothing, if the message may leave. Raises Withdrawn, EditionStopped or LeaseLost."""
        try:
            self._cursor.execute("PRAGMA data_version")
            version = self._cursor.fetchone()
            if version != self._version:
                self._read_news()
                # Taken down last: what was committed meanwhile is read again at the next look.
                self._version = version
        except sqlite3.Error as error:
            raise _unreadable(error) from error
        lease = parcel.batch.lease
        if self._tokens.get(lease.chunk_id) != lease.token:
            raise LeaseLost
        if not self._is_sending:
            raise EditionStopped
        if self._revoked.get(parcel.row.subscriber_id, 0) > parcel.seen:
            raise Withdrawn("the reader's choices changed")

    def _read_news(self) -> None:
        self._is_sending = self._read(STATE_OF_EDITION, self._edition_id) == [("sending",)]
        self._tokens = dict(self._read(LEASES_HELD, self._edition_id))
        for number, subscriber_id in self._read(REVOKED_SINCE, self._last):
            self._last = number
            if subscriber_id is not None:
                self._revoked[SubscriberId(subscriber_id)] = number

    def _read(self, sql: str, *values: int) -> list[Any]:
        self._cursor.execute(sql, values)
        return list(self._cursor.fetchall())


def _unreadable(error: sqlite3.Error) -> StoreError:
    return StoreError(f"The database cannot be read ({error}). Nothing more is sent. Run: newsletter doctor")
