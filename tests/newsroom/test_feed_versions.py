"""What each version of a feed held is remembered, so that a reader of one of them is sent the rest."""

from __future__ import annotations

import hashlib
import json

from real_newsroom import QUAY, TIDES, Desk

from newsletter.site import newer_entries
from newsletter.store.feed_versions import VERSIONS_KEPT
from newsletter.store.tables import feed_versions

JSON = "feeds/feed.json"


def digest(desk: Desk, path: str = JSON) -> str:
    return hashlib.sha256(desk.read(path).encode()).hexdigest()


def since(desk: Desk, *known: str, path: str = JSON) -> list[str] | None:
    with desk.store.reading() as connection:
        delta = newer_entries(connection, path, desk.read(path).encode(), known=[each[:32] for each in known])
    return None if delta is None else [item["title"] for item in json.loads(delta)["items"]]


def test_a_reader_of_an_older_version_is_sent_the_others(either_desk: Desk) -> None:
    desk = either_desk
    desk.publish(desk.write("articles/tides.md", TIDES))
    first = digest(desk)
    desk.pass_time(hours=1)
    desk.publish(desk.write("articles/quay.md", QUAY))
    second = digest(desk)

    assert since(desk, first) == ["The quay is mended"]
    assert since(desk, second) == []
    assert since(desk, "0" * 64) is None
    assert since(desk, first, "0" * 64) == ["The quay is mended"]


def test_a_corrected_article_is_sent_again(either_desk: Desk) -> None:
    desk = either_desk
    file = desk.write("articles/tides.md", TIDES)
    desk.publish(file)
    desk.pass_time(hours=1)
    desk.publish(desk.write("articles/quay.md", QUAY))
    before = digest(desk)
    desk.pass_time(hours=1)

    desk.publish(desk.write("articles/tides.md", TIDES.replace("higher", "much higher")))

    assert since(desk, before) == ["The tide tables are out"]


def test_a_version_of_one_feed_says_nothing_of_another(either_desk: Desk) -> None:
    desk = either_desk
    desk.publish(desk.write("articles/tides.md", TIDES))
    first = digest(desk)
    desk.pass_time(hours=1)
    desk.publish(desk.write("articles/quay.md", QUAY))

    assert since(desk, first, path="feeds/en/feed.json") is None


def test_only_the_latest_versions_are_kept(desk: Desk) -> None:
    from newsletter.store.feed_versions import FeedVersion, remember_versions

    with desk.store.writing() as connection:
        for number in range(VERSIONS_KEPT + 10):
            desk.pass_time(minutes=1)
            version = FeedVersion(path="feeds/rss.xml", digest=f"{number:064}", made_at=desk.now, entries=("a",))
            remember_versions(connection, [version])
        kept = connection.execute(feed_versions.select().order_by(feed_versions.c.made_at)).all()

    assert [row.digest for row in kept] == [f"{number:064}" for number in range(10, VERSIONS_KEPT + 10)]
