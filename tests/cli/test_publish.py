"""`publish` without a terminal: the plan, the release, the second run, and every option."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import time_machine

SPRING = "articles/spring.md"


def edit(newsroom: Path, words: str) -> None:
    with (newsroom / SPRING).open("a", encoding="utf-8") as file:
        file.write(f"\n{words}\n")


def emails(newsroom: Path) -> list[str]:
    """Whom the Maildir holds mail for."""
    folder = newsroom / "outbox" / "new"
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in folder.glob("*")]
    return sorted(message["To"].addresses[0].addr_spec for message in found)


@pytest.mark.usefixtures("readers")
class TestDryRun:
    def test_shows_subject_feeds_and_readers_by_language_and_rhythm(self, run, newsroom: Path) -> None:
        result = run("publish", SPRING, "--dry-run")

        assert result.code == 0
        assert "subject   Spring tides" in result.out
        assert "feeds, feeds/en, feeds/topics/culture" in result.out
        assert "readers   2 of 4 (by language: en 1, fr 1; by rhythm: each 2)" in result.out
        assert "weekly digest 1" in result.out

    def test_changes_nothing(self, run, newsroom: Path) -> None:
        files = [path for path in newsroom.rglob("*") if path.is_file() and not path.name.startswith("newsletter.db")]
        before = {path: path.read_bytes() for path in files}

        run("publish", SPRING, "--dry-run")

        assert before == {path: path.read_bytes() for path in files}
        assert run("status", "--json").data["articles"] == {}
        assert not (newsroom / "outbox").exists()

    def test_gives_the_plan_as_json(self, run) -> None:
        plan = run("publish", SPRING, "--dry-run", "--json").data

        assert set(plan) == {"articles", "feeds", "editions", "findings"}
        (edition,) = plan["editions"]
        assert edition == {
            "kind": "single",
            "subject": "Spring tides",
            "considered": 4,
            "audience": 2,
            "by_language": {"en": 1, "fr": 1},
            "by_rhythm": {"each": 2},
            "excluded": {"digest weekly": 1, "unsubscribed": 1},
        }

    def test_of_an_article_dated_in_the_future_refuses_as_the_publish_would(self, run, newsroom: Path) -> None:
        (newsroom / SPRING).write_text("---\ntitle: Later\ndate: 2199-01-01\n---\nText.\n", "utf-8")

        result = run("publish", SPRING, "--dry-run")

        assert result.code == 4
        assert "Pass --now" in result.err
        assert run("publish", SPRING, "--dry-run", "--now").code == 0


@pytest.mark.usefixtures("readers")
class TestPublish:
    def test_makes_page_feeds_and_emails_and_says_where(self, run, newsroom: Path) -> None:
        result = run("publish", SPRING, "--yes")

        assert result.code == 0
        places = dict(line.split(maxsplit=1) for line in result.out.splitlines())
        assert Path(places["page"]).read_text("utf-8").count("Spring tides") > 1
        assert "Spring tides" in Path(places["feeds"], "rss.xml").read_text("utf-8")
        assert emails(newsroom) == ["ada@example.org", "farid@example.org"]

    def test_closes_with_a_balance_that_adds_up(self, run) -> None:
        err = run("publish", SPRING, "--yes").err

        assert "considered 4 = audience 2 + 2 left out (" in err
        assert "audience 2 = 2 sent" in err

    def test_gives_its_result_as_json(self, run) -> None:
        result = run("publish", SPRING, "--yes", "--json").data

        assert set(result) == {"published", "revised", "articles", "places", "editions", "findings"}
        assert set(result["places"]) == {"pages", "feeds", "outbox"}
        assert set(result["articles"][0]) == {"path", "standing", "uid", "title", "language", "topics", "url"}
        (edition,) = result["editions"]
        assert edition["state"] == "sent"
        assert sum(edition["by_state"].values()) == edition["audience"] == 2
        assert edition["audience"] + sum(edition["excluded"].values()) == edition["considered"] == 4

    def test_again_sends_nothing_and_says_so(self, run, newsroom: Path) -> None:
        run("publish", SPRING, "--yes")
        before = emails(newsroom)

        again = run("publish", SPRING)

        assert again.code == 0
        assert "already published and unchanged, mailed on 20" in again.err
        assert emails(newsroom) == before

    def test_again_is_exit_3_for_those_who_ask(self, run) -> None:
        run("publish", SPRING, "--yes")

        assert run("publish", SPRING, "--exit-code").code == 3

    def test_of_an_edited_article_renews_page_and_feeds_and_mails_nobody(self, run, newsroom: Path) -> None:
        run("publish", SPRING, "--yes")
        edit(newsroom, "Spring tides come earlier.")

        result = run("publish", SPRING, "--yes")

        assert "A revision mails nobody." in result.err
        assert "come earlier" in (newsroom / "feeds" / "rss.xml").read_text("utf-8")
        assert len(emails(newsroom)) == 2

    @pytest.mark.parametrize(("option", "hour"), [((), "09"), (("--significant",), "11")])
    def test_of_an_edit_moves_updated_only_when_it_is_significant(self, run, newsroom: Path, option, hour) -> None:
        with time_machine.travel("2026-11-24 09:00 +0000"):
            run("publish", SPRING, "--yes")
        edit(newsroom, "A comma.")

        with time_machine.travel("2026-11-24 11:00 +0000"):
            run("publish", SPRING, "--yes", *option)

        (entry,) = json.loads((newsroom / "feeds" / "feed.json").read_text("utf-8"))["items"]
        assert entry["date_modified"] == f"2026-11-24T{hour}:00:00+00:00"

    def test_feed_only_mails_nobody(self, run, newsroom: Path) -> None:
        result = run("publish", SPRING, "--feed-only", "--yes")

        assert result.code == 0
        assert "nobody is mailed (--feed-only)" in result.err
        assert not (newsroom / "outbox").exists()

    def test_everyone_also_reaches_the_reader_of_a_digest(self, run, newsroom: Path) -> None:
        run("publish", SPRING, "--everyone", "--yes")

        assert emails(newsroom) == ["ada@example.org", "farid@example.org", "wim@example.org"]

    def test_everyone_after_feed_only_mails_the_article_late(self, run, newsroom: Path) -> None:
        run("publish", SPRING, "--feed-only", "--yes")
        hint = run("publish", SPRING).err

        run("publish", SPRING, "--everyone", "--yes")

        assert "pass --everyone" in hint
        assert len(emails(newsroom)) == 3

    def test_subject_stands_in_the_email(self, run, newsroom: Path) -> None:
        run("publish", SPRING, "--subject", "Les marées, c’est l’été", "--yes")

        message = message_from_bytes(next((newsroom / "outbox" / "new").iterdir()).read_bytes(), policy=default)
        assert message["Subject"] == "Les marées, c’est l’été"

    def test_to_sends_a_copy_of_each_variant_and_publishes_nothing(self, run, newsroom: Path) -> None:
        result = run("publish", SPRING, "--to", "you@example.org", "--json")

        # The article is English; the words around it are English for Ada and French for Farid.
        assert result.data == {"to": "you@example.org", "messages": 2}
        assert set(emails(newsroom)) == {"you@example.org"}
        assert run("status", "--json").data["articles"] == {}

    def test_to_shows_a_draft_as_well(self, run, newsroom: Path) -> None:
        (newsroom / SPRING).write_text("---\ntitle: Draft\ndraft: true\n---\nText.\n", "utf-8")

        assert run("publish", SPRING, "--to", "you@example.org").code == 0

    def test_notes_are_for_those_who_ask(self, run, newsroom: Path) -> None:
        (newsroom / SPRING).write_text("---\ntitle: Short\n---\nText.\n", "utf-8")

        assert "language-detected" not in run("publish", SPRING, "--dry-run").err
        assert "language-detected" in run("publish", SPRING, "--dry-run", "-v").err

    def test_quiet_says_nothing_when_all_went_well(self, run) -> None:
        assert run("publish", SPRING, "--yes", "-q").err == ""


class TestSeveral:
    @pytest.fixture(autouse=True)
    def second(self, newsroom: Path, readers) -> None:
        (newsroom / "articles" / "winter.md").write_text("---\ntitle: Winter\nlanguage: en\n---\nIce.\n", "utf-8")

    def test_make_one_edition_that_needs_a_subject(self, run) -> None:
        result = run("publish", SPRING, "articles/winter.md", "--yes")

        assert result.code == 2
        assert '--subject "…", or --each' in result.err

    def test_make_one_edition_under_a_subject(self, run) -> None:
        editions = run("publish", SPRING, "articles/winter.md", "--subject", "Two", "--yes", "--json").data["editions"]

        assert [edition["audience"] for edition in editions] == [2]

    def test_make_an_edition_each(self, run) -> None:
        editions = run("publish", SPRING, "articles/winter.md", "--each", "--yes", "--json").data["editions"]

        assert [edition["state"] for edition in editions] == ["sent", "sent"]

    def test_share_no_title(self, run) -> None:
        assert "exclude each other" in run("publish", SPRING, "articles/winter.md", "--title", "x").err


class TestFromOutside:
    @pytest.fixture
    def handed_over(self, tmp_path: Path) -> Path:
        file = tmp_path / "récit.txt"
        file.write_text(
            "Culture | Les gens du quai\n\nIls arrivent avant l’aube et repartent avec la marée.\n\n"
            "Une journée\n\nLe port s’éveille doucement, les chalutiers rentrent, et la criée commence.\n\n"
            "- le pain\n- le poisson\n",
            "utf-8",
        )
        return file

    def test_plain_text_is_copied_in_with_language_and_topic(self, run, newsroom: Path, handed_over: Path) -> None:
        result = run("publish", str(handed_over), "--title", "Les gens du quai", "--feed-only", "--yes", "--json")

        (article,) = result.data["articles"]
        assert (article["language"], article["topics"]) == ("fr", ["culture"])
        assert (newsroom / "articles" / "récit.txt").read_bytes() == handed_over.read_bytes()

    def test_plan_says_that_the_file_is_copied(self, run, newsroom: Path, handed_over: Path) -> None:
        out = run("publish", str(handed_over), "--title", "Les gens du quai", "--dry-run").out

        assert "copied to articles/récit.txt" in out
        assert "fr  (told from the text)" in out

    def test_another_file_of_that_name_is_not_overwritten(self, run, newsroom: Path, handed_over: Path) -> None:
        (newsroom / "articles" / "récit.txt").write_text("mine", "utf-8")

        result = run("publish", str(handed_over), "--title", "Les gens", "--feed-only", "--yes")

        assert result.code == 2
        assert (newsroom / "articles" / "récit.txt").read_text("utf-8") == "mine"

    def test_language_on_the_command_line_wins(self, run, newsroom: Path, handed_over: Path) -> None:
        result = run("publish", str(handed_over), "--title", "Quai", "--language", "ar", "--dry-run", "--json")

        assert result.data["articles"][0]["language"] == "ar"


class TestIdentity:
    @pytest.fixture(autouse=True)
    def rewritten(self, run, newsroom: Path) -> None:
        run("publish", SPRING, "--feed-only", "--yes")
        (newsroom / SPRING).write_text("---\ntitle: Something else\n---\nNothing is as it was before.\n", "utf-8")

    def test_rewritten_file_asks_whether_it_is_the_same_article(self, run) -> None:
        result = run("publish", SPRING, "--yes")

        assert result.code == 2
        assert "--same" in result.err
        assert "--new" in result.err

    @pytest.mark.parametrize(("claim", "became"), [("--new", "published"), ("--same", "revised")])
    def test_claim_answers_the_question(self, run, claim: str, became: str) -> None:
        result = run("publish", SPRING, claim, "--feed-only", "--yes", "--json").data

        assert len(result[became]) == 1


def test_nobody_due_counts_as_sent_and_is_said(run, newsroom: Path) -> None:
    result = run("publish", SPRING, "--yes")

    assert result.code == 0
    assert "sent, nobody was due" in result.err


@pytest.mark.parametrize(
    "pair",
    [("--new", "--same"), ("--feed-only", "--everyone"), ("--dry-run", "--to=you@example.org")],
)
def test_wishes_that_cannot_both_be_meant_do_nothing(run, newsroom: Path, readers, pair: tuple[str, str]) -> None:
    result = run("publish", SPRING, "--yes", *pair)

    assert (result.code, "exclude each other" in result.err) == (2, True)
    assert not (newsroom / "outbox").exists()


def test_newsroom_may_be_named_before_or_after_the_command(run, newsroom: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert run("-C", "newsroom", "publish", SPRING, "--dry-run").code == 0
    assert run("publish", SPRING, "--dry-run", "-C", "newsroom").code == 0
