"""Sends an edition to nowhere and prints how much memory that took, in MB: before the run, at most, and who was sent."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable

from ledger_rows import TAKEN, Hands
from sender_process import tell

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, EditionId, Envelope, Receipt
from newsletter.store import Store


class Nowhere(MemoryTransport):
    """Takes everything and keeps nothing."""

    def deliver(self, envelope: Envelope, message: bytes, *, opened: Callable[[], None]) -> Receipt:
        opened()
        return TAKEN


def used_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024


def main() -> None:
    url, edition = sys.argv[1:]
    store, before = Store(url), used_mb()
    balance = send_edition(store, EditionId(int(edition)), Hands(Nowhere()).run(connections=4))
    tell([before, used_mb(), balance.by_state[DeliveryState.SENT]])
    store.close()


if __name__ == "__main__":
    main()
