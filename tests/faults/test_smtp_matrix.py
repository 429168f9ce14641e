"""F8: every step of an SMTP conversation × every answer, through the whole engine, judged by rows and sink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from ledger_rows import Clock, Hands, attempts_of, delivery_of, empty, make_store, message_id, release, rows
from scripted_smtp import DEFAULTS, DROP, GARBAGE, HANG, ScriptedSmtp

from newsletter.delivery import send_edition
from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.errors import TransportError
from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.tables import editions, subscribers

BEFORE_THE_READER = ["banner", "ehlo", "starttls", "auth", "mail"]
BEFORE_THE_CONTENT = ["rcpt", "data"]
TEMPORARY = ["450 later", "451 later", "452 later"]
PERMANENT = ["500 no", "535 no", "550 no", "552 no"]
SILENT = [DROP, HANG, GARBAGE]
QUEUED, DEFERRED, FAILED = DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.FAILED
SENT, UNKNOWN = DeliveryState.SENT, DeliveryState.UNKNOWN


def expected(step: str, answer: str) -> tuple[DeliveryState, str]:
    """Where the delivery and the edition must be: the table of the delivery contract, written down again."""
    if step in BEFORE_THE_READER:
        return QUEUED, "paused" if answer in PERMANENT else "sending"
    if answer.startswith("421"):
        return (DEFERRED if step == "dot" else QUEUED), "sending"
    if answer in TEMPORARY:
        return DEFERRED, "sending"
    if answer in SILENT:
        return (UNKNOWN, "sent") if step == "dot" else (DEFERRED, "sending")
    if step == "dot" and answer.startswith("552"):
        return DEFERRED, "paused"
    return FAILED, "sent"


CASES = [
    (step, answer)
    for step in [*BEFORE_THE_READER, *BEFORE_THE_CONTENT, "dot"]
    for answer in ["421 closing", *TEMPORARY, *PERMANENT, *SILENT]
]


@pytest.fixture(scope="module")
def one_store() -> Iterator[Store]:
    store = make_store()
    yield store
    store.close()


@pytest.fixture
def memory_store(one_store: Store) -> Iterator[Store]:
    yield one_store
    empty(one_store)


@dataclass(frozen=True)
class Tried:
    """The store and the server after one send to one reader."""

    store: Store
    server: ScriptedSmtp


def send_once(store: Store, step: str, answer: str) -> Tried:
    edition_id = release(store, 1)
    with ScriptedSmtp({step: answer}) as server:
        settings = SmtpSettings(
            host="127.0.0.1",
            port=server.port,
            tls=Tls.STARTTLS if step == "starttls" else Tls.NONE,
            user="news" if step == "auth" else "",
            password="secret" if step == "auth" else "",
            plain_login=True,
            connect_timeout_s=0.5 if answer == HANG else 10,
            command_timeout_s=0.5 if answer == HANG else 10,
            dot_timeout_s=0.5 if answer == HANG else 10,
        )
        with SmtpTransport(settings) as transport, suppress(TransportError):
            # One try each: a second would only show the same again.
            send_edition(store, edition_id, Hands(transport, clock=Clock()).run(stop=lambda: server.connections > 0))
    return Tried(store, server)


@pytest.mark.parametrize(("step", "answer"), CASES)
def test_each_answer_at_each_step_ends_as_the_contract_says(memory_store: Store, step: str, answer: str) -> None:
    tried = send_once(memory_store, step, answer)

    row, edition = delivery_of(tried.store, 1), rows(tried.store, editions)[0]
    state, edition_state = expected(step, answer)
    assert (DeliveryState(row.state), edition.state) == (state, edition_state)
    assert [reader.state for reader in rows(tried.store, subscribers)] == ["active"]
    assert len(attempts_of(tried.store, 1)) == row.attempts == (0 if state is QUEUED else 1)
    assert (row.reason is None) == (state is QUEUED)


@pytest.mark.parametrize("step", [*BEFORE_THE_READER, *BEFORE_THE_CONTENT])
@pytest.mark.parametrize("answer", ["421 closing", "451 later", "550 no", DROP])
def test_no_content_leaves_before_the_server_asks_for_it(memory_store: Store, step: str, answer: str) -> None:
    tried = send_once(memory_store, step, answer)

    assert tried.server.contents == []


@pytest.mark.parametrize("step", ["banner", "auth", "mail", "rcpt", "data", "dot"])
def test_a_good_answer_at_each_step_sends(memory_store: Store, step: str) -> None:
    tried = send_once(memory_store, step, DEFAULTS[step])

    assert DeliveryState(delivery_of(tried.store, 1).state) is SENT
    assert tried.server.message_ids == [message_id("s1")]


@pytest.mark.parametrize("answer", SILENT)
def test_what_is_unknown_may_have_been_taken(memory_store: Store, answer: str) -> None:
    # F9, and the reason for `unknown`: this server did take the message.
    tried = send_once(memory_store, "dot", answer)

    assert DeliveryState(delivery_of(tried.store, 1).state) is UNKNOWN
    assert tried.server.message_ids == [message_id("s1")]


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_reply_of_two_is_not_taken_for_the_next_answer(memory_store: Store, step: str) -> None:
    # A 250 that comes too early must never count for the final dot.
    tried = send_once(memory_store, step, f"{DEFAULTS[step]}\r\n250 2.0.0 kept")

    assert DeliveryState(delivery_of(tried.store, 1).state) is not SENT
    assert tried.server.contents == []
