"""Everything the database holds of one person: read for access, taken away for erasure.

GDPR art. 15, 17 and 20. The counts of past editions stay true: rows of deliveries remain, and the
subscriber they belong to becomes nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from newsletter.errors import StoreBusy
from newsletter.model import SubscriberId, SubscriberState
from newsletter.store.engine import Store
from newsletter.store.tables import (
    attempts,
    bounces,
    confirmations,
    consents,
    deliveries,
    editions,
    events,
    meta,
    notices,
    owed,
    private_feeds,
    subscriber_topics,
    subscribers,
    variants,
    wordings,
)

# Where foreign or free text may name an address: server replies, reasons made of them, details.
_FREE_TEXT: tuple[tuple[Table, Column[object]], ...] = (
    (attempts, attempts.c.reply),
    (deliveries, deliveries.c.reason),
    (editions, editions.c.reason),
    (events, events.c.details),
    (notices, notices.c.reason),
    (meta, meta.c.value),
    (bounces, bounces.c.diagnostic),
)


_KEPT_TO_US = ("id", "report_key", "message", "subscriber_id", "edition_id")


def held_of(connection: Connection, subscriber_id: SubscriberId) -> dict[str, list[dict[str, object]]]:
    """The rows that belong to one subscriber, by table, oldest first; editions by uid, states as numbers.

    Indexes on subscriber_id of bounces, consents, deliveries, notices and private_feeds, about_id of events,
    primary keys.
    """
    mine = deliveries.c.subscriber_id == subscriber_id
    queries: dict[str, Select[tuple[object, ...]]] = {
        "consents": select(
            consents.c.what,
            func.coalesce(wordings.c.text, "").label("wording"),
            *(column for column in consents.c if column.name in ("source", "page", "method", "at", "ip", "ip_until")),
        )
        .join_from(consents, wordings, wordings.c.id == consents.c.wording_id, isouter=True)
        .where(consents.c.subscriber_id == subscriber_id)
        .order_by(consents.c.id),
        "confirmations": select(
            *(column for column in confirmations.c if column.name not in ("id", "subscriber_id", "wording_id"))
        )
        .where(confirmations.c.subscriber_id == subscriber_id)
        .order_by(confirmations.c.id),
        "deliveries": select(
            editions.c.uid.label("edition"),
            variants.c.subject,
            variants.c.language,
            deliveries.c.state,
            deliveries.c.reason,
            deliveries.c.attempts,
            deliveries.c.next_at,
            deliveries.c.settled_at,
        )
        .join_from(deliveries, editions, editions.c.id == deliveries.c.edition_id)
        .join(variants, variants.c.id == deliveries.c.variant_id)
        .where(mine)
        .order_by(deliveries.c.edition_id),
        "attempts": select(
            editions.c.uid.label("edition"), *(column for column in attempts.c if not column.name.endswith("_id"))
        )
        .join_from(attempts, editions, editions.c.id == attempts.c.edition_id)
        .where(
            attempts.c.edition_id.in_(select(deliveries.c.edition_id).where(mine)),
            attempts.c.subscriber_id == subscriber_id,
        )
        .order_by(attempts.c.edition_id, attempts.c.no),
        "owed": select(owed.c.article_id, owed.c.reason).where(owed.c.subscriber_id == subscriber_id),
        "notices": select(
            notices.c.kind, notices.c.to_address, notices.c.state, notices.c.not_before, notices.c.message
        )
        .where(notices.c.subscriber_id == subscriber_id)
        .order_by(notices.c.id),
        "private_feeds": select(
            *(column for column in private_feeds.c if column.name not in ("id", "subscriber_id", "token_hash"))
        )
        .where(private_feeds.c.subscriber_id == subscriber_id)
        .order_by(private_feeds.c.id),
        "bounces": select(
            editions.c.uid.label("edition"),
            *(column for column in bounces.c if column.name not in _KEPT_TO_US),
        )
        .join_from(bounces, editions, editions.c.id == bounces.c.edition_id, isouter=True)
        .where(bounces.c.subscriber_id == subscriber_id)
        .order_by(bounces.c.id),
        "events": select(events.c.at, events.c.actor, events.c.verb, events.c.details)
        .where(_about(subscriber_id))
        .order_by(events.c.id),
    }
    return {name: [dict(row) for row in connection.execute(query).mappings()] for name, query in queries.items()}


def tables_naming(connection: Connection, address_key: str) -> list[str]:
    """The tables whose free texts hold the address, in any case of letters. Scans them; reads only.

    A longer address that ends the same way is found too.
    """
    return [
        table.name
        for table, column in _FREE_TEXT
        if connection.execute(select(literal(1)).select_from(table).where(_names(column, address_key)).limit(1)).first()
    ]


def forget_address(connection: Connection, address_key: str, tables: Sequence[str]) -> None:
    """Empty the free texts of `tables` that hold the address, and delete what was to go to it. Scans `tables`."""
    for table, column in _FREE_TEXT:
        if table.name in tables:
            emptied = {"erased": True} if table is events else "erased" if table in (editions, meta, bounces) else None
            connection.execute(update(table).where(_names(column, address_key)).values({column.name: emptied}))
    connection.execute(delete(notices).where(func.lower(notices.c.to_address) == address_key))
    connection.execute(delete(confirmations).where(func.lower(confirmations.c.address) == address_key))
    _forget_messages(connection, address_key.encode())


def _forget_messages(connection: Connection, address_key: bytes) -> None:
    """Drop what was kept for a person to read where the address stands in it, in any case of letters. Scans them."""
    kept = select(bounces.c.id, bounces.c.message).where(bounces.c.message.is_not(None))
    named = [row.id for row in connection.execute(kept) if address_key in row.message.lower()]
    for one in named:
        connection.execute(update(bounces).where(bounces.c.id == one).values(message=None))


def forget_subscriber(connection: Connection, subscriber_id: SubscriberId, placeholder: str, *, now: datetime) -> None:
    """Make one subscriber nobody: `placeholder` for an address, no choices, consents, feeds or replies kept.

    Rows of deliveries and attempts stay for the balance of their editions, and the language for its
    counts by language.
    """
    for table in (subscriber_topics, owed, consents, confirmations, notices, private_feeds, bounces):
        connection.execute(delete(table).where(table.c.subscriber_id == subscriber_id))
    mine = select(deliveries.c.edition_id).where(deliveries.c.subscriber_id == subscriber_id)
    connection.execute(
        update(attempts)
        .where(attempts.c.edition_id.in_(mine), attempts.c.subscriber_id == subscriber_id)
        .values(reply=None)
    )
    # A reason in one word is a code of ours; more words are a server's, and may name the reader.
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            or_(deliveries.c.reason.contains(" "), deliveries.c.reason.contains("@")),
        )
        .values(reason=None)
    )
    connection.execute(update(events).where(_about(subscriber_id)).values(details={}))
    connection.execute(update(subscribers).where(subscribers.c.id == subscriber_id).values(**_nobody(placeholder, now)))


def _nobody(placeholder: str, now: datetime) -> Mapping[str, object]:
    return {
        "address": placeholder,
        "address_key": placeholder,
        "suppression_key": None,
        "name": "",
        "state": SubscriberState.UNSUBSCRIBED,
        "time_zone": "UTC",
        "hour": None,
        "rhythm": "feed",
        "paused_until": None,
        "catch_up": False,
        "covered_through": 0,
        "token_version": 0,
        "joined_at": now,
        "expires_at": None,
    }


def compact(store: Store) -> None:
    """Rewrite SQLite's files, so that no octet of what was deleted is left in them; nothing on PostgreSQL.

    PostgreSQL's autovacuum frees the room for new rows by itself. Takes as long as copying the
    database, and all other programs must have closed it: raises StoreBusy otherwise, changes nothing then.
    """
    if store.path is None:
        return
    store.close()
    connection = sqlite3.connect(store.path, isolation_level=None, timeout=0)
    try:
        # Leaving WAL mode folds and removes the log, and only succeeds for the last connection: a
        # checkpoint that resets the log under a second one can corrupt it before SQLite 3.51.3.
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        raise StoreBusy(
            f"{store.path}: another program has the database open, so old octets stay in it for now. "
            "Stop it (newsletter serve?), then run the command again."
        ) from error
    finally:
        connection.close()


def _about(subscriber_id: SubscriberId) -> ColumnElement[bool]:
    return and_(events.c.about == "subscribers", events.c.about_id == subscriber_id)


def _names(column: Column[object], address_key: str) -> ColumnElement[bool]:
    return func.lower(cast(column, Text)).contains(address_key, autoescape=True)
