"""The owner's desk: what the owner is told of, once, and the link that stops an edition."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from real_newsroom import QUAY, Desk

from newsletter.editions import PublishWishes, Wishes
from newsletter.model import EditionState
from newsletter.store.tables import articles, deliveries, notices

TEN_MINUTES = timedelta(minutes=10)
WEEKLY = '[schedules.weekly]\nat = "mon 08:00"\nhour_of = "newsroom"\nhold = "1h"\n'


@pytest.fixture
def careful(desk: Desk) -> Desk:
    """A newsroom in which what is published waits for ten minutes; Ada and Farid want each article."""
    desk.configure("[email]\n", '[email]\nhold = "10m"\n')
    desk.add()
    desk.add("farid@example.org", language="fr")
    return desk


def hold_back(desk: Desk, *files: Path) -> str:
    """Publish files as the command does where a hold is set; gives the edition's uid."""
    at = desk.now + desk.newsroom.config.email.hold
    plan = desk.newsroom.plan(files, wishes=Wishes(), publish=PublishWishes(), at=at)
    desk.newsroom.publish_at(plan, at)
    return plan.editions[0].uid


def told(desk: Desk) -> list[EmailMessage]:
    """The notices that are due to be sent, oldest first."""
    rows = [row for row in desk.rows(notices) if row["not_before"] <= desk.now]
    return [message_from_bytes(row["message"], policy=policy.default) for row in rows]


def parts(message: EmailMessage) -> tuple[str, str]:
    """(text, HTML) of a message."""
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    text, page = (str(body.get_content()) for body in bodies if body is not None)
    return text, page


def link_in(message: EmailMessage) -> str:
    """The token of the stop link, which both parts must have alike."""
    found = {token for part in parts(message) for token in re.findall(r"/editions/stop/([\w-]+)", part)}
    (token,) = found
    return token


def ring(desk: Desk, by: timedelta = timedelta()) -> list[str]:
    """Let time pass, ring the bell and send; gives the addresses mailed by it."""
    desk.now += by
    before = len(desk.outbox())
    assert desk.newsroom.tick().faults == ()
    desk.newsroom.send_due()
    return sorted(str(message["To"]) for message in desk.outbox()[before:])


