"""Articles that wait for their hour: frozen at once, seen nowhere before, published by whoever finds them due."""

from __future__ import annotations

import warnings
from datetime import timedelta
from pathlib import Path

import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk

from newsletter.cli.serving import Served
from newsletter.editions import PublishWishes, Wishes
from newsletter.errors import UsageError
from newsletter.model import EditionState
from newsletter.site import Question, search_articles
from newsletter.store.meta import remember
from newsletter.store.tables import articles, deliveries, editions, notices
from newsletter.web import create_app

with warnings.catch_warnings():
    # The test client prefers httpx2 where it is installed and says so; both behave alike here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

HOUR = timedelta(hours=1)


def schedule(desk: Desk, *files: Path, by: timedelta = HOUR, wishes: Wishes | None = None, **publish: object) -> str:
    """Let files be published some time from now; gives the uid of the first edition that waits, or ""."""
    at = desk.now + by
    plan = desk.newsroom.plan(files, wishes=wishes or Wishes(), publish=PublishWishes(**publish), at=at)
    desk.newsroom.publish_at(plan, at)
    return plan.editions[0].uid if plan.editions else ""


def ring(desk: Desk) -> list[str]:
    """Ring the bell and send; gives the addresses mailed by it."""
    before = len(desk.outbox())
    assert desk.newsroom.tick().faults == ()
    desk.newsroom.send_due()
    return sorted(str(message["To"]) for message in desk.outbox()[before:])


def wait(desk: Desk, by: timedelta = HOUR) -> list[str]:
    """Let time pass and ring."""
    desk.now += by
    return ring(desk)


def plain(desk: Desk) -> str:
    """The text of the latest message."""
    body = desk.outbox()[-1].get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def state_of(desk: Desk, uid: str) -> EditionState:
    return desk.newsroom.show_edition(uid).edition.state


