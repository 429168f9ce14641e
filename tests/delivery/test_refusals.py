"""What a mail server says while we send is written down like any other bounce, and taken back with the brake."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ledger_rows import Hands, release, rows

from newsletter.delivery import send_edition
from newsletter.delivery.transports import MemoryTransport
from newsletter.model import EditionState, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.suppressions import Suppression, add_suppression
from newsletter.store.tables import bounces, editions, subscribers, suppressions


def refusal(code: int, enhanced: str, words: str) -> Receipt:
    return Receipt(outcome=Outcome.REFUSED, code=code, enhanced=enhanced, reply=f"{enhanced} {words}")


NOBODY = refusal(550, "5.1.1", "no such mailbox")
FULL = refusal(552, "5.2.2", "mailbox full")
BLOCKED = refusal(554, "5.7.1", "blocked")


def test_a_mailbox_the_relay_does_not_know_is_suppressed_at_once(store: Store) -> None:
    edition_id = release(store, 2)

    send_edition(store, edition_id, Hands(MemoryTransport([NOBODY])).run())

    (kept,) = rows(store, suppressions)
    assert (kept.address_key, kept.reason) == ("key-1", "bounced")
    assert kept.source == f"refused by the mail server, edition {edition_id}"
    (noted,) = rows(store, bounces)
    assert (noted.weight, noted.status, noted.source, noted.outcome) == ("hard", "5.1.1", "smtp", "suppressed")
    assert (noted.edition_id, noted.subscriber_id) == (edition_id, 1)


def test_a_full_mailbox_is_counted_and_nothing_more(store: Store) -> None:
    edition_id = release(store, 1)

    send_edition(store, edition_id, Hands(MemoryTransport([FULL])).run())

    (noted,) = rows(store, bounces)
    assert (noted.weight, noted.outcome) == ("soft", "counted")
    assert rows(store, suppressions) == []
    assert rows(store, subscribers)[0].state == "active"


def test_a_policy_is_held_against_nobody(store: Store) -> None:
    edition_id = release(store, 1)
    hands = Hands(MemoryTransport([BLOCKED] * 3))
    for _ in range(3):
        send_edition(store, edition_id, hands.run())
        hands.clock.move(hours=1)

    (noted,) = rows(store, bounces)
    assert (noted.weight, noted.outcome) == ("policy", "noted")
    assert rows(store, suppressions) == []


def test_what_is_only_deferred_is_no_bounce(store: Store) -> None:
    later = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.2.2", reply="4.2.2 full")
    edition_id = release(store, 1)

    send_edition(store, edition_id, Hands(MemoryTransport([later])).run())

    assert rows(store, bounces) == []


@pytest.mark.parametrize("connections", [1, 4])
def test_the_brake_takes_back_what_a_blocked_sender_caused(store: Store, connections: int) -> None:
    edition_id = release(store, 100)
    run = Hands(MemoryTransport()).run(open_transport=lambda: MemoryTransport([NOBODY] * 100), connections=connections)

    send_edition(store, edition_id, run)

    assert rows(store, editions)[0].state == EditionState.PAUSED
    assert {reader.state for reader in rows(store, subscribers)} == {"active"}
    assert rows(store, suppressions) == []
    assert rows(store, bounces) == []


def test_an_earlier_suppression_is_not_taken_back_with_the_brake(store: Store) -> None:
    edition_id = release(store, 100)
    with store.writing() as connection:
        kept = Suppression(reason="objected", source="by telephone", at=datetime(2026, 1, 1, tzinfo=UTC))
        add_suppression(connection, "key-99", kept)

    send_edition(store, edition_id, Hands(MemoryTransport([NOBODY] * 100)).run())

    assert [(one.address_key, one.reason) for one in rows(store, suppressions)] == [("key-99", "objected")]