class TestHold:
    def test_owner_is_told_what_waits_for_whom_and_until_when(self, careful: Desk) -> None:
        hold_back(careful, careful.write("articles/tides.md"))

        (message,) = told(careful)
        text, _ = parts(message)

        assert message["To"] == "owner@example.org"
        assert message["Subject"] == ("Goes out on November 24, 2026 at 10:10 (Europe/Paris): The tide tables are out")
        assert message["Auto-Submitted"] == "auto-generated"
        assert "2 readers" in text
        assert "Spring tides come earlier this year" in text

    def test_notice_holds_no_readers_address_name_link_or_placeholder(self, careful: Desk) -> None:
        careful.add("ben@example.org", name="Ben Mole")
        uid = hold_back(careful, careful.write("articles/tides.md"))
        frozen = careful.newsroom.show_edition(uid).variants

        (message,) = told(careful)
        whole = "\n".join((*map(str, message.values()), *parts(message)))

        placeholders = {mark for one in frozen for mark in one.variant.placeholders.values()}
        assert placeholders
        assert [mark for mark in placeholders if mark in whole] == []
        for forbidden in ("ada@", "farid@", "ben@", "Ben Mole", "/u/", "/p/", "List-Unsubscribe"):
            assert forbidden not in whole
        assert "List-Unsubscribe" not in message
        assert set(re.findall(r"[\w.]+@[\w.]+", whole)) <= {"owner@example.org", "news@example.org", *ids(message)}

    def test_it_goes_out_by_itself_when_the_hold_is_over(self, careful: Desk) -> None:
        hold_back(careful, careful.write("articles/tides.md"))

        early = ring(careful, TEN_MINUTES - timedelta(seconds=1))
        due = ring(careful, timedelta(seconds=1))

        assert (early, due) == ([], ["ada@example.org", "farid@example.org"])
        assert careful.rows(articles)[0]["first_published_at"] == careful.now

    def test_looking_at_the_link_shows_what_waits_and_stops_nothing(self, careful: Desk) -> None:
        hold_back(careful, careful.write("articles/tides.md"))
        token = link_in(told(careful)[0])
        owner = careful.newsroom.owner_desk()

        looks = [owner.waiting_of(token) for _ in range(3)]

        assert looks[0] == looks[2]
        assert looks[0] is not None
        assert (looks[0].subject, looks[0].state) == ("The tide tables are out", EditionState.SCHEDULED)
        assert looks[0].at == careful.now + TEN_MINUTES
        assert ring(careful, TEN_MINUTES) == ["ada@example.org", "farid@example.org"]

    def test_link_stops_it_for_good_and_leaves_the_article_unpublished(self, careful: Desk) -> None:
        file = careful.write("articles/tides.md")
        uid = hold_back(careful, file)
        token = link_in(told(careful)[0])

        first = careful.newsroom.owner_desk().stop(token)
        second = careful.newsroom.owner_desk().stop(token)

        assert first == second
        assert first is not None
        assert first.state is EditionState.CANCELLED
        assert careful.newsroom.show_edition(uid).edition.reason == "stopped by the owner, from the notice"
        assert ring(careful, TEN_MINUTES) == []
        assert (careful.count(articles), careful.newsroom.status().scheduled) == (0, ())
        assert careful.mail(file, now=True) == ["ada@example.org", "farid@example.org"]

    def test_link_of_an_edition_that_is_out_stops_nothing(self, careful: Desk) -> None:
        hold_back(careful, careful.write("articles/tides.md"))
        token = link_in(told(careful)[0])
        ring(careful, TEN_MINUTES)

        found = careful.newsroom.owner_desk().stop(token)

        assert found is not None
        assert found.state is EditionState.SENT
        assert {row["state"] for row in careful.rows(deliveries)} == {2}

    def test_link_stops_an_edition_that_is_being_sent(self, careful: Desk) -> None:
        hold_back(careful, careful.write("articles/tides.md"))
        token = link_in(told(careful)[0])
        careful.now += TEN_MINUTES
        careful.newsroom.tick()

        found = careful.newsroom.owner_desk().stop(token)

        assert found is not None
        assert found.state is EditionState.CANCELLED
        assert careful.newsroom.send_due() == []
        assert careful.outbox() == []

    @pytest.mark.parametrize("spoil", [str.lower, lambda token: token[:-1], lambda token: f"{token}A", lambda _: ""])
    def test_token_of_nobody_finds_and_stops_nothing(self, careful: Desk, spoil) -> None:
        uid = hold_back(careful, careful.write("articles/tides.md"))
        token = spoil(link_in(told(careful)[0]))

        assert careful.newsroom.owner_desk().waiting_of(token) is None
        assert careful.newsroom.owner_desk().stop(token) is None
        assert careful.newsroom.show_edition(uid).edition.state is EditionState.SCHEDULED

    def test_link_of_one_edition_does_not_stop_another(self, careful: Desk) -> None:
        hold_back(careful, careful.write("articles/tides.md"))
        other = hold_back(careful, careful.write("articles/quay.md", QUAY))
        tokens = [link_in(message) for message in told(careful)]

        careful.newsroom.owner_desk().stop(tokens[0])

        assert tokens[0] != tokens[1]
        assert careful.newsroom.show_edition(other).edition.state is EditionState.SCHEDULED

    def test_notice_that_is_told_to_wait_wakes_whoever_sends_it(self, careful: Desk) -> None:
        woken: list[bool] = []
        file = careful.write("articles/tides.md")
        at = careful.now + TEN_MINUTES
        plan = careful.newsroom.plan([file], wishes=Wishes(), publish=PublishWishes(), at=at)

        careful.newsroom.schedules(told=lambda: woken.append(True)).publish_at(plan, at, hold=TEN_MINUTES)

        assert woken == [True]


class TestDigest:
    """A digest with a hold: gathered an hour before, and stopped from the same kind of notice."""

    @pytest.fixture
    def waiting(self, desk: Desk) -> Desk:
        """Monday, half an hour before the weekly digest, which is gathered and waits; Wim reads it."""
        desk.configure("[topics.diplomacy]\n", f"{WEEKLY}[topics.diplomacy]\n")
        desk.add("wim@example.org", rhythm="weekly")
        desk.newsroom.tick()
        desk.publish(desk.write("articles/tides.md"))
        desk.now = desk.now.replace(day=30, hour=6, minute=30)
        desk.newsroom.tick()
        return desk

    def test_owner_is_told_of_the_digest_before_its_hour(self, waiting: Desk) -> None:
        (message,) = told(waiting)

        assert str(message["Subject"]).startswith("Goes out on November 30, 2026 at 08:00 (Europe/Paris): ")
        assert "wim@" not in "".join(parts(message))
        assert ring(waiting, timedelta(minutes=29)) == []
        assert ring(waiting, timedelta(minutes=1)) == ["wim@example.org"]

    def test_stopped_digest_goes_out_to_nobody_and_its_articles_wait_for_the_next(self, waiting: Desk) -> None:
        token = link_in(told(waiting)[0])

        waiting.newsroom.owner_desk().stop(token)
        today = ring(waiting, timedelta(minutes=31))
        waiting.now = waiting.now.replace(month=12, day=7, hour=6, minute=30)
        ring(waiting)
        next_week = ring(waiting, timedelta(minutes=31))

        assert (today, next_week) == ([], ["wim@example.org"])
        assert "tide tables" in parts(waiting.outbox()[-1])[0]
        assert waiting.newsroom.schedule_board().lines()[0].latest is not None


def ids(message: EmailMessage) -> set[str]:
    """What looks like an address in the Message-ID."""
    return set(re.findall(r"[\w.]+@[\w.]+", str(message["Message-ID"])))
