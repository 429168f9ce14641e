"""Traffic: answers by the minute, and what was granted in it. Named queries.

A minute has a row for each transport and edition, and one more that belongs to no edition and counts
what was granted. A window is measured by grants: an answer may come minutes later, and what is in
flight must not be granted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select

from newsletter.model import EditionId
from newsletter.store.inserting import insert_into
from newsletter.store.tables import traffic

_OF_NONE = EditionId(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """How many messages were accepted, deferred and refused, and how many `complaints` came in."""

    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    complaints: int = 0

    @property
    def total(self) -> int:
        """All answers of servers together."""
        return self.accepted + self.deferred + self.refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From `since` to before `until`, both whole minutes (aware UTC)."""

    since: datetime
    until: datetime


def add_answers(
    connection: Connection, transport: str, edition_id: EditionId, *, minute: datetime, answers: Answers
) -> None:
    """Count `answers` for an edition in one minute (primary key)."""
    counts = {"accepted": answers.accepted, "deferred": answers.deferred, "refused": answers.refused}
    _add(connection, (transport, minute, edition_id), counts)


def add_grants(connection: Connection, transport: str, count: int, *, minute: datetime) -> None:
    """Count what was granted in one minute; a negative `count` takes back what was not used (primary key)."""
    _add(connection, (transport, minute, _OF_NONE), {"granted": count})


def count_grants(connection: Connection, transport: str, span: Span) -> int:
    """How many messages were granted in `span` (key range of the transport)."""
    query = select(func.coalesce(func.sum(traffic.c.granted), 0)).where(
        traffic.c.transport == transport, *_within(span)
    )
    return int(connection.execute(query).scalar_one())


def grants_by_minute(connection: Connection, transport: str, span: Span) -> Sequence[tuple[datetime, int]]:
    """What was granted in each minute of `span`, oldest first (key range of the transport)."""
    query = (
        select(traffic.c.minute, traffic.c.granted)
        .where(
            traffic.c.transport == transport,
            traffic.c.minute >= span.since,
            traffic.c.minute < span.until,
            traffic.c.edition_id == _OF_NONE,
        )
        .order_by(traffic.c.minute)
    )
    return [(minute, count) for minute, count in connection.execute(query)]


def count_answers(connection: Connection, transport: str, span: Span) -> Answers:
    """The answers over one transport in `span`, of all editions (key range of the transport)."""
    return _answers(connection, traffic.c.transport == transport, *_within(span))


def answers_of_edition(connection: Connection, edition_id: EditionId, span: Span) -> Answers:
    """The answers to one edition in `span`, over all transports (index on edition_id, minute)."""
    return _answers(connection, traffic.c.edition_id == edition_id, *_within(span))


def forget_traffic(connection: Connection, *, before: datetime) -> int:
    """Delete the minutes before `before`, which no limit looks at any more; gives their number (scan)."""
    return connection.execute(delete(traffic).where(traffic.c.minute < before)).rowcount


def _answers(connection: Connection, *which: ColumnElement[bool]) -> Answers:
    accepted, deferred, refused = (
        func.coalesce(func.sum(column), 0) for column in (traffic.c.accepted, traffic.c.deferred, traffic.c.refused)
    )
    row = connection.execute(select(accepted, deferred, refused).where(*which)).one()
    return Answers(accepted=row[0], deferred=row[1], refused=row[2])


def _within(span: Span) -> tuple[ColumnElement[bool], ...]:
    return traffic.c.minute >= span.since, traffic.c.minute < span.until


def _add(connection: Connection, key: tuple[str, datetime, EditionId], counts: Mapping[str, int]) -> None:
    transport, minute, edition_id = key
    values = {"accepted": 0, "deferred": 0, "refused": 0, "granted": 0, **counts}
    new = insert_into(connection, traffic).values(transport=transport, minute=minute, edition_id=edition_id, **values)
    more = {name: traffic.c[name] + new.excluded[name] for name in counts}
    connection.execute(new.on_conflict_do_update(index_elements=["transport", "minute", "edition_id"], set_=more))