def seen(desk: Desk, words: str) -> list[str]:
    """Everywhere that a stranger, or this machine's monitoring, may look and finds `words`."""
    newsroom = desk.newsroom
    newsroom.renew_outputs(everything=True)
    found = [path for path, content in desk.written().items() if words.encode() in content]
    found += [f"outbox: {message['To']}" for message in desk.outbox() if words in str(message)]
    question = Question(words=words, language=None, page=1, length=10)
    found += [f"search: {hit.title}" for hit in search_articles(desk.store, newsroom.masthead, question).articles]
    served = Served(newsroom)
    browser = TestClient(create_app(served, dev_inbox=True), base_url="http://localhost", client=("127.0.0.1", 1))
    for path in ("/metrics", "/sitemap.xml", "/feeds/rss.xml", "/feeds/atom.xml", "/feeds/feed.json", "/", "/en/"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        found += [path] if words in answer.text else []
    return found


class TestFrozen:
    def test_article_that_waits_is_seen_nowhere_and_is_everywhere_at_its_hour(self, desk: Desk) -> None:
        desk.add()
        schedule(desk, desk.write("articles/tides.md"))

        early = [*seen(desk, "tide tables"), *seen(desk, "the-tide-tables-are-out")]
        wait(desk, HOUR - timedelta(seconds=1))
        early += seen(desk, "tide tables")
        mailed = wait(desk, timedelta(seconds=1))

        assert early == []
        assert mailed == ["ada@example.org"]
        assert {"/feeds/rss.xml", "/en/", "outbox: ada@example.org", "search: The tide tables are out"} <= set(
            seen(desk, "tide tables")
        )
        assert "/sitemap.xml" in seen(desk, "the-tide-tables-are-out")

    def test_edit_after_the_command_changes_nothing_that_goes_out(self, desk: Desk) -> None:
        desk.add()
        file = desk.write("articles/tides.md")
        schedule(desk, file)
        file.write_text(TIDES.replace("Spring tides come", "A RUMOUR comes"), "utf-8")

        wait(desk)

        assert "Spring tides come earlier" in plain(desk)
        assert "Spring tides come earlier" in desk.read("site/en/the-tide-tables-are-out/index.html")
        assert seen(desk, "A RUMOUR") == []
        assert desk.newsroom.status().changed == ("articles/tides.md",)

    def test_file_that_is_deleted_meanwhile_goes_out_all_the_same(self, desk: Desk) -> None:
        desk.add()
        file = desk.write("articles/tides.md")
        schedule(desk, file)
        file.unlink()

        assert wait(desk) == ["ada@example.org"]

    def test_first_publication_is_the_moment_of_the_release(self, desk: Desk) -> None:
        schedule(desk, desk.write("articles/tides.md"))

        wait(desk, HOUR + timedelta(seconds=7))

        (row,) = desk.rows(articles)
        assert row["first_published_at"] == row["updated_at"] == desk.now
        assert f"{desk.now:%Y-%m-%dT%H:%M:%S+00:00}" in desk.read("feeds/feed.json")

    def test_reader_who_came_or_left_meanwhile_counts_as_of_the_hour(self, desk: Desk) -> None:
        desk.add()
        desk.add("cleo@example.org")
        schedule(desk, desk.write("articles/tides.md"))
        desk.leave("cleo@example.org")
        desk.add("ben@example.org")

        assert wait(desk) == ["ada@example.org", "ben@example.org"]

    @pytest.mark.parametrize("language", ["fr", "ar"])
    def test_reader_in_a_language_that_nobody_had_gets_the_article_too(self, desk: Desk, language: str) -> None:
        desk.add()
        schedule(desk, desk.write("articles/tides.md"))
        desk.add("farid@example.org", language=language)

        assert wait(desk) == ["ada@example.org", "farid@example.org"]
        assert all("Spring tides come earlier" in str(message) for message in desk.outbox())

    def test_article_that_nobody_would_be_mailed_is_published_at_its_hour_as_well(self, desk: Desk) -> None:
        desk.add()
        schedule(desk, desk.write("articles/tides.md"), feed_only=True)

        assert wait(desk) == []
        assert "tide tables" in desk.read("feeds/rss.xml")

    def test_everyone_still_means_the_readers_of_digests_at_the_hour(self, desk: Desk) -> None:
        desk.add("wim@example.org", rhythm="weekly")
        schedule(desk, desk.write("articles/tides.md"), everyone=True)

        assert wait(desk) == ["wim@example.org"]

    def test_second_ring_publishes_and_mails_nothing_twice(self, either_desk: Desk) -> None:
        either_desk.add()
        schedule(either_desk, either_desk.write("articles/tides.md"))

        mailed = wait(either_desk)
        again = [*ring(either_desk), *wait(either_desk, timedelta(minutes=5))]

        assert (mailed, again) == (["ada@example.org"], [])
        assert either_desk.count(articles) == either_desk.count(deliveries) == 1


class TestSeveral:
    def test_set_goes_out_as_one_email_under_its_subject(self, desk: Desk) -> None:
        desk.add()
        files = [desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)]
        schedule(desk, *files, subject="Two of them")

        assert wait(desk) == ["ada@example.org"]
        assert desk.outbox()[0]["Subject"] == "Two of them"
        assert "The quay is mended" in plain(desk)
        assert desk.count(articles) == 2

    def test_each_makes_an_email_of_each(self, desk: Desk) -> None:
        desk.add()
        files = [desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)]
        schedule(desk, *files, each=True)

        assert wait(desk) == ["ada@example.org"] * 2
        assert {str(m["Subject"]) for m in desk.outbox()} == {"The tide tables are out", "The quay is mended"}

    def test_translations_reach_each_reader_in_their_own_language(self, desk: Desk) -> None:
        desk.add()
        desk.add("farid@example.org", language="fr")
        files = [desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES)]
        schedule(desk, *files)
        desk.add("amal@example.org", language="ar")

        wait(desk)

        subjects = {str(message["To"]): str(message["Subject"]) for message in desk.outbox()}
        # Arabic readers of this newsroom read French rather than English.
        assert subjects == {
            "ada@example.org": "The tide tables are out",
            "farid@example.org": "Les marées",
            "amal@example.org": "Les marées",
        }

    def test_two_commands_go_out_each_at_its_own_hour(self, desk: Desk) -> None:
        desk.add()
        schedule(desk, desk.write("articles/tides.md"), by=2 * HOUR)
        schedule(desk, desk.write("articles/quay.md", QUAY))

        first = (wait(desk), str(desk.outbox()[-1]["Subject"]))
        second = (wait(desk), str(desk.outbox()[-1]["Subject"]))

        assert first == (["ada@example.org"], "The quay is mended")
        assert second == (["ada@example.org"], "The tide tables are out")


