"""What became of published articles: corrections that readers were told of, and withdrawals. Named queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from newsletter.model import ArticleId
from newsletter.store.tables import article_topics, articles, publications, revisions


def change_notes(
    connection: Connection, article_ids: Sequence[ArticleId]
) -> dict[ArticleId, list[tuple[datetime, str]]]:
    """(made at, note) of each significant revision with a note, oldest first (unique index on article_id, no).

    Articles without any are not among the keys.
    """
    note = revisions.c.meta["note"].as_string()
    found: dict[ArticleId, list[tuple[datetime, str]]] = {}
    for start in range(0, len(article_ids), 500):
        query = (
            select(revisions.c.article_id, revisions.c.made_at, note.label("note"))
            .where(revisions.c.article_id.in_(article_ids[start : start + 500]), revisions.c.significant, note != "")
            .order_by(revisions.c.article_id, revisions.c.no)
        )
        for row in connection.execute(query):
            found.setdefault(ArticleId(row.article_id), []).append((row.made_at, row.note))
    return found


def withdrawals(
    connection: Connection, *, language: str | None = None, topic: str | None = None, limit: int
) -> list[tuple[str, datetime]]:
    """(uid, when) of the articles withdrawn last and still withdrawn, latest first (index on article_id)."""
    at = func.max(publications.c.at)
    query = (
        select(articles.c.uid, at.label("at"))
        .join(publications, publications.c.article_id == articles.c.id)
        .where(articles.c.state == "withdrawn", publications.c.kind == "withdraw")
        .group_by(articles.c.id, articles.c.uid)
        .order_by(at.desc(), articles.c.id.desc())
        .limit(limit)
    )
    if language is not None:
        query = query.where(articles.c.language == language)
    if topic is not None:
        query = query.where(
            exists().where(article_topics.c.article_id == articles.c.id, article_topics.c.topic == topic)
        )
    return [(row.uid, row.at) for row in connection.execute(query)]
