"""Conversations take turns in one thread: nobody waits for a silent one, and deadlines hold."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from newsletter.delivery.transports.turns import READ, Turns, turns_here

Pair = tuple[socket.socket, socket.socket]


def _pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    yield here, there
    here.close()
    there.close()


pair, other_pair = pytest.fixture(_pair, name="pair"), pytest.fixture(_pair, name="other_pair")


def test_one_speaks_while_another_waits(pair: Pair) -> None:
    here, there = pair
    said: list[str] = []
    turns = Turns()

    def first() -> None:
        turns.wait(here, READ, time.monotonic() + 10)
        said.append(here.recv(10).decode())

    def second() -> None:
        said.append("second")
        there.send(b"first")

    turns.start(first)
    turns.start(second)
    turns.run()

    assert said == ["second", "first"]


def test_a_deadline_ends_one_wait_while_others_go_on(pair: Pair) -> None:
    silent = pair[0]
    ended: list[str] = []
    turns = Turns()

    def patient() -> None:
        with pytest.raises(TimeoutError):
            turns.wait(silent, READ, time.monotonic() + 0.1)
        ended.append("timeout")

    turns.start(patient)
    turns.start(lambda: ended.append("other"))
    turns.run()

    assert ended == ["other", "timeout"]


def test_a_deadline_holds_beside_a_busy_neighbour(pair: Pair, other_pair: Pair) -> None:
    silent, (here, there) = pair[0], other_pair
    there.send(b"x")
    turns = Turns()
    over: list[float] = []

    def patient() -> None:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            turns.wait(silent, READ, began + 0.1)
        over.append(time.monotonic() - began)

    def busy() -> None:
        while not over:
            turns.wait(here, READ, time.monotonic() + 10)

    turns.start(patient)
    turns.start(busy)
    turns.run()

    assert over[0] < 5


def test_what_is_done_apart_comes_back_with_its_value_or_exception() -> None:
    turns = Turns()
    seen: list[object] = []

    def ask() -> None:
        seen.append(turns.apart(threading.get_ident))
        with pytest.raises(ZeroDivisionError):
            turns.apart(lambda: 1 // 0)
        seen.append(threading.get_ident())

    turns.start(ask)
    turns.run()

    assert seen[0] != seen[1] == threading.get_ident()


def test_who_rests_is_woken_from_another_thread() -> None:
    turns = Turns()
    news: list[str] = []

    def rest() -> None:
        while not news:
            turns.rest()

    def tell() -> None:
        news.append("come")
        turns.wake()

    turns.start(rest)
    threading.Timer(0.05, tell).start()
    turns.run()

    assert news == ["come"]


def test_turns_are_known_only_inside() -> None:
    turns = Turns()
    inside: list[object] = []

    turns.start(lambda: inside.append(turns_here()))
    turns.run()

    assert inside == [turns]
    assert turns_here() is None
