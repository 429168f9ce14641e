"""The brake: many refusals in a row, or too many in all, are said about us, not about so many readers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from newsletter.model import SubscriberId

REFUSALS = 20
WINDOW = 200  # the latest answers that a rate is taken of
SHARE = 0.25  # of them refused: no list that people signed up for has as many dead addresses


class Brake:
    """Counts refusals since the last acceptance, and among the latest answers; remembers whose they were.

    A deferral neither counts nor forgives: a relay that blocks us may mix its answers. Safe to use
    from several threads.
    """

    def __init__(self, refusals: int = REFUSALS, *, window: int = WINDOW, share: float = SHARE) -> None:
        """Trip after so many `refusals` in a row, or a `share` of the latest `window`; 0 refusals never trips."""
        self._limit, self._share = refusals, share
        self._lock = threading.Lock()
        self._count = 0
        self._latest: deque[SubscriberId | None] = deque(maxlen=window)
        self._bad = 0
        self._refused: list[SubscriberId] = []
        self._blamed: list[SubscriberId] = []
        self._bounced: set[SubscriberId] = set()
        self.why = ""

    def accepted(self) -> None:
        """Forget the row of refusals: the relay does take our mail."""
        with self._lock:
            if self.why:
                return
            self._note(None)
            if self._count:
                self._count = 0
                self._refused.clear()

    def refused(self, subscriber_id: SubscriberId) -> None:
        """Count a refusal of one reader; one that was in flight when the brake was pulled is blamed with the others."""
        with self._lock:
            if self.why:
                self._blamed.append(subscriber_id)
                return
            self._note(subscriber_id)
            self._count += 1
            self._refused.append(subscriber_id)
            self._judge()

    def bounced(self, subscriber_id: SubscriberId) -> None:
        """Remember that this reader was marked as bounced."""
        with self._lock:
            self._bounced.add(subscriber_id)

    def failed(self) -> None:
        """Count a refusal of the whole connection, which touched no reader."""
        with self._lock:
            self._count += 1
            self._judge()

    @property
    def is_pulled(self) -> bool:
        """Whether the row of refusals has reached the limit, or their share; `why` says which."""
        return bool(self.why)

    @property
    def refused_ids(self) -> Sequence[SubscriberId]:
        """The readers whose refusals pulled it or would have, oldest first; each may be there twice."""
        return tuple(self._blamed if self.why else self._refused)

    @property
    def bounced_ids(self) -> Sequence[SubscriberId]:
        """Those of them who were marked as bounced."""
        return tuple(reader for reader in self.refused_ids if reader in self._bounced)

    def _note(self, refused: SubscriberId | None) -> None:
        if len(self._latest) == self._latest.maxlen:
            self._bad -= self._latest[0] is not None
        self._latest.append(refused)
        self._bad += refused is not None

    def _judge(self) -> None:
        if self.why or not self._limit:
            return
        if self._count >= self._limit:
            self.why = f"{self._limit} refusals in a row"
            self._blamed = list(self._refused)
        elif len(self._latest) == self._latest.maxlen and self._bad > self._share * len(self._latest):
            self.why = f"{self._bad} refusals among the last {len(self._latest)} answers"
            self._blamed = [reader for reader in self._latest if reader is not None]
