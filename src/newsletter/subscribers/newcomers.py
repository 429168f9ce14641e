"""Letting somebody in on the owner's word: who may, in what state, with what proof.

Comes in: a `Newcomer` and the consent the owner vouches for. Goes out: `Added`, which says why not
where the answer is no. `imports` lets in many by the same two steps: `judge`, then `admit`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from newsletter.model import Masthead, Subscriber, SubscriberId, SubscriberState
from newsletter.store import Store
from newsletter.store.arriving import owe_newcomers, sequence_at
from newsletter.store.articles import sequence_before_latest
from newsletter.store.consents import insert_consents
from newsletter.store.meta import add_event
from newsletter.store.owing import Claim, articles_claimed
from newsletter.store.subscribers import (
    hold_sequence,
    insert_subscribers,
    insert_topics,
    states_by_key,
    subscriber_by_key,
)
from newsletter.store.suppressions import suppressed_among
from newsletter.subscribers.addresses import mask
from newsletter.subscribers.choices import offer_of
from newsletter.subscribers.examining import CheckedNewcomer, Newcomer, check_newcomer
from newsletter.subscribers.keys import Keys

# Releases move the cursor of these readers, whatever it was.
_WITHOUT_DIGEST = frozenset({"each", "feed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """What people agreed to, in the words they saw or the owner's; `source` names command and file."""

    wording: str
    source: str
    method: str = "owner"


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """What the newsroom brings to every arrival: its keys, its offer, the hour (aware UTC), fresh uids.

    `newcomers` says for a rhythm how many of the latest articles the first digest of a new reader brings.
    With `received_up_to` (aware UTC) they had everything until then elsewhere, and what came later is theirs.
    """

    keys: Keys
    masthead: Masthead
    now: datetime
    new_uid: Callable[[], str]
    newcomers: Mapping[str, int] = field(default_factory=dict)
    received_up_to: datetime | None = None

    def first_cursor(self, connection: Connection, rhythm: str, *, sequence: int) -> int:
        """Where a new reader begins: at the present `sequence`, or as many articles before it as the rhythm gives.

        Digests go on after `received_up_to`; what readers of each article missed is owed to them instead.
        """
        if self.received_up_to is not None and rhythm not in _WITHOUT_DIGEST:
            return min(sequence, sequence_at(connection, self.received_up_to))
        number = self.newcomers.get(rhythm, 0)
        return min(sequence, sequence_before_latest(connection, number)) if number else sequence


class Arrival(StrEnum):
    """How it ended for one newcomer."""

    ADDED = "added"
    ALREADY = "already there"
    SUPPRESSED = "suppressed"
    WITHHELD = "withheld"
    INVALID = "invalid"


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What became of one newcomer; `message` is a sentence, `subscriber` the row if there is one."""

    arrival: Arrival
    message: str
    subscriber: Subscriber | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Why one newcomer is not let in; `state` is that of the row already there."""

    arrival: Arrival
    message: str
    state: SubscriberState | None = None


def add(store: Store, newcomer: Newcomer, *, consent: Consent, intake: Intake) -> Added:
    """Make somebody an active subscriber on the owner's word, from the next publication on.

    Nobody is changed who is already there in any state, and nobody let in whose address is
    suppressed: the answer says so. One transaction; safe to repeat.

    Raises UsageError for an address or choice this newsroom cannot keep, and without consent.
    """
    checked = check_newcomer(newcomer, consent.wording, offer=offer_of(intake.masthead), keys=intake.keys)
    key = checked.address.key
    with store.writing() as connection:
        verdict = judge(connection, [checked]).get(key)
        if verdict is None and not admit(connection, [checked], what="subscribe", consent=consent, intake=intake):
            # On PostgreSQL another process may have written the row between the two.
            verdict = judge(connection, [checked])[key]
        subscriber = subscriber_by_key(connection, key)
        if verdict is not None:
            return Added(arrival=verdict.arrival, message=verdict.message, subscriber=subscriber)
        id_ = None if subscriber is None else subscriber.id
        add_event(connection, "add", ("subscribers", id_), now=intake.now, source=consent.source)
    message = f"{mask(checked.address.address)} is an active subscriber."
    return Added(arrival=Arrival.ADDED, message=message, subscriber=subscriber)