class TestRefused:
    def test_published_article_is_not_scheduled_again(self, desk: Desk) -> None:
        file = desk.write("articles/tides.md")
        desk.publish(file)

        with pytest.raises(UsageError, match=r"published already\. A revision goes out at once"):
            schedule(desk, file)

    def test_article_that_waits_is_neither_scheduled_nor_published_again(self, desk: Desk) -> None:
        file = desk.write("articles/tides.md")
        schedule(desk, file)

        with pytest.raises(UsageError, match="scheduled for 2026-11-24 10:00 UTC already"):
            schedule(desk, file, by=2 * HOUR)
        with pytest.raises(UsageError, match=r"newsletter articles unschedule articles/tides\.md"):
            desk.publish(file)


class TestHeld:
    """What cannot be published at its hour waits for a person, and keeps nothing else from going out."""

    @pytest.fixture
    def taken(self, desk: Desk) -> str:
        """An edition that waits, whose article's address another article took; another command waits as well."""
        desk.add()
        uid = schedule(desk, desk.write("articles/tides.md"))
        schedule(desk, desk.write("articles/quay.md", QUAY))
        desk.publish(desk.write("articles/other.md", TIDES.replace("earlier", "later")), feed_only=True)
        return uid

    def test_taken_address_holds_the_article_and_lets_the_others_go_out(self, desk: Desk, taken: str) -> None:
        mailed = wait(desk)

        assert mailed == ["ada@example.org"]
        assert state_of(desk, taken) is EditionState.HELD
        assert [row["source_path"] for row in desk.rows(articles)] == ["articles/other.md", "articles/quay.md"]

    def test_owner_is_told_of_it_once_and_status_names_it(self, desk: Desk, taken: str) -> None:
        wait(desk)
        wait(desk, timedelta(minutes=3))

        (notice,) = desk.rows(notices)
        assert (notice["to_address"], b"Held, not sent: articles/tides.md" in notice["message"]) == (
            "owner@example.org",
            True,
        )
        (waiting,) = desk.newsroom.status().scheduled
        assert waiting.source_path == "articles/tides.md"
        assert "was published meanwhile with the same address" in (waiting.held or "")

    def test_held_article_goes_out_under_another_address(self, desk: Desk, taken: str) -> None:
        wait(desk)
        file = desk.write("articles/tides.md", TIDES.replace("language: en", "language: en\nslug: high-tides"))
        mailed = desk.mail(file, wishes=Wishes(any_date=True), now=True)

        assert mailed == ["ada@example.org"]
        assert desk.newsroom.status().scheduled == ()
        assert state_of(desk, taken) is EditionState.CANCELLED

    def test_article_that_is_found_much_too_late_is_held(self, desk: Desk) -> None:
        desk.add()
        uid = schedule(desk, desk.write("articles/tides.md"))
        ring(desk)

        mailed = wait(desk, timedelta(hours=9))

        assert mailed == []
        assert state_of(desk, uid) is EditionState.HELD
        assert "more than its grace of 6 h" in (desk.newsroom.status().scheduled[0].held or "")

    def test_resumed_it_goes_out_at_the_next_ring(self, desk: Desk) -> None:
        desk.add()
        uid = schedule(desk, desk.write("articles/tides.md"))
        ring(desk)
        wait(desk, timedelta(hours=9))

        desk.newsroom.resume_edition(uid)

        assert wait(desk, timedelta(minutes=1)) == ["ada@example.org"]


