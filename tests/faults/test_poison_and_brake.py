"""F11 and F12: one reader breaks, the others go on; everybody is refused, nobody is blamed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from ledger_rows import Clock, Hands, attempts_of, change, compose, delivery_of, interrupted, release, rows, tally
from scripted_smtp import ScriptedSmtp

from newsletter.delivery import OnUnknown, send_edition
from newsletter.delivery.transports import MemoryTransport, SmtpSettings, SmtpTransport, Tls
from newsletter.errors import ConfigError, Fault, StoreError, TransportError
from newsletter.model import DeliveryState, EditionState, Envelope, Outcome, Receipt, Recipient, VariantId
from newsletter.store import Store
from newsletter.store.tables import editions, subscribers

SENT, FAILED, QUEUED, DEFERRED = (
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.QUEUED,
    DeliveryState.DEFERRED,
)
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="5.1.1 nobody")
BLOCKED = Receipt(outcome=Outcome.REFUSED, code=554, enhanced="5.7.1", reply="5.7.1 blocked")
POISON = "s3"


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


def giving(envelope: object, message: object) -> Callable[[], Any]:
    return lambda: (envelope, message)


FINE = Envelope(sender="news@example.org", recipient="cleo@example.org")
BODY = b"Subject: x\r\n\r\nx\r\n"
KINDS: dict[str, Callable[[], Any]] = {
    "a missing placeholder": raising(KeyError("TOKEN")),
    "a value that cannot be encoded": raising(UnicodeEncodeError("ascii", "é", 0, 1, "no")),
    "a lone surrogate": raising(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")),
    "endless recursion": raising(RecursionError("too deep")),
    "no memory for this one": raising(MemoryError()),
    "a division": raising(ZeroDivisionError("division by zero")),
    "an error that holds the address": raising(ValueError("cleo@example.org is odd")),
    "an error in no alphabet": raising(ValueError("\ud800 \0 \x1b[2J")),
    "a stop of iteration": raising(StopIteration()),
    "a file error": raising(FileNotFoundError("template")),
    "no envelope": giving(None, BODY),
    "no message": giving(FINE, None),
    "text instead of bytes": giving(FINE, "Subject: x"),
    "an empty message": giving(FINE, b""),
    "a NUL": giving(FINE, b"Subject: x\0\r\n\r\n"),
    "a bare LF": giving(FINE, b"Subject: x\n\n"),
    "a bare CR": giving(FINE, b"Subject: x\r\r\n\r\n"),
    "a second command in the address": giving(Envelope(sender="", recipient="a@b.c>\r\nRSET"), BODY),
    "an address outside ASCII": giving(Envelope(sender="", recipient="élise@example.org"), BODY),
    "an empty address": giving(Envelope(sender="", recipient=""), BODY),
    "a broken sender": giving(Envelope(sender="news", recipient="cleo@example.org"), BODY),
}


def poisoned(kind: str) -> Any:
    def compose_or_break(variant_id: VariantId, reader: Recipient, now: datetime) -> tuple[Envelope, bytes]:
        return KINDS[kind]() if reader.uid == POISON else compose(variant_id, reader, now)

    return compose_or_break


@pytest.mark.parametrize("kind", KINDS)
def test_one_poison_reader_harms_nobody_else(store: Store, kind: str) -> None:
    edition_id = release(store, 50, chunk=20)
    transport = MemoryTransport()
    run = Hands(transport).run(compose=poisoned(kind))

    send_edition(store, edition_id, run)
    balance = send_edition(store, edition_id, run)

    assert tally(store, edition_id) == {SENT: 49, FAILED: 1}
    assert balance.state is EditionState.SENT
    assert len(attempts_of(store, 3)) == 1
    reason = delivery_of(store, 3).reason
    assert reason.startswith(("poison: ", "Not sent: "))
    assert "cleo@example.org" not in reason
    assert reason.isprintable()


def test_a_poison_token_harms_nobody_else(store: Store) -> None:
    edition_id = release(store, 5)

    def token_of(subscriber_id: int) -> str:
        if subscriber_id == 3:
            raise LookupError("no key")
        return "t"

    send_edition(store, edition_id, Hands(MemoryTransport()).run(token_of=token_of))

    assert tally(store, edition_id) == {SENT: 4, FAILED: 1}


def test_a_transport_that_breaks_on_one_message_leaves_it_in_doubt_and_goes_on(store: Store) -> None:
    edition_id = release(store, 5)

    class Brittle(MemoryTransport):
        def deliver(self, envelope: Envelope, message: bytes, *, opened: Any) -> Receipt:
            receipt = super().deliver(envelope, message, opened=opened)
            if envelope.recipient == "cleo@example.org":
                raise AssertionError("a bug")
            return receipt

    send_edition(store, edition_id, Hands(Brittle()).run())

    assert tally(store, edition_id) == {SENT: 4, DeliveryState.UNKNOWN: 1}
    assert delivery_of(store, 3).reason == "poison: AssertionError: a bug"


@pytest.mark.parametrize(
    "error",
    [
        StoreError("the disk is full"),
        ConfigError([Fault(path="newsletter.key", message="missing")]),
        KeyboardInterrupt(),
    ],
)
def test_what_is_no_readers_fault_is_not_called_poison(store: Store, error: BaseException) -> None:
    edition_id = release(store, 5)
    run = Hands(MemoryTransport()).run(compose=lambda *_: raising(error)())

    with pytest.raises(type(error)):
        send_edition(store, edition_id, run)

    assert tally(store, edition_id) == {QUEUED: 5}


def test_a_template_that_breaks_for_everybody_pauses_the_edition(store: Store) -> None:
    edition_id = release(store, 100)
    run = Hands(MemoryTransport()).run(compose=lambda *_: raising(KeyError("TOKEN"))())

    balance = send_edition(store, edition_id, run)

    assert balance.state is EditionState.PAUSED
    assert balance.reason == "20 refusals in a row; the last was: poison: KeyError: 'TOKEN'"
    assert tally(store, edition_id) == {QUEUED: 100}


@pytest.mark.parametrize("refusal", [NOBODY, BLOCKED], ids=["5.1.1", "5.7.1"])
def test_twenty_refusals_pause_and_leave_readers_and_rows_as_they_were(store: Store, refusal: Receipt) -> None:
    edition_id = release(store, 30, chunk=7)
    transport = MemoryTransport([refusal] * 100)

    balance = send_edition(store, edition_id, Hands(transport).run())

    assert balance.state is EditionState.PAUSED
    assert "20 refusals in a row" in balance.reason
    assert tally(store, edition_id) == {QUEUED: 30}
    assert {reader.state for reader in rows(store, subscribers)} == {"active"}
    assert [delivery_of(store, number).reason for number in (1, 20, 21)] == [None, None, None]


def test_without_the_brake_they_would_all_be_marked_as_bounced(store: Store) -> None:
    # The control.
    edition_id = release(store, 30)

    send_edition(store, edition_id, Hands(MemoryTransport([NOBODY] * 100)).run(refusals=0))

    assert tally(store, edition_id) == {FAILED: 30}
    assert {reader.state for reader in rows(store, subscribers)} == {"bounced"}


def test_refusals_before_an_acceptance_stand(store: Store) -> None:
    edition_id = release(store, 40)
    accepted = Receipt(outcome=Outcome.ACCEPTED, code=250)
    transport = MemoryTransport([NOBODY] * 15 + [accepted] + [NOBODY] * 100)

    balance = send_edition(store, edition_id, Hands(transport).run())

    assert balance.state is EditionState.PAUSED
    assert tally(store, edition_id) == {FAILED: 15, SENT: 1, QUEUED: 24}
    bounced = [reader.id for reader in rows(store, subscribers) if reader.state == "bounced"]
    assert bounced == list(range(1, 16))


def test_who_unsubscribes_while_the_brake_counts_stays_unsubscribed(store: Store) -> None:
    edition_id = release(store, 30)
    answers = interrupted(lambda: change(store, subscribers, 2, state="unsubscribed"), before=11, answer=NOBODY)

    send_edition(store, edition_id, Hands(MemoryTransport(answers)).run())

    assert rows(store, subscribers, id=2)[0].state == "unsubscribed"
    assert rows(store, subscribers, id=3)[0].state == "active"


def test_after_the_cause_is_mended_everybody_gets_it_once(store: Store) -> None:
    edition_id = release(store, 30, chunk=7)
    send_edition(store, edition_id, Hands(MemoryTransport([NOBODY] * 100)).run())
    change(store, editions, edition_id, state="sending")
    transport = MemoryTransport()

    send_edition(store, edition_id, Hands(transport).run())

    assert tally(store, edition_id) == {SENT: 30}
    assert len({each.envelope.recipient for each in transport.accepted}) == len(transport.accepted) == 30


@pytest.mark.parametrize("step", ["banner", "auth", "mail", "rcpt"])
def test_a_relay_that_refuses_everything_pauses_the_edition_and_marks_nobody(store: Store, step: str) -> None:
    edition_id = release(store, 30)
    answer = {"banner": "554 5.7.1 blocked", "auth": "535 5.7.8 no", "mail": "550 5.7.1 no", "rcpt": "550 5.1.1 no"}
    with ScriptedSmtp({step: answer[step]}) as server:
        settings = SmtpSettings(
            host="127.0.0.1", port=server.port, tls=Tls.NONE, user="news", password="x", plain_login=True
        )
        with SmtpTransport(settings) as transport, suppress(TransportError):
            send_edition(store, edition_id, Hands(transport).run())

    assert rows(store, editions)[0].state == "paused"
    assert tally(store, edition_id) == {QUEUED: 30}
    assert {reader.state for reader in rows(store, subscribers)} == {"active"}
    assert server.contents == []


def test_a_policy_refusal_is_tried_three_times_over_an_hour(store: Store) -> None:
    edition_id = release(store, 1)
    clock = Clock()
    hands = Hands(MemoryTransport([BLOCKED] * 9), clock=clock)

    for _ in range(9):
        send_edition(store, edition_id, hands.run())
        clock.move(minutes=10)

    assert len(attempts_of(store, 1)) == 3
    assert delivery_of(store, 1).reason == "policy: 554 5.7.1 blocked"
    assert rows(store, subscribers)[0].state == "active"


def test_a_drop_after_the_dot_is_resent_under_the_same_message_id(store: Store) -> None:
    # F9 to its end.
    edition_id = release(store, 1)
    answers = iter(["drop"])
    with ScriptedSmtp({"dot": lambda _: next(answers, None)}) as server:
        settings = SmtpSettings(host="127.0.0.1", port=server.port, tls=Tls.NONE)
        with SmtpTransport(settings) as transport:
            run = Hands(transport).run(on_unknown=OnUnknown.RESEND)
            send_edition(store, edition_id, run)
            assert tally(store, edition_id) == {DeliveryState.UNKNOWN: 1}
            send_edition(store, edition_id, run)

    assert tally(store, edition_id) == {SENT: 1}
    assert server.message_ids == ["<e1.s1@news.example.org>"] * 2
