"""The first Ctrl-C or SIGTERM lets the message in flight end; the second one ends the program."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def draining(tell: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """A question for `Run.stop`: whether a signal has come since the block began.

    For the main thread. `tell` is called inside the signal handler, at once. The earlier handlers are
    back after the first signal, so that a second one is not waited for, and when the block ends.
    """
    asked = False
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        restore()
        tell()

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield lambda: asked
    finally:
        restore()
