from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from newsletter.delivery import draining


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def heard(request: pytest.FixtureRequest) -> Iterator[tuple[signal.Signals, list[int]]]:
    """A signal, and what a handler from before the block has heard of it."""
    heard: list[int] = []
    before = signal.signal(request.param, lambda number, _frame: heard.append(number))
    yield request.param, heard
    signal.signal(request.param, before)


def test_the_first_signal_asks_and_the_second_goes_through(heard: tuple[signal.Signals, list[int]]) -> None:
    number, earlier = heard

    with draining() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert (stop(), earlier) == (True, [])
        os.kill(os.getpid(), number)

    assert earlier == [number]


def test_after_the_block_signals_are_what_they_were(heard: tuple[signal.Signals, list[int]]) -> None:
    number, earlier = heard

    with draining():
        pass
    os.kill(os.getpid(), number)

    assert earlier == [number]
