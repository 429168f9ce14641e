"""Like sender_process.py, for any database and with more to choose: limits, a short lease, a missing rule.

Orders are the store's URL, port, edition, then choices: `connections=4`, `lease_s=2`, `resend=1`, `nofile=32`,
`file_octets=200000`, `memory_mb=300`, `without=journal` or `without=look`. An error of ours ends a sender with
exit code 1 and its sentence on stderr.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
from datetime import UTC, datetime, timedelta

from ledger_rows import compose, preferences_of, token_of
from sender_process import tell, transport_to

from newsletter.delivery import OnUnknown, Run, draining, send_edition, this_sender
from newsletter.delivery.journal import Journal
from newsletter.delivery.watch import Watch
from newsletter.errors import NewsletterError
from newsletter.model import EditionId
from newsletter.store import Store


def nothing(*_: object) -> None:
    """Keep no rule."""


def limit(choices: dict[str, str]) -> None:
    """Let the system refuse what is beyond these limits, with an error instead of a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for name, kind, unit in (
        ("nofile", resource.RLIMIT_NOFILE, 1),
        ("file_octets", resource.RLIMIT_FSIZE, 1),
        ("memory_mb", resource.RLIMIT_AS, 1_000_000),
    ):
        if name in choices:
            resource.setrlimit(kind, (int(choices[name]) * unit,) * 2)


def send(url: str, place: str, edition: str, *words: str) -> None:
    choices = dict(word.split("=") for word in words)
    rules = {"journal": (Journal, "opened"), "look": (Watch, "look")}
    if "without" in choices:
        setattr(*rules[choices["without"]], nothing)
    store = Store(url)
    limit(choices)
    with draining() as stop:
        run = Run(
            open_transport=lambda: transport_to(place),
            connections=int(choices.get("connections", 4)),
            compose=compose,
            token_of=token_of,
            preferences_of=preferences_of,
            clock=lambda: datetime.now(UTC),
            jitter=random.random,
            sender=this_sender("worker"),
            lease=timedelta(seconds=float(choices.get("lease_s", 120))),
            on_unknown=OnUnknown.RESEND if "resend" in choices else OnUnknown.HOLD,
            stop=stop,
        )
        send_edition(store, EditionId(int(edition)), run)
    store.close()


def live(order: list[str]) -> int:
    """A child's exit code."""
    try:
        send(*order)
    except NewsletterError as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        return 1
    except BaseException as error:  # noqa: BLE001  # whatever it is, the parent has to hear of it
        os.write(2, f"unexpected {type(error).__name__}: {error}\n".encode())
        return 70
    return 0


def main() -> None:
    for line in sys.stdin:
        children = []
        for order in (each.split() for each in line.split(";")):
            pid = os.fork()
            if pid == 0:
                os._exit(live(order))
            children.append(pid)
        tell(children)
        tell([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children])


if __name__ == "__main__":
    main()
