"""The whole program from outside: the installed command, a real mail server, the real web server, a real Maildir."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

READERS = """\
address,language,rhythm
ada@example.org,en,each
farid@example.org,fr,each
wim@example.org,en,weekly
"""
PROGRAM = str(Path(sys.executable).parent / "newsletter")


class Command(Protocol):
    """Type a command in the newsroom; it has to end with `code`. Other names are variables of its environment."""

    def __call__(self, *words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]: ...


def clean_environment(**more: str) -> dict[str, str]:
    """This process's variables without any of the newsletter's, and `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")} | more


@pytest.fixture(scope="session")
def fresh_newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` makes, in three languages, with three readers; to be copied."""
    folder = tmp_path_factory.mktemp("journeys")
    command = [PROGRAM, "init", "newsroom", "--title", "The Harbour Post"]
    subprocess.run(command, cwd=folder, env=clean_environment(), check=True, capture_output=True)
    config = folder / "newsroom" / "config.toml"
    text = config.read_text("utf-8").replace('languages = ["en"]', 'languages = ["en", "fr", "ar"]')
    config.write_text(text, "utf-8")
    (folder / "newsroom" / "readers.csv").write_text(READERS, "utf-8")
    words = ["subscribers", "import", "readers.csv", "--consent", "asked"]
    subprocess.run([PROGRAM, *words], cwd=folder / "newsroom", env=clean_environment(), check=True, capture_output=True)
    return folder / "newsroom"


@pytest.fixture(scope="session")
def mailed_newsroom(fresh_newsroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newsroom whose first article Ada and Farid have; to be copied."""
    folder = Path(shutil.copytree(fresh_newsroom, tmp_path_factory.mktemp("mailed") / "newsroom"))
    words = ["publish", "articles/welcome.md", "--yes"]
    subprocess.run([PROGRAM, *words], cwd=folder, env=clean_environment(), check=True, capture_output=True)
    return folder


@pytest.fixture
def newsroom(fresh_newsroom: Path, tmp_path: Path) -> Path:
    """A newsroom in English, French and Arabic; Ada and Farid want each article, Wim a weekly digest."""
    return Path(shutil.copytree(fresh_newsroom, tmp_path / "newsroom"))


@pytest.fixture
def command(newsroom: Path) -> Command:
    """The installed program, run in the newsroom without a terminal."""

    def run(*words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [PROGRAM, *words],
            cwd=newsroom,
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    return run


class Taking:
    """A mail server that takes everything and keeps it, in order."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.messages.append(bytes(envelope.content or b""))
        return "250 2.0.0 kept"


@pytest.fixture
def smtp_server() -> Iterator[tuple[int, list[bytes]]]:
    """The port of a mail server on this machine, and the messages it took."""
    taking = Taking()
    loop = asyncio.new_event_loop()
    making = loop.create_server(lambda: SMTP(taking, hostname="sink.example.org", loop=loop), "127.0.0.1", 0)
    listening = loop.run_until_complete(making)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield listening.sockets[0].getsockname()[1], taking.messages
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    listening.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    for _ in range(5):
        # A few turns for connections to close, else their sockets are found open later.
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@contextmanager
def serving(newsroom: Path) -> Iterator[str]:
    """Run `newsletter serve` on a free port while the block lasts; gives its origin."""
    words = [PROGRAM, "serve", "--bind", "127.0.0.1:0"]
    process = subprocess.Popen(words, cwd=newsroom, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert found, process.stderr.read()
        # What it logs must not fill the pipe and stop it.
        drain = threading.Thread(target=process.stderr.read)
        drain.start()
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=20)
        drain.join()
        process.stderr.close()
