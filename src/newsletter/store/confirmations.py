"""Named queries on `confirmations` and `notice_counts`: what readers have to agree to, and how often they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from newsletter.model import SubscriberId, SubscriberState
from newsletter.store.inserting import insert_into
from newsletter.store.tables import confirmations, notice_counts, notices, subscriber_topics, subscribers, wordings


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredConfirmation:
    """One thing to be agreed to; `choices` are columns of the subscriber, `wording` is what was shown."""

    id: int
    subscriber_id: SubscriberId
    kind: str
    address: str
    choices: Mapping[str, object]
    wording: str
    wording_language: str
    page: str
    ip: str | None
    asked_at: datetime
    expires_at: datetime
    done_at: datetime | None


def insert_confirmation(connection: Connection, row: Mapping[str, object]) -> int:
    """Write what has to be agreed to; gives its id, which the link in the notice carries."""
    return int(connection.execute(insert(confirmations).values(**row).returning(confirmations.c.id)).scalar_one())


def confirmation_by_id(
    connection: Connection, confirmation_id: int, *, to_change: bool = False
) -> StoredConfirmation | None:
    """One confirmation, or None (primary key); `to_change` keeps the row locked."""
    query = (
        select(confirmations, func.coalesce(wordings.c.text, "").label("wording"), wordings.c.language)
        .join_from(confirmations, wordings, wordings.c.id == confirmations.c.wording_id, isouter=True)
        .where(confirmations.c.id == confirmation_id)
    )
    row = connection.execute(query.with_for_update(of=confirmations) if to_change else query).mappings().first()
    if row is None:
        return None
    names = ("id", "kind", "address", "choices", "wording", "page", "ip", "asked_at", "expires_at", "done_at")
    return StoredConfirmation(
        subscriber_id=SubscriberId(row["subscriber_id"]),
        wording_language=row["language"] or "",
        **{name: row[name] for name in names},
    )


def close_confirmation(connection: Connection, confirmation_id: int, now: datetime) -> None:
    """Mark as agreed to (primary key)."""
    connection.execute(update(confirmations).where(confirmations.c.id == confirmation_id).values(done_at=now))


def end_confirmations(connection: Connection, subscriber_id: SubscriberId, now: datetime) -> None:
    """End what one reader has not agreed to yet: whoever leaves stays away (index on subscriber_id)."""
    still_open = (confirmations.c.subscriber_id == subscriber_id, confirmations.c.done_at.is_(None))
    connection.execute(
        update(confirmations).where(*still_open, confirmations.c.expires_at > now).values(expires_at=now)
    )


def notices_asked_for(connection: Connection, address_key: str) -> tuple[int, datetime | None]:
    """How many notices strangers had sent to the address behind this keyed hash, and the last hour (primary key)."""
    row = connection.execute(select(notice_counts).where(notice_counts.c.address_key == address_key)).first()
    return (0, None) if row is None else (row.number, row.last_at)


def count_notice(connection: Connection, address_key: str, now: datetime) -> None:
    """Count one notice more for the address behind this keyed hash (primary key)."""
    first = insert_into(connection, notice_counts).values(address_key=address_key, number=1, last_at=now)
    again = {"number": notice_counts.c.number + 1, "last_at": now}
    connection.execute(first.on_conflict_do_update(index_elements=["address_key"], set_=again))


def forget_notice_count(connection: Connection, address_key: str) -> None:
    """Begin to count anew: the address belongs to somebody who said so (primary key)."""
    connection.execute(delete(notice_counts).where(notice_counts.c.address_key == address_key))


def asked_since(connection: Connection, since: datetime) -> int:
    """How many notices strangers had sent to anybody since `since`. One scan of the counted addresses."""
    query = select(func.count()).select_from(notice_counts).where(notice_counts.c.last_at > since)
    return int(connection.execute(query).scalar_one())


def delete_expired_pending(connection: Connection, now: datetime) -> int:
    """Take away pending subscribers who never confirmed, with all that is theirs; gives their number.

    Their address is then nowhere but in the keyed count. One scan of the subscribers who are pending.
    """
    over = select(subscribers.c.id).where(
        subscribers.c.state == SubscriberState.PENDING, subscribers.c.expires_at <= now
    )
    ids = list(connection.execute(over.limit(1_000)).scalars())
    if not ids:
        return 0
    for table in (confirmations, subscriber_topics, notices):
        connection.execute(delete(table).where(table.c.subscriber_id.in_(ids)))
    connection.execute(delete(subscribers).where(subscribers.c.id.in_(ids)))
    return len(ids)
