"""What went wrong with other people's mailings, each as the test that would have caught it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk
from sqlalchemy import event

from newsletter.answers import EditionReport
from newsletter.editions import Wishes, release
from newsletter.errors import NewsroomPaused
from newsletter.model import DeliveryState, EditionState
from newsletter.store.editions import StoredEdition
from newsletter.store.tables import deliveries, metadata


class Crash(Exception):
    """The process ends here."""


def everything(desk: Desk) -> dict[str, list[dict[str, object]]]:
    return {table.name: desk.rows(table) for table in metadata.sorted_tables}


def test_release_is_one_transaction(desk: Desk) -> None:
    """A crash between an edition's row and its jobs lost it or doubled it: TryGhost/Ghost#29987, postcard#81.

    Here the process ends before each statement in turn.
    """
    desk.add()
    desk.add("wim@example.org", rhythm="weekly")
    plan = desk.plan(desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES))
    before = everything(desk)
    left = [0]

    def crash(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Crash

    event.listen(desk.store.engine, "before_cursor_execute", crash)
    for statement in range(1, 200):
        left[0] = statement
        try:
            released = release(desk.store, plan, now=desk.now)
            break
        except Crash:
            left[0] = 0
            assert everything(desk) == before
    event.remove(desk.store.engine, "before_cursor_execute", crash)

    assert statement > 20
    assert released.editions[0].audience == desk.count(deliveries) == 1


def test_restored_database_mails_nobody_unasked(desk: Desk, tmp_path: Path) -> None:
    """A snapshot was restored, and an old schedule mailed again: knadh/listmonk#1801."""
    desk.add()
    released = desk.publish(desk.write("articles/tides.md"))
    desk.newsroom.upkeep.backup(tmp_path / "backup.zip")
    desk.send(released)
    desk.newsroom.upkeep.restore(tmp_path / "backup.zip")
    mailed = len(desk.outbox())

    with pytest.raises(NewsroomPaused):
        desk.newsroom.send(released.editions[0])
    desk.newsroom.resume()
    for report in desk.newsroom.status().unfinished:
        desk.newsroom.send(report.edition)

    assert (mailed, len(desk.outbox())) == (1, 1)
    assert desk.newsroom.list_editions()[0].state is EditionState.HELD


def test_changed_slug_or_host_mails_nobody(desk: Desk) -> None:
    """Where the feed's guid is the only key, a changed address is a new mailing: Mailtrain."""
    desk.add()
    file = desk.write("articles/tides.md")
    assert desk.mail(file) == ["ada@example.org"]

    slug = desk.mail(desk.write("articles/tides.md", TIDES.replace("---\n", "---\nslug: tides\n", 1)))
    desk.configure('base_url = "https://news.example.org"', 'base_url = "https://post.example.com"')
    host = desk.mail(file)
    desk.configure('languages = ["en", "fr", "ar"]', 'languages = ["fr", "en", "ar"]')
    other = desk.mail(file)

    assert (slug, host, other) == ([], [], [])


def test_first_run_mails_no_archive(desk: Desk) -> None:
    """A first check turned every entry of a feed into a mailing: Mailtrain."""
    desk.add()
    archive = [
        desk.write(f"articles/{year}.md", TIDES.replace("---\n", f"---\ndate: {year}-03-01\nslug: tides-{year}\n", 1))
        for year in range(2015, 2025)
    ]

    desk.newsroom.adopt(archive, wishes=Wishes(any_date=True))
    again = [desk.mail(file) for file in archive]
    mailed = desk.mail(desk.write("articles/quay.md", QUAY))

    assert again == [[]] * 10
    assert mailed == ["ada@example.org"]


def test_reader_who_joins_later_gets_no_archive(desk: Desk) -> None:
    """The same from the other side: who is new begins with the next article."""
    desk.publish(desk.write("articles/tides.md"))
    reader = desk.add()

    assert reader.covered_through == 1
    assert desk.mail(desk.folder / "articles/tides.md") == []
    assert desk.mail(desk.write("articles/quay.md", QUAY)) == ["ada@example.org"]


def test_error_in_the_middle_repeats_nobody(desk: Desk) -> None:
    """An error outside the loop began again with the first reader: django-newsletter#210."""
    for name in ("ada", "farid", "amal", "nora"):
        desk.add(f"{name}@example.org")
    edition = desk.publish(desk.write("articles/tides.md")).editions[0]

    def fail(_balance: object) -> None:
        raise Crash

    with pytest.raises(Crash):
        desk.newsroom.send(edition, progress=fail)
    before = len(desk.outbox())
    report = desk.reopen().send(edition)

    assert before > 0
    assert sorted(str(message["To"]) for message in desk.outbox()) == [
        f"{name}@example.org" for name in ("ada", "amal", "farid", "nora")
    ]
    assert report.balance.count(DeliveryState.SENT) == 4


