"""Corrections and withdrawals, from the store to feeds and pages."""

from __future__ import annotations

import json
from collections.abc import Callable

import lxml.html
import pytest
from site_desk import Desk

from newsletter.store.articles import (
    update_article,
)


def changes_on(page: bytes) -> list[str]:
    return [each.text_content() for each in lxml.html.document_fromstring(page).xpath("//ul[@class='changes']/li")]


def test_notes_of_all_corrections_stand_on_the_page_and_in_the_feed(desk: Desk) -> None:
    desk.publish("tides")
    desk.correct("tides", note="The table of March is new.")
    desk.correct("tides", note="So is that of April.")

    files = desk.files()

    sentences = [
        "Changed on November 24, 2026: The table of March is new.",
        "Changed on November 24, 2026: So is that of April.",
    ]
    assert changes_on(files["site/en/tides/index.html"]) == sentences
    for name in ("feeds/feed.json", "feeds/en/feed.json"):
        (item,) = json.loads(files[name])["items"]
        assert item["content_html"].endswith("".join(f"<p><em>{each}</em></p>" for each in sentences))


@pytest.mark.parametrize(("note", "significant"), [("A comma.", False), ("", True), (None, True)])
def test_what_readers_need_not_know_is_not_told(desk: Desk, note: str | None, significant: bool) -> None:
    desk.publish("tides")
    desk.correct("tides", note=note, significant=significant)

    files = desk.files()

    assert changes_on(files["site/en/tides/index.html"]) == []
    assert "Changed on" not in files["feeds/rss.xml"].decode()


def test_a_note_stays_when_a_silent_correction_follows(desk: Desk) -> None:
    desk.publish("tides")
    desk.correct("tides", note="The table of March is new.")
    desk.correct("tides", significant=False)

    assert len(changes_on(desk.files()["site/en/tides/index.html"])) == 1


def test_what_is_made_for_some_articles_is_what_is_made_for_all(desk: Desk) -> None:
    for slug in ("tides", "quay", "ferry"):
        desk.publish(slug)
        desk.correct(slug, note=f"A word on {slug}.")

    some, everything = desk.files("quay"), desk.files()

    assert changes_on(some["site/en/quay/index.html"]) == ["Changed on November 24, 2026: A word on quay."]
    assert {path: everything[path] for path in some} == dict(some)


def test_a_withdrawn_article_is_called_deleted_where_it_was(desk: Desk) -> None:
    desk.publish("tides", topics=("diplomacy",))
    desk.publish("quay")
    desk.withdraw("tides")

    told = [("tides", "2026-11-24T09:05:00+00:00")]
    assert desk.deleted() == desk.deleted("en/") == desk.deleted("topics/diplomacy/") == told
    assert desk.deleted("fr/") == []


def test_an_article_that_came_back_is_an_entry_again(desk: Desk) -> None:
    desk.publish("tides")
    desk.withdraw("tides")
    with desk.store.writing() as connection:
        update_article(connection, desk.ids["tides"], state="published")

    assert desk.deleted() == []
    assert len(json.loads(desk.files()["feeds/feed.json"])["items"]) == 1


def test_a_withdrawal_is_forgotten_when_the_feed_has_moved_on(desk: Desk) -> None:
    desk.publish("tides")
    desk.withdraw("tides")
    seen = []
    for n in range(4):
        desk.publish(f"quay-{n}")
        seen.append([slug for slug, _ in desk.deleted()])

    assert seen == [["tides"], ["tides"], [], []]


@pytest.fixture
def many(desk: Desk) -> Callable[[int], list[str]]:
    def publish_and_withdraw(number: int) -> list[str]:
        slugs = [f"tides-{n}" for n in range(number)]
        for slug in slugs:
            desk.publish(slug)
            desk.withdraw(slug)
        return slugs

    return publish_and_withdraw


def test_the_last_twenty_withdrawals_are_told(desk: Desk, many: Callable[[int], list[str]]) -> None:
    slugs = many(22)

    assert [slug for slug, _ in desk.deleted()] == slugs[:1:-1]
