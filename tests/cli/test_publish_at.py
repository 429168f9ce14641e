"""`publish --at` and `publish_at:` as a person types them: the hour, what is said, and what is refused."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import time_machine

SPRING = "articles/spring.md"
NINE = "2026-11-24 09:00 +0000"
AT = "2026-12-01 08:00"
IN_PARIS = "2026-12-01 07:00 +0000"

pytestmark = pytest.mark.usefixtures("paris", "readers")


@pytest.fixture
def paris(newsroom: Path) -> None:
    """A newsroom on the clock of Paris."""
    config = newsroom / "config.toml"
    text = config.read_text("utf-8")
    assert 'time_zone = "UTC"' in text
    config.write_text(text.replace('time_zone = "UTC"', 'time_zone = "Europe/Paris"'), "utf-8")


@pytest.fixture
def at(run):
    """Run a command at a moment that is named."""

    def run_then(moment: str, *words: str):
        with time_machine.travel(moment):
            return run(*words)

    return run_then


def emails(newsroom: Path) -> list[EmailMessage]:
    """What the Maildir holds."""
    folder = newsroom / "outbox" / "new"
    return [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.glob("*"))]


def addresses(newsroom: Path) -> list[str]:
    return sorted(str(message["To"]) for message in emails(newsroom))


def wish(newsroom: Path, hour: str, name: str = SPRING) -> None:
    """Write `publish_at` into an article."""
    title = Path(name).stem.title()
    text = f"---\ntitle: {title}\nlanguage: en\npublish_at: {hour}\n---\nThe tide tables hang in the {title} hall.\n"
    (newsroom / name).write_text(text, "utf-8")


class TestAt:
    def test_says_when_and_how_it_goes_out_and_how_to_stop_it(self, at) -> None:
        result = at(NINE, "publish", SPRING, "--at", AT, "--yes")

        assert result.code == 0
        assert result.out == f"{SPRING}\n"
        assert "1 article will be published at 2026-12-01 08:00 Europe/Paris, not before." in result.err
        assert "newsletter serve does it by itself; without it, let cron call newsletter tick." in result.err
        assert f"To stop it: newsletter articles unschedule {SPRING}" in result.err

    def test_gives_hour_articles_and_editions_as_json(self, at) -> None:
        data = at(NINE, "publish", SPRING, "--at", AT, "--yes", "--json").data

        assert (set(data), data["at"], data["articles"]) == (
            {"at", "articles", "editions"},
            "2026-12-01T07:00:00Z",
            [SPRING],
        )
        assert [set(edition) for edition in data["editions"]] == [{"uid", "subject"}]

    def test_goes_out_with_the_tick_of_its_hour_and_no_earlier_one(self, at, newsroom: Path) -> None:
        at(NINE, "publish", SPRING, "--at", AT, "--yes")

        early = at("2026-12-01 06:59 +0000", "tick")
        nobody_yet = emails(newsroom)
        due = at(IN_PARIS, "tick")

        assert (early.code, early.out, early.err, nobody_yet) == (0, "", "", [])
        assert "published 1 article at the scheduled hour" in due.err
        assert addresses(newsroom) == ["ada@example.org", "farid@example.org"]

    @pytest.mark.parametrize(
        ("hour", "moment"),
        [
            ("2026-12-01 08:00", "2026-12-01T07:00:00Z"),
            ("2026-12-01T08:00", "2026-12-01T07:00:00Z"),
            ("2026-12-01 08:00 America/New_York", "2026-12-01T13:00:00Z"),
            ("2026-12-01 08:00+03:00", "2026-12-01T05:00:00Z"),
            ("2026-12-01 08:00 UTC", "2026-12-01T08:00:00Z"),
            ("2027-07-01 08:00", "2027-07-01T06:00:00Z"),
        ],
    )
    def test_hour_is_of_the_newsrooms_zone_unless_it_names_one(self, at, hour: str, moment: str) -> None:
        assert at(NINE, "publish", SPRING, "--at", hour, "--yes", "--json").data["at"] == moment

    @pytest.mark.parametrize(
        ("hour", "sentence"),
        [
            ("2027-03-28 02:30", "the clocks go from 02:00 to 03:00. Write 03:00."),
            ("2027-10-31 02:30", "02:30 comes twice on 2027-10-31 in Europe/Paris. Write 2027-10-31 02:30+02:00 or"),
            ("2026-11-24 09:59", "2026-11-24 09:59 Europe/Paris is past. To publish now, leave --at out."),
            ("tomorrow", "Write a date and a time, as in 2026-12-01 08:00."),
            ("2026-12-01", "has no time. Write it as well: 2026-12-01 08:00."),
            ("2026-12-01 08:00 Mars/Olympus", "Write Region/City, such as Europe/Paris, or UTC."),
        ],
    )
    def test_hour_that_cannot_be_meant_is_refused_with_a_sentence(self, at, newsroom, hour: str, sentence: str) -> None:
        result = at(NINE, "publish", SPRING, "--at", hour, "--yes")

        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("--at: ")
        assert sentence in result.err
        assert at(NINE, "status", "--json").data["scheduled"] == []

    def test_dry_run_names_the_hour_and_schedules_nothing(self, at) -> None:
        result = at(NINE, "publish", SPRING, "--at", AT, "--dry-run")

        assert "goes out    2026-12-01 08:00 Europe/Paris" in result.err
        assert at(NINE, "status", "--json").data["scheduled"] == []

    def test_published_article_is_refused(self, at) -> None:
        at(NINE, "publish", SPRING, "--yes")

        result = at("2026-11-24 10:00 +0000", "publish", SPRING, "--at", AT, "--yes")

        assert result.code == 2
        assert f"{SPRING}: published already. A revision goes out at once" in result.err

    @pytest.mark.parametrize("other", [("--now",), ("--to", "you@example.org"), ("--note", "A number was wrong.")])
    def test_excludes_what_contradicts_it(self, at, newsroom: Path, other: tuple[str, ...]) -> None:
        result = at(NINE, "publish", SPRING, "--at", AT, "--yes", *other)

        assert (result.code, "exclude each other" in result.err) == (2, True)
        assert emails(newsroom) == []

    def test_asks_before_it_schedules(self, at) -> None:
        result = at(NINE, "publish", SPRING, "--at", AT)

        assert (result.code, "there is nobody to ask" in result.err) == (2, True)
        assert at(NINE, "status", "--json").data["scheduled"] == []


class TestPublishAt:
    """`publish_at` in the front matter."""

    def test_hour_to_come_in_the_file_schedules_it(self, at, newsroom: Path) -> None:
        wish(newsroom, AT)

        assert at(NINE, "publish", SPRING, "--yes", "--json").data["at"] == "2026-12-01T07:00:00Z"
        at(IN_PARIS, "tick")
        assert addresses(newsroom) == ["ada@example.org", "farid@example.org"]

    def test_past_hour_in_the_file_is_as_good_as_none(self, at, newsroom: Path) -> None:
        wish(newsroom, "2026-11-01 08:00")

        assert at(NINE, "publish", SPRING, "--yes", "--json").data["published"]
        assert len(emails(newsroom)) == 2

    def test_option_wins_over_the_file(self, at, newsroom: Path) -> None:
        wish(newsroom, "2026-12-24 18:00")

        assert at(NINE, "publish", SPRING, "--at", AT, "--yes", "--json").data["at"] == "2026-12-01T07:00:00Z"

    def test_now_wins_and_stops_what_waits(self, at, newsroom: Path) -> None:
        wish(newsroom, AT)
        at(NINE, "publish", SPRING, "--yes")

        now = at("2026-11-24 10:00 +0000", "publish", SPRING, "--now", "--yes")
        later = at(IN_PARIS, "tick")

        assert (now.code, later.code, later.err) == (0, 0, "")
        assert addresses(newsroom) == ["ada@example.org", "farid@example.org"]
        assert sorted(each["state"] for each in at(IN_PARIS, "editions", "list", "--json").data) == [
            "cancelled",
            "sent",
        ]

    def test_files_with_different_hours_are_refused(self, at, newsroom: Path) -> None:
        wish(newsroom, AT)
        wish(newsroom, "2026-12-02 08:00", "articles/winter.md")

        result = at(NINE, "publish", SPRING, "articles/winter.md", "--each", "--yes")

        assert result.code == 2
        assert "The articles are for different hours" in result.err
        assert "2026-12-01 07:00 UTC" in result.err
        assert at(NINE, "status", "--json").data["scheduled"] == []

    def test_hour_that_the_clocks_leave_out_names_the_line(self, at, newsroom: Path) -> None:
        wish(newsroom, "2027-03-28 02:30")

        result = at(NINE, "publish", SPRING, "--yes")

        assert result.code == 4
        assert f"{SPRING}:4: publish_at: there is no 02:30 on 2027-03-28 in Europe/Paris" in result.err


class TestWaiting:
    """What is seen of an article that waits, and how it is stopped."""

    @pytest.fixture(autouse=True)
    def waiting(self, at, paris: None, readers: None) -> None:
        at(NINE, "publish", SPRING, "--at", AT, "--yes")

    def test_status_and_next_name_it(self, at) -> None:
        status, coming = at(NINE, "status"), at(NINE, "schedule", "next", "--json").data
        (waiting,) = at(NINE, "status", "--json").data["scheduled"]

        assert f"waits         {SPRING} until " in status.out
        assert set(waiting) == {"source_path", "uid", "at", "held"}
        assert (waiting["source_path"], waiting["at"], waiting["held"]) == (SPRING, "2026-12-01T07:00:00Z", None)
        assert {"at": "2026-12-01T07:00:00Z", "what": SPRING, "readers": None} in coming

    def test_publish_again_says_when_it_goes_out_and_does_nothing(self, at, newsroom: Path) -> None:
        result = at(NINE, "publish", SPRING, "--yes")

        assert result.code == 2
        assert "scheduled for 2026-12-01 07:00 UTC already. Pass --now to publish it at once." in result.err
        assert emails(newsroom) == []

    def test_unscheduled_it_stays_home_and_can_be_published_and_mailed(self, at, newsroom: Path) -> None:
        stopped = at(NINE, "articles", "unschedule", SPRING, "--json")
        later = at(IN_PARIS, "tick", "--exit-code")
        at(IN_PARIS, "publish", SPRING, "--yes")

        assert (stopped.data, later.code) == ({"stopped": [SPRING]}, 3)
        assert addresses(newsroom) == ["ada@example.org", "farid@example.org"]

    def test_unscheduled_twice_is_told(self, at) -> None:
        at(NINE, "articles", "unschedule", SPRING)

        again = at(NINE, "articles", "unschedule", SPRING)

        assert (again.code, again.err) == (2, f"{SPRING} waits for no hour. newsletter status lists what does.\n")

    def test_cancelled_edition_frees_its_article(self, at, newsroom: Path) -> None:
        (edition,) = at(NINE, "editions", "list", "--json").data

        cancelled = at(NINE, "editions", "cancel", edition["uid"], "--yes")
        at(IN_PARIS, "tick")
        published = at(IN_PARIS, "publish", SPRING, "--yes")

        assert (edition["state"], cancelled.code, published.code) == ("scheduled", 0, 0)
        assert addresses(newsroom) == ["ada@example.org", "farid@example.org"]

    def test_paused_edition_stays_home_until_it_is_resumed(self, at, newsroom: Path) -> None:
        (edition,) = at(NINE, "editions", "list", "--json").data
        at(NINE, "editions", "pause", edition["uid"])

        rest = at(IN_PARIS, "tick")
        nobody = emails(newsroom)
        at(IN_PARIS, "editions", "resume", edition["uid"])
        at("2026-12-01 07:05 +0000", "tick")

        assert (rest.code, nobody) == (0, [])
        assert addresses(newsroom) == ["ada@example.org", "farid@example.org"]


class TestHold:
    """`[email] hold`: what publishes by hand waits as well, and the owner is told in time."""

    @pytest.fixture(autouse=True)
    def held_back(self, newsroom: Path, paris: None) -> None:
        config = newsroom / "config.toml"
        config.write_text(config.read_text("utf-8").replace("[email]\n", '[email]\nhold = "10m"\n', 1), "utf-8")

    def test_publish_waits_so_long_and_tells_the_owner_at_once(self, at, newsroom: Path) -> None:
        result = at(NINE, "publish", SPRING, "--yes", "--json")
        at("2026-11-24 09:01 +0000", "tick")

        assert result.data["at"].startswith("2026-11-24T09:10:0")
        assert "2026-11-24 10:10 Europe/Paris, not before" in result.err
        (notice,) = emails(newsroom)
        assert notice["Subject"] == "Goes out on November 24, 2026 at 10:10 (Europe/Paris): Spring tides"

    def test_tick_after_the_hold_sends_it(self, at, newsroom: Path) -> None:
        at(NINE, "publish", SPRING, "--yes")

        at("2026-11-24 09:11 +0000", "tick")

        assert addresses(newsroom)[:2] == ["ada@example.org", "farid@example.org"]

    def test_now_does_not_wait(self, at, newsroom: Path) -> None:
        at(NINE, "publish", SPRING, "--now", "--yes")

        assert addresses(newsroom) == ["ada@example.org", "farid@example.org"]

    def test_revision_and_feed_only_do_not_wait(self, at, newsroom: Path) -> None:
        feed_only = at(NINE, "publish", SPRING, "--feed-only", "--yes")
        with (newsroom / SPRING).open("a", encoding="utf-8") as file:
            file.write("\nOne more sentence.\n")
        revision = at("2026-11-24 10:00 +0000", "publish", SPRING, "--yes", "--json")

        assert "page" in feed_only.out
        assert len(revision.data["revised"]) == 1

    def test_at_later_than_the_hold_tells_the_owner_only_so_long_before(self, at, newsroom: Path) -> None:
        at(NINE, "publish", SPRING, "--at", AT, "--yes")

        at("2026-12-01 06:49 +0000", "tick")
        early = emails(newsroom)
        at("2026-12-01 06:51 +0000", "tick")

        assert early == []
        assert [str(message["Subject"]).partition(" ")[0] for message in emails(newsroom)] == ["Goes"]


def test_set_under_a_subject_waits_as_one_email(at, newsroom: Path) -> None:
    wish(newsroom, AT, "articles/winter.md")

    at(NINE, "publish", SPRING, "articles/winter.md", "--at", AT, "--subject", "Two", "--yes")
    at(IN_PARIS, "tick")

    assert {str(message["Subject"]) for message in emails(newsroom)} == {"Two"}
    assert len(emails(newsroom)) == 2


def test_articles_whose_address_was_taken_are_named_by_status_and_others_go_out(at, newsroom: Path) -> None:
    wish(newsroom, AT, "articles/winter.md")
    at(NINE, "publish", SPRING, "--at", AT, "--yes")
    at(NINE, "publish", "articles/winter.md", "--yes")
    (newsroom / "articles" / "copy.md").write_text((newsroom / SPRING).read_text("utf-8"), "utf-8")
    at(NINE, "publish", "articles/copy.md", "--feed-only", "--yes")

    ticked = at(IN_PARIS, "tick")
    status = at(IN_PARIS, "status")

    assert ticked.code == 0
    assert {str(message["Subject"]) for message in emails(newsroom)} == {
        "Winter",
        "Held, not sent: articles/spring.md",
    }
    assert f"held          {SPRING}: " in status.out
    assert f"newsletter publish {SPRING} --now" in status.out
