"""A mail server's side of a conversation, octet by octet, for what no library would send."""

from __future__ import annotations

import socket
from typing import Self


class RawClient:
    """Says what it is told, and reads answers line by line."""

    def __init__(self, port: int, *, window: int | None = None) -> None:
        """Connect; a small `window` has the other side wait soon for us to read."""
        self._socket = socket.socket()
        if window is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._socket.settimeout(20)
        try:
            self._socket.connect(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def send(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def waits(self, timeout_s: float) -> None:
        """How long to wait for the other side from now on."""
        self._socket.settimeout(timeout_s)

    def reset(self) -> None:
        """Have the connection reset when it is closed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def hears_nothing(self) -> bool:
        """Whether no octet comes for a while."""
        self._socket.settimeout(0.05)
        try:
            return self._socket.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(20)

    def end(self) -> None:
        """Say that nothing more comes, and still read."""
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> str:
        """The next answer, its lines joined; "" when the other side has hung up."""
        lines = []
        while line := self._line():
            lines.append(line)
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    def asks(self, command: bytes) -> str:
        self.send(command + b"\r\n")
        return self.answer()

    def begins(self, *recipients: bytes, hello: bytes = b"LHLO localhost") -> None:
        """Go as far as the message itself."""
        answers = [self.answer(), self.asks(hello), self.asks(b"MAIL FROM:<>")]
        answers += [self.asks(b"RCPT TO:<" + recipient + b">") for recipient in recipients]
        answers.append(self.asks(b"DATA"))
        assert [words[:3] for words in answers] == ["220", "250", "250", *["250"] * len(recipients), "354"]

    def _line(self) -> str:
        try:
            return self._lines.readline().decode("latin-1").rstrip("\r\n")
        except ConnectionResetError:
            return ""
