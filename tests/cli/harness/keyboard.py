"""A person at a keyboard: commands run in this process, in a process of their own, or on a real terminal."""

from __future__ import annotations

import io
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from newsletter.cli import main
from newsletter.cli.beginning import begin
from newsletter.cli.opening import the_world
from newsletter.cli.screen import Screen
from newsletter.model import SubscriberId
from newsletter.newsroom import Newsroom
from newsletter.subscribers import Consent, import_rows, open_spreadsheet

sys.path.insert(0, str(Path(__file__).parents[2] / "delivery" / "harness"))

from scripted_smtp import ScriptedSmtp  # found only through the line above

PROGRAM = str(Path(sys.executable).parent / "newsletter")
# Makes the terminal its own before it becomes the program, so that Ctrl-C reaches it.
TAKE_TERMINAL = """\
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
CTRL_C = "\x03"
PROMPTS = (b"[y/N]: ", b"agree: ")
RELAY = '\n[transports.relay]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'
CULTURE = '\n[topics.culture]\nnames = { en = "Culture", fr = "Culture" }\n'
FEW = """\
address,language,rhythm
ada@example.org,en,each
farid@example.org,fr,each
wim@example.org,en,weekly
cleo@example.org,en,each
"""
SPRING = "---\ntitle: Spring tides\nlanguage: en\ntopics: [culture]\n---\nThe tide tables hang at the harbour office.\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a command left: its exit code, and what it wrote to each stream."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its stdout, read as JSON."""
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture(scope="session")
def fresh_newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newsroom as `init` leaves it, but in three languages and with a topic; to be copied."""
    folder = tmp_path_factory.mktemp("fresh") / "newsroom"
    begin(folder, title="The Harbour Post", language="en", screen=Screen(quiet=True))
    config = folder / "config.toml"
    text = config.read_text("utf-8").replace('languages = ["en"]', 'languages = ["en", "fr", "ar"]')
    config.write_text(text + CULTURE, "utf-8")
    (folder / "articles" / "spring.md").write_text(SPRING, "utf-8")
    return folder


@pytest.fixture
def newsroom(fresh_newsroom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsroom of one's own, and one stands in it."""
    folder = tmp_path / "newsroom"
    shutil.copytree(fresh_newsroom, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, without a terminal."""
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(name)

    def run_command(*words: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["newsletter", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Result(code=int(left.value.code or 0), out=out, err=err)

    return run_command


@pytest.fixture(scope="session")
def audience(fresh_newsroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Databases with readers in them, each made once: "few", or a number of readers who want each article."""

    @cache
    def with_readers(size: str) -> Path:
        folder = tmp_path_factory.mktemp(size) / "newsroom"
        shutil.copytree(fresh_newsroom, folder)
        # Whatever variables a test has set by then.
        newsroom = Newsroom(folder, replace(the_world(), environ={}))
        consent = Consent(wording="at the harbour fair", source="tests")
        rows = FEW if size == "few" else "address\n" + "".join(f"r{n}@example.org\n" for n in range(int(size)))
        sheet = open_spreadsheet(io.BytesIO(rows.encode()), name="readers.csv")
        import_rows(newsroom.store, sheet.rows, consent=consent, intake=newsroom.intake)
        if size == "few":
            newsroom.unsubscribe(SubscriberId(4), source="tests")
        newsroom.store.close()
        return folder / "newsletter.db"

    return with_readers


@pytest.fixture
def readers(newsroom: Path, audience: Callable[[str], Path]) -> None:
    """Ada and Farid want each article, Wim a weekly digest; Cleo has left."""
    shutil.copy(audience("few"), newsroom / "newsletter.db")


@pytest.fixture
def hundreds(newsroom: Path, audience: Callable[[str], Path]) -> None:
    """200 readers: a run that takes long enough to be interrupted."""
    shutil.copy(audience("200"), newsroom / "newsletter.db")


@pytest.fixture
def thousands(newsroom: Path, audience: Callable[[str], Path]) -> None:
    """1,200 readers: more than one agrees to by a y."""
    shutil.copy(audience("1200"), newsroom / "newsletter.db")


@pytest.fixture(scope="session")
def published_newsroom(fresh_newsroom: Path, audience: Callable[[str], Path], tmp_path_factory) -> Path:
    """The newsroom of `readers` after articles/spring.md was published; to be copied."""
    folder = tmp_path_factory.mktemp("published") / "newsroom"
    shutil.copytree(fresh_newsroom, folder)
    shutil.copy(audience("few"), folder / "newsletter.db")
    command = [PROGRAM, "-C", folder, "publish", "articles/spring.md", "--yes"]
    subprocess.run(command, env={"PATH": os.environ["PATH"]}, check=True, capture_output=True)
    return folder


@pytest.fixture
def published(newsroom: Path, published_newsroom: Path) -> Path:
    """The newsroom of `readers` after articles/spring.md was published, and one stands in it."""
    shutil.rmtree(newsroom)
    shutil.copytree(published_newsroom, newsroom)
    os.chdir(newsroom)
    return newsroom


@pytest.fixture
def relay(newsroom: Path) -> Iterator[ScriptedSmtp]:
    """A mail server on this machine, and a newsroom that sends through it; `script` decides its answers."""
    with ScriptedSmtp(extensions=("8BITMIME",)) as server:
        use_relay(newsroom, server.port)
        yield server


@pytest.fixture
def no_relay(newsroom: Path) -> int:
    """A newsroom whose mail server is away; its port."""
    with ScriptedSmtp() as server:
        port = server.port
    use_relay(newsroom, port)
    return port


def use_relay(newsroom: Path, port: int) -> None:
    """Send by SMTP from now on, under a public address, as preflight asks."""
    config = newsroom / "config.toml"
    text = config.read_text("utf-8").replace("http://localhost:8000", "https://news.harbourpost.eu")
    text = text.replace('transport = "outbox"', 'transport = "relay"') + RELAY.format(port=port)
    config.write_text(text, "utf-8")


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the installed program as a process of its own, without a terminal."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, **more: Any) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([PROGRAM, *words], text=True, **{**pipes, **more})
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def serve(spawn, published: Path) -> Callable[..., tuple[subprocess.Popen[str], int, str]]:
    """Start `serve` on a free port; gives the process, the port, and what it said at its start."""

    def start(*words: str, host: str = "127.0.0.1") -> tuple[subprocess.Popen[str], int, str]:
        process = spawn("serve", "--bind", f"{host}:0", *words)
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("Ctrl-C"):
                break
        found = re.search(r"pages +http://[^ ]+:(\d+)/", said)
        assert found, said + process.stderr.read()
        return process, int(found[1]), said

    return start


@pytest.fixture
def on_terminal() -> Callable[..., tuple[int, str]]:
    """Run the program on a terminal; each answer is typed when a question waits. Gives (exit code, screen)."""

    def run_there(*words: str, answers: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
        ours, theirs = os.openpty()
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment}
        command = [sys.executable, "-c", TAKE_TERMINAL, PROGRAM, *words]
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, close_fds=True)
        os.close(theirs)
        seen, waiting, deadline = b"", list(answers), time.monotonic() + 30
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    piece = os.read(ours, 65_536)
                except OSError:
                    break
                seen += piece
            elif answers and not waiting and answers[-1] == CTRL_C and seen.endswith((*PROMPTS, b"^C")):
                # Python does not notice one that comes between its prompt and its wait for a key.
                os.write(ours, CTRL_C.encode())
            # The question itself, not a line of the plan that was cut at its colon.
            if waiting and seen.endswith(PROMPTS):
                os.write(ours, waiting.pop(0).encode())
        os.close(ours)
        return process.wait(timeout=10), seen.decode().replace("\r\n", "\n")

    return run_there
