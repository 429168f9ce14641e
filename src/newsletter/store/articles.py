"""Articles, their revisions and their publications: named queries.

`StoredArticle` is an article as the newsroom remembers it: the row joined with its present revision.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, exists, func, insert, literal, select, update

from newsletter.model import ArticleId, RevisionId
from newsletter.store.inserting import insert_into
from newsletter.store.tables import article_topics, articles, counters, publications, revisions, slugs


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredArticle:
    """One row of `articles` with its present revision and its topics in the author's order.

    `meta` holds what is neither searched nor joined: image, date, email mode, names of undeclared
    topics, and the base URL the body was made absolute against.
    """

    id: ArticleId
    uid: str
    group_uid: str
    source_path: str | None
    source_hash: str
    slug: str
    language: str
    state: str
    first_published_at: datetime
    updated_at: datetime
    revision_id: RevisionId
    revision_no: int
    title: str
    summary: str
    author: str
    body_html: str
    meta: dict[str, object]
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisionContent:
    """What one revision says, before it is stored."""

    title: str
    summary: str
    author: str
    body_html: str
    meta: dict[str, object]
    source_hash: str
    topics: tuple[str, ...]
    significant: bool


_PRESENT = (
    select(
        articles,
        revisions.c.no.label("revision_no"),
        revisions.c.title,
        revisions.c.summary,
        revisions.c.author,
        revisions.c.body_html,
        revisions.c.meta,
    )
    .join(revisions, revisions.c.id == articles.c.revision_id)
    .order_by(articles.c.first_published_at.desc(), articles.c.uid)
)


def article_by_uid(connection: Connection, uid: str) -> StoredArticle | None:
    """The article with this uid (unique index), or None."""
    return _one(connection, _PRESENT.where(articles.c.uid == uid))


def article_by_path(connection: Connection, source_path: str) -> StoredArticle | None:
    """The article read from this path, relative to the newsroom (unique index), or None."""
    return _one(connection, _PRESENT.where(articles.c.source_path == source_path))


def articles_by_hash(connection: Connection, source_hash: str) -> list[StoredArticle]:
    """The articles whose present source has this hash, newest first."""
    return _many(connection, _PRESENT.where(articles.c.source_hash == source_hash))


def article_by_slug(connection: Connection, language: str, slug: str) -> StoredArticle | None:
    """The article whose page is, or ever was, at this address (unique index and key of `slugs`), or None."""
    former = select(slugs.c.article_id).where(slugs.c.language == language, slugs.c.slug == slug)
    here = (articles.c.language == language) & (articles.c.slug == slug)
    return _one(connection, _PRESENT.where(here | articles.c.id.in_(former)))


def articles_in_group(connection: Connection, group_uid: str) -> list[StoredArticle]:
    """An article and its translations, withdrawn ones too, newest first (index on group_uid)."""
    return _many(connection, _PRESENT.where(articles.c.group_uid == group_uid))


def published_articles(
    connection: Connection,
    *,
    language: str | None = None,
    topic: str | None = None,
    uids: Collection[str] | None = None,
    limit: int | None = None,
) -> list[StoredArticle]:
    """What is public now: published and not withdrawn, newest first, ties by uid."""
    query = _PRESENT.where(articles.c.state == "published")
    if uids is not None:
        query = query.where(articles.c.uid.in_(uids))
    if language is not None:
        query = query.where(articles.c.language == language)
    if topic is not None:
        query = query.where(
            exists().where(article_topics.c.article_id == articles.c.id, article_topics.c.topic == topic)
        )
    return _many(connection, query if limit is None else query.limit(limit))


def published_outlines(connection: Connection) -> list[StoredArticle]:
    """What is public now, newest first, without the bodies: enough for lists, a twentieth of the memory."""
    query = _PRESENT.where(articles.c.state == "published").with_only_columns(
        *(column for column in _PRESENT.selected_columns if column.name != "body_html"),
        literal("").label("body_html"),
    )
    return _many(connection, query)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveLine:
    """What tells on which page of an archive an article stands, and whether that page is still true of it."""

    id: ArticleId
    uid: str
    slug: str
    language: str
    revision_id: RevisionId
    updated_at: datetime
    octets: int
    topics: frozenset[str]


def archive_lines(connection: Connection) -> list[ArchiveLine]:
    """Everything public, oldest first, without any text; `octets` are those of the body, about."""
    query = (
        select(
            articles.c.id,
            articles.c.uid,
            articles.c.slug,
            articles.c.language,
            articles.c.revision_id,
            articles.c.updated_at,
            func.length(revisions.c.body_html).label("octets"),
        )
        .join(revisions, revisions.c.id == articles.c.revision_id)
        .where(articles.c.state == "published")
        .order_by(articles.c.first_published_at, articles.c.uid.desc())
    )
    topics: dict[int, set[str]] = {}
    for article_id, topic in connection.execute(select(article_topics.c.article_id, article_topics.c.topic)):
        topics.setdefault(article_id, set()).add(topic)
    return [
        ArchiveLine(**row, topics=frozenset(topics.get(row["id"], ()))) for row in connection.execute(query).mappings()
    ]


def all_articles(connection: Connection) -> list[StoredArticle]:
    """Every article ever published, withdrawn ones too, newest first."""
    return _many(connection, _PRESENT)


def public_topics(connection: Connection) -> list[str]:
    """The slugs of topics that have a public article, in order of the slug."""
    query = (
        select(article_topics.c.topic)
        .join(articles, articles.c.id == article_topics.c.article_id)
        .where(articles.c.state == "published")
        .distinct()
    )
    return sorted(connection.execute(query).scalars())


def public_languages(connection: Connection) -> list[str]:
    """The languages that have a public article, sorted."""
    query = select(articles.c.language).where(articles.c.state == "published").distinct()
    return sorted(connection.execute(query).scalars())


def former_addresses(connection: Connection) -> list[tuple[str, str, ArticleId]]:
    """(language, old slug, article) of every page that moved."""
    rows = connection.execute(select(slugs.c.language, slugs.c.slug, slugs.c.article_id))
    return [(row.language, row.slug, ArticleId(row.article_id)) for row in rows]


def withdrawn_addresses(connection: Connection) -> list[tuple[str, str]]:
    """(language, slug) of every withdrawn article."""
    query = select(articles.c.language, articles.c.slug).where(articles.c.state == "withdrawn")
    return [(row.language, row.slug) for row in connection.execute(query)]


def insert_article(connection: Connection, **values: Any) -> ArticleId:
    """Write a new article's row, without a revision yet."""
    result = connection.execute(insert(articles).values(state="published", revision_id=None, **values))
    return ArticleId(int(result.inserted_primary_key[0]))  # type: ignore[index]  # one row: a key is there


