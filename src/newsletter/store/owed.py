"""Articles that readers are still owed, though their cursor has passed them: named queries on `owed`.

A row is (reader, article, reason). A pause that is made up for writes them: at each release for those
who would have been due, and when a pause catches an email that was already queued.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, Select, case, exists, literal, select

from newsletter.model import EditionId, SubscriberId, VariantId
from newsletter.store.audience import Audience, reason_left_out
from newsletter.store.inserting import insert_into
from newsletter.store.leases import OPEN_STATES
from newsletter.store.tables import articles, deliveries, owed, subscribers, variant_articles

PAUSE = "pause"
GIVEN_BACK = "given back"


def owe_paused(connection: Connection, audience: Audience, variant_of: Mapping[str, VariantId]) -> None:
    """Owe an edition's articles to readers of each article whose pause is made up for.

    Only to those who would be due but for the pause, in the translation they would have got. The cursor
    of digest readers stays where it is, so nothing is lost for them. Call it before the cursors move.
    One scan of the subscribers.
    """
    mine = case(dict(variant_of), value=subscribers.c.language)
    due_otherwise = reason_left_out(connection, audience, in_spite_of_pause=True).is_(None)
    query = (
        select(subscribers.c.id, variant_articles.c.article_id, literal(PAUSE))
        .join(variant_articles, variant_articles.c.variant_id == mine)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(
            subscribers.c.paused_until > audience.now,
            subscribers.c.catch_up,
            subscribers.c.rhythm == "each",
            due_otherwise,
            ~_is_owed(subscribers.c.id),
        )
    )
    _insert(connection, query)


def owe_cancelled(connection: Connection, edition_id: EditionId, subscriber_ids: Collection[SubscriberId]) -> None:
    """Owe the articles of emails that a pause has caught, where it is made up for (primary keys)."""
    query = (
        select(deliveries.c.subscriber_id, variant_articles.c.article_id, literal(PAUSE))
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.subscriber_id.in_(subscriber_ids),
            subscribers.c.catch_up,
            ~_is_owed(subscribers.c.id),
        )
    )
    _insert(connection, query)


def owe_unsent(connection: Connection, edition_id: EditionId) -> None:
    """Owe the articles of an edition's emails that have not left, but for withdrawn ones (key range of the edition).

    Also of those a sender has in hand: whoever gets the email after all is not given its articles again.
    """
    query = (
        select(deliveries.c.subscriber_id, variant_articles.c.article_id, literal(GIVEN_BACK))
        .join(variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.state.in_(OPEN_STATES),
            articles.c.state == "published",
            ~_is_owed(deliveries.c.subscriber_id),
        )
    )
    _insert(connection, query)


def _is_owed(subscriber_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the article, or a translation of it, is owed already."""
    other = articles.alias("other")
    return exists().where(
        owed.c.subscriber_id == subscriber_id,
        owed.c.article_id == other.c.id,
        other.c.group_uid == articles.c.group_uid,
    )


def _insert(connection: Connection, query: Select[tuple[int, int, str]]) -> None:
    rows = insert_into(connection, owed).from_select(["subscriber_id", "article_id", "reason"], query)
    connection.execute(rows.on_conflict_do_nothing(index_elements=["subscriber_id", "article_id"]))
