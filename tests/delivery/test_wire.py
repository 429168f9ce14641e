from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.transports.wire import MAX_REPLY, Reply, Wire, WireLost


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours), theirs


def soon(seconds: float = 1.0) -> float:
    return time.monotonic() + seconds


def test_a_reply_of_several_lines_is_one_reply(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.sendall(b"550-5.1.1 nobody\r\n550-5.1.1 of that\r\n550 5.1.1 name\r\n")

    reply = wire.reply(deadline=soon())

    assert (reply.code, reply.enhanced) == (550, "5.1.1")
    assert reply.text == "5.1.1 nobody 5.1.1 of that 5.1.1 name"


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        (b"250\r\n", 250, ""),
        (b"250 \r\n", 250, ""),
        (b"250 ok\n", 250, "ok"),
        (b"550 a\xe9\0\x1b[2J\r\n", 550, "a\ufffd\ufffd\ufffd[2J"),
    ],
)
def test_odd_but_readable_replies_are_read(ends: tuple[Wire, socket.socket], line: bytes, code: int, text: str) -> None:
    wire, server = ends
    server.sendall(line)

    assert wire.reply(deadline=soon()) == Reply(code=code, text=text)


@pytest.mark.parametrize(
    "line", [b"\r\n", b"ok\r\n", b"25\r\n", b"2500 ok\r\n", b"150 no\r\n", b"650 no\r\n", b"\xff\xfe\r\n"]
)
def test_what_is_not_smtp_is_not_guessed_at(ends: tuple[Wire, socket.socket], line: bytes) -> None:
    wire, server = ends
    server.sendall(line)

    with pytest.raises(WireLost, match="not SMTP"):
        wire.reply(deadline=soon())


@pytest.mark.parametrize(("text", "enhanced"), [("4.7.1 x", ""), ("5.1.1", "5.1.1"), ("5.1.1x", ""), ("x 5.1.1", "")])
def test_an_enhanced_code_must_agree_and_come_first(text: str, enhanced: str) -> None:
    assert Reply(code=550, text=text).enhanced == enhanced


@pytest.mark.parametrize("flood", [b"x" * 10_000, b"250-more\r\n" * 500])
def test_a_reply_without_end_is_cut_off(ends: tuple[Wire, socket.socket], flood: bytes) -> None:
    wire, server = ends
    server.sendall(flood)

    with pytest.raises(WireLost, match="no end"):
        wire.reply(deadline=soon())


def test_at_most_a_thousand_characters_are_kept(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.sendall(b"".join(b"550-" + b"y" * 500 + b"\r\n" for _ in range(20)) + b"550 end\r\n")

    assert len(wire.reply(deadline=soon()).text) == MAX_REPLY


def test_silence_ends_at_the_deadline(ends: tuple[Wire, socket.socket]) -> None:
    wire, _server = ends

    with pytest.raises(WireLost, match="in time"):
        wire.reply(deadline=soon(0.05))


def test_one_byte_at_a_time_does_not_move_the_deadline(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.02):
            server.sendall(b"2")

    thread = threading.Thread(target=drip)
    thread.start()
    started = time.monotonic()
    with pytest.raises(WireLost, match="in time"):
        wire.reply(deadline=soon(0.2))
    stop.set()
    thread.join()

    assert time.monotonic() - started < 1


def test_a_closed_connection_is_said(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.close()

    with pytest.raises(WireLost, match="closed"):
        wire.reply(deadline=soon())


def test_a_server_that_speaks_out_of_turn_is_not_listened_to(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.sendall(b"250 ok\r\n250 and the next one already\r\n")
    wire.reply(deadline=soon())

    assert not wire.is_quiet
    with pytest.raises(WireLost, match="out of turn"):
        wire.command(b"DATA\r\n", timeout_s=1)


def test_a_silent_line_is_idle_and_one_with_words_or_an_end_is_not(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    assert wire.is_idle

    server.sendall(b"421 bye\r\n")
    assert not wire.is_idle
    assert not wire.is_quiet

    assert wire.reply(deadline=soon()).code == 421
    server.close()
    assert not wire.is_idle


@given(st.binary(max_size=300))
def test_any_bytes_give_a_reply_or_an_end(noise: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(noise)
        theirs.shutdown(socket.SHUT_WR)
        try:
            reply = Wire(ours).reply(deadline=soon())
        except WireLost:
            return
        assert 200 <= reply.code <= 599
        assert len(reply.text) <= MAX_REPLY
