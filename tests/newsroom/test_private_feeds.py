"""A reader's own feed end to end: what stands in it, who may see it, and what becomes of the mail."""

from __future__ import annotations

import logging
import re
import warnings
from datetime import timedelta

import feedparser
import pytest
from real_newsroom import MAREES, QUAY, TIDES, Desk
from sqlalchemy import select

from newsletter import feeds_desk
from newsletter.cli.serving import Served
from newsletter.editions import PublishWishes, Wishes
from newsletter.model import DeliveryState, Subscriber
from newsletter.readers_desk import ReadersDesk
from newsletter.site import Question, Selection, search_articles
from newsletter.store.tables import deliveries, metadata, private_feeds
from newsletter.subscribers import Choices, find
from newsletter.subscribers.tokens import preferences_token
from newsletter.web import create_app

with warnings.catch_warnings():
    # The test client prefers httpx2 where it is installed and says so; both behave alike here.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

FORMATS = ("rss.xml", "atom.xml", "feed.json")
TREATY = "---\ntitle: The harbour treaty\nlanguage: en\ntopics: [diplomacy]\n---\nTwo towns share one pilot.\n"
WEEKLY = '[schedules.weekly]\nat = "mon 08:00"\nhour_of = "newsroom"\n'


def readers_of(desk: Desk) -> ReadersDesk:
    return desk.newsroom.readers_desk(told=lambda: None)


def link_of(desk: Desk, reader: Subscriber) -> str:
    """The token of the reader's preferences link."""
    return preferences_token(desk.newsroom.keys, reader.id, reader.token_version)


def swap(desk: Desk, reader: Subscriber, readers: ReadersDesk | None = None) -> str:
    """Swap the reader's email for a feed; gives the feed's token."""
    swapped = (readers or readers_of(desk)).feeds.swap_to_feed(link_of(desk, reader))
    assert swapped is not None
    return swapped[1].rss.split("/")[-2]


def content(readers: ReadersDesk, token: str, name: str = "rss.xml") -> bytes:
    found = readers.feeds.feed_of(token, name)
    assert found is not None
    assert found.content is not None
    return found.content


def titles(desk: Desk, token: str) -> list[str]:
    """The titles in the feed with this token, the first first."""
    return [entry.title for entry in feedparser.parse(content(readers_of(desk), token)).entries]


def browser_of(desk: Desk) -> TestClient:
    app = create_app(Served(desk.newsroom), dev_inbox=False)
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1))


def dump(desk: Desk) -> list[object]:
    with desk.store.reading() as connection:
        tables = metadata.sorted_tables
        return [connection.execute(select(table).order_by(*table.primary_key.columns)).all() for table in tables]


def ring(desk: Desk, **by: float) -> list[str]:
    """Let time pass, ring the bell and send; gives the addresses mailed by it."""
    desk.pass_time(**by)
    before = len(desk.outbox())
    assert desk.newsroom.tick().faults == ()
    desk.newsroom.send_due()
    return sorted(str(message["To"]) for message in desk.outbox()[before:])


