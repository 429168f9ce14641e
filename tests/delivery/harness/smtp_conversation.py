"""One connection of the scripted SMTP server: commands in, scripted answers and faults out."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripted_smtp import ScriptedSmtp

DROP, HANG, GARBAGE = "drop", "hang", "garbage"
DRIP, FLOOD = "drip", "flood"  # one octet at a time without end; 8 MB of reply


class Gone(Exception):
    """The connection is over."""


class Conversation:
    """One connection, from the greeting to the end."""

    def __init__(self, server: ScriptedSmtp, connection: socket.socket) -> None:
        """Speak for `server` over `connection`."""
        self._server = server
        self._connection = connection
        self._buffer = b""
        self._has_spoken = False
        self._extensions = server.extensions
        self._has_sender = False
        self._readers = 0

    def hold(self) -> None:
        """Answer until the end. Raises Gone."""
        self._say("banner", "")
        while True:
            command = self._line()
            self._server.commands.append(command)
            verb = command[:4].upper()
            if verb == "EHLO" and "ehlo" not in self._server.script:
                self._greet()
            elif verb == "MAIL":
                self._mail(command)
            elif verb == "RCPT":
                self._rcpt(command)
            elif verb == "DATA":
                if self._say_to_content("data", command).startswith("354"):
                    self._take_content()
            elif verb == "BDAT":
                self._take_chunk(command)
            elif verb == "RSET":
                if self._say("rset", command).startswith("2"):
                    self._end_transaction()
            elif verb == "STAR":
                self._encrypt(command)
            elif verb == "QUIT":
                self._say("quit", command)
                raise Gone
            else:
                self._say(verb.lower(), command)

    def _greet(self) -> None:
        lines = ["sink", *self._extensions]
        self._send("".join(f"250{' ' if line is lines[-1] else '-'}{line}\r\n" for line in lines).encode())

    def _encrypt(self, command: str) -> None:
        answer = self._server.answer("starttls", command)
        self._reply(answer, self._server.trail)
        if answer.startswith("220"):
            self._buffer = b""
            self._connection = self._server.secure(self._connection)
            self._extensions = self._server.after_tls or self._extensions

    def _mail(self, command: str) -> None:
        if self._has_sender:
            self._reply("503 5.5.1 nested MAIL")
        else:
            self._has_sender = self._say("mail", command).startswith("2")

    def _rcpt(self, command: str) -> None:
        if self._has_sender or "rcpt" in self._server.script:
            self._readers += self._say("rcpt", command).startswith("2")
        else:
            self._reply("503 5.5.1 need MAIL")

    def _end_transaction(self) -> None:
        self._has_sender, self._readers = False, 0

    def _say_to_content(self, step: str, command: str) -> str:
        """As scripted, else with a refusal when nobody is there to get it."""
        if step in self._server.script or self._readers:
            return self._say(step, command)
        self._reply("503 5.5.1 no valid recipients")
        return "503"

    def _take_content(self) -> None:
        while not (b"\r\n" + self._buffer).endswith(b"\r\n.\r\n"):
            self._receive()
        content, self._buffer = self._buffer, b""
        self._end_transaction()
        if content == b".\r\n":
            # The lone dot behind a refused reader (RFC 2920 §3.1).
            self._reply(self._server.answer("lone dot", ""))
            return
        self._server.contents.append(content)
        self._decide("dot", re.sub(rb"(?m)^\.", b"", content[:-3]))

    def _take_chunk(self, command: str) -> None:
        size = int(command.split()[1])
        while len(self._buffer) < size:
            self._receive()
        content, self._buffer = self._buffer[:size], self._buffer[size:]
        self._server.contents.append(content)
        if self._readers:
            self._end_transaction()
            self._decide("bdat", content)
        else:
            self._say_to_content("bdat", command)

    def _decide(self, step: str, message: bytes) -> None:
        answer = self._server.answer(step, "")
        if answer.startswith("250") or answer in (DROP, HANG, GARBAGE, DRIP, FLOOD):
            self._server.accepted.append(message)
        self._reply(answer)

    def _say(self, step: str, command: str) -> str:
        answer = self._server.answer(step, command)
        self._reply(answer)
        return answer

    def _reply(self, answer: str, trail: bytes = b"") -> None:
        if answer == DROP:
            raise Gone
        if answer == HANG:
            self._server.wait_for_end()
            raise Gone
        if answer == DRIP:
            self._server.drip(self._connection)
            raise Gone
        odd = {GARBAGE: b"\x00\xffnonsense\r\n", FLOOD: (b"250-" + b"y" * 1_000 + b"\r\n") * 8_000}
        self._send(odd.get(answer, answer.encode() + b"\r\n") + trail)
        if answer.startswith("421"):
            raise Gone

    def _send(self, words: bytes) -> None:
        if self._server.cut is not None:
            words = words[: self._server.cut - self._server.said]
        self._connection.sendall(words)
        self._server.said += len(words)
        self._has_spoken = True
        if self._server.said == self._server.cut:
            raise Gone

    def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode("utf-8", "surrogateescape")

    def _receive(self) -> None:
        limit = 65_536 if self._server.deaf is None else min(65_536, self._server.deaf - self._server.heard)
        received = self._connection.recv(limit) if limit else b""
        if not received:
            raise Gone
        self._server.turns += self._has_spoken
        self._has_spoken = False
        self._server.heard += len(received)
        self._buffer += received
