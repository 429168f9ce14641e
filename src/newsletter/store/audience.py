"""Who gets an edition, and why the others do not: one expression for the plan and for the release.

The plan counts with it, the release writes rows with it; they cannot disagree but by what happened
in between, which the release reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from newsletter.model import DeliveryState, EditionId, VariantId
from newsletter.store.editions import CHUNK_SIZE, insert_exclusions
from newsletter.store.tables import (
    articles,
    deliveries,
    subscriber_topics,
    subscribers,
    suppressions,
    variant_articles,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """The rule of one mailing: its articles' topics and translation groups, and whether rhythms count.

    With `everyone`, readers of digests get it now too; `feed` readers never asked for mail.
    """

    topics: tuple[str, ...]
    group_uids: tuple[str, ...]
    everyone: bool
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """The balance before sending: considered = audience + sum of excluded."""

    considered: int
    audience: int
    excluded: Mapping[str, int]
    by_language: Mapping[str, int]
    by_rhythm: Mapping[str, int]


def reader_languages(connection: Connection) -> list[str]:
    """The languages readers chose, sorted."""
    return sorted(connection.execute(select(subscribers.c.language).distinct()).scalars())


def count_audience(connection: Connection, audience: Audience) -> Count:
    """Count who would get it now, and the others by reason; one scan of the subscribers."""
    return _tally(connection, reason_left_out(connection, audience))


def queue_deliveries(
    connection: Connection, edition_id: EditionId, audience: Audience, variant_of: Mapping[str, VariantId]
) -> Count:
    """Write one queued row per due subscriber, in order of sign-up, and the exclusions by reason.

    `variant_of` maps each reader language to a variant. Nobody is due twice: the key is (edition,
    subscriber). Gives the count as written.
    """
    reason = reason_left_out(connection, audience)
    variant = case(dict(variant_of), value=subscribers.c.language)
    due = (
        select(
            literal(edition_id, Integer),
            subscribers.c.id,
            variant,
            literal(int(DeliveryState.QUEUED), Integer),
            literal(0, Integer),
        )
        .where(reason.is_(None))
        .order_by(subscribers.c.id)
    )
    columns = ["edition_id", "subscriber_id", "variant_id", "state", "attempts"]
    connection.execute(insert(deliveries).from_select(columns, due))
    # Counted from the rows: on PostgreSQL a reader may leave between two statements, and the balance of
    # an edition must add up for ever.
    has_row = exists().where(deliveries.c.edition_id == edition_id, deliveries.c.subscriber_id == subscribers.c.id)
    left_out = func.coalesce(reason_left_out(connection, audience), literal("late"))
    count = _tally(connection, case((has_row, null()), else_=left_out))
    insert_exclusions(connection, edition_id, count.excluded)
    return count


def _tally(connection: Connection, reason: ColumnElement[str | None]) -> Count:
    """All subscribers counted by why they are left out, NULL for those who are in; one scan."""
    why_not = reason.label("reason")
    query = select(why_not, subscribers.c.language, subscribers.c.rhythm, func.count()).group_by(
        why_not, subscribers.c.language, subscribers.c.rhythm
    )
    excluded: dict[str, int] = {}
    languages: dict[str, int] = {}
    rhythms: dict[str, int] = {}
    for why, language, rhythm, number in connection.execute(query):
        if why is not None:
            excluded[why] = excluded.get(why, 0) + number
            continue
        languages[language] = languages.get(language, 0) + number
        rhythms[rhythm] = rhythms.get(rhythm, 0) + number
    total = sum(languages.values())
    return Count(
        considered=total + sum(excluded.values()),
        audience=total,
        excluded=dict(sorted(excluded.items())),
        by_language=dict(sorted(languages.items())),
        by_rhythm=dict(sorted(rhythms.items())),
    )


def chunk_ranges(connection: Connection, edition_id: EditionId) -> list[tuple[int, int, int]]:
    """The edition's rows cut into runs of at most CHUNK_SIZE within a wave: (wave, first, last subscriber id)."""
    order = func.row_number().over(partition_by=deliveries.c.wave, order_by=deliveries.c.subscriber_id) - 1
    numbered = (
        select(deliveries.c.wave, deliveries.c.subscriber_id, (order // CHUNK_SIZE).label("run"))
        .where(deliveries.c.edition_id == edition_id)
        .subquery()
    )
    query = (
        select(numbered.c.wave, func.min(numbered.c.subscriber_id), func.max(numbered.c.subscriber_id))
        .group_by(numbered.c.wave, numbered.c.run)
        .order_by(numbered.c.wave, numbered.c.run)
    )
    return [(wave, first, last) for wave, first, last in connection.execute(query)]


def move_cursors(connection: Connection, seq: int, *, now: datetime) -> None:
    """Mark everything up to `seq` as considered for each active reader of rhythm `each`.

    With or without a row: whoever was left out by topic is not owed the article later. Also for readers
    of digests in a pause that is not made up for: what appears in it is over for them.
    """
    me = subscribers.c
    misses_it = and_(me.rhythm != "feed", me.paused_until > now, ~me.catch_up)
    connection.execute(
        update(subscribers)
        .where(me.state == "active", or_(me.rhythm == "each", misses_it), me.covered_through < seq)
        .values(covered_through=seq)
    )


def reason_left_out(
    connection: Connection, audience: Audience, *, in_spite_of_pause: bool = False
) -> ColumnElement[str | None]:
    """Why a subscriber is left out, or NULL for one who is due; the first reason counts.

    `in_spite_of_pause` asks what it would be without the reader's pause.
    """
    me = subscribers.c
    suppressed = exists().where(suppressions.c.address_key == me.suppression_key)
    whens: list[tuple[ColumnElement[bool], ColumnElement[str]]] = [
        (me.state != "active", me.state),
        (suppressed, literal("suppressed")),
    ]
    if not in_spite_of_pause:
        whens.append((me.paused_until > audience.now, literal("paused")))
    whens.append((me.rhythm == "feed", literal("feed")))
    if not audience.everyone:
        whens.append((me.rhythm != "each", literal("digest ") + me.rhythm))
    chose = exists().where(subscriber_topics.c.subscriber_id == me.id)
    meets = exists().where(subscriber_topics.c.subscriber_id == me.id, subscriber_topics.c.topic.in_(audience.topics))
    whens.append((~or_(~chose, meets), literal("topics")))
    carried = _variants_carrying(connection, audience.group_uids)
    if carried:
        has = exists().where(
            deliveries.c.subscriber_id == me.id,
            deliveries.c.variant_id.in_(carried),
            deliveries.c.state != int(DeliveryState.CANCELLED),
        )
        whens.append((has, literal("received")))
    return case(*whens, else_=null())


def _variants_carrying(connection: Connection, group_uids: tuple[str, ...]) -> list[int]:
    query = (
        select(variant_articles.c.variant_id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(articles.c.group_uid.in_(group_uids))
        .distinct()
    )
    return list(connection.execute(query).scalars())