class TestMail:
    def test_queued_edition_is_not_mailed_and_stands_in_the_feed(self, either_desk: Desk) -> None:
        ada = either_desk.add("ada@example.org")
        either_desk.add("ben@example.com")
        released = either_desk.publish(either_desk.write("articles/tides.md"))

        token = swap(either_desk, ada)
        either_desk.send(released)

        assert [str(message["To"]) for message in either_desk.outbox()] == ["ben@example.com"]
        row = next(row for row in either_desk.rows(deliveries) if row["subscriber_id"] == ada.id)
        assert (row["state"], row["reason"]) == (DeliveryState.CANCELLED, "feed")
        assert titles(either_desk, token) == ["The tide tables are out"]

    def test_queued_digest_is_not_mailed_and_nothing_is_owed(self, desk: Desk) -> None:
        config = desk.folder / "config.toml"
        config.write_text(config.read_text("utf-8") + WEEKLY, "utf-8")
        desk.reopen()
        desk.newsroom.tick()
        wim = desk.add("wim@example.org", rhythm="weekly")
        desk.publish(desk.write("articles/tides.md"))
        for _ in range(7 * 24):
            desk.pass_time(hours=1)
            desk.newsroom.tick()
        queued = [row["state"] for row in desk.rows(deliveries)]

        swap(desk, wim)
        desk.newsroom.send_due()

        assert queued == [DeliveryState.QUEUED]
        assert desk.outbox() == []

    def test_going_back_mails_the_next_article_and_none_of_meanwhile(self, either_desk: Desk) -> None:
        ada = either_desk.add("ada@example.org")
        token = swap(either_desk, ada)
        meanwhile = either_desk.mail(either_desk.write("articles/tides.md"))

        back = readers_of(either_desk).feeds.swap_to_mail(link_of(either_desk, ada))
        mailed = either_desk.mail(either_desk.write("articles/quay.md", QUAY))

        assert back is not None
        assert (back.rhythm, back.has_private_feed) == ("each", False)
        assert (meanwhile, mailed) == ([], ["ada@example.org"])
        (message,) = either_desk.outbox()
        assert "quay" in str(message["Subject"])
        ended = readers_of(either_desk).feeds.feed_of(token, "rss.xml")
        assert ended is not None
        assert ended.content is None

    def test_everyone_does_not_mean_readers_of_a_private_feed(self, desk: Desk) -> None:
        swap(desk, desk.add("ada@example.org"))

        assert desk.mail(desk.write("articles/tides.md"), everyone=True) == []

    def test_why_says_that_a_feed_stands_for_mail(self, desk: Desk) -> None:
        swap(desk, desk.add("ada@example.org"))

        assert desk.newsroom.why("ada@example.org").would_get == "no: a private feed stands for mail"

    def test_page_knows_it_whatever_was_done_last(self, desk: Desk) -> None:
        ada = desk.add("ada@example.org")
        swap(desk, ada)
        readers, link = readers_of(desk), link_of(desk, ada)

        shown, paused = readers.preferences_of(link), readers.pause(link, weeks=2)

        assert shown is not None
        assert paused is not None
        assert (shown.has_private_feed, paused.has_private_feed) == (True, True)

    def test_link_of_nobody_swaps_nothing(self, desk: Desk) -> None:
        feeds = readers_of(desk).feeds

        assert feeds.swap_to_feed("x" * 26) is None
        assert feeds.new_address("x" * 26) is None
        assert feeds.swap_to_mail("x" * 26) is None
        assert desk.rows(private_feeds) == []


class TestContent:
    def test_only_own_topics_stand_in_it_and_a_change_shows_at_once(self, either_desk: Desk) -> None:
        ada = either_desk.add("ada@example.org", topics=("diplomacy",))
        either_desk.publish(either_desk.write("articles/tides.md"))
        either_desk.publish(either_desk.write("articles/treaty.md", TREATY))
        token = swap(either_desk, ada)

        own = titles(either_desk, token)
        readers = readers_of(either_desk)
        readers.save_preferences(link_of(either_desk, ada), Choices(topics=(), rhythm="feed"))

        assert own == ["The harbour treaty"]
        assert sorted(titles(either_desk, token)) == ["The harbour treaty", "The tide tables are out"]

    @pytest.mark.parametrize(("language", "title"), [("en", "The tide tables are out"), ("fr", "Les marées")])
    def test_one_of_a_translation_group_comes_in_the_readers_language(
        self, either_desk: Desk, language: str, title: str
    ) -> None:
        files = either_desk.write("articles/tides.md"), either_desk.write("articles/tides.fr.md", MAREES)
        either_desk.publish(*files)

        token = swap(either_desk, either_desk.add("ada@example.org", language=language))

        assert titles(either_desk, token) == [title]

    def test_language_without_a_translation_falls_back_as_in_mail(self, desk: Desk) -> None:
        desk.publish(desk.write("articles/tides.md"), desk.write("articles/tides.fr.md", MAREES))
        desk.publish(desk.write("articles/quay.md", QUAY))

        token = swap(desk, desk.add("amal@example.org", language="ar"))

        assert sorted(titles(desk, token)) == ["Les marées", "The quay is mended"]
        parsed = feedparser.parse(content(readers_of(desk), token))
        assert (parsed.feed.title, parsed.feed.language) == ("The Harbour Post – لك", "ar")

    def test_newest_fifty_stand_in_it_in_full(self, desk: Desk) -> None:
        text = "---\ntitle: News {0}\nlanguage: en\n---\nFirst of {0}.\n\nA second paragraph of {0}.\n"
        files = [desk.write(f"articles/n{number:02}.md", text.format(number)) for number in range(52)]
        for file in files:
            desk.pass_time(minutes=1)
            desk.publish(file)

        token = swap(desk, desk.add())

        assert titles(desk, token) == [f"News {number}" for number in range(51, 1, -1)]
        assert b"A second paragraph of 51." in content(readers_of(desk), token, "feed.json")

    def test_s32_nothing_early_and_nothing_withdrawn_stands_in_it(self, either_desk: Desk) -> None:
        token = swap(either_desk, either_desk.add())
        readers = readers_of(either_desk)
        released = either_desk.publish(either_desk.write("articles/quay.md", QUAY))
        at = either_desk.now + timedelta(hours=1)
        plan = either_desk.newsroom.plan(
            [either_desk.write("articles/tides.md", TIDES)], wishes=Wishes(), publish=PublishWishes(), at=at
        )
        either_desk.newsroom.publish_at(plan, at)

        early = b"".join(content(readers, token, name) for name in FORMATS)
        ring(either_desk, hours=1)
        due = content(readers, token)
        article = either_desk.newsroom.find_article("articles/quay.md")
        either_desk.newsroom.withdraw(article.uid)
        withdrawn = b"".join(content(readers, token, name) for name in FORMATS)

        assert released.editions
        assert b"tide" not in early.lower()
        assert b"The tide tables are out" in due
        assert b"The quay is mended" not in withdrawn
        assert article.uid.encode() not in withdrawn

    def test_correction_shows_at_the_next_look(self, desk: Desk) -> None:
        token = swap(desk, desk.add())
        readers = readers_of(desk)
        file = desk.write("articles/tides.md")
        desk.publish(file)
        before = content(readers, token)

        file.write_text(TIDES.replace("and higher", "and much higher"), "utf-8")
        desk.publish(file)

        assert b"and much higher" not in before
        assert b"and much higher" in content(readers, token)


