"""Sends an edition as a sender in production does, and says what it was told; lives to be recorded.

Arguments: what `PRAGMA synchronous` says, database, port, edition.
"""

from __future__ import annotations

import sqlite3
import sys

from ledger_rows import Clock, compose, preferences_of, token_of
from sqlalchemy import Pool, event

from newsletter.delivery import Balance, Run, Sender, send_edition
from newsletter.delivery.transports import SmtpSettings, Tls, open_transport
from newsletter.model import DeliveryState, EditionId
from newsletter.store import Store


def weaken(synchronous: str) -> None:
    """Let this process say `PRAGMA synchronous` so, behind the back of the store, which insists on FULL."""

    @event.listens_for(Pool, "checkout")
    def prepare(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA synchronous={synchronous}")


def tell(balance: Balance) -> None:
    sys.stdout.write(f"settled {balance.by_state[DeliveryState.SENT]}\n")
    sys.stdout.flush()


def main() -> None:
    synchronous, database, port, edition = sys.argv[1:]
    weaken(synchronous)
    store = Store(f"sqlite:///{database}")
    settings = SmtpSettings(host="127.0.0.1", port=int(port), tls=Tls.NONE)
    run = Run(
        open_transport=lambda: open_transport(settings),
        connections=3,
        batch=7,
        compose=compose,
        token_of=token_of,
        preferences_of=preferences_of,
        clock=Clock(),
        jitter=lambda: 0.5,
        sender=Sender(token="here.1.1.a", boot_id="boot-1", is_gone=lambda _token: False),
        progress=tell,
    )
    send_edition(store, EditionId(int(edition)), run)
    store.close()


if __name__ == "__main__":
    main()
