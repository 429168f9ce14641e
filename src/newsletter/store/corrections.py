"""Who got an article in an older version: the readers of a correction. Named queries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Integer, Select, case, exists, func, insert, literal, null, select

from newsletter.model import ArticleId, DeliveryState, EditionId, RevisionId, VariantId
from newsletter.store.columns import Key
from newsletter.store.leases import OPEN_STATES
from newsletter.store.tables import deliveries, subscribers, suppressions, variant_articles, variants

# One whose end nobody knows has most likely arrived.
_GOT = (int(DeliveryState.SENT), int(DeliveryState.UNKNOWN))


def count_correction(
    connection: Connection, revision: tuple[ArticleId, RevisionId], *, now: datetime
) -> dict[str, int]:
    """How many readers have the article in another revision than this, by why they are left out; "" for the due."""
    holders = _holders(revision).subquery()
    # Named in a query of its own: PostgreSQL does not group by an expression with parameters.
    reasons = (
        select(func.coalesce(_reason(now), "").label("why"))
        .join_from(holders, subscribers, subscribers.c.id == holders.c.subscriber_id)
        .subquery()
    )
    query = select(reasons.c.why, func.count()).group_by(reasons.c.why)
    return {row[0]: row[1] for row in connection.execute(query)}


def queue_correction(
    connection: Connection,
    edition_id: EditionId,
    revision: tuple[ArticleId, RevisionId],
    variant_of: Mapping[str, VariantId],
    *,
    now: datetime,
) -> None:
    """Write one queued row for each reader who has the article in another revision and may be mailed."""
    holders = _holders(revision).subquery()
    rows = (
        select(
            literal(edition_id, Key),
            subscribers.c.id,
            case(dict(variant_of), value=subscribers.c.language),
            literal(int(DeliveryState.QUEUED), Integer),
            literal(0, Integer),
        )
        .join_from(holders, subscribers, subscribers.c.id == holders.c.subscriber_id)
        .where(_reason(now).is_(None))
        .order_by(subscribers.c.id)
    )
    columns = ["edition_id", "subscriber_id", "variant_id", "state", "attempts"]
    connection.execute(insert(deliveries).from_select(columns, rows))


def unfinished_with(connection: Connection, article_id: ArticleId) -> list[EditionId]:
    """The editions in which emails with this article have not left yet, in any revision."""
    query = (
        select(variants.c.edition_id)
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .where(
            variant_articles.c.article_id == article_id,
            exists().where(
                deliveries.c.edition_id == variants.c.edition_id,
                deliveries.c.variant_id == variants.c.id,
                deliveries.c.state.in_(OPEN_STATES),
            ),
        )
        .distinct()
        .order_by(variants.c.edition_id)
    )
    return [EditionId(number) for number in connection.execute(query).scalars()]


def _holders(revision: tuple[ArticleId, RevisionId]) -> Select[tuple[int]]:
    """The readers with another revision of the article (index on variant_articles.article_id), each once."""
    article_id, revision_id = revision
    return (
        select(deliveries.c.subscriber_id)
        .join(variants, (variants.c.edition_id == deliveries.c.edition_id) & (variants.c.id == deliveries.c.variant_id))
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .where(
            variant_articles.c.article_id == article_id,
            variant_articles.c.revision_id != revision_id,
            deliveries.c.state.in_(_GOT),
        )
        .distinct()
    )


def _reason(now: datetime) -> ColumnElement[str | None]:
    me = subscribers.c
    return case(
        (me.state != "active", me.state),
        (exists().where(suppressions.c.address_key == me.suppression_key), literal("suppressed")),
        (me.paused_until > now, literal("paused")),
        (me.rhythm == "feed", literal("feed")),
        else_=null(),
    )
