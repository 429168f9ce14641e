"""An SMTP server that misbehaves on demand, at any step, and keeps its own log of what it took.

Its log is the judge: `accepted` holds each message for which 250 was decided after the final dot
or the last chunk, also when a fault then kept the sender from hearing it. It minds the order of
commands as real servers do: no second MAIL without RSET, no content without an accepted reader.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

from smtp_conversation import DRIP, DROP, FLOOD, GARBAGE, HANG, Conversation, Gone

__all__ = ["CHUNKED", "DEFAULTS", "DRIP", "DROP", "FLOOD", "GARBAGE", "HANG", "ONE_BY_ONE", "PIPELINED", "ScriptedSmtp"]

ONE_BY_ONE = ("8BITMIME", "AUTH PLAIN LOGIN", "STARTTLS")
PIPELINED = (*ONE_BY_ONE, "PIPELINING")
CHUNKED = (*PIPELINED, "CHUNKING")
DEFAULTS = {
    "banner": "220 sink ESMTP",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go",
    "dot": "250 2.0.0 kept",
    "bdat": "250 2.0.0 kept",
    "rset": "250 2.0.0 ok",
    "quit": "221 2.0.0 bye",
    "lone dot": "554 5.5.1 no valid recipients",
}
Answer = str | Callable[[str], str | None]


class ScriptedSmtp:
    """Listens on 127.0.0.1; `script` maps a step to a reply line, a fault, or a function of the command.

    A function that gives None leaves the default. With `tls`, STARTTLS is offered, or (`implicit`)
    spoken from the first byte. `starttls_trail` is sent in clear behind the 220, as an attacker would;
    `joined`, in the same write. `after_tls` is what EHLO offers then, where that differs. It closes
    after so many octets of its own (`cut`), or of the sender's (`deaf`).
    """

    def __init__(
        self,
        script: Mapping[str, Answer] | None = None,
        *,
        extensions: tuple[str, ...] = ONE_BY_ONE,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        starttls_trail: bytes = b"",
        joined: bool = False,
        after_tls: tuple[str, ...] | None = None,
        cut: int | None = None,
        deaf: int | None = None,
    ) -> None:
        self.script = dict(script or {})
        self.extensions = extensions
        self.accepted: list[bytes] = []
        self.commands: list[str] = []
        self.contents: list[bytes] = []
        self.connections = 0
        self.turns = 0  # how often the sender spoke after the server had: the round trips
        self.said = 0
        self.heard = 0
        self.after_tls, self.cut, self.deaf = after_tls, cut, deaf
        self.joined = joined
        self._tls, self._implicit, self._trail = tls, implicit, starttls_trail
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(5)
        for connection in self._open:
            connection.close()

    @property
    def message_ids(self) -> list[str]:
        """The Message-IDs of the accepted messages, in order."""
        return [match.group().decode() for each in self.accepted if (match := re.search(rb"<e1\.[^>]*>", each))]

    def count(self, verb: str) -> int:
        """How many commands began with `verb`."""
        return sum(line.upper().startswith(verb) for line in self.commands)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        self._open.append(connection)
        try:
            if self._implicit and self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            Conversation(self, connection).hold()
        except (OSError, Gone):
            pass
        finally:
            connection.close()

    def answer(self, step: str, command: str) -> str:
        """What the script says to this step."""
        scripted = self.script.get(step)
        if callable(scripted):
            scripted = scripted(command)
        return scripted if scripted is not None else DEFAULTS[step]

    def hang_up(self) -> None:
        """Close every connection without a word, as relays do with idle ones."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_for_end(self) -> None:
        self._closing.wait(30)

    @property
    def trail(self) -> bytes:
        return self._trail if self.joined else b""

    def drip(self, connection: socket.socket) -> None:
        while not self._closing.wait(0.01):
            connection.sendall(b"2")

    def secure(self, connection: socket.socket) -> socket.socket:
        if self._trail and not self.joined:
            connection.sendall(self._trail)
        assert self._tls is not None
        secured = self._tls.wrap_socket(connection, server_side=True)
        self._open.append(secured)
        return secured
