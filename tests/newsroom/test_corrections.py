"""Second thoughts: what was changed is told, whoever has the old text is mailed, and what is taken back stays away."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk

from newsletter.articles import visible_text
from newsletter.editions import Released
from newsletter.errors import UsageError
from newsletter.model import EditionState, Subscriber
from newsletter.store.tables import deliveries, editions, owed, publications
from newsletter.subscribers import Choices
from newsletter.subscribers.preferences import save
from newsletter.subscribers.tokens import preferences_token

PAGE = "site/en/the-tide-tables-are-out/index.html"
WEEKLY = '[schedules.weekly]\nat = "mon 08:00"\nhour_of = "newsroom"\n'
MONDAY = datetime.fromisoformat("2026-11-30T07:00:00+00:00")
HOUR = timedelta(hours=1)


def edit(file: Path, words: str) -> Path:
    """Add a sentence to an article."""
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"\n{words}\n")
    return file


def correct(desk: Desk, file: Path, note: str | None = None, **publish: object) -> Released:
    """Publish an edited article an hour later, with a note."""
    desk.now += HOUR
    return desk.publish(file, note=note, **publish)


def entry(desk: Desk) -> dict[str, str]:
    """The article's entry in the JSON feed."""
    (found,) = json.loads(desk.read("feeds/feed.json"))["items"]
    return dict(found)


def on_the_page(desk: Desk) -> str:
    return visible_text(desk.read(PAGE))


def send(desk: Desk) -> list[tuple[str, str]]:
    """Send what is due; gives (address, subject) of each message that left by it."""
    before = len(desk.outbox())
    desk.newsroom.send_due()
    return sorted((str(message["To"]), str(message["Subject"])) for message in desk.outbox()[before:])


def ring(desk: Desk) -> list[tuple[str, str]]:
    """Ring the bell and send; gives (address, subject) as above."""
    assert desk.newsroom.tick().faults == ()
    return send(desk)


def plain(desk: Desk, address: str) -> str:
    """The text of the latest message to an address."""
    message = next(message for message in reversed(desk.outbox()) if message["To"] == address)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


class TestNote:
    @pytest.fixture
    def file(self, desk: Desk) -> Path:
        """An article that was published."""
        file = desk.write("articles/tides.md")
        desk.publish(file)
        return file

    def test_note_moves_updated_and_stands_on_the_page_and_in_the_feeds(self, desk: Desk, file: Path) -> None:
        correct(desk, edit(file, "In April, too."), "It said March only.")

        assert entry(desk)["date_modified"] == "2026-11-24T10:00:00+00:00"
        assert entry(desk)["date_published"] == "2026-11-24T09:00:00+00:00"
        for path in (PAGE, "feeds/rss.xml", "feeds/atom.xml", "feeds/feed.json"):
            assert "It said March only." in desk.read(path), path

    def test_second_note_keeps_the_first(self, desk: Desk, file: Path) -> None:
        correct(desk, edit(file, "In April, too."), "It said March only.")
        correct(desk, edit(file, "And in May."), "April was not all.")

        shown = on_the_page(desk)

        assert "It said March only." in shown
        assert "April was not all." in shown
        assert entry(desk)["date_modified"] == "2026-11-24T11:00:00+00:00"

    def test_later_typo_keeps_both_notes_and_moves_nothing(self, desk: Desk, file: Path) -> None:
        correct(desk, edit(file, "In April, too."), "It said March only.")
        correct(desk, edit(file, "And in Mya."), "April was not all.")
        file.write_text(file.read_text("utf-8").replace("Mya", "May"), "utf-8")

        correct(desk, file)

        shown = on_the_page(desk)
        assert "And in May." in shown
        assert "It said March only." in shown
        assert "April was not all." in shown
        assert entry(desk)["date_modified"] == "2026-11-24T11:00:00+00:00"

    def test_corrected_file_shows_as_unchanged_and_publishes_as_the_same(self, desk: Desk, file: Path) -> None:
        correct(desk, edit(file, "In April, too."), "It said March only.")

        again = correct(desk, file)

        assert desk.newsroom.status().changed == ()
        assert (again.published, again.revised, again.editions) == ((), (), ())
        assert desk.count(publications) == 2

    def test_note_is_shown_as_text_whatever_it_holds(self, desk: Desk, file: Path) -> None:
        correct(desk, edit(file, "In April, too."), "It said <script>alert(1)</script> & more.")

        assert "<script>alert(1)" not in desk.read(PAGE)
        assert "It said <script>alert(1)</script> & more." in on_the_page(desk)

    def test_note_mails_nobody_by_itself(self, desk: Desk, file: Path) -> None:
        desk.add()

        released = correct(desk, edit(file, "In April, too."), "It said March only.")

        assert (released.editions, send(desk)) == ((), [])


