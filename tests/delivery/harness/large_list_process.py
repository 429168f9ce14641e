"""Sends an edition to nowhere and prints its memory in MB before the run and at most, and how many were sent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

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
    # What getrusage(2) gives begins with the memory of the parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1_024


def main() -> None:
    url, edition = sys.argv[1:]
    store, before = Store(url), used_mb()
    balance = send_edition(store, EditionId(int(edition)), Hands(Nowhere()).run(connections=4))
    tell([before, used_mb(), balance.by_state[DeliveryState.SENT]])
    store.close()


if __name__ == "__main__":
    main()
