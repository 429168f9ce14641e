"""Articles, revisions and publications, as the newsroom remembers them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from newsletter.store.articles import (
    add_publication,
    add_revision,
    all_articles,
    article_by_path,
    article_by_slug,
    article_by_uid,
    articles_by_hash,
    articles_in_group,
    articles_published_since,
    former_addresses,
    keep_former_address,
    next_in,
    present_sequence,
    public_topics,
    published_articles,
    published_outlines,
    update_article,
)
from newsletter.store.subscribers import hold_sequence
from newsletter.store.tables import publications


def test_article_is_found_by_uid_path_address_hash_and_group(store, published) -> None:
    published()

    with store.reading() as connection:
        found = [
            article_by_uid(connection, "uid:tides"),
            article_by_path(connection, "articles/tides.md"),
            article_by_slug(connection, "en", "tides"),
            *articles_by_hash(connection, "hash tides"),
            *articles_in_group(connection, "uid:tides"),
        ]

    assert [one and one.title for one in found] == ["tides"] * 5


def test_what_is_not_there_is_none(store, published) -> None:
    published()

    with store.reading() as connection:
        assert article_by_uid(connection, "uid") is None
        assert article_by_path(connection, "articles") is None
        assert article_by_slug(connection, "fr", "tides") is None
        assert articles_by_hash(connection, "") == []


def test_article_shows_its_latest_revision_and_topics_in_the_authors_order(store, published, content, now) -> None:
    article_id, _ = published(topics=("harbour", "culture"))

    with store.writing() as connection:
        add_revision(connection, article_id, content("tides, mended", topics=("zebra", "apple")), now=now)
    with store.reading() as connection:
        stored = article_by_uid(connection, "uid:tides")

    assert stored is not None
    assert (stored.title, stored.revision_no, stored.topics) == ("tides, mended", 2, ("zebra", "apple"))
    assert stored.source_hash == "hash tides, mended"


def test_published_articles_are_newest_first_with_ties_by_uid(store, published, now) -> None:
    for slug, days in (("b", 0), ("a", 0), ("new", 1), ("old", -1)):
        published(slug, first_published_at=now + timedelta(days=days))

    with store.reading() as connection:
        order = [one.slug for one in published_articles(connection)]
        outlines = published_outlines(connection)

    assert order == ["new", "a", "b", "old"] == [one.slug for one in outlines]
    assert {one.body_html for one in outlines} == {""}


def test_published_articles_can_be_narrowed(store, published) -> None:
    published("tides", topics=("harbour",))
    published("marees", language="fr", topics=("harbour", "culture"))

    with store.reading() as connection:
        narrowed = [
            [one.slug for one in published_articles(connection, **by)]
            for by in (
                {"language": "fr"},
                {"topic": "culture"},
                {"uids": ["uid:tides"]},
                {"uids": []},
                {"limit": 1},
                {"topic": "harbour", "language": "en"},
            )
        ]
        topics = public_topics(connection)

    assert narrowed == [["marees"], ["marees"], ["tides"], [], ["marees"], ["tides"]]
    assert topics == ["culture", "harbour"]


def test_withdrawn_article_is_public_nowhere_and_stays_known(store, published) -> None:
    article_id, _ = published(topics=("harbour",))

    with store.writing() as connection:
        update_article(connection, article_id, state="withdrawn")
    with store.reading() as connection:
        assert published_articles(connection) == published_outlines(connection) == []
        assert public_topics(connection) == []
        assert [one.uid for one in all_articles(connection)] == ["uid:tides"]


def test_former_address_leads_to_the_article_that_had_it_last(store, published) -> None:
    first, _ = published("first")
    second, _ = published("second")

    with store.writing() as connection:
        keep_former_address(connection, first, "en", "old")
        keep_former_address(connection, second, "en", "old")
        found = article_by_slug(connection, "en", "old")
        assert former_addresses(connection) == [("en", "old", second)]

    assert found is not None
    assert found.slug == "second"


def test_two_articles_cannot_have_one_address(store, published) -> None:
    published()

    with pytest.raises(IntegrityError):
        published("tides", uid="other", source_path=None)


def test_articles_published_since_a_number_are_named(store, published, now) -> None:
    published("tides")
    article_id, revision_id = published("quay")
    with store.writing() as connection:
        add_publication(connection, (article_id, revision_id), kind="correct", mail=False, now=now)

    with store.reading() as connection:
        since = [articles_published_since(connection, seq) for seq in (0, 1, 3)]
        assert present_sequence(connection) == 3

    assert since == [["uid:quay", "uid:tides"], ["uid:quay"], []]


def test_sequence_begins_at_one_and_is_nought_before(store) -> None:
    with store.reading() as connection:
        before = present_sequence(connection)
    with store.writing() as connection:
        numbers = [next_in(connection, "publication") for _ in range(3)]

    assert (before, numbers) == (0, [1, 2, 3])


def test_publications_that_failed_leave_no_gap(store) -> None:
    def fail() -> None:
        with store.writing() as connection:
            next_in(connection, "publication")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.writing() as connection:
        assert next_in(connection, "publication") == 1


def test_two_publications_at_once_get_numbers_of_their_own_in_the_order_of_their_commits(store, published, now) -> None:
    """A database sequence may commit 2 before 1, and a reader's cursor would step over 1."""
    article = published()

    def publish(_round: int) -> list[int]:
        with store.writing() as connection:
            hold_sequence(connection)
            seq = add_publication(connection, article, kind="correct", mail=False, now=now)
            seen = list(connection.execute(select(publications.c.seq).order_by(publications.c.seq)).scalars())
        return [seq, *seen]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(publish, range(20)))

    assert sorted(seq for seq, *_ in results) == list(range(2, 22))
    assert all(seen == list(range(1, seq + 1)) for seq, *seen in results)


def test_first_two_publications_at_once_both_count(store) -> None:
    """Before the counter's row is there, nothing holds the second one back on PostgreSQL."""
    begin = Barrier(2)

    def count(turn: int) -> int:
        begin.wait()
        with store.writing() as connection:
            return next_in(connection, f"publication {turn // 2}")

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(count, range(20))) == [1] * 10 + [2] * 10