def update_article(connection: Connection, article_id: ArticleId, **values: Any) -> None:
    """Change the columns named in `values` (primary key)."""
    connection.execute(update(articles).where(articles.c.id == article_id).values(**values))


def add_revision(
    connection: Connection, article_id: ArticleId, content: RevisionContent, *, now: datetime
) -> RevisionId:
    """Write the article's next revision and make it the present one, with its topics."""
    latest = select(func.coalesce(func.max(revisions.c.no), 0)).where(revisions.c.article_id == article_id)
    result = connection.execute(
        insert(revisions).values(
            article_id=article_id,
            no=connection.execute(latest).scalar_one() + 1,
            title=content.title,
            summary=content.summary,
            author=content.author,
            body_html=content.body_html,
            meta=content.meta,
            source_hash=content.source_hash,
            significant=content.significant,
            made_at=now,
        )
    )
    revision_id = RevisionId(int(result.inserted_primary_key[0]))  # type: ignore[index]  # as above
    update_article(connection, article_id, revision_id=revision_id, source_hash=content.source_hash)
    connection.execute(delete(article_topics).where(article_topics.c.article_id == article_id))
    if content.topics:
        connection.execute(
            insert(article_topics),
            [{"article_id": article_id, "topic": t, "position": n} for n, t in enumerate(content.topics)],
        )
    return revision_id


