"""A small, fast SMTP server that takes everything: one thread for each connection, nothing is parsed twice.

Run by the benchmark as a process of its own, so that it does not share the sender's interpreter.
Prints its port on the first line; prints the number of accepted messages when its input closes.
"""

from __future__ import annotations

import socket
import sys
import threading

GREETING = b"220 sink ESMTP\r\n"
EHLO = b"250-sink\r\n250-8BITMIME\r\n250 SIZE 0\r\n"
OK = b"250 2.0.0 Ok\r\n"


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


def main() -> None:
    sink = Sink()
    print(sink.port, flush=True)
    sys.stdin.read()
    print(sink.accepted, flush=True)


if __name__ == "__main__":
    main()
