"""Sends an edition in processes of its own, so that they can be killed.

Reads orders from each line, divided by `;`: database, port or Maildir, edition, then words (`resend`).
Forks a child for each, before anything is open, and prints their pids; a second line tells how they ended.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from ledger_rows import compose, preferences_of, token_of

from newsletter.delivery import OnUnknown, Run, draining, send_edition, this_sender
from newsletter.delivery.transports import MaildirSettings, SmtpSettings, Tls, Transport, open_transport
from newsletter.model import EditionId
from newsletter.store import Store


def transport_to(place: str) -> Transport:
    if place.isdigit():
        return open_transport(SmtpSettings(host="127.0.0.1", port=int(place), tls=Tls.NONE))
    return open_transport(MaildirSettings(path=Path(place)))


def send(database: str, place: str, edition: str, *words: str) -> None:
    store = Store(f"sqlite:///{database}")
    connections = next((int(word) for word in words if word.isdigit()), 1)
    with draining() as stop:
        run = Run(
            open_transport=lambda: transport_to(place),
            connections=connections,
            compose=compose,
            token_of=token_of,
            preferences_of=preferences_of,
            clock=lambda: datetime.now(UTC),
            jitter=random.random,
            sender=this_sender("worker"),
            on_unknown=OnUnknown.RESEND if "resend" in words else OnUnknown.HOLD,
            stop=stop,
        )
        send_edition(store, EditionId(int(edition)), run)
    store.close()


def tell(numbers: list[int]) -> None:
    sys.stdout.write(" ".join(map(str, numbers)) + "\n")
    sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        orders = [each.split() for each in line.split(";")]
        children = []
        for order in orders:
            pid = os.fork()
            if pid == 0:
                code = 70
                try:
                    send(*order)
                    code = 0
                finally:
                    os._exit(code)
            children.append(pid)
        tell(children)
        tell([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children])


if __name__ == "__main__":
    main()
