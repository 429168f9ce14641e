"""A newsroom brought back from a backup does not know what was mailed since: it asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_newsroom import QUAY, TIDES, Desk

from newsletter.editions import Standing
from newsletter.errors import NewsroomPaused, StoreError
from newsletter.model import DeliveryState, EditionState
from newsletter.store.editions import StoredEdition
from newsletter.store.tables import articles, deliveries


@pytest.fixture
def restored(desk: Desk, tmp_path: Path) -> Desk:
    """Backed up in the middle of an edition, which was then sent to the end; brought back later."""
    desk.add()
    desk.add("farid@example.org", language="fr")
    released = desk.publish(desk.write("articles/tides.md"))
    desk.newsroom.upkeep.backup(tmp_path / "backup.zip")
    desk.send(released)
    desk.publish(desk.write("articles/quay.md", QUAY))
    desk.pass_time(days=1)
    desk.newsroom.upkeep.restore(tmp_path / "backup.zip")
    for message in (desk.folder / "outbox/new").iterdir():
        message.unlink()
    return desk


def the_edition(desk: Desk) -> StoredEdition:
    (edition,) = desk.newsroom.list_editions()
    return edition


def test_restored_newsroom_says_why_it_is_paused(restored: Desk) -> None:
    reason = "restored from backup.zip at 2026-11-25 09:00 UTC"

    assert restored.newsroom.paused_reason() == restored.newsroom.status().paused == reason
    assert (the_edition(restored).state, the_edition(restored).reason) == (EditionState.HELD, reason)


def test_restored_newsroom_mails_nobody(restored: Desk) -> None:
    edition = the_edition(restored)

    for attempt in (
        lambda: restored.newsroom.send(edition),
        lambda: restored.publish(restored.write("articles/new.md", TIDES.replace("The tide", "New tide"))),
        lambda: restored.newsroom.resume_edition(edition.uid),
    ):
        with pytest.raises(NewsroomPaused, match="newsletter resume"):
            attempt()

    assert restored.outbox() == []
    assert restored.count(articles) == 1


def test_restored_newsroom_can_publish_to_feeds_and_send_a_test_copy(restored: Desk) -> None:
    file = restored.write("articles/new.md", TIDES.replace("The tide", "New tide"))

    restored.newsroom.looks.send_test(restored.plan(file, sample=True), "owner@example.org")
    restored.publish(file, feed_only=True)

    assert {str(message["To"]) for message in restored.outbox()} == {"owner@example.org"}
    assert "New tide tables are out" in restored.read("feeds/rss.xml")


def test_agreeing_to_mail_again_does_not_send_what_was_under_way(restored: Desk) -> None:
    """Those emails may be with their readers already."""
    restored.newsroom.resume()
    balance = restored.newsroom.send(the_edition(restored)).balance
    restored.mail(restored.folder / "articles/tides.md")

    assert restored.newsroom.paused_reason() is None
    assert (balance.state, balance.count(DeliveryState.QUEUED)) == (EditionState.HELD, 2)
    assert restored.outbox() == []


def test_held_edition_goes_on_when_a_person_says_so(restored: Desk) -> None:
    restored.newsroom.resume()

    edition = restored.newsroom.resume_edition(the_edition(restored).uid)
    restored.newsroom.send(edition)

    assert len(restored.outbox()) == 2


def test_article_published_after_the_backup_is_not_mailed_again(restored: Desk) -> None:
    restored.newsroom.resume()

    assert restored.mail(restored.folder / "articles/quay.md") == []

    assert restored.plan(restored.folder / "articles/quay.md").drafts[0].standing is Standing.SAME
    assert restored.newsroom.status().articles == {"published": 2}


def test_one_newsroom_object_works_with_the_restored_database(restored: Desk) -> None:
    """Not with the one moved aside, which it had open."""
    assert {row["state"] for row in restored.rows(deliveries)} == {DeliveryState.QUEUED}


def test_feeds_say_what_the_restored_database_knows(restored: Desk) -> None:
    assert restored.newsroom.outputs_are_stale()

    restored.newsroom.renew_outputs()

    for feed in ("feeds/rss.xml", "feeds/en/rss.xml"):
        assert "The tide tables are out" in restored.read(feed)
        assert "The quay is mended" not in restored.read(feed)


def test_last_backup_is_remembered(desk: Desk, tmp_path: Path) -> None:
    before = desk.newsroom.status().last_backup

    size = desk.newsroom.upkeep.backup(tmp_path / "backup.zip")

    assert (before, desk.newsroom.status().last_backup) == (None, "2026-11-24 09:00 UTC")
    assert size == (tmp_path / "backup.zip").stat().st_size


def test_broken_database_is_not_sent_from(desk: Desk) -> None:
    desk.add()
    edition = desk.publish(desk.write("articles/tides.md")).editions[0]
    with desk.store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    desk.close()
    content = bytearray((desk.folder / "newsletter.db").read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (desk.folder / "newsletter.db").write_bytes(content)

    with pytest.raises(StoreError, match=r"damaged.*newsletter db restore FILE"):
        desk.newsroom.send(edition)

    assert desk.outbox() == []
