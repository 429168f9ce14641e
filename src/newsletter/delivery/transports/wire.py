"""One SMTP conversation: bytes out in one write, replies in one by one, each within a deadline.

Used by `transaction` once smtplib has connected, encrypted and logged in. smtplib's own reader
waits anew after every byte and reads replies without end; its `data()` hides whether a lost
connection came before or after the content.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache

from newsletter.delivery.transports.turns import READ, WRITE, Turns, turns_here

MAX_REPLY = 1_000  # characters kept of what a server says
MAX_LINES = 100  # of one reply
_MAX_LINE = 2_048  # RFC 5321 §4.5.3.1.5 says 512; servers with long links in their replies exist
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245])\.\d{1,3}\.\d{1,3}(?=\s|$)")


def printable(words: str) -> str:
    """Foreign words fit for a terminal and a database: whatever is not a visible character becomes U+FFFD."""
    return words if words.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in words)


class WireLost(Exception):
    """The conversation cannot go on: closed, silent past the deadline, or not SMTP. Says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A server's answer: its code (200 to 599) and text, lines joined by a blank, at most 1,000 characters."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """The enhanced status code at the start of the text if it agrees with the code (RFC 2034 §4), else ""."""
        found = _ENHANCED.match(self.text)
        return found.group() if found and found.group(1) == str(self.code)[0] else ""


class Wire:
    """A connected socket that speaks in commands and replies."""

    def __init__(self, sock: socket.socket) -> None:
        """Speak over `sock`, which the caller opened and will close."""
        self._sock = sock
        self._buffer = bytearray()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has been received beyond the replies that were asked for."""
        return not self._buffer

    @property
    def is_idle(self) -> bool:
        """Whether the other end is still there and says nothing; never waits."""
        if self._buffer:
            return False
        self._sock.settimeout(0)
        try:
            self._buffer += self._sock.recv(_MAX_LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def command(self, line: bytes, *, timeout_s: float) -> Reply:
        """Send one command, CRLF and all, and read its reply, within `timeout_s` altogether. Raises WireLost."""
        deadline = time.monotonic() + timeout_s
        self.send(line, timeout_s=timeout_s)
        return self.reply(deadline=deadline)

    def send(self, data: bytes, *, timeout_s: float) -> None:
        """Hand `data` to the kernel in one call.

        Raises WireLost, also when the server spoke out of turn: its stray reply would be taken for
        the answer to what comes next.
        """
        if self._buffer:
            raise WireLost("the server spoke out of turn")
        turns = turns_here()
        try:
            if turns is None:
                self._sock.settimeout(timeout_s)
                self._sock.sendall(data)
            else:
                self._send_in_turns(turns, data, time.monotonic() + timeout_s)
        except OSError as error:
            raise WireLost(_cause(error)) from error

    def reply(self, *, deadline: float) -> Reply:
        """Read one reply, of one or more lines, until `deadline` on the monotonic clock. Raises WireLost."""
        texts: list[str] = []
        kept = 0
        for _ in range(MAX_LINES):
            line = self.line(deadline)
            if not texts and line[3:4] == b" ":
                return _whole_reply(line)
            code, mark, text = _parts_of(line)
            if kept < MAX_REPLY:
                texts.append(text)
                kept += len(texts[-1]) + 1
            if mark != b"-":
                return Reply(code=code, text=" ".join(texts)[:MAX_REPLY])
        raise WireLost("the server's reply has no end")

    def line(self, deadline: float) -> bytes:
        """Read one line until `deadline`, without its end. Raises WireLost, also when it gets too long."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _MAX_LINE:
                raise WireLost("the server's reply has no end")
            self._receive(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise WireLost("no reply in time")
        turns = turns_here()
        try:
            if turns is None:
                self._sock.settimeout(left)
                received = self._sock.recv(4_096)
            else:
                received = self._receive_in_turns(turns, deadline)
        except OSError as error:
            raise WireLost(_cause(error)) from error
        if not received:
            raise WireLost("the server closed the connection")
        self._buffer += received

    def _send_in_turns(self, turns: Turns, data: bytes, deadline: float) -> None:
        if self._sock.gettimeout() != 0:
            self._sock.settimeout(0)
        left = memoryview(data)
        while left:
            try:
                left = left[self._sock.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                turns.wait(self._sock, WRITE, deadline)
            except ssl.SSLWantReadError:
                turns.wait(self._sock, READ, deadline)

    def _receive_in_turns(self, turns: Turns, deadline: float) -> bytes:
        if self._sock.gettimeout() != 0:
            self._sock.settimeout(0)
        # The answer is hardly ever there at once: to wait first saves a call of the kernel each time.
        if not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
            turns.wait(self._sock, READ, deadline)
        while True:
            try:
                return self._sock.recv(4_096)
            except (BlockingIOError, ssl.SSLWantReadError):
                turns.wait(self._sock, READ, deadline)
            except ssl.SSLWantWriteError:
                turns.wait(self._sock, WRITE, deadline)


# A server says the same few words to every message.
@lru_cache(maxsize=64)
def _whole_reply(line: bytes) -> Reply:
    """The reply that is one line. Raises WireLost."""
    code, _, text = _parts_of(line)
    return Reply(code=code, text=text[:MAX_REPLY])


def _parts_of(line: bytes) -> tuple[int, bytes | None, str]:
    """Code, mark behind it and text of a line. Raises WireLost."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise WireLost("the server answered something that is not SMTP")
    code, mark, text = found.groups()
    return int(code), mark, printable((text or b"").decode("utf-8", "replace"))


def _cause(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no reply in time"
    return f"the connection broke ({error.strerror or type(error).__name__})"
