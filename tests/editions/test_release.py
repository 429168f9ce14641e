"""The release: one transaction, repeated without harm."""

from __future__ import annotations

from datetime import timedelta

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk
from sqlalchemy import update

from newsletter.editions import Plan, Wishes, release
from newsletter.errors import ArticleError, UsageError
from newsletter.model import DeliveryState, EditionState
from newsletter.store.tables import (
    articles,
    chunks,
    deliveries,
    editions,
    events,
    exclusions,
    owed,
    publications,
    revisions,
    subscribers,
    variant_articles,
    variants,
)


@pytest.fixture
def readers(desk: Desk) -> Desk:
    desk.add()
    desk.add("farid@example.org", language="fr")
    desk.add("wim@example.org", rhythm="weekly")
    desk.add("cleo@example.org")
    desk.leave("cleo@example.org")
    return desk


def cursors(desk: Desk) -> dict[object, object]:
    return {row["address"]: row["covered_through"] for row in desk.rows(subscribers)}


def two_plans(desk: Desk, *names: str, **publish: object) -> tuple[Plan, Plan]:
    """The same publication planned twice, as by two people at once."""
    files = [desk.folder / name for name in names]
    return desk.plan(*files, **publish), desk.plan(*files, **publish)


def test_release_writes_a_row_for_each_due_reader_and_counts_the_others(readers: Desk) -> None:
    plan = readers.plan(readers.write("articles/tides.md"))

    edition = release(readers.store, plan, now=readers.now).editions[0]

    assert (edition.state, edition.considered, edition.audience) == (EditionState.SENDING, 4, 2)
    assert plan.editions[0].count.audience == 2
    assert {row["state"] for row in readers.rows(deliveries)} == {DeliveryState.QUEUED}
    assert [(row["reason"], row["count"]) for row in readers.rows(exclusions)] == [
        ("digest weekly", 1),
        ("unsubscribed", 1),
    ]


def test_each_row_names_the_variant_of_its_reader(readers: Desk) -> None:
    plan = readers.plan(readers.write("articles/tides.md"), readers.write("articles/tides.fr.md", MAREES))

    release(readers.store, plan, now=readers.now)

    subject = {row["id"]: row["subject"] for row in readers.rows(variants)}
    address = {row["id"]: row["address"] for row in readers.rows(subscribers)}
    assert {address[row["subscriber_id"]]: subject[row["variant_id"]] for row in readers.rows(deliveries)} == {
        "ada@example.org": "The tide tables are out",
        "farid@example.org": "Les marées",
    }


def test_edition_is_frozen_at_the_release(readers: Desk) -> None:
    file = readers.write("articles/tides.md")
    readers.publish(file)
    frozen = readers.rows(variants)

    readers.publish(readers.write("articles/tides.md", TIDES.replace("higher", "much higher")))

    assert readers.rows(variants) == frozen
    assert {row["revision_id"] for row in readers.rows(variant_articles)} == {readers.rows(revisions)[0]["id"]}


def test_plan_released_twice_makes_one_edition(readers: Desk) -> None:
    plan = readers.plan(readers.write("articles/tides.md"))

    first = release(readers.store, plan, now=readers.now)
    second = release(readers.store, plan, now=readers.now)

    assert second.editions == first.editions
    assert [readers.count(table) for table in (articles, editions, deliveries, chunks)] == [1, 1, 2, 1]


def test_second_of_two_plans_gets_the_first_ones_edition(readers: Desk) -> None:
    readers.write("articles/tides.md")
    one, other = two_plans(readers, "articles/tides.md")

    first = release(readers.store, one, now=readers.now)
    second = release(readers.store, other, now=readers.now)

    assert (second.published, second.editions) == ((), first.editions)
    assert [readers.count(table) for table in (articles, editions, deliveries)] == [1, 1, 2]


def test_second_of_two_plans_of_a_set_gets_the_first_ones_edition(readers: Desk) -> None:
    readers.write("articles/tides.md")
    readers.write("articles/quay.md", QUAY)
    one, other = two_plans(readers, "articles/tides.md", "articles/quay.md", subject="This week")

    first = release(readers.store, one, now=readers.now)

    assert release(readers.store, other, now=readers.now).editions == first.editions


def test_set_of_which_one_article_went_out_meanwhile_is_planned_anew(readers: Desk) -> None:
    """Else the other article would be published, and mailed to nobody."""
    tides, quay = readers.write("articles/tides.md"), readers.write("articles/quay.md", QUAY)
    plan = readers.plan(tides, quay, subject="This week")
    readers.publish(tides)

    with pytest.raises(UsageError, match=r"articles/tides\.md.*Nothing was done.*again"):
        release(readers.store, plan, now=readers.now)
    released = readers.publish(tides, quay)

    assert [edition.subject for edition in released.editions] == ["The quay is mended"]
    assert readers.count(deliveries) == 4


