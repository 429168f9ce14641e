"""Somebody else in the middle of a transaction: at its n-th statement another thread acts, from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, event

# Whoever is not done by then waits for a lock that the interrupted one holds.
PATIENCE_S = 0.2


@dataclass
class Interruption:
    """Counts statements, and lets `act` happen at the one with the number `at`."""

    at: int
    act: Callable[[], object]
    statements: int = 0
    _done: list[Future[object]] = field(default_factory=list)

    @property
    def was_reached(self) -> bool:
        """Whether there were so many statements."""
        return bool(self._done)

    def result(self) -> object:
        """What `act` gave, or the error with which it ended."""
        error = self._done[0].exception(30)
        return error if error is not None else self._done[0].result()

    def step(self, pool: ThreadPoolExecutor) -> None:
        self.statements += 1
        if self.statements == self.at:
            self._done.append(pool.submit(self.act))
            try:
                self._done[0].result(PATIENCE_S)
            except NotDone:
                return
            except Exception:  # noqa: BLE001  # kept for `result`
                return


@contextmanager
def interrupted(engine: Engine, at: int, act: Callable[[], object]) -> Iterator[Interruption]:
    """Let `act` happen at the statement `at` of what the block does with `engine`, and wait for its end."""
    one = Interruption(at=at, act=act)
    with ThreadPoolExecutor(1) as pool:

        def step(*_: object) -> None:
            one.step(pool)

        event.listen(engine, "before_cursor_execute", step)
        try:
            yield one
        finally:
            event.remove(engine, "before_cursor_execute", step)
