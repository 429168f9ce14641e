"""Our engine as a process of its own, over a database that waits.

Usage: python -m senders.engine FOLDER PORT CONNECTIONS [KINDS OF DKIM KEYS] [COMPOSERS]

Prints one line of JSON: seconds and CPU seconds of the run, peak memory, and how many rows are sent.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from senders.letter import keys, read_letter
from senders.stopwatch import Stopwatch

from newsletter.delivery import Run, balance_of, send_edition, this_sender
from newsletter.delivery.letters import Letters
from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls, Transport
from newsletter.mail import DkimKind, DkimSigner, new_dkim_key, read_dkim_key
from newsletter.model import DeliveryState, EditionId, Masthead
from newsletter.store import Store
from newsletter.store.editions import edition_by_id
from newsletter.subscribers.tokens import bounce_token, preferences_token, unsubscribe_token

FIRST = EditionId(1)


def main(arguments: list[str]) -> None:
    folder, port, connections = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    _, masthead = read_letter(folder)
    store = Store(f"sqlite:///{folder / 'newsletter.db'}")
    settings = SmtpSettings(host="127.0.0.1", port=port, tls=Tls.NONE, local_name="bench.example.org")
    with Stopwatch() as watch:
        signing = Signing(kinds=arguments[3] if arguments[3:] else "", composers=int("".join(arguments[4:5]) or 0))
        send(store, masthead, lambda: SmtpTransport(settings), connections, signing)
    with store.reading() as connection:
        sent = balance_of(connection, FIRST).by_state[DeliveryState.SENT]
    store.close()
    watch.print(sent)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """Which DKIM keys sign, and how many threads compose."""

    kinds: str = ""
    composers: int = 0

    def signer(self) -> DkimSigner | None:
        made = [read_dkim_key(new_dkim_key(DkimKind(kind)), selector=kind) for kind in self.kinds.split()]
        return DkimSigner(domain="example.org", keys=tuple(made)) if made else None


def send(
    store: Store,
    masthead: Masthead,
    open_transport: Callable[[], Transport],
    connections: int,
    dkim: Signing | None = None,
) -> None:
    """Send the first edition, with the message path and the tokens of `newsletter publish`."""
    signing, dkim = keys(), dkim or Signing()
    with store.reading() as reading:
        edition = edition_by_id(reading, FIRST)
    assert edition is not None
    letters = Letters(
        store,
        edition,
        masthead=masthead,
        bounce_token=lambda reader: bounce_token(signing, edition.id, reader),
        signer=dkim.signer(),
    )
    run = Run(
        open_transport=open_transport,
        connections=connections,
        compose=letters.compose,
        token_of=lambda reader: unsubscribe_token(signing, reader),
        preferences_of=lambda reader, version: preferences_token(signing, reader, version),
        clock=lambda: datetime.now(UTC),
        jitter=random.random,
        sender=this_sender("bench"),
        composers=dkim.composers,
    )
    send_edition(store, FIRST, run)


if __name__ == "__main__":
    main(sys.argv[1:])
