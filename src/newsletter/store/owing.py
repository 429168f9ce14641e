"""What a change of rhythm owes a reader: articles between the cursor and now that a digest would have brought."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, exists, func, insert, literal, select

from newsletter.model import DeliveryState, SubscriberId
from newsletter.store.tables import (
    article_topics,
    articles,
    deliveries,
    owed,
    publications,
    variant_articles,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """What a reader may have a claim to: publications after one sequence number up to another.

    No topics means all. `languages` are those of the reader, best first.
    """

    subscriber_id: SubscriberId
    after: int
    through: int
    topics: tuple[str, ...]
    languages: tuple[str, ...]


def owe_missed(connection: Connection, missed: Missed, *, reason: str) -> int:
    """Write what a reader has a claim to; gives the number of rows.

    One article of each translation group that was published for mail, is public, meets the topics,
    is not in a delivery of theirs (but a cancelled one) and not owed yet. Primary key of publications,
    read in order.
    """
    mine = deliveries.c.subscriber_id == missed.subscriber_id
    sisters = articles.alias("sisters")
    received = (
        exists()
        .where(mine, deliveries.c.state != int(DeliveryState.CANCELLED))
        .where(variant_articles.c.variant_id == deliveries.c.variant_id)
        .where(sisters.c.id == variant_articles.c.article_id, sisters.c.group_uid == articles.c.group_uid)
    )
    relatives = articles.alias("relatives")
    owed_already = exists().where(
        owed.c.subscriber_id == missed.subscriber_id,
        relatives.c.id == owed.c.article_id,
        relatives.c.group_uid == articles.c.group_uid,
    )
    wanted = [
        publications.c.seq > missed.after,
        publications.c.seq <= missed.through,
        publications.c.kind == "publish",
        publications.c.mail,
        articles.c.state == "published",
        ~received,
        ~owed_already,
    ]
    if missed.topics:
        meets = exists().where(article_topics.c.article_id == articles.c.id, article_topics.c.topic.in_(missed.topics))
        wanted.append(meets)
    ranks = {language: rank for rank, language in enumerate(missed.languages)}
    rank = case(ranks, value=articles.c.language, else_=len(ranks))
    # One of a group, in the language the reader would have got it in; the oldest of equals.
    mine_first = func.row_number().over(
        partition_by=articles.c.group_uid,
        order_by=(rank, publications.c.seq),
    )
    candidates = (
        select(articles.c.id, mine_first.label("turn"))
        .join_from(publications, articles, articles.c.id == publications.c.article_id)
        .where(*wanted)
        .subquery()
    )
    rows = select(literal(int(missed.subscriber_id)), candidates.c.id, literal(reason)).where(candidates.c.turn == 1)
    done = connection.execute(insert(owed).from_select(["subscriber_id", "article_id", "reason"], rows))
    return done.rowcount
