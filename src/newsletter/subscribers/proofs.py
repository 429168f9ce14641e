"""The proof of consent on one page (GDPR art. 7(1)): who, what, when, in which words, and what was withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from newsletter.model import Subscriber
from newsletter.store import Store
from newsletter.store.proofs import AskedLine, ConsentLine, asked_of, consents_of
from newsletter.store.subscribers import subscriber_by_key
from newsletter.subscribers.addresses import parse_address

VERSION_SHOWN = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """Everything that shows what a reader agreed to; lists are oldest first."""

    subscriber: Subscriber
    consents: tuple[ConsentLine, ...]
    asked: tuple[AskedLine, ...]


def proof_of(store: Store, address: str) -> Proof | None:
    """The proof for the reader at `address`; None for an address nobody here has.

    Raises UsageError for what is no address.
    """
    key = parse_address(address).key
    with store.reading() as connection:
        subscriber = subscriber_by_key(connection, key)
        if subscriber is None:
            return None
        return Proof(
            subscriber=subscriber,
            consents=tuple(consents_of(connection, subscriber.id)),
            asked=tuple(asked_of(connection, subscriber.id)),
        )


def proof_lines(proof: Proof, *, title: str, now: datetime) -> Iterator[str]:
    """The proof as a page of plain text; times are UTC."""
    reader = proof.subscriber
    yield f"Proof of consent, {title}, printed on {now:%Y-%m-%d %H:%M} UTC"
    yield f"Reader   {reader.address}: {reader.state} since {reader.joined_at:%Y-%m-%d %H:%M}"
    for line in proof.consents:
        yield ""
        yield f"{line.at:%Y-%m-%d %H:%M:%S}  {_verb(line)}"
        yield f"  how      {line.method}, {line.source}"
        if line.page:
            yield f"  page     {line.page}"
        if line.wording:
            language = f", {line.language}" if line.language else ""
            yield f"  wording  “{line.wording}”"
            yield f"  version  {line.version[:VERSION_SHOWN]}{language}"
        kept = f"{line.ip}, until {line.ip_until:%Y-%m-%d}" if line.ip and line.ip_until else "not kept"
        yield f"  network  {kept}"
    for asked in proof.asked:
        answer = f"confirmed {asked.done_at:%Y-%m-%d %H:%M:%S}" if asked.done_at else "not confirmed"
        yield ""
        yield f"{asked.asked_at:%Y-%m-%d %H:%M:%S}  was asked by email ({asked.kind}): {answer}"
        if asked.page:
            yield f"  page     {asked.page}"


def _verb(line: ConsentLine) -> str:
    verbs = {
        "subscribe": "agreed to get the newsletter",
        "import": "was brought in by the owner",
        "address": "moved to another address",
        "return": "came back",
        "unsubscribe": "withdrew",
    }
    return verbs.get(line.what, line.what)