class TestMailed:
    """`--mail-correction`: to those who have the old text, and to nobody else."""

    def test_reaches_exactly_those_who_were_sent_the_old_text(self, either_desk: Desk) -> None:
        desk = either_desk
        for name in ("ada", "cleo", "dan"):
            desk.add(f"{name}@example.org")
        desk.add("wim@example.org", rhythm="weekly")
        file = desk.write("articles/tides.md")
        desk.mail(file)
        desk.leave("cleo@example.org")
        desk.add("ben@example.org")
        edit(file, "In April, too.")

        plan = desk.plan(file, note="It said March only.", mail_correction=True)
        number = desk.newsroom.looks.correction_readers(plan)
        released = desk.newsroom.publish(plan)

        assert number == 2
        assert [str(each.kind) for each in released.editions] == ["correction"]
        assert [address for address, _ in send(desk)] == ["ada@example.org", "dan@example.org"]
        assert "It said March only." in plain(desk, "ada@example.org")
        assert "In April, too." in plain(desk, "ada@example.org")

    def test_balance_says_why_the_others_are_left_out(self, desk: Desk) -> None:
        for name in ("ada", "cleo"):
            desk.add(f"{name}@example.org")
        file = desk.write("articles/tides.md")
        desk.mail(file)
        desk.leave("cleo@example.org")

        (edition,) = correct(desk, edit(file, "More."), "A number was wrong.", mail_correction=True).editions

        balance = desk.newsroom.show_edition(edition.uid).balance
        assert (balance.considered, balance.audience, balance.excluded) == (2, 1, {"unsubscribed": 1})

    def test_reaches_the_readers_of_a_digest_that_brought_it(self, desk: Desk) -> None:
        weekly_with(desk, "wim@example.org")
        file = desk.write("articles/tides.md")
        desk.publish(file)
        desk.now = MONDAY
        ring(desk)

        correct(desk, edit(file, "More."), "A number was wrong.", mail_correction=True)

        assert send(desk) == [("wim@example.org", "Correction: The tide tables are out")]

    def test_says_so_in_the_subject_in_the_articles_language(self, desk: Desk) -> None:
        desk.add()
        texts = {
            "en": TIDES,
            "fr": MAREES,
            "ar": "---\ntitle: جداول المد\nlanguage: ar\n---\nصدرت جداول المد لهذا العام في المرفأ.\n",
        }
        subjects = {}
        for language, text in texts.items():
            file = desk.write(f"articles/{language}.md", text)
            desk.mail(file)
            correct(desk, edit(file, "2026."), "2026.", mail_correction=True)
            ((_, subjects[language]),) = send(desk)

        assert subjects == {
            "en": "Correction: The tide tables are out",
            "fr": "Correction\u00a0: Les marées",
            "ar": "تصحيح: جداول المد",
        }

    def test_once_for_each_revision(self, desk: Desk) -> None:
        desk.add()
        file = desk.write("articles/tides.md")
        desk.mail(file)

        correct(desk, edit(file, "More."), "One thing.", mail_correction=True)
        first = send(desk)
        correct(desk, file, "One thing.", mail_correction=True)
        again = send(desk)
        correct(desk, edit(file, "Still more."), "Another thing.", mail_correction=True)
        second = send(desk)

        assert first == second == [("ada@example.org", "Correction: The tide tables are out")]
        assert again == []
        assert [row["state"] for row in desk.rows(deliveries)] == [2, 2, 2]

    def test_is_refused_while_the_old_text_is_still_being_sent(self, desk: Desk) -> None:
        desk.add()
        file = desk.write("articles/tides.md")
        going = desk.publish(file).editions[0]
        plan = desk.plan(edit(file, "More."), note="A number was wrong.", mail_correction=True)

        with pytest.raises(UsageError, match=f"have not all left yet .edition {going.uid}"):
            desk.newsroom.looks.correction_readers(plan)

        desk.newsroom.cancel_edition(going.uid)
        assert desk.newsroom.looks.correction_readers(plan) == 0

    def test_with_nobody_who_has_the_old_text_makes_no_edition(self, desk: Desk) -> None:
        file = desk.write("articles/tides.md")
        desk.publish(file)
        desk.add()

        released = correct(desk, edit(file, "More."), "A number was wrong.", mail_correction=True)

        assert (released.editions, desk.count(editions)) == ((), 1)

    def test_is_no_second_copy_in_the_next_digest(self, desk: Desk) -> None:
        weekly_with(desk, "wim@example.org")
        file = desk.write("articles/tides.md")
        desk.publish(file)
        desk.now = MONDAY
        ring(desk)
        correct(desk, edit(file, "More."), "A number was wrong.", mail_correction=True)
        send(desk)

        desk.now = MONDAY + timedelta(days=7)

        assert ring(desk) == []

    def test_digest_that_is_still_to_come_brings_the_corrected_text(self, desk: Desk) -> None:
        weekly_with(desk, "wim@example.org")
        file = desk.write("articles/tides.md", TIDES.replace("earlier", "LATER"))
        desk.publish(file)
        file.write_text(TIDES, "utf-8")
        correct(desk, file, "It said the opposite.")
        desk.now = MONDAY

        ring(desk)

        assert "come earlier" in plain(desk, "wim@example.org")
        assert "LATER" not in plain(desk, "wim@example.org")