def test_missed_readers_are_named(desk: Desk) -> None:
    """Counters said "finished", and nobody could say who had been missed: knadh/listmonk#2278, pentacent/keila#557."""
    for name in ("ada", "dan", "cleo"):
        desk.add(f"{name}@example.org")
    edition = desk.publish(desk.write("articles/tides.md")).editions[0]
    desk.leave("cleo@example.org")
    with desk.store.writing() as connection:
        refused = {"state": int(DeliveryState.FAILED), "reason": "550 no such user"}
        connection.execute(deliveries.update().where(deliveries.c.subscriber_id == 2).values(**refused))
    balance = desk.newsroom.send(edition).balance

    lines = desk.newsroom.deliveries.lines(edition.uid, only=None, limit=100)

    missed = {line.address: line.reason for line in lines if line.state is not DeliveryState.SENT}
    assert missed == {"dan@example.org": "550 no such user", "cleo@example.org": "unsubscribed"}
    assert len(missed) == balance.audience - balance.count(DeliveryState.SENT)


def test_preview_and_edition_gather_the_same(desk: Desk, tmp_path: Path) -> None:
    """The preview showed this week, the email sent the last one: Buttondown."""
    desk.add("ada@example.org", name="Ada")
    file = desk.write("articles/tides.md", TIDES + "\n## Highest of all\n\nOn the ninth of March.\n")
    desk.newsroom.looks.preview(file, wishes=Wishes(), into=tmp_path / "look")

    desk.mail(file)

    text = (tmp_path / "look" / "email.txt").read_text("utf-8")
    sent = desk.outbox()[0].get_body(("plain",)).get_content()
    assert text.splitlines()[0] == f"Subject: {desk.outbox()[0]['Subject']}"
    # A reader's own two links are samples in the preview.
    own = ("/u/", "/p/")
    assert [line for line in text.splitlines()[2:] if not any(link in line for link in own)] == [
        line for line in sent.splitlines() if not any(link in line for link in own)
    ]


def test_every_message_has_its_list_headers(desk: Desk) -> None:
    """List-Unsubscribe was missing for several versions: pentacent/keila, mended in 0.30."""
    for address, language in (("ada", "en"), ("farid", "fr"), ("amal", "ar")):
        desk.add(f"{address}@example.org", language=language)
    tides, quay = desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)
    desk.mail(tides, quay, subject="This week")
    desk.mail(desk.write("articles/marees.md", MAREES))

    messages = desk.outbox()

    assert len(messages) == 6
    for message in messages:
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Unsubscribe"].startswith("<https://news.example.org/u/")
        assert message["List-Id"].endswith("<harbour-post.news.example.org>")
    assert len({message["List-Unsubscribe"] for message in messages}) == 3


def test_unsubscribed_reader_is_in_no_later_edition(desk: Desk) -> None:
    """The wish of a reader stands above whatever is queued, released or planned after it."""
    desk.add()
    desk.add("cleo@example.org")
    first = desk.publish(desk.write("articles/tides.md"))
    plan = desk.plan(desk.write("articles/quay.md", QUAY))
    desk.leave("cleo@example.org")

    desk.send(first)
    desk.send(desk.newsroom.publish(plan))
    desk.pass_time(days=30)
    desk.mail(desk.write("articles/marees.md", MAREES), everyone=True)

    assert {str(message["To"]) for message in desk.outbox()} == {"ada@example.org"}


def test_slow_edition_holds_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sleeping loop held every mailing: listmonk. Editions take turns, also one that waits all through its own."""
    monkeypatch.setattr("newsletter.schedule_desk.TURN_S", 0.01)
    desk.add()
    slow = desk.publish(desk.write("articles/tides.md")).editions[0]
    quick = desk.publish(desk.write("articles/quay.md", QUAY)).editions[0]
    real, turns = desk.newsroom.send, list[str]()

    def send(edition: StoredEdition, *, stop: Callable[[], bool]) -> EditionReport:
        turns.append(edition.uid)
        if edition.uid == slow.uid and turns.count(slow.uid) < 3:
            while not stop():
                pass
            return desk.newsroom.show_edition(edition.uid)
        return real(edition, stop=lambda: False)

    monkeypatch.setattr(desk.newsroom, "send", send)
    reports = desk.newsroom.send_due()

    assert turns == [slow.uid, quick.uid, slow.uid, slow.uid]
    assert [report.balance.state for report in reports] == [EditionState.SENT, EditionState.SENT]
    assert len(desk.outbox()) == 2