class TestFeed:
    @pytest.mark.parametrize("name", FORMATS)
    def test_parsers_read_each_format_without_complaint(self, desk: Desk, name: str) -> None:
        desk.publish(desk.write("articles/tides.md"))
        token = swap(desk, desk.add())

        body = content(readers_of(desk), token, name)

        if name != "feed.json":
            parsed = feedparser.parse(body)
            assert not parsed.bozo
            assert (parsed.feed.title, len(parsed.entries)) == ("The Harbour Post – for you", 1)
            links = {link.href for link in parsed.feed.links if link.rel == "self"}
            assert links == {f"https://news.example.org/feeds/private/{token}/{name}"}
        assert f"/feeds/private/{token}/{name}".encode() in body

    @pytest.mark.parametrize("name", FORMATS)
    def test_nothing_leads_to_a_hub_an_archive_or_another_feed(self, desk: Desk, name: str) -> None:
        desk.publish(desk.write("articles/tides.md"))
        token = swap(desk, desk.add())

        body = content(readers_of(desk), token, name).decode()

        assert not re.search(r'rel="(hub|prev-archive|next-archive|current)"|"hubs"|next_url|fh:', body)
        assert set(re.findall(r"/feeds/[\w/.-]+", body)) <= {f"/feeds/private/{token}/{each}" for each in FORMATS}

    def test_new_address_keeps_the_feeds_id_so_that_nothing_is_unread_again(self, desk: Desk) -> None:
        desk.publish(desk.write("articles/tides.md"))
        ada = desk.add()
        readers = readers_of(desk)
        first = feedparser.parse(content(readers, swap(desk, ada), "atom.xml"))

        made = readers.feeds.new_address(link_of(desk, ada))
        assert made is not None
        second = feedparser.parse(content(readers, made[1].atom.split("/")[-2], "atom.xml"))

        assert first.feed.id == second.feed.id == f"tag:news.example.org,2026-11-24:private/{ada.uid}"
        assert [entry.id for entry in first.entries] == [entry.id for entry in second.entries]

    def test_readers_who_chose_the_same_share_one_making_and_see_their_own_address(self, desk: Desk) -> None:
        desk.publish(desk.write("articles/tides.md"))
        readers = readers_of(desk)
        ada, ben = (swap(desk, desk.add(address), readers) for address in ("ada@example.org", "ben@example.com"))

        bodies = [content(readers, token).decode() for token in (ada, ben)]

        assert len(readers.feeds._kept._feeds) == 1
        assert [(ada in body, ben in body) for body in bodies] == [(True, False), (False, True)]
        assert bodies[0].replace(ada, ben) == bodies[1]

    def test_s29_memory_for_feeds_has_an_end(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feeds_desk, "MAX_KEPT", 2)
        readers = readers_of(desk)
        tokens = [
            swap(desk, desk.add(f"{language}@example.org", language=language), readers)
            for language in ("en", "fr", "ar")
        ]

        for token in tokens:
            content(readers, token)

        assert list(readers.feeds._kept._feeds) == [
            Selection(language="fr", topics=()),
            Selection(language="ar", topics=()),
        ]

    def test_empty_feed_is_one_too(self, desk: Desk) -> None:
        token = swap(desk, desk.add())

        parsed = feedparser.parse(content(readers_of(desk), token))

        assert (parsed.bozo, parsed.entries) == (False, [])


