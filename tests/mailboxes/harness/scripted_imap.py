"""An IMAP server that does as it is told, for what no real one does on request."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

# `{tag}` is the command's. An empty answer hangs up.
GOOD: Mapping[str, str] = {
    "": "* OK ready\r\n",
    "CAPABILITY": "* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n",
    "LOGIN": "{tag} OK in\r\n",
    "SELECT": "* 1 EXISTS\r\n{tag} OK [READ-WRITE] open\r\n",
    "SEARCH": "* SEARCH 7\r\n{tag} OK done\r\n",
    "FETCH": "* 1 FETCH (UID 7 BODY[]<0> {{5}}\r\nhello)\r\n{tag} OK done\r\n",
    "STORE": "{tag} OK done\r\n",
    "LOGOUT": "* BYE\r\n{tag} OK bye\r\n",
}


@dataclass(kw_only=True)
class ScriptedImap:
    """Where it listens, and the commands it heard, without their tags."""

    port: int
    heard: list[str] = field(default_factory=list)


@contextmanager
def scripted_imap(**answers: str | None) -> Iterator[ScriptedImap]:
    """Answers each command with what is named like it, its greeting with `greeting`; None says nothing at all."""
    script = {**GOOD, **{name.replace("greeting", "").upper(): words for name, words in answers.items()}}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedImap(port=listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, server, script), daemon=True)
        thread.start()
        yield server
        # Wakes `accept`.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(20)


def _serve(listener: socket.socket, server: ScriptedImap, script: Mapping[str, str | None]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, client.makefile("rb") as lines:
            try:
                _speak(client, lines, server, script)
            except OSError:
                continue


def _speak(client, lines, server: ScriptedImap, script: Mapping[str, str | None]) -> None:
    answer, tag = script[""], "*"
    while answer != "":
        if answer is not None:
            client.sendall(answer.format(tag=tag).encode("latin-1"))
        line = lines.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return
        tag, _, command = line.partition(" ")
        server.heard.append(command)
        words = command.upper().removeprefix("UID ").split()
        answer = script.get(words[0], "{tag} BAD unknown\r\n")