class TestStopped:
    def test_unscheduled_article_is_an_article_of_the_folder_again(self, desk: Desk) -> None:
        desk.add()
        file = desk.write("articles/tides.md")
        uid = schedule(desk, file)

        stopped = desk.newsroom.unschedule("articles/tides.md")
        nothing = [*wait(desk), *seen(desk, "tide tables")]

        assert (stopped, nothing) == (("articles/tides.md",), [])
        assert state_of(desk, uid) is EditionState.CANCELLED
        assert desk.mail(file) == ["ada@example.org"]

    def test_cancelled_edition_leaves_its_article_unpublished_and_free_to_be_mailed(self, desk: Desk) -> None:
        desk.add()
        file = desk.write("articles/tides.md")
        uid = schedule(desk, file)

        cancelled = desk.newsroom.cancel_edition(uid)
        nothing = wait(desk)
        schedule(desk, file)

        assert (cancelled, nothing, desk.count(articles)) == (0, [], 0)
        assert wait(desk) == ["ada@example.org"]

    def test_stopping_one_of_a_set_stops_the_set(self, desk: Desk) -> None:
        desk.add()
        files = [desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)]
        schedule(desk, *files, subject="Two")

        desk.newsroom.unschedule("articles/quay.md")

        assert wait(desk) == []
        assert desk.newsroom.status().scheduled == ()
        assert desk.mail(files[0]) == ["ada@example.org"]

    def test_published_now_it_does_not_go_out_again_at_its_hour(self, desk: Desk) -> None:
        desk.add()
        file = desk.write("articles/tides.md")
        uid = schedule(desk, file)

        mailed = desk.mail(file, now=True)

        assert (mailed, wait(desk)) == (["ada@example.org"], [])
        assert state_of(desk, uid) is EditionState.CANCELLED
        assert desk.newsroom.list_editions()[0].state is EditionState.SENT

    def test_paused_edition_waits_beyond_its_hour_until_it_is_resumed(self, desk: Desk) -> None:
        desk.add()
        uid = schedule(desk, desk.write("articles/tides.md"))
        desk.newsroom.pause_edition(uid)

        early = wait(desk)
        desk.newsroom.resume_edition(uid)

        assert (early, desk.count(editions)) == ([], 1)
        assert wait(desk, timedelta(minutes=1)) == ["ada@example.org"]

    def test_pausing_one_edition_of_a_command_lets_the_other_rest_with_it(self, desk: Desk) -> None:
        desk.add()
        files = [desk.write("articles/tides.md"), desk.write("articles/quay.md", QUAY)]
        uid = schedule(desk, *files, each=True)
        desk.newsroom.pause_edition(uid)

        early = [*wait(desk), *seen(desk, "The quay is mended")]
        desk.newsroom.resume_edition(uid)

        assert early == []
        assert wait(desk, timedelta(minutes=1)) == ["ada@example.org"] * 2


def test_paused_newsroom_publishes_nothing_and_catches_up_when_it_is_resumed(desk: Desk) -> None:
    desk.add()
    schedule(desk, desk.write("articles/tides.md"))
    with desk.store.writing() as connection:
        remember(connection, "paused", "restored from a backup")

    ticked = [desk.newsroom.tick().paused for _ in range(2)]
    desk.now += HOUR
    ticked.append(desk.newsroom.tick().paused)
    desk.newsroom.resume()

    assert ticked == ["restored from a backup"] * 3
    assert ring(desk) == ["ada@example.org"]