def keep_former_address(connection: Connection, article_id: ArticleId, language: str, slug: str) -> None:
    """Remember where an article's page was, so that the old address leads to the new one."""
    connection.execute(delete(slugs).where(slugs.c.language == language, slugs.c.slug == slug))
    connection.execute(insert(slugs).values(language=language, slug=slug, article_id=article_id))


def add_publication(
    connection: Connection, article: tuple[ArticleId, RevisionId], *, kind: str, mail: bool, now: datetime
) -> int:
    """Give a publication the next sequence number and write its row; gives the number.

    The counter is a locked row: a database sequence may commit out of order, and a reader's cursor
    would then step over an article.
    """
    seq = next_in(connection, "publication")
    connection.execute(
        insert(publications).values(
            seq=seq, article_id=article[0], revision_id=article[1], kind=kind, mail=mail, at=now
        )
    )
    return seq


def next_in(connection: Connection, counter: str) -> int:
    """Count a named counter up by one under its row lock; the first number is 1."""
    # Two first numbers at once, and no row to lock yet: the conflict is what makes one wait.
    statement = insert_into(connection, counters).values(name=counter, value=1)
    counted = statement.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return int(connection.execute(counted.returning(counters.c.value)).scalar_one())


def present_sequence(connection: Connection) -> int:
    """The sequence number of the latest publication; 0 before the first."""
    value = connection.execute(select(counters.c.value).where(counters.c.name == "publication")).scalar()
    return int(value or 0)


def sequence_before_latest(connection: Connection, number: int) -> int:
    """The sequence number after which the latest `number` public articles were published for mail; 0 for all."""
    query = (
        select(publications.c.seq)
        .join(articles, articles.c.id == publications.c.article_id)
        .where(publications.c.kind == "publish", publications.c.mail, articles.c.state == "published")
        .order_by(publications.c.seq.desc())
        .offset(number)
        .limit(1)
    )
    return int(connection.execute(query).scalar() or 0)


def was_corrected_since(connection: Connection, seq: int) -> bool:
    """Whether an article was corrected or withdrawn after `seq` (primary key)."""
    changes = select(literal(1)).where(publications.c.seq > seq, publications.c.kind.in_(("correct", "withdraw")))
    return connection.execute(changes.limit(1)).first() is not None


def articles_published_since(connection: Connection, seq: int) -> list[str]:
    """The uids of articles published, corrected or withdrawn after `seq` (primary key)."""
    query = (
        select(articles.c.uid)
        .join(publications, publications.c.article_id == articles.c.id)
        .where(publications.c.seq > seq)
        .distinct()
    )
    return sorted(connection.execute(query).scalars())


def _one(connection: Connection, query: Any) -> StoredArticle | None:
    found = _many(connection, query.limit(1))
    return found[0] if found else None


def _many(connection: Connection, query: Any) -> list[StoredArticle]:
    rows = connection.execute(query).mappings().all()
    topics = _topics_of(connection, [row["id"] for row in rows])
    return [_stored(row, topics.get(row["id"], ())) for row in rows]


def _topics_of(connection: Connection, article_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for start in range(0, len(article_ids), 500):
        query = (
            select(article_topics)
            .where(article_topics.c.article_id.in_(article_ids[start : start + 500]))
            .order_by(article_topics.c.article_id, article_topics.c.position)
        )
        for row in connection.execute(query):
            found.setdefault(row.article_id, []).append(row.topic)
    return {key: tuple(value) for key, value in found.items()}


def _stored(row: RowMapping, topics: tuple[str, ...]) -> StoredArticle:
    return StoredArticle(topics=topics, **dict(row))
