"""Who holds a lease: a process that can be told alive from dead, on the same machine at once.

A token reads `SCOPE.PID.START.NONCE`: the process-number namespace, the process, the tick it was
started at (numbers are used again), and what the caller adds to keep two senders of one process
apart. Linux tells all of it under /proc; elsewhere only whether a process of that number lives.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

UNKNOWN_BOOT = "unknown"  # where starts of the machine cannot be told apart
_PROC = Path("/proc")
_MAX_TOKEN = 64


def is_gone(token: str) -> bool:
    """Whether the process named in `token` has certainly ended; False whenever it cannot be told."""
    try:
        scope, pid, start, _nonce = token.split(".")
        number = int(pid)
    except ValueError:
        return False
    if scope != _scope() or number <= 0:
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    state, begun = _stat_of(number)
    # A killed process whose parent does not ask for its end stays in the table as a zombie.
    return state in ("Z", "X") or ("0" not in (start, begun) and start != begun)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """One sending thread, as leases name it.

    `boot_id` tells one start of the machine from the next. `is_gone` judges the tokens of others.
    """

    token: str
    boot_id: str
    is_gone: Callable[[str], bool] = is_gone


def this_sender(nonce: str) -> Sender:
    """The calling thread's identity; `nonce` is random and unique to the thread, at most 16 characters."""
    token = f"{_scope()}.{os.getpid()}.{_stat_of(os.getpid())[1]}.{nonce}"
    if len(token) > _MAX_TOKEN or "." in nonce:
        raise ValueError("the nonce is too long or holds a dot")
    return Sender(token=token, boot_id=_boot_id())


def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return UNKNOWN_BOOT


def _scope() -> str:
    """Process numbers mean nothing outside their namespace: a container sees other ones."""
    try:
        return str((_PROC / "self/ns/pid").stat().st_ino)
    except OSError:
        return "0"


def _stat_of(pid: int) -> tuple[str, str]:
    """State and start in ticks since boot: fields 3 and 22 of proc(5) stat, after a name in brackets."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", "0"
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]
