"""`publish --note` and `--mail-correction`, `articles withdraw`, `editions cancel --give-back`, as typed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import time_machine
from keyboard import RELAY

from newsletter.cli.opening import the_world
from newsletter.editions import PublishWishes, Wishes
from newsletter.newsroom import Newsroom

SPRING = "articles/spring.md"
WINTER = "---\ntitle: Winter\nlanguage: en\n---\nIce.\n"
NINE = "2026-11-24 09:00+00:00"
TEN = "2026-11-24 10:00+00:00"
ELEVEN = "2026-11-24 11:00+00:00"
NOTE = ("--note", "It said March only.")
MAIL = ("--mail-correction", "--yes")


@pytest.fixture
def at(run):
    """Run a command at a moment that is named."""

    def run_then(moment: str, *words: str):
        with time_machine.travel(moment):
            return run(*words)

    return run_then


@pytest.fixture(scope="session")
def mailed_newsroom(fresh_newsroom: Path, audience: Callable[[str], Path], tmp_path_factory) -> Path:
    """The newsroom of `readers` at nine, when Ada and Farid have the article; to be copied."""
    folder = tmp_path_factory.mktemp("mailed") / "newsroom"
    shutil.copytree(fresh_newsroom, folder)
    shutil.copy(audience("few"), folder / "newsletter.db")
    newsroom = Newsroom(folder, replace(the_world(), environ={}, clock=lambda: datetime.fromisoformat(NINE)))
    newsroom.publish(newsroom.plan([folder / SPRING], wishes=Wishes(), publish=PublishWishes()))
    newsroom.send_due()
    newsroom.close()
    shutil.rmtree(folder / "outbox")
    return folder


@pytest.fixture
def mailed(newsroom: Path, mailed_newsroom: Path) -> None:
    """Ada and Farid have the article; the Maildir is empty again."""
    shutil.rmtree(newsroom)
    shutil.copytree(mailed_newsroom, newsroom)
    os.chdir(newsroom)


def edit(newsroom: Path, words: str = "In April, too.") -> None:
    with (newsroom / SPRING).open("a", encoding="utf-8") as file:
        file.write(f"\n{words}\n")


def emails(newsroom: Path) -> list[tuple[str, str]]:
    """(address, subject) of each message in the Maildir."""
    folder = newsroom / "outbox" / "new"
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in folder.glob("*")]
    return sorted((str(message["To"]), str(message["Subject"])) for message in found)


CORRECTION = [
    ("ada@example.org", "Correction: Spring tides"),
    ("farid@example.org", "Correction: Spring tides"),
]

pytestmark = pytest.mark.usefixtures("mailed")


class TestNote:
    def test_is_told_on_the_page_and_in_feeds_and_mails_nobody(self, at, newsroom: Path) -> None:
        edit(newsroom)

        result = at(TEN, "publish", SPRING, *NOTE, "--yes")

        assert result.code == 0
        assert "A revision mails nobody." in result.err
        assert "It said March only." in (newsroom / "site" / "en" / "spring-tides" / "index.html").read_text("utf-8")
        (entry,) = json.loads((newsroom / "feeds" / "feed.json").read_text("utf-8"))["items"]
        assert entry["date_modified"] == "2026-11-24T10:00:00+00:00"
        assert at(TEN, "status", "--json").data["changed"] == []
        assert emails(newsroom) == []

    @pytest.mark.parametrize("words", [NOTE, (*NOTE, "--dry-run")])
    def test_on_a_file_that_was_not_edited_does_nothing(self, at, words: tuple[str, ...]) -> None:
        result = at(TEN, "publish", SPRING, *words, "--yes")

        assert "Traceback" not in result.err
        assert at(TEN, "status", "--json").data["changed"] == []
        if "--dry-run" not in words:
            assert result.code == 2
            assert "--note goes with an article that was published and has been edited since." in result.err

    def test_on_a_new_article_is_refused_and_publishes_nothing(self, at, newsroom: Path) -> None:
        (newsroom / "articles" / "winter.md").write_text(WINTER, "utf-8")

        result = at(TEN, "publish", "articles/winter.md", *NOTE, "--yes")

        assert result.code == 2
        assert at(TEN, "status", "--json").data["articles"] == {"published": 1}
        assert emails(newsroom) == []

    @pytest.mark.parametrize(("note", "sentence"), [("  ", "--note is empty."), ("a\nb", "--note holds a line break.")])
    def test_that_says_nothing_or_too_much_is_refused(self, at, newsroom: Path, note: str, sentence: str) -> None:
        edit(newsroom)

        result = at(TEN, "publish", SPRING, "--note", note, "--yes")

        assert (result.code, sentence in result.err) == (2, True)
        assert at(TEN, "status", "--json").data["changed"] == [SPRING]


class TestMailCorrection:
    def test_mails_those_who_have_the_old_text(self, at, newsroom: Path) -> None:
        edit(newsroom)
        at(TEN, "subscribers", "add", "ben@example.org", "--consent", "asked")

        result = at(TEN, "publish", SPRING, *NOTE, *MAIL, "--json")

        assert result.code == 0
        assert [edition["by_state"]["sent"] for edition in result.data["editions"]] == [2]
        assert emails(newsroom) == CORRECTION
        kinds = [edition["kind"] for edition in at(TEN, "editions", "list", "--json").data]
        assert kinds == ["correction", "single"]

    def test_asks_for_so_many_readers_first(self, at, newsroom: Path) -> None:
        edit(newsroom)

        result = at(TEN, "publish", SPRING, *NOTE, "--mail-correction")

        assert result.code == 2
        assert "This publishes and mails 2 readers" in result.err
        assert emails(newsroom) == []

    def test_needs_a_note(self, at, newsroom: Path) -> None:
        edit(newsroom)

        result = at(TEN, "publish", SPRING, *MAIL)

        assert (result.code, result.err) == (2, "--mail-correction needs --note: the email says what was changed.\n")
        assert emails(newsroom) == []

    def test_again_mails_nobody_twice_and_asks_for_nothing(self, at, newsroom: Path) -> None:
        edit(newsroom)
        at(TEN, "publish", SPRING, *NOTE, *MAIL)

        again = at(ELEVEN, "publish", SPRING, *NOTE, "--mail-correction")

        assert again.code == 0
        assert emails(newsroom) == CORRECTION

    def test_again_goes_on_with_what_waits_of_it(self, at, newsroom: Path) -> None:
        edit(newsroom)
        config = newsroom / "config.toml"
        outbox = config.read_text("utf-8")
        config.write_text(outbox.replace('"outbox"', '"relay"', 1) + RELAY.format(port=9), "utf-8")
        deferred = at(TEN, "publish", SPRING, *NOTE, *MAIL)
        config.write_text(outbox, "utf-8")

        again = at("2026-11-24 16:00+00:00", "publish", SPRING, *NOTE, "--mail-correction")

        assert (deferred.code, again.code) == (75, 0)
        assert emails(newsroom) == CORRECTION

    def test_of_an_article_without_a_note_that_was_not_edited_is_refused(self, at, newsroom: Path) -> None:
        result = at(TEN, "publish", SPRING, *NOTE, *MAIL)

        assert result.code == 2
        assert emails(newsroom) == []

    def test_broken_off_after_the_revision_it_mails_when_it_is_run_again(self, at, newsroom: Path) -> None:
        edit(newsroom)
        at(TEN, "publish", SPRING, *NOTE, "--yes")

        result = at(ELEVEN, "publish", SPRING, *NOTE, *MAIL)

        assert result.code == 0
        assert emails(newsroom) == CORRECTION

    def test_is_refused_while_emails_with_the_old_text_wait(self, at, newsroom: Path, no_relay: int) -> None:
        winter = newsroom / "articles" / "winter.md"
        winter.write_text(WINTER, "utf-8")
        at(TEN, "publish", "articles/winter.md", "--yes")
        winter.write_text(f"{WINTER}\nAnd snow.\n", "utf-8")

        result = at(ELEVEN, "publish", "articles/winter.md", *NOTE, *MAIL)

        assert result.code == 2
        assert "Emails with the old text have not all left yet" in result.err
        assert "newsletter editions cancel " in result.err
        assert at(ELEVEN, "status", "--json").data["changed"] == ["articles/winter.md"]


def test_given_back_edition_comes_with_the_next_digest(at, newsroom: Path, no_relay: int) -> None:
    (newsroom / "articles" / "winter.md").write_text(WINTER, "utf-8")
    at(NINE, "tick")
    at(TEN, "publish", "articles/winter.md", "--yes")
    uid = at(TEN, "editions", "list", "--json").data[0]["uid"]
    cancelled = at(TEN, "editions", "cancel", uid, "--give-back", "--yes", "--json")
    config = newsroom / "config.toml"
    config.write_text(config.read_text("utf-8").replace('transport = "relay"', 'transport = "outbox"'), "utf-8")

    at("2026-11-25 08:05+00:00", "tick")

    assert cancelled.data == {"uid": uid, "cancelled": 2}
    assert [address for address, _ in emails(newsroom)] == ["ada@example.org", "farid@example.org"]


def test_withdrawn_article_says_how_many_emails_stay_home(at, newsroom: Path, no_relay: int) -> None:
    (newsroom / "articles" / "winter.md").write_text(WINTER, "utf-8")
    at(TEN, "publish", "articles/winter.md", "--yes")

    result = at(ELEVEN, "articles", "withdraw", "articles/winter.md", "--yes")

    assert '"Winter" is withdrawn; 2 emails that had not left will not be sent.' in result.out
    assert "Winter" not in (newsroom / "feeds" / "rss.xml").read_text("utf-8")
