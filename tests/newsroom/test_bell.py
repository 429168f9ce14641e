"""The bell: it rings on whatever a ring does, ends when it is told, and says when it has been silent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from newsletter.errors import StoreBusy
from newsletter.scheduler import Bell

LIMIT_S = 20.0
OFTEN_S = 0.01


class Ring:
    """A ring that does what it is told, and says when it was called `enough` times."""

    def __init__(self, do: Callable[[], object] = lambda: None, *, enough: int = 3) -> None:
        self._do, self._enough = do, enough
        self.times = 0
        self.full = threading.Event()

    def __call__(self) -> None:
        self.times += 1
        if self.times >= self._enough:
            self.full.set()
        self._do()


class Seconds:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ringing() -> Iterator[Callable[..., Bell]]:
    """Start a bell; it is stopped when the test ends."""
    with ExitStack() as ending:

        def start(ring: Callable[[], object], **more: object) -> Bell:
            bell = Bell(ring, every_s=OFTEN_S, **more)
            bell.start()
            ending.callback(bell.stop)
            return bell

        yield start


def fail(error: Exception) -> Callable[[], object]:
    def do() -> None:
        raise error

    return do


def test_rings_again_and_again_in_a_thread_of_its_own(ringing) -> None:
    threads: set[int] = set()
    ring = Ring(lambda: threads.add(threading.get_ident()))

    ringing(ring)

    assert ring.full.wait(LIMIT_S)
    assert threading.get_ident() not in threads


def test_two_rings_never_overlap(ringing) -> None:
    inside = threading.Lock()
    overlaps: list[bool] = []

    def do() -> None:
        overlaps.append(not inside.acquire(blocking=False))
        threading.Event().wait(5 * OFTEN_S)
        inside.release()

    ring = Ring(do)
    ringing(ring)

    assert ring.full.wait(LIMIT_S)
    assert not any(overlaps)


@pytest.mark.parametrize("error", [StoreBusy("The database is busy."), RuntimeError("a fault of ours")])
def test_ring_that_raises_does_not_end_the_bell(ringing, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    ring = Ring(fail(error))

    with caplog.at_level(logging.WARNING, logger="newsletter.scheduler"):
        ringing(ring)
        assert ring.full.wait(LIMIT_S)

    assert ring.times >= 3
    assert str(error) in caplog.text


def test_busy_database_is_a_line_in_the_log_without_a_traceback(ringing, caplog: pytest.LogCaptureFixture) -> None:
    ring = Ring(fail(StoreBusy("The database is busy.")), enough=2)

    with caplog.at_level(logging.WARNING, logger="newsletter.scheduler"):
        ringing(ring)
        assert ring.full.wait(LIMIT_S)

    assert "A tick was not done: The database is busy." in caplog.text
    assert "Traceback" not in caplog.text


def test_bell_that_rings_has_no_fault_and_one_that_was_silent_for_a_minute_says_how_long() -> None:
    clock = Seconds()
    bell = Bell(lambda: None, clock=clock)

    faults = []
    for clock.now in (0.0, 59.9, 61.4):
        faults.append(bell.fault)

    assert faults == [
        "",
        "",
        "The bell has been silent for 61 s: no schedule runs. Restart: newsletter serve",
    ]


def test_silence_is_counted_from_the_start() -> None:
    clock = Seconds()
    bell = Bell(lambda: None, every_s=600, clock=clock)
    clock.now = 500.0

    bell.start()
    found = bell.fault
    bell.stop()

    assert found == ""


@pytest.mark.parametrize(
    ("do", "is_silent"),
    [
        (lambda: None, False),
        (fail(StoreBusy("The database is busy.")), False),
        (fail(RuntimeError("a fault of ours")), True),
    ],
)
def test_only_a_ring_that_breaks_counts_as_silence(ringing, do: Callable[[], object], is_silent: bool) -> None:
    clock, rang = Seconds(), threading.Event()

    def ring() -> None:
        clock.now = 100.0
        rang.set()
        do()

    bell = ringing(ring, clock=clock)
    assert rang.wait(LIMIT_S)

    bell.stop()

    assert bool(bell.fault) is is_silent


def test_stop_waits_for_the_ring_in_hand(ringing) -> None:
    begun, done = threading.Event(), threading.Event()

    def do() -> None:
        begun.set()
        threading.Event().wait(0.1)
        done.set()

    bell = ringing(do)
    assert begun.wait(LIMIT_S)

    bell.stop()

    assert done.is_set()


def test_stopped_bell_rings_no_more_and_stopping_twice_or_unstarted_is_fine(ringing) -> None:
    ring = Ring()
    bell = ringing(ring)
    assert ring.full.wait(LIMIT_S)

    bell.stop()
    times = ring.times
    threading.Event().wait(5 * OFTEN_S)
    bell.stop()
    Bell(ring).stop()

    assert ring.times == times
