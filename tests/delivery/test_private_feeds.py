"""A reader who swaps email for a private feed is not mailed, wherever the message is just then."""

from __future__ import annotations

from datetime import datetime

import pytest
from ledger_rows import NOW, Hands, attempts_of, compose, delivery_of, release

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, Envelope, Masthead, Recipient, SubscriberId, VariantId
from newsletter.store import Store
from newsletter.subscribers import Intake, new_keys
from newsletter.subscribers.private_feeds import swap_to_feed


@pytest.mark.parametrize("at", ["s1", "s3"])
def test_swap_during_sending_holds(store: Store, masthead: Masthead, at: str) -> None:
    edition_id = release(store, 4)
    intake = Intake(keys=new_keys(bytes(64)), masthead=masthead, now=NOW, new_uid=lambda: "")
    transport = MemoryTransport()

    def compose_and_swap(variant_id: VariantId, reader: Recipient, now: datetime) -> tuple[Envelope, bytes]:
        if reader.uid == at:
            # While an earlier message is made, or the reader's own.
            swap_to_feed(store, SubscriberId(3), random=bytes(32), intake=intake)
        return compose(variant_id, reader, now)

    send_edition(store, edition_id, Hands(transport).run(compose=compose_and_swap))

    mailed = [each.envelope.recipient for each in transport.carried]
    assert mailed == ["ada@example.org", "ben@example.org", "dan@example.org"]
    assert (delivery_of(store, 3).state, delivery_of(store, 3).reason) == (int(DeliveryState.CANCELLED), "feed")
    assert attempts_of(store, 3) == []
