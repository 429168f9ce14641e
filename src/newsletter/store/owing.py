"""What a reader's own change owes them, and what it takes back: named queries on `owed`.

A change of rhythm or a pause owes the articles between the cursor and now that a digest would have
brought; a change of topics takes back what is owed on others than those before and after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, case, delete, exists, func, insert, literal, select

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
class Claim:
    """Which articles a reader may have a claim to: publications after one sequence number up to another.

    No topics means all. `languages` are those of the reader, best first.
    """

    after: int
    through: int
    topics: tuple[str, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed(Claim):
    """The claim of one reader who may have some of it already."""

    subscriber_id: SubscriberId


def articles_claimed(connection: Connection, claim: Claim) -> list[int]:
    """The ids of the articles of a claim, for readers who have nothing yet."""
    return [row.id for row in connection.execute(claimed(claim))]


def claimed(claim: Claim, *also: ColumnElement[bool]) -> Select[tuple[int]]:
    """The ids of the articles of a claim: one of each translation group, published for mail and public.

    `also` narrows the publications further. Primary key of publications, a range.
    """
    wanted = [
        publications.c.seq > claim.after,
        publications.c.seq <= claim.through,
        publications.c.kind == "publish",
        publications.c.mail,
        articles.c.state == "published",
        *also,
    ]
    if claim.topics:
        meets = exists().where(article_topics.c.article_id == articles.c.id, article_topics.c.topic.in_(claim.topics))
        wanted.append(meets)
    ranks = {language: rank for rank, language in enumerate(claim.languages)}
    # One of a group, in the language the reader would have got it in; the oldest of equals.
    turn = func.row_number().over(
        partition_by=articles.c.group_uid,
        order_by=(case(ranks, value=articles.c.language, else_=len(ranks)), publications.c.seq),
    )
    candidates = (
        select(articles.c.id, turn.label("turn"))
        .join_from(publications, articles, articles.c.id == publications.c.article_id)
        .where(*wanted)
        .subquery()
    )
    return select(candidates.c.id).where(candidates.c.turn == 1)


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
    mine_first = claimed(missed, ~received, ~owed_already)
    rows = mine_first.add_columns(literal(int(missed.subscriber_id)), literal(reason))
    done = connection.execute(insert(owed).from_select(["article_id", "subscriber_id", "reason"], rows))
    return done.rowcount


def forget_owed(connection: Connection, subscriber_id: SubscriberId, *, topics: tuple[str, ...]) -> int:
    """Take back what a reader is owed on none of `topics`, of which there is one at least; gives the number of rows.

    A translation that was published for mail and meets them keeps its group owed. Rows of one reader
    (primary key of owed); index on articles.group_uid.
    """
    mine, sisters = articles.alias("mine"), articles.alias("sisters")
    is_wanted = exists().where(
        mine.c.id == owed.c.article_id,
        sisters.c.group_uid == mine.c.group_uid,
        publications.c.article_id == sisters.c.id,
        publications.c.kind == "publish",
        publications.c.mail,
        article_topics.c.article_id == sisters.c.id,
        article_topics.c.topic.in_(topics),
    )
    done = connection.execute(delete(owed).where(owed.c.subscriber_id == subscriber_id, ~is_wanted))
    return done.rowcount