def weekly_with(desk: Desk, *addresses: str, hold: str = "0s") -> None:
    """A weekly schedule that has begun, and its readers."""
    desk.configure("[topics.diplomacy]\n", f'{WEEKLY}hold = "{hold}"\n[topics.diplomacy]\n')
    for address in addresses:
        desk.add(address, rhythm="weekly")
    desk.newsroom.tick()


class TestWithdrawn:
    def test_digest_that_is_being_sent_gives_its_other_articles_back(self, either_desk: Desk) -> None:
        desk = either_desk
        weekly_with(desk, "wim@example.org")
        withdrawn = desk.publish(desk.write("articles/tides.md")).published[0]
        desk.publish(desk.write("articles/quay.md", QUAY))
        desk.now = MONDAY
        desk.newsroom.tick()

        cancelled = desk.newsroom.withdraw(withdrawn)
        today = send(desk)
        desk.now = MONDAY + timedelta(days=7)
        next_week = ring(desk)

        assert (cancelled, today) == (1, [])
        assert [address for address, _ in next_week] == ["wim@example.org"]
        assert "The quay is mended" in plain(desk, "wim@example.org")
        assert "tide tables" not in plain(desk, "wim@example.org")
        assert desk.count(owed) == 0

    def test_waiting_digest_goes_out_without_it(self, desk: Desk) -> None:
        weekly_with(desk, "wim@example.org", hold="1h")
        withdrawn = desk.publish(desk.write("articles/tides.md")).published[0]
        desk.publish(desk.write("articles/quay.md", QUAY))
        desk.now = MONDAY - HOUR / 2
        desk.newsroom.tick()

        desk.newsroom.withdraw(withdrawn)
        early = send(desk)
        desk.now = MONDAY

        assert (early, [address for address, _ in ring(desk)]) == ([], ["wim@example.org"])
        assert "The quay is mended" in plain(desk, "wim@example.org")
        assert "tide tables" not in str(desk.outbox()[-1])

    def test_waiting_digest_is_left_out_when_nothing_is_left_in_it(self, desk: Desk) -> None:
        weekly_with(desk, "wim@example.org", hold="1h")
        withdrawn = desk.publish(desk.write("articles/tides.md")).published[0]
        desk.now = MONDAY - HOUR / 2
        desk.newsroom.tick()

        desk.newsroom.withdraw(withdrawn)
        desk.now = MONDAY

        assert ring(desk) == []
        (line,) = desk.newsroom.schedule_board().lines()
        assert line.latest is not None
        assert (str(line.latest.state), line.latest.reason) == ("skipped", "nothing new")
        assert [edition.state for edition in desk.newsroom.list_editions() if str(edition.kind) == "digest"] == [
            EditionState.CANCELLED
        ]

    def test_single_edition_is_cancelled_and_owes_nothing(self, desk: Desk) -> None:
        desk.add()
        withdrawn = desk.publish(desk.write("articles/tides.md")).published[0]

        cancelled = desk.newsroom.withdraw(withdrawn)

        assert (cancelled, send(desk), desk.count(owed)) == (1, [], 0)


