"""F15 through the whole machine: nights on which clocks change, odd zones, and readers who move.

What should arrive is found by trying every minute with zoneinfo; what did arrive is read in the Maildir.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from clockwork import EPOCH, TICK, Clockwork, clock_changes, expected_runs, next_tick
from sqlalchemy import update

from newsletter.model import Subscriber
from newsletter.store.tables import chunks, waves

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
NIGHTS = ("forward", "back")
HOUR = timedelta(hours=1)
HALF_HOUR = timedelta(minutes=30)
# Between two runs there is always one.
NEWS_EVERY = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """A change of clocks in 2027, and three clock times around it: before it, in what is left out or doubled, after."""

    zone: str
    change: datetime
    times: tuple[time, time, time]

    @property
    def begin(self) -> datetime:
        """A day and a half before the change, at noon or midnight UTC."""
        return _floor(self.change - timedelta(hours=30), NEWS_EVERY)


def night_of(zone: str, way: str) -> Night:
    place = ZoneInfo(zone)
    changes = ((at, step) for at, step in clock_changes(zone, 2027) if (step > timedelta()) == (way == "forward"))
    change, step = next(changes)
    after = change.astimezone(place).replace(tzinfo=None)
    low, high = sorted((after, after - step))
    half = timedelta(minutes=30)
    return Night(zone=zone, change=change, times=((low - half).time(), (low + (high - low) / 2).time(), high.time()))


def around(night: Night) -> Iterator[tuple[str, time, bool]]:
    """(schedule, clock time, whether on the reader's clock) of six schedules."""
    for which, at in zip(("before", "in", "after"), night.times, strict=True):
        yield f"{which}-there", at, True
        yield f"{which}-here", at, False


def prepare(clockwork: Clockwork, night: Night) -> None:
    clockwork.desk.now = night.begin
    # Before there are readers a schedule runs at the newsroom's hour, for its feed alone.
    clockwork.desk.configure('time_zone = "Europe/Paris"', f'time_zone = "{night.zone}"')
    newsroom = f'hour_of = "newsroom", zone = "{night.zone}"'
    lines = (f'{name} = {{ at = "{at:%H:%M}"{"" if there else ", " + newsroom} }}' for name, at, there in around(night))
    clockwork.schedule("\n".join(lines))
    for name, _, there in around(night):
        # A reader who counts by the newsroom's clock has another one on the wall.
        zone = night.zone if there else "Pacific/Honolulu"
        clockwork.follow(name, f"{name}@example.org", time_zone=zone)
    clockwork.publish()


def check(clockwork: Clockwork, night: Night, end: datetime) -> None:
    for name, at, _ in around(night):
        expected = expected_runs(at, night.zone, night.begin, end)
        came = [mail.at for mail in clockwork.mails if mail.to == f"{name}@example.org"]
        assert came == [next_tick(moment) for moment in expected.values()], name
        assert clockwork.slots(name) == dict.fromkeys(expected, "released"), name
        assert set(clockwork.each_got(f"{name}@example.org").values()) == {1}, name
        assert 3 <= len(expected) <= 4


@pytest.mark.parametrize("way", NIGHTS)
@pytest.mark.parametrize("zone", ZONES)
def test_a_night_on_which_clocks_change_has_one_run_on_each_date(clockwork: Clockwork, zone: str, way: str) -> None:
    night = night_of(zone, way)
    prepare(clockwork, night)

    end = night.begin + timedelta(days=3)
    changes = [night.change + timedelta(days=number) for number in (-1, 0, 1)]
    near = {change + number * TICK for change in changes for number in range(-9, 10)}
    moments = {night.begin + number * 2 * HOUR for number in range(1, 37)} | near
    clockwork.walk_over(sorted(moments), news_every=NEWS_EVERY)

    check(clockwork, night, end)


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", NIGHTS)
@pytest.mark.parametrize("zone", ZONES)
def test_three_days_of_ticks_around_each_change_make_one_run_on_each_date(
    clockwork: Clockwork, zone: str, way: str
) -> None:
    night = night_of(zone, way)
    prepare(clockwork, night)

    end = night.begin + timedelta(days=3)
    clockwork.walk(end, news_every=NEWS_EVERY)

    check(clockwork, night, end)


def test_the_cron_trigger_of_the_library_would_mail_twice_on_an_autumn_date() -> None:
    # The control of the matrix: what decides nothing here, and why.
    night = night_of("Europe/Berlin", "back")
    trigger = CronTrigger(hour=night.times[1].hour, minute=night.times[1].minute, timezone=ZoneInfo(night.zone))
    moment, fires = night.begin, list[datetime]()
    for _ in range(4):
        moment = trigger.get_next_fire_time(moment, moment.astimezone(UTC) + timedelta(seconds=1))
        fires.append(moment)

    dates = Counter(moment.date() for moment in fires)

    assert dates[night.change.date()] == 2
    assert len(expected_runs(night.times[1], night.zone, night.begin, night.begin + timedelta(days=3))) == 3


def _floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - EPOCH) % step