def judge(
    connection: Connection, newcomers: Collection[CheckedNewcomer], *, refused: Collection[str] = ()
) -> dict[str, Verdict]:
    """Who of at most a few thousand must stay as they are, by address key; the others may come in. Reads only.

    `refused` are suppression keys that count as suppressed beside those in the database.
    """
    suppressed = suppressed_among(connection, [newcomer.suppression_key for newcomer in newcomers])
    if refused:
        suppressed |= {newcomer.suppression_key for newcomer in newcomers if newcomer.suppression_key in refused}
    states = states_by_key(connection, [newcomer.address.key for newcomer in newcomers])
    verdicts = {}
    for newcomer in newcomers:
        key, state = newcomer.address.key, states.get(newcomer.address.key)
        if newcomer.suppression_key in suppressed:
            verdicts[key] = Verdict(arrival=Arrival.SUPPRESSED, message=_stays_out(newcomer), state=state)
        elif state is not None:
            verdicts[key] = Verdict(arrival=Arrival.ALREADY, message=_is_there(newcomer, state), state=state)
    return verdicts


def admit(
    connection: Connection, newcomers: Collection[CheckedNewcomer], *, what: str, consent: Consent, intake: Intake
) -> set[str]:
    """Write active subscribers with topics and consents; gives the address keys really written.

    `what` names the consent ("subscribe" or "import"). They count as having seen everything up to the
    present publication, but for what their rhythm gives newcomers: nobody starts with the whole archive.
    """
    sequence = hold_sequence(connection)
    rhythms = {newcomer.settings.rhythm for newcomer in newcomers}
    cursors = {rhythm: intake.first_cursor(connection, rhythm, sequence=sequence) for rhythm in rhythms}
    rows = [_row(newcomer, cursors[newcomer.settings.rhythm], intake) for newcomer in newcomers]
    ids = insert_subscribers(connection, rows)
    written = [(ids[newcomer.address.key], newcomer) for newcomer in newcomers if newcomer.address.key in ids]
    insert_topics(connection, [(id_, topic) for id_, newcomer in written for topic in newcomer.settings.topics])
    proof = {"what": what, "method": consent.method, "at": intake.now}
    insert_consents(
        connection,
        [
            {"subscriber_id": id_, "wording": newcomer.wording, "source": newcomer.source or consent.source, **proof}
            for id_, newcomer in written
        ],
    )
    _owe_since(connection, written, intake, sequence=sequence)
    return set(ids)


def _owe_since(
    connection: Connection, written: Sequence[tuple[SubscriberId, CheckedNewcomer]], intake: Intake, *, sequence: int
) -> None:
    """Owe readers of each article what came out since they last got mail elsewhere."""
    if intake.received_up_to is None:
        return
    after = min(sequence, sequence_at(connection, intake.received_up_to))
    claims: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    pairs: list[tuple[SubscriberId, int]] = []
    for id_, newcomer in written:
        if newcomer.settings.rhythm != "each":
            continue
        wish = (newcomer.settings.language, newcomer.settings.topics)
        if wish not in claims:
            languages = intake.masthead.languages_for(wish[0])
            claim = Claim(after=after, through=sequence, topics=wish[1], languages=languages)
            claims[wish] = articles_claimed(connection, claim)
        pairs += [(id_, article_id) for article_id in claims[wish]]
    owe_newcomers(connection, pairs, reason="import")


def _row(newcomer: CheckedNewcomer, cursor: int, intake: Intake) -> Mapping[str, object]:
    settings = newcomer.settings
    return {
        "uid": intake.new_uid(),
        "address": newcomer.address.address,
        "address_key": newcomer.address.key,
        "suppression_key": newcomer.suppression_key,
        "name": settings.name,
        # Plain text: for any kind of it the driver of SQLite looks for an adapter, row by row.
        "state": SubscriberState.ACTIVE.value,
        "language": settings.language,
        "time_zone": settings.time_zone,
        "hour": settings.hour,
        "rhythm": settings.rhythm,
        "covered_through": cursor,
        "token_version": 0,
        "joined_at": intake.now,
    }


def _stays_out(newcomer: CheckedNewcomer) -> str:
    return (
        f"{mask(newcomer.address.address)} is suppressed: mail there came back for good, or its reader objected. "
        "It stays out; only the reader can change that."
    )


def _is_there(newcomer: CheckedNewcomer, state: SubscriberState) -> str:
    advice = {
        SubscriberState.ACTIVE: "Choices change with: newsletter subscribers set.",
        SubscriberState.PENDING: "The reader has to confirm first.",
        SubscriberState.UNSUBSCRIBED: "Only the reader can come back.",
        SubscriberState.BOUNCED: "Mail there came back for good; ask the reader for another address.",
        SubscriberState.COMPLAINED: "The reader reported mail as spam; it stays that way.",
    }[state]
    return f"{mask(newcomer.address.address)} is already there and {state}. {advice}"