class TestDoor:
    def test_s13_asking_writes_nothing(self, either_desk: Desk) -> None:
        either_desk.publish(either_desk.write("articles/tides.md"))
        token = swap(either_desk, either_desk.add())
        browser = browser_of(either_desk)
        before = dump(either_desk)

        for method in ("GET", "HEAD"):
            for known, name in [(token, name) for name in FORMATS] + [("u" * 43, "rss.xml")]:
                browser.request(method, f"/feeds/private/{known}/{name}")

        assert dump(either_desk) == before

    def test_whole_walk_by_the_buttons(self, desk: Desk) -> None:
        desk.publish(desk.write("articles/tides.md"))
        page = f"/p/{link_of(desk, desk.add())}"
        browser = browser_of(desk)

        def press(wish: str) -> str:
            seal = re.search(r'name="seal" value="([^"]+)"', browser.get(page).text)
            assert seal is not None
            return browser.post(page, data={"seal": seal[1], "wish": wish}).text

        def addresses(text: str) -> list[str]:
            return re.findall(r'value="https://news\.example\.org(/feeds/private/[^"]+)"', text)

        first, second = addresses(press("feed")), addresses(press("feed address"))
        statuses = [[browser.get(address).status_code for address in each] for each in (first, second)]
        tag = browser.get(second[0]).headers["etag"]
        again = browser.get(second[0], headers={"If-None-Match": tag}).status_code
        press("mail")
        ended = [browser.get(address).status_code for address in second]
        reader = find(desk.store, "ada@example.org")

        assert statuses == [[410] * 3, [200] * 3]
        assert (again, ended) == (304, [410] * 3)
        assert reader is not None
        assert reader.rhythm == "each"

    def test_l6_reader_who_left_finds_the_feed_gone(self, either_desk: Desk) -> None:
        token = swap(either_desk, either_desk.add())
        browser = browser_of(either_desk)

        either_desk.leave("ada@example.org")

        assert browser.get(f"/feeds/private/{token}/rss.xml").status_code == 410

    def test_s36_forgotten_reader_leaves_no_feed(self, either_desk: Desk) -> None:
        ada = either_desk.add()
        token = swap(either_desk, ada)

        readers_of(either_desk).erase(link_of(either_desk, ada))

        assert browser_of(either_desk).get(f"/feeds/private/{token}/rss.xml").status_code == 404
        assert either_desk.rows(private_feeds) == []

    def test_s15_no_public_file_log_or_search_knows_a_private_address(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="newsletter")
        desk.mail(desk.write("articles/tides.md"))
        ada = desk.add()
        token = swap(desk, ada)
        browser = browser_of(desk)

        for name in FORMATS:
            assert browser.get(f"/feeds/private/{token}/{name}").status_code == 200
        desk.newsroom.renew_outputs(everything=True)

        found = [
            path
            for path, data in desk.written().items()
            if token.encode() in data or ada.uid.encode() in data or b"feeds/private/" in data
        ]
        assert found == ["site/robots.txt"]
        assert "Disallow: /feeds/private/\n" in desk.read("site/robots.txt")
        for words in (token, "private"):
            question = Question(words=words, language=None, page=1, length=10)
            assert search_articles(desk.store, desk.newsroom.masthead, question).number == 0
        for path in ("/", "/en/", "/feeds/rss.xml", "/feeds.opml", "/sitemap.xml", "/metrics"):
            assert token not in browser.get(path).text
        assert "/feeds/private/…" in caplog.text
        assert token not in caplog.text
        assert not any(token.encode() in file.read_bytes() for file in desk.folder.rglob("*") if file.is_file())