# Odd zones.

ODD = {
    "kath": "Asia/Kathmandu",  # +5:45
    "chat": "Pacific/Chatham",  # +12:45 or +13:45; its clocks go back on 2027-04-04
    "kiri": "Pacific/Kiritimati",  # +14, where each date begins
    "midw": "Pacific/Midway",  # -11, where it ends
}


def test_a_date_that_lasts_fifty_hours_has_one_run_in_each_zone(clockwork: Clockwork) -> None:
    begin, end = datetime(2027, 4, 1, tzinfo=UTC), datetime(2027, 4, 6, tzinfo=UTC)
    clockwork.desk.now = begin
    clockwork.schedule('daily = { at = "08:00" }')
    for name, zone in ODD.items():
        clockwork.follow("daily", f"{name}@example.org", time_zone=zone)
    clockwork.publish()

    clockwork.walk(end, every=timedelta(minutes=15), news_every=NEWS_EVERY)

    for name, zone in ODD.items():
        expected = [*expected_runs(time(8), zone, begin, end).values()]
        came = [mail.at for mail in clockwork.mails if mail.to == f"{name}@example.org"]
        assert came == expected, name
        assert set(clockwork.each_got(f"{name}@example.org").values()) == {1}, name
    assert set(clockwork.slots().values()) == {"released"}


def test_a_zone_that_left_out_a_date_has_no_run_on_it_and_misses_no_article(clockwork: Clockwork) -> None:
    begin, end = datetime(2011, 12, 27, 20, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC)
    clockwork.desk.now = begin
    clockwork.schedule('daily = { at = "08:00" }')
    clockwork.follow("daily", "ada@example.org", time_zone="Europe/Paris")
    clockwork.follow("daily", "sina@example.org", time_zone="Pacific/Apia")
    clockwork.publish()

    clockwork.walk(end, every=timedelta(minutes=30), news_every=NEWS_EVERY)

    for name, zone in (("ada", "Europe/Paris"), ("sina", "Pacific/Apia")):
        expected = expected_runs(time(8), zone, begin, end)
        assert [mail.at for mail in clockwork.mails if mail.to == f"{name}@example.org"] == [*expected.values()]
        assert set(clockwork.each_got(f"{name}@example.org").values()) == {1}
        assert (date(2011, 12, 30) in expected) == (name == "ada")
    assert date(2011, 12, 30) in clockwork.slots()


# Readers who move.


def two_readers(clockwork: Clockwork, zone: str) -> Subscriber:
    """Ada in Paris, and Farid in `zone`, who is given back; both have the daily digest, and there is an article."""
    clockwork.desk.now = datetime(2027, 1, 11, 0, 0, tzinfo=UTC)
    clockwork.schedule('daily = { at = "08:00" }')
    clockwork.follow("daily", "ada@example.org", time_zone="Europe/Paris")
    farid = clockwork.follow("daily", "farid@example.org", time_zone=zone)
    clockwork.publish()
    return farid


