"""Articles that a digest may bring: every public member of each translation group in question."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, union

from newsletter.model import ArticleId, EditionId, RevisionId
from newsletter.store.tables import (
    article_topics,
    articles,
    owed,
    publications,
    revisions,
    subscribers,
    variant_articles,
    variants,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A public article as it stands now, and the sequence number of its first publication.

    One that is not `mailed` was adopted, published for feeds only, or came after its group was mailed: it is
    never gathered, and keeps nobody from another translation that was.
    """

    article_id: ArticleId
    revision_id: RevisionId
    uid: str
    group_uid: str
    language: str
    topics: tuple[str, ...]
    seq: int
    mailed: bool
    has_image: bool


def candidates(connection: Connection, rhythm: str, *, after: int, cut: int) -> list[Candidate]:
    """The members of each group with an article for mail in (`after`, `cut`], or one owed to this rhythm's readers.

    In order of publication. Primary key of publications for the range; index on articles.group_uid.
    """
    lately = (
        select(articles.c.group_uid)
        .join(publications, publications.c.article_id == articles.c.id)
        .where(
            publications.c.seq > after,
            publications.c.seq <= cut,
            publications.c.kind == "publish",
            publications.c.mail,
        )
    )
    promised = (
        select(articles.c.group_uid)
        .join(owed, owed.c.article_id == articles.c.id)
        .join(subscribers, subscribers.c.id == owed.c.subscriber_id)
        .where(subscribers.c.rhythm == rhythm, subscribers.c.state == "active")
    )
    groups = union(lately, promised).subquery()
    query = (
        select(articles, revisions.c.meta)
        .join(revisions, revisions.c.id == articles.c.revision_id)
        .where(articles.c.state == "published", articles.c.group_uid.in_(select(groups.c.group_uid)))
    )
    rows = connection.execute(query).mappings().all()
    firsts = _first_publications(connection, [row["id"] for row in rows])
    topics = _topics(connection, [row["id"] for row in rows])
    found = [
        Candidate(
            article_id=ArticleId(row["id"]),
            revision_id=RevisionId(row["revision_id"]),
            uid=row["uid"],
            group_uid=row["group_uid"],
            language=row["language"],
            topics=topics.get(row["id"], ()),
            seq=firsts[row["id"]][0],
            mailed=firsts[row["id"]][1],
            has_image=bool(row["meta"].get("image")),
        )
        for row in rows
        if row["id"] in firsts and firsts[row["id"]][0] <= cut
    ]
    return sorted(found, key=lambda one: one.seq)


def first_edition_with(connection: Connection, group_uids: Collection[str]) -> EditionId | None:
    """The oldest edition that carries an article of these groups, or None (index on variant_articles.article_id)."""
    query = (
        select(func.min(variants.c.edition_id))
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(articles.c.group_uid.in_(group_uids))
    )
    found = connection.execute(query).scalar()
    return None if found is None else EditionId(found)


def _first_publications(connection: Connection, article_ids: Collection[int]) -> dict[int, tuple[int, bool]]:
    """Sequence number and mail of each article's first publication (index on publications.article_id)."""
    query = (
        select(publications.c.article_id, publications.c.seq, publications.c.mail)
        .where(publications.c.article_id.in_(article_ids), publications.c.kind.in_(("publish", "adopt")))
        .order_by(publications.c.seq.desc())
    )
    return {article_id: (seq, mail) for article_id, seq, mail in connection.execute(query)}


def _topics(connection: Connection, article_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    query = (
        select(article_topics.c.article_id, article_topics.c.topic)
        .where(article_topics.c.article_id.in_(article_ids))
        .order_by(article_topics.c.article_id, article_topics.c.position)
    )
    found: dict[int, tuple[str, ...]] = {}
    for article_id, topic in connection.execute(query):
        found[article_id] = (*found.get(article_id, ()), topic)
    return found
