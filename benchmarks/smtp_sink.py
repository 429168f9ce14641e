"""A small, fast SMTP server that takes everything: one thread for each connection, nothing is parsed twice.

Run by the benchmark as a process of its own, so that it does not share the sender's interpreter.
Prints its port on the first line; prints the number of accepted messages when its input closes.

With `--delay-ms 20` it is a relay far away instead: each answer leaves so much later, and pipelining is
offered. It then prints also how many round trips its senders waited for, and the mean delay in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
import threading

GREETING = b"220 sink ESMTP\r\n"
EHLO = b"250-sink\r\n250-8BITMIME\r\n250 SIZE 0\r\n"
EHLO_FAR = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n"
OK = b"250 2.0.0 Ok\r\n"
END = b"\r\n.\r\n"


class Sink:
    """Accepts on a free port of 127.0.0.1 until it is closed; `accepted` counts final dots."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.sendall(GREETING)
            buffer = b""
            while True:
                while b"\r\n" not in buffer:
                    received = connection.recv(65_536)
                    if not received:
                        return
                    buffer += received
                line, _, buffer = buffer.partition(b"\r\n")
                verb = line[:4].upper()
                if verb == b"DATA":
                    connection.sendall(b"354 go\r\n")
                    if not self._swallow(connection):
                        return
                    self.accepted += 1
                    connection.sendall(OK)
                elif verb == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                else:
                    connection.sendall(EHLO if verb == b"EHLO" else OK)

    def _swallow(self, connection: socket.socket) -> bool:
        """Read content up to the final dot; False if the sender hangs up first."""
        tail = b""
        while True:
            received = connection.recv(262_144)
            if not received:
                return False
            tail = (tail + received)[-5:]
            if tail == b"\r\n.\r\n":
                return True


class Tally:
    """What a far relay counts over all its connections."""

    def __init__(self) -> None:
        self.accepted = self.round_trips = self.answers = 0
        self.waited_s = 0.0

    def __str__(self) -> str:
        return f"{self.accepted} {self.round_trips} {1000 * self.waited_s / max(1, self.answers):.3f}"


class FarSink(asyncio.Protocol):
    """One connection to a relay whose answers take `delay_s`, however many lie on the way at once."""

    def __init__(self, delay_s: float, tally: Tally) -> None:
        self._delay_s, self._tally = delay_s, tally
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._in_content = False
        self._on_the_way = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer(GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = bytearray()
        while (answer := self._next()) is not None:
            answers += answer
        if answers:
            self._answer(bytes(answers))

    def _next(self) -> bytes | None:
        """The answer to the next command or content in the buffer; None if it is not whole yet."""
        end = END if self._in_content else b"\r\n"
        found = self._buffer.find(end)
        if found < 0:
            # Content comes in many pieces: what was searched goes, but for the beginning of an end.
            if self._in_content:
                del self._buffer[: -len(END)]
            return None
        verb = bytes(self._buffer[:4]).upper()
        del self._buffer[: found + len(end)]
        if self._in_content:
            self._in_content = False
            self._tally.accepted += 1
            return OK
        if verb == b"DATA":
            self._in_content = True
            # A lone dot ends content that never began, too.
            self._buffer[:0] = b"\r\n"
            return b"354 go\r\n"
        return {b"EHLO": EHLO_FAR, b"QUIT": b"221 bye\r\n"}.get(verb, OK)

    def _answer(self, answers: bytes) -> None:
        # Whoever has an answer on the way already is not kept waiting a second time.
        self._tally.round_trips += not self._on_the_way
        self._on_the_way += 1
        self._loop.call_later(self._delay_s, self._write, answers, self._loop.time())

    def _write(self, answers: bytes, since: float) -> None:
        self._on_the_way -= 1
        self._tally.answers += 1
        self._tally.waited_s += self._loop.time() - since
        self._transport.write(answers)
        if answers.endswith(b"221 bye\r\n"):
            self._transport.close()


async def be_far(delay_s: float) -> Tally:
    """Listen until the input closes; gives what was counted."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: FarSink(delay_s, tally), "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    options = parser.parse_args()
    if options.delay_ms:
        print(asyncio.run(be_far(options.delay_ms / 1000)), flush=True)
        return
    sink = Sink()
    print(sink.port, flush=True)
    sys.stdin.read()
    print(sink.accepted, flush=True)


if __name__ == "__main__":
    main()
