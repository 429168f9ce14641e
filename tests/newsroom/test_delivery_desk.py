"""What the owner sees while an edition goes out, and trying again what did not arrive."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from real_newsroom import NOW, Desk
from sqlalchemy import func, select

from newsletter.answers import Underway
from newsletter.delivery_desk import alike, end_of, rate_of
from newsletter.errors import UsageError
from newsletter.model import DeliveryState, EditionId, EditionState
from newsletter.store.editions import StoredEdition
from newsletter.store.lanes import Lane, save_lane
from newsletter.store.tables import chunks, deliveries, subscribers
from newsletter.store.traffic import Answers, add_answers

READERS = ("ada@example.org", "dan@example.org", "farid@example.org", "amal@example.org")


@pytest.fixture
def edition(either_desk: Desk) -> StoredEdition:
    """An edition released to four readers; nothing of it is sent."""
    for address in READERS:
        either_desk.add(address)
    return either_desk.publish(either_desk.write("articles/tides.md")).editions[0]


def become(desk: Desk, address: str, state: DeliveryState, **columns: object) -> None:
    """Let the delivery to one reader be in `state`."""
    reader = select(subscribers.c.id).where(subscribers.c.address == address).scalar_subquery()
    with desk.store.writing() as connection:
        changed = deliveries.update().where(deliveries.c.subscriber_id == reader)
        connection.execute(changed.values(state=int(state), **columns))


def states(desk: Desk) -> dict[str, int]:
    """How many deliveries are in each state."""
    with desk.store.reading() as connection:
        query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        return {DeliveryState(state).name.lower(): number for state, number in connection.execute(query)}


def count_answers(desk: Desk, edition_id: EditionId, minute: datetime, accepted: int) -> None:
    with desk.store.writing() as connection:
        add_answers(connection, "outbox", edition_id, minute=minute, answers=Answers(accepted=accepted))


def look(desk: Desk) -> Underway:
    return desk.newsroom.deliveries.underway()


class TestUnderway:
    def test_is_nothing_in_a_quiet_newsroom(self, either_desk: Desk) -> None:
        found = look(either_desk)

        assert (found.editions, found.lanes, found.paused, found.is_going) == ((), (), None, False)
        assert (found.now, found.time_zone) == (NOW, "Europe/Paris")

    def test_pace_comes_from_the_answers_of_the_last_minutes(self, either_desk: Desk, edition: StoredEdition) -> None:
        either_desk.pass_time(hours=1)
        for minutes, accepted in ((9, 6_000), (3, 120), (2, 120), (1, 120)):
            count_answers(either_desk, edition.id, either_desk.now - timedelta(minutes=minutes), accepted)

        (report,) = look(either_desk).editions

        assert report.pace is not None
        assert report.pace.rate == pytest.approx(2.0)
        assert report.pace.ends_at == either_desk.now + timedelta(seconds=2)

    def test_answers_of_another_edition_are_not_its_pace(self, either_desk: Desk, edition: StoredEdition) -> None:
        count_answers(either_desk, edition.id, NOW, 0)
        count_answers(either_desk, EditionId(edition.id + 1), NOW, 600)
        either_desk.pass_time(minutes=1)

        (report,) = look(either_desk).editions

        assert report.pace is not None
        assert (report.pace.rate, report.pace.ends_at) == (0.0, None)

    def test_pace_without_counts_comes_from_the_deliveries_of_the_last_minute(
        self, either_desk: Desk, edition: StoredEdition
    ) -> None:
        either_desk.pass_time(minutes=10)
        become(either_desk, READERS[0], DeliveryState.SENT, settled_at=either_desk.now - timedelta(minutes=5))
        for address in READERS[1:3]:
            become(either_desk, address, DeliveryState.SENT, settled_at=either_desk.now - timedelta(seconds=30))

        (report,) = look(either_desk).editions

        assert report.pace is not None
        assert report.pace.rate == pytest.approx(2 / 60)
        assert report.pace.ends_at == either_desk.now + timedelta(seconds=30)

    def test_resting_edition_has_its_reason_and_no_pace(self, either_desk: Desk, edition: StoredEdition) -> None:
        count_answers(either_desk, edition.id, NOW, 100)
        either_desk.newsroom.pause_edition(edition.uid)

        found = look(either_desk)

        (report,) = found.editions
        assert (report.balance.state, report.pace and report.pace.rate) == (EditionState.PAUSED, 0.0)
        assert found.is_going is False

    def test_deferred_emails_show_when_the_first_is_tried_again(
        self, either_desk: Desk, edition: StoredEdition
    ) -> None:
        for minutes, address in zip((30, 5), READERS, strict=False):
            become(either_desk, address, DeliveryState.DEFERRED, next_at=NOW + timedelta(minutes=minutes))

        (report,) = look(either_desk).editions

        assert report.pace is not None
        assert report.pace.next_try_at == NOW + timedelta(minutes=5)

    def test_end_is_not_before_the_hour_of_the_last_readers(self, either_desk: Desk, edition: StoredEdition) -> None:
        with either_desk.store.writing() as connection:
            connection.execute(chunks.update().values(wave_at=NOW + timedelta(hours=5)))

        (report,) = look(either_desk).editions

        assert report.pace is not None
        assert report.pace.ends_at == NOW + timedelta(hours=5)

    def test_lanes_that_are_closed_or_slowed_are_named_and_the_others_not(self, either_desk: Desk) -> None:
        lanes = (
            Lane(transport="relay", domain="", refilled_at=NOW, closed_until=NOW + timedelta(minutes=1), reason="away"),
            Lane(transport="outbox", domain="", refilled_at=NOW, rate=5.0),
            Lane(transport="relay", domain="example.org", refilled_at=NOW, rate=0.5, concurrency=2),
            Lane(transport="relay", domain="example.com", refilled_at=NOW, closed_until=NOW),
        )
        with either_desk.store.writing() as connection:
            for lane in lanes:
                save_lane(connection, lane)

        found = look(either_desk).lanes

        assert [(lane.transport, lane.domain) for lane in found] == [("relay", ""), ("relay", "example.org")]


class TestRate:
    SINCE = NOW - timedelta(minutes=3)

    def rate(self, *minutes: tuple[int, int], begun: datetime = SINCE, seconds: int = 0) -> float:
        counted = [(NOW + timedelta(minutes=minute), number) for minute, number in minutes]
        return rate_of(counted, since=self.SINCE, begun=begun, now=NOW + timedelta(seconds=seconds))

    def test_of_nothing_is_nothing(self) -> None:
        assert self.rate() == 0.0

    def test_counts_from_the_release_in_the_first_minute(self) -> None:
        assert self.rate((0, 30), begun=NOW + timedelta(seconds=20), seconds=50) == 1.0

    def test_leaves_out_a_first_minute_that_was_cut_short(self) -> None:
        assert self.rate((-1, 5), (0, 60), seconds=30) == 2.0

    def test_keeps_a_cut_minute_while_the_next_has_hardly_begun(self) -> None:
        assert self.rate((-1, 60), (0, 10), seconds=10) == 1.0

    def test_lasts_through_a_clock_that_was_set_back(self) -> None:
        assert self.rate((0, 7), seconds=-90) == 7.0


@pytest.mark.parametrize(
    ("left", "rate", "hour", "minutes"),
    [(0, 2.0, None, None), (120, 0.0, None, None), (120, 2.0, None, 1), (120, 2.0, 60, 60), (120, 0.0, 60, 60)],
)
def test_end_follows_from_pace_and_hour(left: int, rate: float, hour: int | None, minutes: int | None) -> None:
    at = None if hour is None else NOW + timedelta(minutes=hour)

    end = end_of(left, rate=rate, hour=at, now=NOW)

    assert end == (None if minutes is None else NOW + timedelta(minutes=minutes))


class TestRemainders:
    def test_count_alike_reasons_together(self, either_desk: Desk, edition: StoredEdition) -> None:
        for address in READERS[:3]:
            reason = f"550 5.1.1 <{address}>: no such user, id {READERS.index(address)}a3f77c90"
            become(either_desk, address, DeliveryState.FAILED, reason=reason)
        become(either_desk, READERS[3], DeliveryState.CANCELLED, reason="unsubscribed")

        failed, cancelled = either_desk.newsroom.deliveries.remainders(edition.id)

        assert (failed.state, failed.reasons) == (DeliveryState.FAILED, (("550 5.1.1 …: no such user, id …", 3),))
        assert (cancelled.state, cancelled.reasons) == (DeliveryState.CANCELLED, (("unsubscribed", 1),))

    def test_are_cut_after_five_reasons_and_still_sum_up(self, either_desk: Desk) -> None:
        words = ("one", "two", "three", "four", "five", "six", "seven")
        for name in words:
            either_desk.add(f"{name}@example.org")
        released = either_desk.publish(either_desk.write("articles/tides.md")).editions[0]
        for name in words:
            become(either_desk, f"{name}@example.org", DeliveryState.FAILED, reason=f"policy {name}")

        (failed,) = either_desk.newsroom.deliveries.remainders(released.id)

        assert (len(failed.reasons), failed.other_reasons, failed.other_number) == (5, 2, 2)
        assert sum(number for _, number in failed.reasons) + failed.other_number == 7

    def test_of_a_sent_edition_are_none(self, either_desk: Desk, edition: StoredEdition) -> None:
        either_desk.newsroom.send(edition)

        assert either_desk.newsroom.deliveries.remainders(edition.id) == ()


def test_codes_and_words_stay_in_a_reason() -> None:
    reason = "421 4.7.28 gmail limit, x1-20020a170902 from 203.0.113.77 for dan@example.org"

    assert alike(reason) == "421 4.7.28 gmail limit, … from … for …"


class TestRetry:
    @pytest.mark.parametrize("state", [DeliveryState.UNKNOWN, DeliveryState.FAILED, DeliveryState.DEFERRED])
    def test_queues_what_did_not_arrive_and_opens_the_edition(
        self, either_desk: Desk, edition: StoredEdition, state: DeliveryState
    ) -> None:
        either_desk.newsroom.send(edition)
        become(either_desk, READERS[1], state, reason="why", next_at=NOW + timedelta(hours=2))
        desk = either_desk.newsroom.deliveries

        choice = desk.choose(edition.uid[:6], only=state, limit=20)
        queued = desk.retry(choice), desk.retry(choice)

        assert (choice.number, [line.address for line in choice.lines]) == (1, [READERS[1]])
        assert queued == (1, 0)
        report = either_desk.newsroom.send(edition)
        assert (report.balance.state, states(either_desk)) == (EditionState.SENT, {"sent": 4})

    def test_of_named_readers_leaves_the_others_alone(self, either_desk: Desk, edition: StoredEdition) -> None:
        for address in READERS:
            become(either_desk, address, DeliveryState.FAILED, reason="550 no")
        desk = either_desk.newsroom.deliveries

        choice = desk.choose(edition.uid, only=DeliveryState.FAILED, addresses=[READERS[1], "ADA@example.org"], limit=1)
        desk.retry(choice)

        assert (choice.number, [line.address for line in choice.lines]) == (2, [READERS[0]])
        assert states(either_desk) == {"queued": 2, "failed": 2}

    def test_leaves_out_readers_who_bounced_and_names_them(self, either_desk: Desk, edition: StoredEdition) -> None:
        for address in READERS[:2]:
            become(either_desk, address, DeliveryState.FAILED, reason="550 5.1.1 no such user")
        with either_desk.store.writing() as connection:
            dan = subscribers.c.address == "dan@example.org"
            connection.execute(subscribers.update().where(dan).values(state="bounced"))
        desk = either_desk.newsroom.deliveries

        choice = desk.choose(edition.uid, only=DeliveryState.FAILED, limit=20)
        queued = desk.retry(choice)

        assert [line.address for line in choice.left_out] == ["dan@example.org"]
        assert (choice.number, choice.left_out_number, queued) == (1, 1, 1)
        assert states(either_desk) == {"queued": 3, "failed": 1}

    def test_mails_nobody_who_left_meanwhile(self, either_desk: Desk, edition: StoredEdition) -> None:
        become(either_desk, READERS[1], DeliveryState.UNKNOWN)
        either_desk.leave(READERS[1])
        desk = either_desk.newsroom.deliveries

        desk.retry(desk.choose(edition.uid, only=DeliveryState.UNKNOWN, limit=20))
        either_desk.newsroom.send(edition)

        assert states(either_desk) == {"sent": 3, "cancelled": 1}

    @pytest.mark.parametrize("address", ["ada@example.org", "nobody@example.org"])
    def test_refuses_an_address_without_such_a_delivery(
        self, either_desk: Desk, edition: StoredEdition, address: str
    ) -> None:
        with pytest.raises(UsageError, match=r"No failed delivery of edition .* goes to [an]…@example.org. Nothing"):
            either_desk.newsroom.deliveries.choose(
                edition.uid, only=DeliveryState.FAILED, addresses=[address], limit=20
            )

    def test_refuses_a_state_that_needs_none_and_an_edition_that_is_over(
        self, either_desk: Desk, edition: StoredEdition
    ) -> None:
        desk = either_desk.newsroom.deliveries
        with pytest.raises(UsageError, match="sent needs no retry"):
            desk.choose(edition.uid, only=DeliveryState.SENT, limit=20)
        either_desk.newsroom.cancel_edition(edition.uid)

        with pytest.raises(UsageError, match="is cancelled; nothing of it is sent any more"):
            desk.choose(edition.uid, only=DeliveryState.FAILED, limit=20)
