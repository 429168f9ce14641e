"""The weight of a failure that a provider has already sorted."""

from __future__ import annotations

from newsletter.delivery.bounces.report import Weight
from newsletter.delivery.bounces.weights import weigh


def weigh_bounce(status: str, diagnostic: str, *, policy: bool = False, proven: bool = True) -> Weight:
    """The weight of a permanent failure; never HARD where the provider calls it `policy`, or has not `proven` it.

    A provider that refuses an address because of its own list has not asked the mailbox again.
    """
    weight = weigh(status, diagnostic, permanent=True)
    if policy:
        # A full mailbox stays one, whatever drawer the provider put it in.
        return Weight.SOFT if status[1:].startswith(".2.") else Weight.POLICY
    return Weight.SOFT if weight is Weight.HARD and not proven else weight