def test_new_article_at_a_known_path_released_twice_is_one(readers: Desk) -> None:
    file = readers.write("articles/tides.md")
    readers.publish(file)
    readers.write("articles/tides.md", QUAY)
    plans = [readers.plan(file, wishes=Wishes(claim="new")) for _ in range(2)]

    first, second = (release(readers.store, plan, now=readers.now) for plan in plans)

    assert second.editions == first.editions
    assert [readers.count(table) for table in (articles, editions)] == [2, 2]


def test_address_taken_since_the_plan_gets_a_sentence(readers: Desk) -> None:
    one = readers.plan(readers.write("articles/a.md"))
    other = readers.plan(readers.write("articles/b.md"))
    release(readers.store, one, now=readers.now)

    with pytest.raises(ArticleError, match=r"articles/a\.md"):
        release(readers.store, other, now=readers.now)


def test_reader_of_a_new_language_since_the_plan_stops_the_release(readers: Desk) -> None:
    plan = readers.plan(readers.write("articles/tides.md"))
    readers.add("amal@example.org", language="ar")
    before = {table.name: readers.count(table) for table in (articles, publications, editions, events)}

    with pytest.raises(UsageError, match=r"signed up in ar .*Nothing was sent"):
        release(readers.store, plan, now=readers.now)

    assert {table.name: readers.count(table) for table in (articles, publications, editions, events)} == before


def test_reader_who_left_since_the_plan_is_not_due(readers: Desk) -> None:
    plan = readers.plan(readers.write("articles/tides.md"))
    readers.leave("ada@example.org")

    edition = release(readers.store, plan, now=readers.now).editions[0]

    assert (plan.recipients, edition.audience, readers.count(deliveries)) == (2, 1, 1)


def test_cursor_of_every_reader_considered_moves_with_or_without_a_row(readers: Desk) -> None:
    readers.add("nora@example.org", topics=("diplomacy",))

    readers.publish(readers.write("articles/tides.md"))

    assert cursors(readers) == {
        "ada@example.org": 1,
        "farid@example.org": 1,
        "nora@example.org": 1,
        "wim@example.org": 0,
        "cleo@example.org": 0,
    }


def test_mailing_to_everyone_leaves_digest_readers_what_is_still_to_come(readers: Desk) -> None:
    readers.publish(readers.write("articles/tides.md"))

    readers.publish(readers.write("articles/quay.md", QUAY), everyone=True)

    assert cursors(readers)["wim@example.org"] == 0
    assert cursors(readers)["ada@example.org"] == 2


def test_feed_only_moves_no_cursor_and_is_marked_unmailed(readers: Desk) -> None:
    readers.publish(readers.write("articles/tides.md"), feed_only=True)

    assert [(row["kind"], row["mail"]) for row in readers.rows(publications)] == [("publish", False)]
    assert set(cursors(readers).values()) == {0}
    assert readers.count(editions) == 0


def test_edition_nobody_is_due_for_is_sent_at_once(desk: Desk) -> None:
    edition = desk.publish(desk.write("articles/tides.md")).editions[0]

    assert (edition.state, edition.audience, edition.finished_at) == (EditionState.SENT, 0, desk.now)


def test_publications_are_numbered_in_order(readers: Desk) -> None:
    file = readers.write("articles/tides.md")
    uid = readers.publish(file).published[0]
    readers.publish(readers.write("articles/tides.md", TIDES.replace("higher", "much higher")))
    readers.newsroom.withdraw(uid)

    assert [(row["seq"], row["kind"], row["mail"]) for row in readers.rows(publications)] == [
        (1, "publish", True),
        (2, "correct", False),
        (3, "withdraw", False),
    ]


def test_release_owes_the_article_to_paused_readers_who_catch_up_and_counts_them_out(readers: Desk) -> None:
    paused = {"paused_until": readers.now + timedelta(weeks=2)}
    with readers.store.writing() as connection:
        connection.execute(update(subscribers).values(**paused).where(subscribers.c.address == "ada@example.org"))
        connection.execute(
            update(subscribers).values(**paused, catch_up=True).where(subscribers.c.address == "farid@example.org")
        )

    readers.publish(readers.write("articles/tides.md"))

    names = {row["id"]: row["address"] for row in readers.rows(subscribers)}
    assert [(names[row["subscriber_id"]], row["reason"]) for row in readers.rows(owed)] == [
        ("farid@example.org", "pause")
    ]
    assert {row["reason"]: row["count"] for row in readers.rows(exclusions)}["paused"] == 2
    # What is owed is not gathered by the cursor a second time, and what is over is over.
    assert {cursors(readers)[name] for name in ("ada@example.org", "farid@example.org")} == {1}
