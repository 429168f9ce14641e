"""A thread that does its round: at once, through outages that it tells once, and to an end in time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from newsletter.delivery import Worker, WorkerWords
from newsletter.errors import StoreBusy, TransportError

LIMIT_S = 20.0
OFTEN_S = 0.01
SELDOM_S = 600.0
WORDS = WorkerWords(waits="Mail waits", again="Mail goes out again.", ended="The sender of mail has ended")


class Rounds:
    """Work that raises what the script says, round by round, then does nothing; tells when `enough` were done."""

    def __init__(self, *script: Exception | None, enough: int = 1) -> None:
        self._script, self._enough = list(script), enough
        self.times = 0
        self.full = threading.Event()

    def __call__(self, stop: Callable[[], bool]) -> None:
        self.times += 1
        if self.times >= self._enough:
            self.full.set()
        error = self._script.pop(0) if self._script else None
        if error is not None:
            raise error


@pytest.fixture
def at_work() -> Iterator[Callable[..., Worker]]:
    """Start a worker; it is stopped when the test ends."""
    with ExitStack() as ending:

        def start(work: Callable[[Callable[[], bool]], object], *, every_s: float = SELDOM_S) -> Worker:
            worker = Worker("mail", work, WORDS)
            worker.start(every_s=every_s)
            ending.callback(worker.stop)
            return worker

        yield start


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="newsletter.delivery.worker")
    return caplog


def test_works_at_its_start_and_at_once_when_it_is_woken(at_work) -> None:
    first, second = Rounds(), Rounds(enough=2)

    at_work(first)
    worker = at_work(second)
    worker.wake()

    assert first.full.wait(LIMIT_S)
    assert second.full.wait(LIMIT_S)


def test_works_by_itself_every_few_seconds(at_work) -> None:
    rounds = Rounds(enough=3)

    at_work(rounds, every_s=OFTEN_S)

    assert rounds.full.wait(LIMIT_S)


def test_outage_is_told_once_and_so_is_its_end(at_work, log: pytest.LogCaptureFixture) -> None:
    away = TransportError("The relay is away.")
    rounds = Rounds(away, away, away, enough=6)

    worker = at_work(rounds, every_s=OFTEN_S)
    assert rounds.full.wait(LIMIT_S)
    worker.stop()

    assert [record.getMessage() for record in log.records] == [
        "Mail waits: The relay is away.",
        "Mail goes out again.",
    ]
    assert worker.fault == ""


def test_second_outage_is_told_again(at_work, log: pytest.LogCaptureFixture) -> None:
    away = TransportError("The relay is away.")
    rounds = Rounds(away, None, away, None, enough=5)

    worker = at_work(rounds, every_s=OFTEN_S)
    assert rounds.full.wait(LIMIT_S)
    worker.stop()

    assert len(log.records) == 4


def test_fault_says_what_keeps_it_from_working(at_work) -> None:
    rounds = Rounds(StoreBusy("The database is busy."), enough=1)

    worker = at_work(rounds)
    assert rounds.full.wait(LIMIT_S)
    worker.stop()

    assert worker.fault == "Mail waits: The database is busy."


def test_fault_names_no_address(at_work) -> None:
    rounds = Rounds(TransportError("refused: <ada@example.org> is unknown here"))

    worker = at_work(rounds)
    assert rounds.full.wait(LIMIT_S)
    worker.stop()

    assert "ada@example.org" not in worker.fault


def test_fault_of_ours_is_named_with_its_kind_and_the_work_goes_on(at_work, log: pytest.LogCaptureFixture) -> None:
    rounds = Rounds(ZeroDivisionError("by nought"), enough=2)

    worker = at_work(rounds, every_s=OFTEN_S)
    assert rounds.full.wait(LIMIT_S)
    worker.stop()

    assert log.records[0].getMessage() == "Mail waits: ZeroDivisionError: by nought"
    assert worker.fault == ""


def test_waking_does_not_cut_a_back_off_short(at_work) -> None:
    rounds = Rounds(TransportError("The relay is away."), enough=1)
    worker = at_work(rounds)
    assert rounds.full.wait(LIMIT_S)

    worker.wake()
    threading.Event().wait(0.1)

    assert rounds.times == 1


@pytest.mark.parametrize("script", [(), (TransportError("The relay is away."),)])
def test_stop_ends_it_in_time_whether_it_rests_or_backs_off(at_work, script: tuple[Exception, ...]) -> None:
    rounds = Rounds(*script)
    worker = at_work(rounds)
    assert rounds.full.wait(LIMIT_S)

    assert worker.stop(timeout_s=LIMIT_S)
    assert worker.stop(timeout_s=LIMIT_S)


def test_stop_is_told_to_the_work_in_hand(at_work) -> None:
    begun, heard = threading.Event(), threading.Event()

    def work(stop: Callable[[], bool]) -> None:
        begun.set()
        while not stop():
            threading.Event().wait(OFTEN_S)
        heard.set()

    worker = at_work(work)
    assert begun.wait(LIMIT_S)

    assert worker.stop(timeout_s=LIMIT_S)
    assert heard.is_set()


def test_stop_says_when_the_work_in_hand_does_not_end(at_work) -> None:
    begun, release = threading.Event(), threading.Event()

    def work(_stop: Callable[[], bool]) -> None:
        begun.set()
        release.wait(LIMIT_S)

    worker = at_work(work)
    assert begun.wait(LIMIT_S)
    ended_early = worker.stop(timeout_s=0.05)
    release.set()

    assert (ended_early, worker.stop(timeout_s=LIMIT_S)) == (False, True)


def test_worker_that_was_never_started_has_no_fault_and_stops_at_once() -> None:
    worker = Worker("mail", lambda _stop: None, WORDS)

    assert (worker.fault, worker.stop()) == ("", True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_died_is_told_with_what_to_do(at_work) -> None:
    dying = threading.Event()

    def work(_stop: Callable[[], bool]) -> None:
        dying.set()
        raise SystemExit

    worker = at_work(work)
    assert dying.wait(LIMIT_S)
    for _ in range(200):
        if worker.fault:
            break
        threading.Event().wait(OFTEN_S)

    assert worker.fault == "The sender of mail has ended. Restart: newsletter serve"
