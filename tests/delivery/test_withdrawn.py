"""Unsubscribe wins: whoever left between the release and the wire is not mailed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ledger_rows import (
    NOW,
    Hands,
    attempts_of,
    change,
    compose,
    delivery_of,
    release,
    states,
    tally,
)

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import DeliveryState, Envelope, Outcome, Receipt, Recipient, VariantId
from newsletter.store import Store
from newsletter.store.tables import subscribers, suppressions

SENT, QUEUED, DEFERRED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.DEFERRED
FAILED, UNKNOWN, CANCELLED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED
GREYLISTED = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="4.7.1 later")
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="5.1.1 <ADA@example.org> unknown")
BLOCKED = Receipt(outcome=Outcome.REFUSED, code=554, enhanced="5.7.1", reply="5.7.1 blocked")
UNSURE = Receipt(outcome=Outcome.UNKNOWN, reply="After the content: no reply in time.")


def addresses(transport: MemoryTransport) -> list[str]:
    return [each.envelope.recipient for each in transport.carried]


@pytest.mark.parametrize(
    ("change_reader", "reason"),
    [
        ({"state": "unsubscribed"}, "unsubscribed"),
        ({"state": "complained"}, "complained"),
        ({"paused_until": NOW + timedelta(days=1)}, "paused"),
        ({"suppression_key": "hated"}, "suppressed"),
    ],
)
def test_who_left_after_the_release_is_not_mailed(store: Store, change_reader: dict[str, Any], reason: str) -> None:
    edition_id = release(store, 3)
    with store.writing() as connection:
        connection.execute(suppressions.insert().values(address_key="hated", reason="erased", source="", at=NOW))
    change(store, subscribers, 2, **change_reader)
    transport = MemoryTransport()

    send_edition(store, edition_id, Hands(transport).run())

    assert addresses(transport) == ["ada@example.org", "cleo@example.org"]
    assert (delivery_of(store, 2).state, delivery_of(store, 2).reason) == (int(CANCELLED), reason)


def test_a_pause_that_is_over_keeps_nobody_from_mail(store: Store) -> None:
    edition_id = release(store, 1)
    change(store, subscribers, 1, paused_until=NOW)

    send_edition(store, edition_id, Hands(MemoryTransport()).run())

    assert tally(store, edition_id) == {SENT: 1}


def test_unsubscribe_during_sending_holds(store: Store) -> None:
    edition_id = release(store, 4)
    transport = MemoryTransport()

    def compose_and_leave(variant_id: VariantId, reader: Recipient, now: Any) -> tuple[Envelope, bytes]:
        if reader.uid == "s2":
            change(store, subscribers, 3, state="unsubscribed")
        return compose(variant_id, reader, now)

    send_edition(store, edition_id, Hands(transport).run(compose=compose_and_leave))

    assert addresses(transport) == ["ada@example.org", "ben@example.org", "dan@example.org"]
    assert states(store, edition_id)[3] is CANCELLED


def test_unsubscribe_between_composition_and_wire_holds(store: Store) -> None:
    edition_id = release(store, 2)
    transport = MemoryTransport()

    def compose_and_leave(variant_id: VariantId, reader: Recipient, now: Any) -> tuple[Envelope, bytes]:
        if reader.uid == "s1":
            change(store, subscribers, 1, state="unsubscribed")
        return compose(variant_id, reader, now)

    send_edition(store, edition_id, Hands(transport).run(compose=compose_and_leave))

    assert addresses(transport) == ["ben@example.org"]
    assert attempts_of(store, 1) == []
