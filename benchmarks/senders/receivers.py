"""The receivers of bench_send.py, each a process of its own that accepts everything and keeps nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SMTP_SINK = shutil.which("smtp-sink", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
SMTP_SOURCE = shutil.which("smtp-source", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
_OURS = Path(__file__).parents[1] / "smtp_sink.py"


@contextmanager
def postfix_sink() -> Iterator[int]:
    """Postfix's smtp-sink; gives its port."""
    assert SMTP_SINK is not None
    port = _free_port()
    # smtp-sink refuses to go on as root, and cannot change its user otherwise.
    rights = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [SMTP_SINK, *rights, f"127.0.0.1:{port}", "1024"]
    with subprocess.Popen(command) as process:
        try:
            _await(port, process)
            yield port
        finally:
            process.kill()


@contextmanager
def own_sink(*options: str) -> Iterator[tuple[int, Callable[[], str]]]:
    """`smtp_sink.py`; gives its port, and what ends it and gives its last line."""
    command = [sys.executable, str(_OURS), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), lambda: process.communicate()[0]
        finally:
            process.kill()


@contextmanager
def sink() -> Iterator[int]:
    """The fastest receiver there is: Postfix's, else ours; gives its port."""
    if SMTP_SINK is not None:
        with postfix_sink() as port:
            yield port
    else:
        with own_sink() as (port, _):
            yield port


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens there; smtp-sink does not say when it does."""
    for _ in range(100):
        if process.poll() is not None:
            raise SystemExit(f"smtp-sink ended with {process.returncode} before the first message.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise SystemExit("smtp-sink does not listen after two seconds.")
