"""A database on each engine, and short ways to write rows into it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text

sys.path.insert(0, str(Path(__file__).parents[1] / "newsroom" / "harness"))

from real_newsroom import desk, either_desk, empty_database, postgresql_url  # found only through the line above

from newsletter.model import ArticleId, EditionId, RevisionId, SubscriberId, Variant, VariantId
from newsletter.store import Store
from newsletter.store.articles import RevisionContent, add_publication, add_revision, insert_article
from newsletter.store.editions import insert_edition, insert_variant
from newsletter.store.tables import subscriber_topics, subscribers

__all__ = ["desk", "either_desk", "empty_database", "postgresql_url"]

Publish = Callable[..., tuple[ArticleId, RevisionId]]
Reader = Callable[..., SubscriberId]
Release = Callable[..., tuple[EditionId, VariantId]]


@pytest.fixture
def store(either_desk) -> Iterator[Store]:
    return either_desk.store


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without any table."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path}/newsletter.db")
        yield store
        store.close()
        return
    url = request.getfixturevalue("postgresql_url")
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE empty"))
    store = Store(url.replace("/postgres?", "/empty?"))
    yield store
    store.close()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE empty"))
    server.dispose()


@pytest.fixture
def content() -> Callable[..., RevisionContent]:
    """What a revision of the given title says."""

    def say(title: str, *, topics: tuple[str, ...] = ()) -> RevisionContent:
        return RevisionContent(
            title=title,
            summary="",
            author="",
            body_html=f"<p>{title}</p>",
            meta={"email": "full"},
            source_hash=f"hash {title}",
            topics=topics,
            significant=False,
        )

    return say


@pytest.fixture
def published(store: Store, content: Callable[..., RevisionContent], now: datetime) -> Publish:
    """Publish an article of the given slug; columns and content by name."""

    def publish(slug: str = "tides", *, topics: tuple[str, ...] = (), title: str = "", **columns: object):
        values = {"uid": f"uid:{slug}", "group_uid": f"uid:{slug}", "source_path": f"articles/{slug}.md"}
        values |= {"source_hash": f"hash {slug}", "slug": slug, "language": "en"}
        values |= {"first_published_at": now, "updated_at": now} | columns
        with store.writing() as connection:
            article_id = insert_article(connection, **values)
            revision_id = add_revision(connection, article_id, content(title or slug, topics=topics), now=now)
            add_publication(connection, (article_id, revision_id), kind="publish", mail=True, now=now)
        return article_id, revision_id

    return publish


@pytest.fixture
def reader(store: Store, now: datetime) -> Reader:
    """Write a subscriber as they are in the register; columns and topics by name."""

    def add(address: str, *, topics: tuple[str, ...] = (), **columns: object) -> SubscriberId:
        row = {"uid": address, "address": address, "address_key": address, "suppression_key": f"key {address}"}
        row |= {"name": "", "state": "active", "language": "en", "time_zone": "Europe/Paris", "rhythm": "each"}
        row |= {"covered_through": 0, "token_version": 0, "joined_at": now} | columns
        with store.writing() as connection:
            key = connection.execute(insert(subscribers).values(**row).returning(subscribers.c.id)).scalar_one()
            for topic in topics:
                connection.execute(insert(subscriber_topics).values(subscriber_id=key, topic=topic))
        return SubscriberId(key)

    return add


@pytest.fixture
def released(store: Store, now: datetime) -> Release:
    """Write an edition that carries the given articles in one variant; columns by name."""

    def release(*carried: tuple[ArticleId, RevisionId], uid: str = "e1", **columns: object):
        values = {"uid": uid, "kind": "single", "dedupe_key": f"article:{uid}", "state": "sending", "reason": ""}
        values |= {"subject": "Tides", "scheduled_at": now, "released_at": now, "finished_at": None}
        values |= {"considered": 0, "audience": 0} | columns
        variant = Variant(
            language="en", furniture="en", articles_key="1", subject="Tides", html="<p>", text="", placeholders={}
        )
        with store.writing() as connection:
            edition_id = insert_edition(connection, **values)
            return edition_id, insert_variant(connection, edition_id, variant, carried)

    return release