class TestGivenBack:
    @pytest.mark.parametrize(("give_back", "brought"), [(True, ["wim@example.org"]), (False, [])])
    def test_cancelled_digest_comes_with_the_next_only_if_it_is_given_back(
        self, desk: Desk, give_back: bool, brought: list[str]
    ) -> None:
        weekly_with(desk, "wim@example.org")
        desk.publish(desk.write("articles/tides.md"))
        desk.now = MONDAY
        desk.newsroom.tick()
        uid = desk.newsroom.list_editions()[0].uid

        cancelled = desk.newsroom.cancel_edition(uid, give_back=give_back)
        today = send(desk)
        desk.now = MONDAY + timedelta(days=7)

        assert (cancelled, today) == (1, [])
        assert [address for address, _ in ring(desk)] == brought

    def test_reader_who_has_it_already_is_not_given_it_again(self, desk: Desk) -> None:
        weekly_with(desk, "ada@example.org", "wim@example.org")
        desk.publish(desk.write("articles/tides.md"))
        desk.now = MONDAY
        desk.newsroom.tick()
        edition = desk.newsroom.list_editions()[0]
        desk.newsroom.send(edition, stop=lambda: bool(desk.outbox()))
        (first,) = (str(message["To"]) for message in desk.outbox())

        desk.newsroom.cancel_edition(edition.uid, give_back=True)
        desk.now = MONDAY + timedelta(days=7)

        assert {first, *(address for address, _ in ring(desk))} == {"ada@example.org", "wim@example.org"}
        assert len(desk.outbox()) == 2


class TestCatchingUp:
    """Readers of each article who are owed something get it by a digest, once."""

    def test_reader_who_paused_gets_what_was_missed_when_the_pause_is_over(self, desk: Desk) -> None:
        desk.add()
        reader = desk.add("ben@example.org")
        desk.newsroom.tick()
        pause(desk, reader, weeks=1)
        desk.mail(desk.write("articles/tides.md"))
        desk.mail(desk.write("articles/quay.md", QUAY))

        caught = days(desk, 9)

        assert [(address, day) for address, day, _ in caught] == [("ben@example.org", "12-02")]
        assert "tide tables" in plain(desk, "ben@example.org")
        assert "The quay is mended" in plain(desk, "ben@example.org")
        assert desk.count(owed) == 0

    def test_reader_who_pauses_without_catching_up_gets_nothing(self, desk: Desk) -> None:
        reader = desk.add("ben@example.org")
        desk.newsroom.tick()
        pause(desk, reader, weeks=1, catch_up=False)
        desk.mail(desk.write("articles/tides.md"))

        assert days(desk, 9) == []

    def test_reader_who_changes_from_weekly_to_each_gets_what_the_digest_would_have_brought(self, desk: Desk) -> None:
        weekly_with(desk)
        reader = desk.add("wim@example.org", rhythm="weekly")
        desk.publish(desk.write("articles/tides.md"))
        assert save(desk.store, reader.id, Choices(rhythm="each"), intake=desk.newsroom.intake)

        caught = days(desk, 9)

        assert [(address, day) for address, day, _ in caught] == [("wim@example.org", "11-25")]
        assert "The tide tables are out" in plain(desk, "wim@example.org")

    def test_reader_to_whom_nothing_is_owed_gets_no_such_digest(self, desk: Desk) -> None:
        desk.add()
        desk.newsroom.tick()
        desk.mail(desk.write("articles/tides.md"))

        assert days(desk, 3) == []


def pause(desk: Desk, reader: Subscriber, *, weeks: int, catch_up: bool = True) -> None:
    """Pause as the preferences page does."""
    token = preferences_token(desk.newsroom.keys, reader.id, reader.token_version)
    assert desk.newsroom.readers_desk(told=lambda: None).pause(token, weeks=weeks, catch_up=catch_up)


def days(desk: Desk, number: int) -> list[tuple[str, str, str]]:
    """Let so many days pass, with a ring at 08:05 in Paris; gives (address, day, subject) of what left."""
    found = []
    for _ in range(number):
        desk.now = (desk.now + timedelta(days=1)).replace(hour=7, minute=5)
        found += [(address, f"{desk.now:%m-%d}", subject) for address, subject in ring(desk)]
    return found
