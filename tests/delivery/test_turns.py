"""Conversations take turns in one thread: nobody waits for a silent one, and deadlines hold."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Authority

from newsletter.delivery.transports.turns import READ, WRITE, Turns, turns_here
from newsletter.delivery.transports.wire import Wire

Pair = tuple[socket.socket, socket.socket]


def _pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    yield here, there
    here.close()
    there.close()


@pytest.fixture
def tls_ends(pair: Pair, tmp_path: Path) -> Iterator[tuple[Wire, ssl.SSLSocket]]:
    """A wire over an encrypted connection, and the server's end of it."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server = Authority(tmp_path).server()
    done = threading.Thread(target=lambda: ends.append(server.wrap_socket(pair[1], server_side=True)))
    ends: list[ssl.SSLSocket] = []
    done.start()
    here = client.wrap_socket(pair[0])
    done.join()
    yield Wire(here), ends[0]
    here.close()
    ends[0].close()


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


def test_a_new_socket_with_the_number_of_an_old_one_is_heard() -> None:
    said: list[bytes] = []
    numbers: list[int] = []
    turns = Turns()

    def work() -> None:
        for words in (b"old", b"new", b"newest"):
            here, there = socket.socketpair()
            numbers.append(here.fileno())
            there.send(words)
            turns.wait(here, READ, time.monotonic() + 10)
            said.append(here.recv(10))
            here.close()
            there.close()

    turns.start(work)
    turns.run()

    assert said == [b"old", b"new", b"newest"]
    assert len(set(numbers)) == 1


def test_reading_and_writing_take_turns_on_one_socket(pair: Pair) -> None:
    here, there = pair
    heard: list[bytes] = []
    turns = Turns()

    def work() -> None:
        for _ in range(3):
            turns.wait(here, WRITE, time.monotonic() + 10)
            here.send(b"question")
            there.send(there.recv(10))
            turns.wait(here, READ, time.monotonic() + 10)
            heard.append(here.recv(10))

    turns.start(work)
    turns.run()

    assert heard == [b"question"] * 3


def test_words_for_nobody_do_not_keep_the_loop_busy(pair: Pair, other_pair: Pair) -> None:
    here, there = pair
    looks: list[int] = []
    turns = Turns()
    select = turns._selector.select

    def counted(timeout: float | None) -> list:
        looks.append(1)
        return select(timeout)

    turns._selector.select = counted

    def talk() -> None:
        there.send(b"1")
        turns.wait(here, READ, time.monotonic() + 10)
        # One octet is left unread, and nobody waits for it.
        there.send(b"23")
        here.recv(2)
        threading.Timer(0.5, turns.wake).start()
        turns.rest()

    def listen() -> None:
        with pytest.raises(TimeoutError):
            turns.wait(other_pair[0], READ, time.monotonic() + 0.4)

    turns.start(talk)
    turns.start(listen)
    turns.run()

    assert len(looks) < 40


def test_a_reply_that_was_decrypted_already_is_not_waited_for(tls_ends: tuple[Wire, ssl.SSLSocket]) -> None:
    wire, server = tls_ends
    replies: list[int] = []
    turns = Turns()

    def work() -> None:
        # Both lines come in one record, longer than one read: the rest of it is in the library, not in the kernel.
        server.sendall(b"250 %b\r\n251-%b\r\n251 %b\r\n" % (b"x" * 1_500, b"y" * 1_500, b"z" * 1_900))
        deadline = time.monotonic() + 5
        replies.append(wire.reply(deadline=deadline).code)
        replies.append(wire.reply(deadline=deadline).code)

    turns.start(work)
    turns.run()

    assert replies == [250, 251]
