"""Corrections and withdrawals are read alike from both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from newsletter.model import ArticleId
from newsletter.store import Store
from newsletter.store.articles import RevisionContent, add_publication, add_revision, insert_article, update_article
from newsletter.store.changes import change_notes, withdrawals
from newsletter.store.tables import article_topics, articles, counters, publications, revisions

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
Write = Callable[..., ArticleId]


def _revision(number: int, note: object, *, significant: bool = True, topic: str = "tides") -> RevisionContent:
    return RevisionContent(
        title="Tides",
        summary="",
        author="",
        body_html="<p>Tides</p>",
        meta={} if note is None else {"note": note},
        source_hash=f"hash {number}",
        topics=(topic,),
        significant=significant,
    )


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    yield store
    with store.writing() as connection:
        for table in (article_topics, publications, revisions, articles, counters):
            connection.execute(delete(table))


@pytest.fixture
def write(store: Store) -> Write:
    """Write an article with one revision an hour; `withdrawn` is how many hours after the last it was taken back."""

    def article(
        uid: str, *made: RevisionContent, language: str = "en", withdrawn: int | None = None, back: bool = False
    ) -> ArticleId:
        with store.writing() as connection:
            article_id = insert_article(
                connection,
                uid=uid,
                group_uid=uid,
                source_hash=uid,
                slug=uid,
                language=language,
                first_published_at=NOW,
                updated_at=NOW,
            )
            for number, revision in enumerate(made):
                revision_id = add_revision(connection, article_id, revision, now=NOW + timedelta(hours=number))
            if withdrawn is not None:
                at = NOW + timedelta(hours=withdrawn)
                add_publication(connection, (article_id, revision_id), kind="withdraw", mail=False, now=at)
                update_article(connection, article_id, state="published" if back else "withdrawn")
            return article_id

    return article


def test_notes_of_significant_revisions_come_oldest_first(store: Store, write: Write) -> None:
    notes = [None, "First “note”", "", None, "Second"]
    tides = write("tides", *(_revision(number, note) for number, note in enumerate(notes)))
    quay = write("quay", _revision(0, "silent", significant=False))

    with store.reading() as connection:
        found = change_notes(connection, [quay, tides])
        nothing = change_notes(connection, [])

    assert found == {tides: [(NOW + timedelta(hours=1), "First “note”"), (NOW + timedelta(hours=4), "Second")]}
    assert nothing == {}


def test_notes_of_more_articles_than_one_statement_takes_are_all_found(store: Store, write: Write) -> None:
    ids = [write(f"tides-{n}", _revision(0, f"note {n}")) for n in range(3)]

    with store.reading() as connection:
        found = change_notes(connection, [*ids[:2], *(ArticleId(n + 10**6) for n in range(1_000)), ids[2]])

    assert list(found) == ids


def test_withdrawals_come_latest_first_and_without_what_came_back(store: Store, write: Write) -> None:
    write("stays", _revision(0, None))
    write("early", _revision(0, None), withdrawn=1)
    write("late", _revision(0, None), withdrawn=3, language="fr")
    write("back", _revision(0, None), withdrawn=5, back=True)
    write("other", _revision(0, None, topic="quay"), withdrawn=2)

    with store.reading() as connection:
        everything = withdrawals(connection, limit=9)
        newest = withdrawals(connection, limit=1)
        french = withdrawals(connection, language="fr", limit=9)
        tides = withdrawals(connection, topic="tides", limit=9)

    late, other, early = (
        (uid, NOW + timedelta(hours=hours)) for uid, hours in (("late", 3), ("other", 2), ("early", 1))
    )
    assert everything == [late, other, early]
    assert (newest, french, tides) == ([late], [late], [late, early])
