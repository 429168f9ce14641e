"""How many connections a run really opens: more only while more of them carry more.

Threads that wait for a relay far away cost nothing. Beside a relay on the same machine they take turns at
one interpreter, and twenty carried a third less than five.
"""

from __future__ import annotations

FIRST = 4
_EVERY_S = 1.0
_GAIN = 1.15


class Width:
    """Doubles the connections, up to the limit, as long as each doubling brings a good deal more messages a second."""

    def __init__(self, limit: int) -> None:
        """Begin with a few, and never more than `limit`."""
        self.connections = min(FIRST, limit)
        self._limit = limit
        self._best = 0.0
        self._since: tuple[float, int] | None = None
        self._is_enough = False

    def measure(self, carried: int, now: float, *, is_busy: bool) -> None:
        """Look at how many messages were `carried` by `now` (monotonic seconds); only a busy second tells anything."""
        if self.connections >= self._limit or self._is_enough:
            return
        if self._since is None or not is_busy:
            self._since = (now, carried)
            return
        began, before = self._since
        if now - began < _EVERY_S:
            return
        rate = (carried - before) / (now - began)
        self._since = (now, carried)
        if rate > self._best * _GAIN:
            self._best = rate
            self.connections = min(2 * self.connections, self._limit)
        else:
            self._is_enough = True
