"""A released edition, written straight into the tables, and the tools of a run. Shared by three test folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from newsletter.delivery import Run, Sender
from newsletter.delivery.transports import Transport
from newsletter.model import DeliveryState, EditionId, Envelope, Outcome, Receipt, Recipient, SubscriberId, VariantId
from newsletter.store import Store
from newsletter.store.notices import NewNotice, insert_notice
from newsletter.store.revocations import revoke_reader
from newsletter.store.tables import attempts, chunks, deliveries, editions, metadata, subscribers, variants

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SENDER = "news@example.org"
TAKEN = Receipt(outcome=Outcome.ACCEPTED, code=250, enhanced="2.0.0", reply="kept")


@dataclass
class Clock:
    """A clock that stands still unless it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Hands:
    """What tests hand to a run; `overrides` are fields of Run."""

    transport: Transport
    clock: Callable[[], datetime] = field(default_factory=Clock)
    token: str = "here.1.1.a"
    boot_id: str = "boot-1"
    gone: Callable[[str], bool] = lambda _token: False

    def run(self, **overrides: Any) -> Run:
        values: dict[str, Any] = {
            "open_transport": lambda: self.transport,
            "compose": compose,
            "token_of": token_of,
            "preferences_of": preferences_of,
            "clock": self.clock,
            "jitter": lambda: 0.5,
            "sender": Sender(token=self.token, boot_id=self.boot_id, is_gone=self.gone),
        }
        return Run(**(values | overrides))


def make_store(folder: Path | None = None) -> Store:
    """A store with empty tables, on disk or (without a folder) in memory."""
    store = Store("sqlite://" + ("/:memory:" if folder is None else f"/{folder / 'newsletter.db'}"))
    with store.writing() as connection:
        metadata.create_all(connection)
    return store


def empty(store: Store) -> None:
    """Take all rows out again: an engine that has compiled its statements once serves many tests."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


def release(store: Store, readers: int = 3, *, chunk: int = 500, uid: str = "e1", first: int = 1) -> EditionId:
    """A sending edition with one queued delivery for each of `readers` new subscribers."""
    ids = range(first, first + readers)
    with store.writing() as connection:
        edition = _edition(uid, readers)
        edition_id = connection.execute(insert(editions).values(edition)).inserted_primary_key[0]
        variant = {"edition_id": edition_id, "subject": edition["subject"], **_VARIANT}
        variant_id = connection.execute(insert(variants).values(variant)).inserted_primary_key[0]
        keys = {"edition_id": edition_id, "variant_id": variant_id, "state": int(DeliveryState.QUEUED), "attempts": 0}
        starts = range(first, first + readers, chunk)
        ranges = [(start, min(start + chunk - 1, ids[-1])) for start in starts]
        if readers:
            connection.execute(insert(subscribers), [_subscriber(number) for number in ids])
            connection.execute(insert(deliveries), [{**keys, "subscriber_id": number} for number in ids])
            connection.execute(
                insert(chunks),
                [{"edition_id": edition_id, "first_id": a, "last_id": b, "state": "open"} for a, b in ranges],
            )
    return EditionId(edition_id)


def write_notices(store: Store, number: int = 1, *, lasts: timedelta | None = timedelta(days=7)) -> None:
    """Write due notices, the first one to Ada, that expire after `lasts`."""
    with store.writing() as connection:
        for turn in range(1, number + 1):
            wanted = NewNotice(
                kind="confirm",
                to_address="ada@example.org" if turn == 1 else f"r{turn}@example.org",
                subscriber_id=None,
                dedupe_key=f"confirm:{turn}",
                message=f"Message-ID: <n{turn}@example.org>\r\n\r\nHello\r\n".encode(),
                not_before=NOW,
                expires_at=None if lasts is None else NOW + lasts,
            )
            insert_notice(connection, wanted)


def address_of(number: int) -> str:
    return ("ada", "ben", "cleo", "dan")[number - 1] + "@example.org" if number <= 4 else f"r{number}@example.org"


def message_id(uid: str) -> str:
    return f"<e1.{uid}@news.example.org>"


def compose(_variant_id: VariantId, recipient: Recipient, _now: datetime) -> tuple[Envelope, bytes]:
    """A small whole message whose Message-ID hangs on the reader alone."""
    message = (
        f"From: {SENDER}\r\nTo: {recipient.address}\r\nSubject: The tide tables are out\r\n"
        f"Message-ID: {message_id(recipient.uid)}\r\n\r\nSpring tides come earlier.\r\n.hidden\r\n"
    )
    return Envelope(sender=SENDER, recipient=recipient.address), message.encode("ascii")


def token_of(subscriber_id: SubscriberId) -> str:
    return f"token-{subscriber_id}"


def preferences_of(subscriber_id: SubscriberId, token_version: int) -> str:
    return f"choices-{subscriber_id}-{token_version}"


def states(store: Store, edition_id: EditionId) -> dict[int, DeliveryState]:
    """Where each reader's delivery stands."""
    query = select(deliveries.c.subscriber_id, deliveries.c.state).where(deliveries.c.edition_id == edition_id)
    with store.reading() as connection:
        return {number: DeliveryState(state) for number, state in connection.execute(query)}


def tally(store: Store, edition_id: EditionId) -> dict[DeliveryState, int]:
    """How many deliveries are in each state that occurs."""
    return dict(Counter(states(store, edition_id).values()))


def rows(store: Store, table: Any, **where: Any) -> Sequence[Any]:
    """All rows of a table with these values, in the order of its key."""
    query = select(table).order_by(*table.primary_key.columns)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    with store.reading() as connection:
        return connection.execute(query).all()


def delivery_of(store: Store, number: int) -> Any:
    return rows(store, deliveries, subscriber_id=number)[0]


def attempts_of(store: Store, number: int) -> Sequence[Any]:
    return rows(store, attempts, subscriber_id=number)


def change(store: Store, table: Any, number: int, **values: Any) -> None:
    """Change one row by its id, as another process would; running senders are told of readers."""
    with store.writing() as connection:
        connection.execute(table.update().where(table.c.id == number).values(**values))
        if table is subscribers:
            revoke_reader(connection, SubscriberId(number), now=NOW)


def interrupted(deed: Callable[[], None], *, before: int, answer: Receipt = TAKEN) -> Iterator[Receipt]:
    """A script of one answer for ever, with a `deed` between two messages: before the one of that number."""
    for number in count(1):
        if number == before:
            deed()
        yield answer


_VARIANT = {"language": "en", "furniture": "en", "articles_key": "a", "html": "", "text": "", "placeholders": {}}


def _edition(uid: str, readers: int) -> dict[str, Any]:
    return {
        "uid": uid,
        "kind": "single",
        "dedupe_key": f"article:{uid}",
        "state": "sending",
        "reason": "",
        "subject": "The tide tables are out",
        "scheduled_at": NOW,
        "released_at": NOW,
        "considered": readers,
        "audience": readers,
    }


def _subscriber(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "uid": f"s{number}",
        "address": address_of(number),
        "address_key": address_of(number),
        "suppression_key": f"key-{number}",
        "name": "",
        "state": "active",
        "language": "en",
        "time_zone": "Europe/Paris",
        "rhythm": "each",
        "covered_through": 0,
        "token_version": 1,
        "joined_at": NOW,
    }
