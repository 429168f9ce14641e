"""The engine against the memory transport: what each answer makes of rows, readers and the edition."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from ledger_rows import (
    NOW,
    Clock,
    Hands,
    attempts_of,
    change,
    compose,
    delivery_of,
    release,
    rows,
    states,
    tally,
)

from newsletter.delivery import Balance, OnUnknown, balance_of, send_edition, verify
from newsletter.delivery.transports import AtDot, MemoryTransport
from newsletter.errors import StoreError
from newsletter.model import DeliveryState, EditionState, Envelope, Outcome, Receipt, Recipient, VariantId
from newsletter.store import Store
from newsletter.store.tables import chunks, editions, subscribers

SENT, QUEUED, DEFERRED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.DEFERRED
FAILED, UNKNOWN, CANCELLED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED
GREYLISTED = Receipt(outcome=Outcome.DEFERRED, code=451, enhanced="4.7.1", reply="4.7.1 later")
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="5.1.1 <ADA@example.org> unknown")
BLOCKED = Receipt(outcome=Outcome.REFUSED, code=554, enhanced="5.7.1", reply="5.7.1 blocked")
UNSURE = Receipt(outcome=Outcome.UNKNOWN, reply="After the content: no reply in time.")


def addresses(transport: MemoryTransport) -> list[str]:
    return [each.envelope.recipient for each in transport.carried]


def test_every_reader_is_mailed_once_and_the_edition_ends(store: Store) -> None:
    edition_id = release(store, 7, chunk=3)
    transport = MemoryTransport()

    balance = send_edition(store, edition_id, Hands(transport).run(batch=2))

    assert states(store, edition_id) == dict.fromkeys(range(1, 8), SENT)
    assert len(set(addresses(transport))) == len(addresses(transport)) == 7
    assert (balance.state, balance.is_open, balance.adds_up) == (EditionState.SENT, False, True)
    assert rows(store, editions)[0].finished_at == NOW
    assert {chunk.state for chunk in rows(store, chunks)} == {"done"}


def test_progress_is_told_until_all_is_sent(store: Store) -> None:
    edition_id = release(store, 5, chunk=2)
    heard: list[Balance] = []

    send_edition(store, edition_id, Hands(MemoryTransport()).run(progress=heard.append))

    counts = [balance.count(SENT) for balance in heard]
    assert counts == sorted(counts)
    assert counts[-1] == 5


def test_each_attempt_has_its_row(store: Store) -> None:
    release(store, 1)
    kept = AtDot(receipt=Receipt(outcome=Outcome.ACCEPTED, code=250, enhanced="2.0.0", reply="kept as 42"))
    transport = MemoryTransport([GREYLISTED, kept], name="relay")
    hands = Hands(transport, clock=(clock := Clock()))

    send_edition(store, release_id(store), hands.run())
    clock.move(minutes=2)
    send_edition(store, release_id(store), hands.run())

    first, second = attempts_of(store, 1)
    assert (first.no, first.outcome, first.code, first.transport) == (1, "deferred", 451, "relay")
    assert (second.no, second.outcome, second.enhanced, second.reply) == (2, "accepted", "2.0.0", "kept as 42")
    assert (delivery_of(store, 1).attempts, delivery_of(store, 1).settled_at) == (2, NOW + timedelta(minutes=2))


def test_running_again_mails_nobody(store: Store) -> None:
    edition_id = release(store, 3)
    send_edition(store, edition_id, Hands(MemoryTransport()).run())
    transport = MemoryTransport()

    balance = send_edition(store, edition_id, Hands(transport).run())

    assert transport.carried == []
    assert balance.count(SENT) == 3


def test_a_deferred_reader_waits_while_others_go_on(store: Store) -> None:
    edition_id = release(store, 3)
    transport = MemoryTransport([GREYLISTED])
    hands = Hands(transport, clock=(clock := Clock()))

    early = send_edition(store, edition_id, hands.run())
    assert (early.state, early.next_at) == (EditionState.SENDING, NOW + timedelta(minutes=1))
    assert tally(store, edition_id) == {DEFERRED: 1, SENT: 2}

    clock.move(seconds=30)
    send_edition(store, edition_id, hands.run())
    assert tally(store, edition_id) == {DEFERRED: 1, SENT: 2}

    clock.move(seconds=31)
    late = send_edition(store, edition_id, hands.run())
    assert (late.state, late.next_at) == (EditionState.SENT, None)
    assert addresses(transport) == ["ben@example.org", "cleo@example.org", "ada@example.org"]


def test_an_address_code_marks_the_reader_as_bounced(store: Store) -> None:
    edition_id = release(store, 2)

    send_edition(store, edition_id, Hands(MemoryTransport([NOBODY])).run())

    assert tally(store, edition_id) == {FAILED: 1, SENT: 1}
    assert [reader.state for reader in rows(store, subscribers)] == ["bounced", "active"]


def test_reasons_do_not_hold_the_readers_address(store: Store) -> None:
    edition_id = release(store, 1)

    send_edition(store, edition_id, Hands(MemoryTransport([NOBODY])).run())

    assert delivery_of(store, 1).reason == "550 5.1.1 <the reader> unknown"
    assert attempts_of(store, 1)[0].reply == "5.1.1 <the reader> unknown"


def test_unsure_answer_is_unknown_and_listed(store: Store) -> None:
    edition_id = release(store, 2)

    balance = send_edition(store, edition_id, Hands(MemoryTransport([UNSURE])).run())

    assert balance.count(UNKNOWN) == 1
    assert delivery_of(store, 1).reason == "After the content: no reply in time."
    assert balance.state is EditionState.SENT


def test_hold_repeats_nothing(store: Store) -> None:
    edition_id = release(store, 1)
    send_edition(store, edition_id, Hands(MemoryTransport([UNSURE])).run())
    transport = MemoryTransport()

    send_edition(store, edition_id, Hands(transport).run())

    assert transport.carried == []


def test_resend_repeats_under_the_same_message_id(store: Store) -> None:
    edition_id = release(store, 1)
    transport = MemoryTransport([UNSURE])
    run = Hands(transport).run(on_unknown=OnUnknown.RESEND)

    first = send_edition(store, edition_id, run)
    second = send_edition(store, edition_id, run)

    assert (first.state, second.state) == (EditionState.SENDING, EditionState.SENT)
    assert len(transport.carried) == 2
    assert transport.carried[0].message == transport.carried[1].message


def test_what_stays_unsure_three_times_is_poison(store: Store) -> None:
    edition_id = release(store, 1)
    transport = MemoryTransport([UNSURE] * 9)
    run = Hands(transport).run(on_unknown=OnUnknown.RESEND)

    for _ in range(5):
        balance = send_edition(store, edition_id, run)

    assert len(transport.carried) == 3
    assert balance.state is EditionState.SENT
    assert delivery_of(store, 1).reason == "poison: no answer came in 3 tries"


def test_progress_adds_up_at_every_step(store: Store) -> None:
    edition_id = release(store, 6)
    heard: list[Balance] = []
    script = [GREYLISTED, NOBODY, UNSURE]

    last = send_edition(store, edition_id, Hands(MemoryTransport(script)).run(progress=heard.append))

    assert all(balance.adds_up for balance in heard)
    assert heard[-1].by_state == last.by_state


def test_numbers_that_do_not_add_up_stop_everything(store: Store) -> None:
    edition_id = release(store, 3)
    change(store, editions, edition_id, audience=4)
    transport = MemoryTransport()

    with pytest.raises(StoreError, match="do not add up"):
        send_edition(store, edition_id, Hands(transport).run())

    assert transport.carried == []


def test_an_edition_that_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(StoreError, match="no edition number 7"):
        send_edition(store, 7, Hands(MemoryTransport()).run())  # type: ignore[arg-type]  # any number will do


def test_sent_edition_has_no_open_row(store: Store) -> None:
    edition_id = release(store, 4)

    balance = send_edition(store, edition_id, Hands(MemoryTransport([GREYLISTED])).run())

    assert (balance.state, balance.is_open) == (EditionState.SENDING, True)


def test_the_balance_of_a_fresh_release_is_all_queued(store: Store) -> None:
    edition_id = release(store, 4)

    with store.reading() as connection:
        balance = balance_of(connection, edition_id)

    verify(balance)
    assert balance.count(QUEUED) == balance.audience == balance.considered == 4


def release_id(store: Store) -> Any:
    return rows(store, editions)[0].id


def test_preferences_link_is_signed_for_the_token_version_of_the_moment(store: Store) -> None:
    """A reader who changed address since the release gets no link that is worthless already."""
    edition_id = release(store, 2)
    change(store, subscribers, 2, token_version=5)
    seen: list[tuple[str, str]] = []

    def noting(variant_id: VariantId, recipient: Recipient, now: datetime) -> tuple[Envelope, bytes]:
        seen.append((recipient.token, recipient.preferences))
        return compose(variant_id, recipient, now)

    send_edition(store, edition_id, Hands(MemoryTransport()).run(compose=noting))

    assert seen == [("token-1", "choices-1-1"), ("token-2", "choices-2-5")]
