"""Editions and their frozen variants, as the store keeps them."""

from __future__ import annotations

from newsletter.model import EditionState
from newsletter.store.articles import add_revision, update_article
from newsletter.store.editions import (
    edition_by_key,
    edition_counts,
    editions_by_uid,
    editions_of_articles,
    list_editions,
    move_edition,
    unfinished_editions,
    variants_of,
)


def test_edition_is_found_by_its_key(store, published, released) -> None:
    edition_id, _ = released(published())

    with store.reading() as connection:
        found = edition_by_key(connection, "article:e1")
        assert edition_by_key(connection, "article:e") is None

    assert found is not None
    assert (found.id, found.state) == (edition_id, EditionState.SENDING)


def test_uid_is_matched_from_its_beginning_and_literally(store, published, released) -> None:
    article = published()
    for uid in ("abc1", "abc2", "xabc", "a%c"):
        released(article, uid=uid)

    with store.reading() as connection:
        found = {start: [e.uid for e in editions_by_uid(connection, start)] for start in ("abc", "abc1", "a%", "_bc")}

    assert found == {"abc": ["abc1", "abc2"], "abc1": ["abc1"], "a%": ["a%c"], "_bc": []}


def test_editions_are_listed_newest_first_and_by_state(store, published, released) -> None:
    article = published()
    for uid, state in (("e1", "sent"), ("e2", "sending"), ("e3", "paused"), ("e4", "sending")):
        released(article, uid=uid, state=state)

    with store.reading() as connection:
        everything = [e.uid for e in list_editions(connection)]
        some = [e.uid for e in list_editions(connection, states=[EditionState.SENT, EditionState.PAUSED], limit=1)]
        going = [e.uid for e in unfinished_editions(connection)]
        counts = edition_counts(connection)

    assert (everything, some, going) == (["e4", "e3", "e2", "e1"], ["e3"], ["e2", "e3", "e4"])
    assert counts == {"sent": 1, "sending": 2, "paused": 1}


def test_editions_of_a_translation_group_are_those_that_carried_any_of_it(store, published, released) -> None:
    tides, marees, quay = published(), published("marees", group_uid="uid:tides", language="fr"), published("quay")
    for uid, *carried in (("e1", tides), ("e2", marees, quay), ("e3", quay)):
        released(*carried, uid=uid)

    with store.reading() as connection:
        found = [e.uid for e in editions_of_articles(connection, {"uid:tides"})]
        assert editions_of_articles(connection, set()) == []

    assert found == ["e2", "e1"]


def test_state_moves_only_from_where_it_may(store, published, released) -> None:
    edition_id, _ = released(published(), state="sent")

    with store.writing() as connection:
        moves = [
            move_edition(connection, edition_id, to=EditionState.PAUSED, allowed=allowed, reason="asked")
            for allowed in ([EditionState.SENDING], [], [EditionState.SENT], [EditionState.SENT])
        ]
        found = edition_by_key(connection, "article:e1")

    assert moves == [False, False, True, False]
    assert found is not None
    assert (found.state, found.reason) == (EditionState.PAUSED, "asked")


def test_variant_keeps_titles_as_frozen_and_addresses_as_they_are_now(store, published, released, content, now) -> None:
    first, second = published("tides", title="Tides"), published("quay", title="Quay")
    edition_id, _ = released(second, first)
    with store.writing() as connection:
        update_article(connection, first[0], slug="high-water")
        add_revision(connection, first[0], content("Tides, mended"), now=now)

    with store.reading() as connection:
        (variant,) = variants_of(connection, edition_id)

    assert [(held.title, held.slug) for held in variant.contents] == [("Quay", "quay"), ("Tides", "high-water")]