def test_a_reader_who_moves_between_release_and_hour_keeps_the_planned_hour(clockwork: Clockwork) -> None:
    farid = two_readers(clockwork, "America/New_York")
    clockwork.walk(datetime(2027, 1, 11, 9, 0, tzinfo=UTC), every=HALF_HOUR)

    clockwork.move(farid, "Asia/Kolkata")
    clockwork.walk(datetime(2027, 1, 12, 12, 0, tzinfo=UTC), every=HALF_HOUR, news_every=NEWS_EVERY)

    came = [mail.at for mail in clockwork.mails if mail.to == "farid@example.org"]
    assert came == [datetime(2027, 1, 11, 13, 0, tzinfo=UTC), datetime(2027, 1, 12, 2, 30, tzinfo=UTC)]
    assert set(clockwork.each_got("farid@example.org").values()) == {1}


MOVES = [
    ("Pacific/Kiritimati", "Pacific/Midway"),
    ("Pacific/Midway", "Pacific/Kiritimati"),
    ("America/Los_Angeles", "Asia/Tokyo"),
    ("Asia/Tokyo", "America/Los_Angeles"),
]


@pytest.mark.parametrize("hour", [7, *(pytest.param(hour, marks=pytest.mark.faults) for hour in (1, 13, 19))])
@pytest.mark.parametrize(("here", "there"), MOVES)
def test_a_reader_who_moves_between_runs_misses_none_and_has_none_twice(
    clockwork: Clockwork, here: str, there: str, hour: int
) -> None:
    farid = two_readers(clockwork, here)
    clockwork.walk(datetime(2027, 1, 12, hour, 0, tzinfo=UTC), every=HOUR, news_every=NEWS_EVERY)

    clockwork.move(farid, there)
    clockwork.walk(datetime(2027, 1, 14, hour, 0, tzinfo=UTC), every=HOUR, news_every=NEWS_EVERY)
    clockwork.move(farid, here)
    clockwork.walk(datetime(2027, 1, 16, 0, 0, tzinfo=UTC), every=HOUR, news_every=NEWS_EVERY)

    got = clockwork.each_got("farid@example.org")
    assert set(got.values()) == {1}
    # All but what came out since the last run.
    assert sorted(got) == clockwork.titles[: len(got)]
    assert len(got) >= len(clockwork.titles) - 4
    subjects = Counter(mail.subject for mail in clockwork.mails if mail.to == "farid@example.org")
    assert max(subjects.values()) == 1
    assert set(clockwork.slots().values()) == {"released"}
    assert [*clockwork.slots()] == [date(2027, 1, 11) + timedelta(days=n) for n in range(len(clockwork.slots()))]


# Rules that change.


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_zone_whose_rules_change_after_the_release_is_put_right_by_the_next_process(
    clockwork: Clockwork, wrong_by: timedelta
) -> None:
    two_readers(clockwork, "America/New_York")
    clockwork.walk(datetime(2027, 1, 11, 9, 0, tzinfo=UTC), every=HALF_HOUR)
    right = datetime(2027, 1, 11, 13, 0, tzinfo=UTC)
    with clockwork.desk.store.writing() as connection:
        for table, column in ((waves, waves.c.at), (chunks, chunks.c.wave_at)):
            connection.execute(update(table).where(column == right).values({column.name: right + wrong_by}))

    clockwork.reopen()
    clockwork.walk(datetime(2027, 1, 11, 23, 0, tzinfo=UTC), every=HALF_HOUR)

    assert [mail.at for mail in clockwork.mails if mail.to == "farid@example.org"] == [right]


def test_a_wrong_hour_stands_until_a_process_reads_the_rules_anew(clockwork: Clockwork) -> None:
    # The control of the test above: without the new process the mail comes at the wrong hour.
    two_readers(clockwork, "America/New_York")
    clockwork.walk(datetime(2027, 1, 11, 9, 0, tzinfo=UTC), every=HALF_HOUR)
    right = datetime(2027, 1, 11, 13, 0, tzinfo=UTC)
    with clockwork.desk.store.writing() as connection:
        connection.execute(update(chunks).where(chunks.c.wave_at == right).values(wave_at=right + HOUR))

    clockwork.walk(datetime(2027, 1, 11, 23, 0, tzinfo=UTC), every=HALF_HOUR)

    assert [mail.at for mail in clockwork.mails if mail.to == "farid@example.org"] == [right + HOUR]
