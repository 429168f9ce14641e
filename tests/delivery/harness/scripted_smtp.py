"""An SMTP server that misbehaves on demand, at any step, and keeps its own log of what it took.

Its log is the judge: `accepted` holds each message for which 250 was decided after the final dot,
also when a fault then kept the sender from hearing it.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Self

DROP, HANG, GARBAGE = "drop", "hang", "garbage"
DEFAULTS = {
    "banner": "220 sink ESMTP",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go",
    "dot": "250 2.0.0 kept",
    "rset": "250 2.0.0 ok",
    "quit": "221 2.0.0 bye",
}
Answer = str | Callable[[str], str | None]


class ScriptedSmtp:
    """Listens on 127.0.0.1; `script` maps a step to a reply line, a fault, or a function of the command.

    A function that gives None leaves the default. With `tls`, STARTTLS is offered, or (`implicit`)
    spoken from the first byte. `starttls_trail` is sent in clear behind the 220, as an attacker would.
    """

    def __init__(
        self,
        script: Mapping[str, Answer] | None = None,
        *,
        extensions: tuple[str, ...] = ("8BITMIME", "AUTH PLAIN LOGIN", "STARTTLS"),
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        starttls_trail: bytes = b"",
    ) -> None:
        self.script = dict(script or {})
        self.extensions = extensions
        self.accepted: list[bytes] = []
        self.commands: list[str] = []
        self.contents: list[bytes] = []
        self.connections = 0
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
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
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
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        self._open.append(connection)
        try:
            if self._implicit and self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            _Conversation(self, connection).hold()
        except (OSError, _Gone):
            pass
        finally:
            connection.close()

    def answer(self, step: str, command: str) -> str:
        """What the script says to this step."""
        scripted = self.script.get(step)
        if callable(scripted):
            scripted = scripted(command)
        return scripted if scripted is not None else DEFAULTS[step]

    def wait_for_end(self) -> None:
        self._closing.wait(30)

    def secure(self, connection: socket.socket) -> socket.socket:
        if self._trail:
            connection.sendall(self._trail)
        assert self._tls is not None
        secured = self._tls.wrap_socket(connection, server_side=True)
        self._open.append(secured)
        return secured


class _Gone(Exception):
    pass


class _Conversation:
    """One connection, from the greeting to the end."""

    def __init__(self, server: ScriptedSmtp, connection: socket.socket) -> None:
        self._server = server
        self._connection = connection
        self._buffer = b""

    def hold(self) -> None:
        self._say("banner", "")
        while True:
            command = self._line()
            self._server.commands.append(command)
            verb = command[:4].upper()
            if verb == "EHLO" and "ehlo" not in self._server.script:
                self._greet()
            elif verb == "DATA":
                if self._say("data", command).startswith("354"):
                    self._take_content()
            elif verb == "STAR":
                if self._say("starttls", command).startswith("220"):
                    self._buffer = b""
                    self._connection = self._server.secure(self._connection)
            elif verb == "QUIT":
                self._say("quit", command)
                raise _Gone
            else:
                self._say(verb.lower(), command)

    def _greet(self) -> None:
        lines = ["sink", *self._server.extensions]
        text = "".join(f"250{' ' if line is lines[-1] else '-'}{line}\r\n" for line in lines)
        self._connection.sendall(text.encode())

    def _take_content(self) -> None:
        while not (self._buffer.endswith(b"\r\n.\r\n")):
            self._receive()
        content, self._buffer = self._buffer, b""
        self._server.contents.append(content)
        message = re.sub(rb"(?m)^\.", b"", content[:-3])
        answer = self._server.answer("dot", "")
        if answer.startswith("250") or answer in (DROP, HANG, GARBAGE):
            self._server.accepted.append(message)
        self._reply(answer)

    def _say(self, step: str, command: str) -> str:
        answer = self._server.answer(step, command)
        self._reply(answer)
        return answer

    def _reply(self, answer: str) -> None:
        if answer == DROP:
            raise _Gone
        if answer == HANG:
            self._server.wait_for_end()
            raise _Gone
        self._connection.sendall(b"\x00\xffnonsense\r\n" if answer == GARBAGE else answer.encode() + b"\r\n")
        if answer.startswith("421"):
            raise _Gone

    def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def _receive(self) -> None:
        received = self._connection.recv(65_536)
        if not received:
            raise _Gone
        self._buffer += received
