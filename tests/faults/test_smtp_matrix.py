"""F8: every step of an SMTP conversation × every answer, through the whole engine, judged by rows and sink."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest
from certificates import Authority
from ledger_rows import Clock, Hands, attempts_of, delivery_of, message_id, release, rows
from scripted_smtp import CHUNKED, DEFAULTS, DROP, GARBAGE, HANG, ONE_BY_ONE, PIPELINED, ScriptedSmtp

from newsletter.delivery import send_edition
from newsletter.delivery.transports import SmtpSettings, SmtpTransport, Tls
from newsletter.errors import TransportError
from newsletter.model import DeliveryState
from newsletter.store import Store
from newsletter.store.tables import editions, subscribers

WAYS = {"one by one": ONE_BY_ONE, "pipelined": PIPELINED, "chunked": CHUNKED}
OPENING = ["banner", "ehlo", "starttls", "auth"]
STEPS = {
    "one by one": [*OPENING, "mail", "rcpt", "data", "dot"],
    "pipelined": ["mail", "rcpt", "data", "dot"],
    "chunked": ["mail", "rcpt", "bdat"],
}
GOOD = "as it should"
TEMPORARY = ["450 later", "451 later", "452 later"]
PERMANENT = ["500 no", "535 no", "550 no", "552 no"]
SILENT = [DROP, HANG, GARBAGE]
QUEUED, DEFERRED, FAILED = DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.FAILED
SENT, UNKNOWN = DeliveryState.SENT, DeliveryState.UNKNOWN


def has_content_out(way: str, step: str) -> bool:
    """Whether the content has left before this step is answered."""
    return way == "chunked" and step not in OPENING


def expected(way: str, step: str, answer: str) -> tuple[DeliveryState, str]:
    """Where the delivery and the edition must be: the table of the delivery contract, written down again."""
    is_last = step in ("dot", "bdat")
    if answer == GOOD:
        return SENT, "sent"
    if answer in SILENT and (is_last or has_content_out(way, step)):
        return UNKNOWN, "sent"
    if step in [*OPENING, "mail"]:
        return QUEUED, "paused" if answer in PERMANENT else "sending"
    if answer.startswith("421"):
        return (DEFERRED if is_last else QUEUED), "sending"
    if answer in [*TEMPORARY, *SILENT]:
        return DEFERRED, "sending"
    if is_last and answer.startswith("552"):
        return DEFERRED, "paused"
    return FAILED, "sent"


CASES = [
    (way, step, answer)
    for way, steps in STEPS.items()
    for step in steps
    for answer in [GOOD, "421 closing", *TEMPORARY, *PERMANENT, *SILENT]
]


@dataclass(frozen=True)
class Tried:
    """The store and the server after one send to one reader."""

    store: Store
    server: ScriptedSmtp


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def send_once(store: Store, authority: Authority, case: tuple[str, str, str]) -> Tried:
    way, step, answer = case
    edition_id = release(store, 1)
    script = {} if answer == GOOD else {step: answer}
    with ScriptedSmtp(script, extensions=WAYS[way], tls=authority.server()) as server:
        timeout_s = 0.2 if answer == HANG else 10
        settings = SmtpSettings(
            host="127.0.0.1",
            port=server.port,
            tls=Tls.STARTTLS if step == "starttls" else Tls.NONE,
            user="news" if step == "auth" else "",
            password="secret" if step == "auth" else "",
            plain_login=True,
            connect_timeout_s=timeout_s,
            command_timeout_s=timeout_s,
            dot_timeout_s=timeout_s,
        )
        with SmtpTransport(settings, context=authority.trusting()) as transport, suppress(TransportError):
            # One try each: a second would only show the same again.
            send_edition(store, edition_id, Hands(transport, clock=Clock()).run(stop=lambda: server.connections > 0))
    return Tried(store, server)


def test_the_matrix_is_whole() -> None:
    assert sum(way == "one by one" for way, _, _ in CASES) == 96
    assert len(CASES) == 96 + 48 + 36


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_each_answer_at_each_step_ends_as_the_contract_says(
    store: Store, authority: Authority, case: tuple[str, str, str]
) -> None:
    tried = send_once(store, authority, case)

    row, edition = delivery_of(tried.store, 1), rows(tried.store, editions)[0]
    state, edition_state = expected(*case)
    assert (DeliveryState(row.state), edition.state) == (state, edition_state)
    assert [reader.state for reader in rows(tried.store, subscribers)] == ["active"]
    tries = 0 if state is QUEUED and not has_content_out(*case[:2]) else 1
    assert len(attempts_of(tried.store, 1)) == row.attempts == tries
    assert (row.reason is None) == (state in (QUEUED, SENT))


@pytest.mark.parametrize("way", ["one by one", "pipelined"])
@pytest.mark.parametrize("step", [*OPENING, "mail", "rcpt", "data"])
@pytest.mark.parametrize("answer", ["421 closing", "451 later", "550 no", DROP])
def test_no_content_leaves_before_the_server_asks_for_it(
    store: Store, authority: Authority, way: str, step: str, answer: str
) -> None:
    tried = send_once(store, authority, (way, step, answer))

    assert tried.server.contents == []


@pytest.mark.parametrize("way", WAYS)
def test_what_is_sent_was_taken(store: Store, authority: Authority, way: str) -> None:
    tried = send_once(store, authority, (way, "mail", GOOD))

    assert DeliveryState(delivery_of(tried.store, 1).state) is SENT
    assert tried.server.message_ids == [message_id("s1")]


@pytest.mark.parametrize("answer", SILENT)
@pytest.mark.parametrize(("way", "step"), [("one by one", "dot"), ("pipelined", "dot"), ("chunked", "bdat")])
def test_what_is_unknown_may_have_been_taken(
    store: Store, authority: Authority, way: str, step: str, answer: str
) -> None:
    # F9, and the reason for `unknown`: this server did take the message.
    tried = send_once(store, authority, (way, step, answer))

    assert DeliveryState(delivery_of(tried.store, 1).state) is UNKNOWN
    assert tried.server.message_ids == [message_id("s1")]


@pytest.mark.parametrize("way", ["one by one", "pipelined"])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_reply_of_two_is_not_taken_for_the_next_answer(
    store: Store, authority: Authority, way: str, step: str
) -> None:
    # A 250 that comes too early must never count for the final dot.
    tried = send_once(store, authority, (way, step, f"{DEFAULTS[step]}\r\n250 2.0.0 kept"))

    assert DeliveryState(delivery_of(tried.store, 1).state) is not SENT
    assert tried.server.contents == []
