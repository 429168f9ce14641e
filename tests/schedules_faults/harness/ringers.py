"""Processes that ring the bell when told to, and a relay whose own log is the judge of what left."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from subprocess import PIPE

from real_newsroom import Desk
from scripted_smtp import ScriptedSmtp

HARNESS = Path(__file__).parent
RELAY = """\
transport = "relay"
[transports.relay]
kind = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
"""


class Ringer:
    """One child process; see bell_process.py."""

    def __init__(self, desk: Desk) -> None:
        command = [sys.executable, str(HARNESS / "bell_process.py"), str(desk.folder)]
        database = desk.environ.get("NEWSLETTER_STORE__URL", "")
        self.process = subprocess.Popen([*command, database], stdin=PIPE, stdout=PIPE, text=True)

    def tell(self, *words: object) -> None:
        """Give an order, without waiting for it to be done."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """The next line it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        return line.strip()

    def end(self) -> int:
        """Let it end, and give how it did."""
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> list[str]:
        """End it at once, and give the lines nobody had read."""
        if self.process.returncode is not None:
            return []
        self.process.kill()
        said, _ = self.process.communicate(timeout=60)
        return said.splitlines()


@contextmanager
def ringers(desk: Desk, number: int = 2) -> Iterator[list[Ringer]]:
    """So many processes, warm and waiting; each must end well."""
    processes = [Ringer(desk) for _ in range(number)]
    try:
        for each in processes:
            assert each.hear() == "ready"
        yield processes
        assert [each.end() for each in processes] == [0] * number
    finally:
        for each in processes:
            each.kill()


def all_at_once(processes: list[Ringer], word: str, moment: datetime) -> list[str]:
    """The same order to all, given before anyone's answer is read; gives the answers."""
    for each in processes:
        each.tell(word, moment.isoformat())
    return [each.hear() for each in processes]


@contextmanager
def relay(desk: Desk) -> Iterator[ScriptedSmtp]:
    """A server to which the newsroom sends instead of its Maildir, which would keep what comes twice once."""
    with ScriptedSmtp() as server:
        desk.configure('transport = "outbox"\n', RELAY.format(port=server.port))
        yield server


def taken(server: ScriptedSmtp) -> Counter[tuple[str, str]]:
    """How often the relay took each (address, title)."""
    found: Counter[tuple[str, str]] = Counter()
    for content in server.accepted:
        message = message_from_bytes(content, policy=policy.default)
        found.update((str(message["To"]), title) for title in titles_in(message))
    return found


def titles_in(message: EmailMessage) -> frozenset[str]:
    """The titles of our articles in a message."""
    body = message.get_body(("plain",))
    assert body is not None
    return frozenset(re.findall(r"Bulletin \d{3}", body.get_content()))
