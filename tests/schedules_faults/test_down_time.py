"""F16, F25: nothing ran here for a minute, or for a month, or the database is an old copy of itself.

Once inside the grace of six hours; held after it, with a word to the owner; and never twice.
"""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pytest
from clockwork import Clockwork, expected_runs

from newsletter.editions.news import NewsKind
from newsletter.model import EditionState
from newsletter.store.tables import articles, editions, scheduled

ADA, FARID = "ada@example.org", "farid@example.org"
# A Monday, 08:00 in Paris: both the daily and the weekly digest are due.
DUE = datetime(2027, 1, 18, 7, 0, tzinfo=UTC)
GRACE = timedelta(hours=6)
HOUR = timedelta(hours=1)
MISSED_BY = [
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(hours=5, minutes=59),
    timedelta(hours=6, minutes=1),
    timedelta(days=1),
    timedelta(days=6),
    timedelta(days=7),
    timedelta(days=8),
    timedelta(days=30),
    timedelta(days=1, hours=7),
    timedelta(days=30, hours=7),
]
RULES = {"daily": "08:00", "weekly": "mon 08:00"}


def go_down(clockwork: Clockwork, rhythm: str) -> None:
    """Run a day, with an article for the run at DUE, and ring the last time a minute before it."""
    clockwork.desk.now = DUE - timedelta(days=1, hours=-1)
    clockwork.schedule(f'{rhythm} = {{ at = "{RULES[rhythm]}" }}')
    clockwork.follow(rhythm, ADA, time_zone="Europe/Paris")
    clockwork.publish()
    clockwork.walk_over([DUE - 3 * HOUR, DUE - timedelta(minutes=1)])
    assert clockwork.mails == []


def runs_until(rhythm: str, last: datetime) -> dict[date, datetime]:
    found = expected_runs(time(8), "Europe/Paris", DUE - HOUR, last)
    return {day: at for day, at in found.items() if rhythm == "daily" or day.isoweekday() == 1}


@pytest.mark.parametrize("rhythm", RULES)
@pytest.mark.parametrize("missed_by", MISSED_BY, ids=str)
def test_a_run_missed_is_mailed_once_inside_its_grace_and_held_after_it(
    clockwork: Clockwork, rhythm: str, missed_by: timedelta
) -> None:
    go_down(clockwork, rhythm)
    came_back = DUE + missed_by
    runs = runs_until(rhythm, came_back)
    latest = max(runs)
    in_time = came_back - runs[latest] <= GRACE

    clockwork.reopen()
    left = clockwork.jump(came_back)

    assert [(mail.to, *mail.titles) for mail in left] == ([(ADA, "Bulletin 001")] if in_time else [])
    assert clockwork.slots(rhythm)[latest] == ("released" if in_time else "held")
    assert clockwork.told() == (0 if in_time else 1)
    # Of the dates before it none is mailed, and none is forgotten.
    assert clockwork.slots(rhythm) == dict.fromkeys(runs, "superseded") | {latest: clockwork.slots(rhythm)[latest]}


@pytest.mark.parametrize("rhythm", RULES)
@pytest.mark.parametrize("missed_by", MISSED_BY, ids=str)
def test_after_the_next_regular_run_everything_arrived_once(
    clockwork: Clockwork, rhythm: str, missed_by: timedelta
) -> None:
    go_down(clockwork, rhythm)
    came_back = DUE + missed_by
    clockwork.reopen()
    clockwork.jump(came_back)

    clockwork.publish()
    period = timedelta(days=1 if rhythm == "daily" else 7)
    clockwork.walk(came_back + period + timedelta(minutes=1), every=6 * HOUR)

    assert clockwork.each_got(ADA) == Counter(clockwork.titles)
    assert set(clockwork.slots(rhythm).values()) <= {"released", "superseded"}
    assert {day for day in clockwork.slots(rhythm) if day >= date(2027, 1, 18)} == {
        *runs_until(rhythm, clockwork.desk.now)
    }


def test_a_held_run_stays_held_however_often_the_bell_rings(clockwork: Clockwork) -> None:
    go_down(clockwork, "daily")
    clockwork.jump(DUE + timedelta(hours=7))

    clockwork.walk(DUE + timedelta(hours=23), every=HOUR)

    assert clockwork.mails == []
    assert clockwork.told() == 1


def test_a_held_run_that_a_person_lets_go_arrives_once(clockwork: Clockwork) -> None:
    go_down(clockwork, "daily")
    clockwork.jump(DUE + timedelta(hours=7))

    clockwork.bell.run("daily")
    clockwork.walk(DUE + timedelta(hours=50), every=6 * HOUR)

    assert clockwork.each_got(ADA) == Counter(clockwork.titles)
    assert clockwork.told() == 1


def test_a_bell_that_rings_rarely_is_not_late_for_readers_in_early_zones(clockwork: Clockwork) -> None:
    # Tokyo's hour lies nine hours before that of Paris: it came in when the hour was long over.
    go_down(clockwork, "daily")
    clockwork.ring()
    clockwork.follow("daily", "mei@example.org", time_zone="Asia/Tokyo")

    clockwork.walk(DUE + timedelta(days=2), every=5 * HOUR)

    assert clockwork.told() == 0
    assert clockwork.each_got(ADA) == Counter(clockwork.titles)


@pytest.mark.parametrize("missed_by", [1, 5, 7, 25, 31])
def test_a_digest_on_show_before_its_hour_goes_out_inside_the_grace_and_is_held_after_it(
    clockwork: Clockwork, missed_by: int
) -> None:
    clockwork.desk.now = DUE - timedelta(days=1, hours=-1)
    clockwork.schedule('daily = { at = "08:00", hold = "2h" }')
    clockwork.follow("daily", ADA, time_zone="Europe/Paris")
    clockwork.publish()
    clockwork.walk_over([DUE - 3 * HOUR, DUE - HOUR])
    assert (clockwork.mails, clockwork.slots()) == ([], {date(2027, 1, 18): "scheduled"})

    clockwork.reopen()
    left = clockwork.jump(DUE + missed_by * HOUR)
    left += clockwork.walk(clockwork.desk.now + 2 * HOUR, every=HOUR)

    # The next date's own run brings what was on show, whether or not a person has looked at it by then; it is on
    # show itself before.
    in_time = missed_by % 24 <= 6
    assert [(mail.to, *mail.titles) for mail in left] == ([(ADA, "Bulletin 001")] if in_time else [])
    assert clockwork.told() >= (0 if in_time and missed_by < 24 else 1)
    for edition in clockwork.desk.newsroom.list_editions():
        if edition.state is EditionState.HELD:
            clockwork.desk.newsroom.resume_edition(edition.uid)
    clockwork.walk(DUE + timedelta(days=3), every=3 * HOUR)
    assert clockwork.each_got(ADA) == Counter(clockwork.titles)


@pytest.mark.parametrize("hours", [5, 13, 30, 80])
def test_readers_whose_hour_came_while_nothing_ran_are_mailed_inside_the_grace_and_wait_for_a_person_after_it(
    clockwork: Clockwork, hours: int
) -> None:
    half_sent(clockwork)
    hour_of_farid = DUE + 6 * HOUR

    left = clockwork.jump(hour_of_farid + hours * HOUR)

    if hours * HOUR <= GRACE:
        assert [mail.to for mail in left] == [FARID]
    else:
        assert left == []
        assert clockwork.told() >= 1
        clockwork.desk.newsroom.resume_edition(digest_of(clockwork)["uid"])
    clockwork.walk(hour_of_farid + timedelta(days=6), every=3 * HOUR)
    assert clockwork.each_got(FARID) == clockwork.each_got(ADA) == Counter(clockwork.titles)


def digest_of(clockwork: Clockwork) -> dict[str, str]:
    [found] = [edition for edition in clockwork.desk.rows(editions) if edition["kind"] == "digest"]
    return {name: str(value) for name, value in found.items()}


# publish --at


@pytest.mark.parametrize("missed_by", MISSED_BY, ids=str)
def test_an_article_scheduled_for_an_hour_missed_goes_out_inside_the_grace_and_is_held_after_it(
    clockwork: Clockwork, missed_by: timedelta
) -> None:
    clockwork.desk.now = DUE - timedelta(days=1)
    clockwork.desk.add(ADA)
    clockwork.tick()
    clockwork.publish_at(DUE)
    clockwork.walk_over([DUE - HOUR, DUE - timedelta(minutes=1)])
    assert (clockwork.mails, clockwork.desk.count(articles)) == ([], 0)
    in_time = missed_by <= GRACE

    clockwork.reopen()
    left = clockwork.jump(DUE + missed_by)
    left += clockwork.walk(DUE + missed_by + timedelta(days=2), every=12 * HOUR)

    assert [(mail.to, *mail.titles) for mail in left] == ([(ADA, "Bulletin 001")] if in_time else [])
    assert (clockwork.desk.count(articles), clockwork.desk.count(scheduled)) == ((1, 0) if in_time else (0, 1))
    assert clockwork.told() == (0 if in_time else 1)
    [edition] = clockwork.desk.rows(editions)
    assert edition["state"] == (EditionState.SENT if in_time else EditionState.HELD)


def test_a_held_article_that_a_person_lets_go_arrives_once(clockwork: Clockwork) -> None:
    clockwork.desk.now = DUE - timedelta(days=1)
    clockwork.desk.add(ADA)
    clockwork.tick()
    clockwork.publish_at(DUE)
    clockwork.jump(DUE + timedelta(days=3))
    [edition] = clockwork.desk.rows(editions)

    clockwork.desk.newsroom.resume_edition(str(edition["uid"]))
    clockwork.walk(DUE + timedelta(days=5), every=3 * HOUR)

    assert clockwork.each_got(ADA) == Counter(clockwork.titles)
    assert clockwork.desk.count(articles) == 1


# Copies of the database.


def half_sent(clockwork: Clockwork) -> None:
    """A digest that Ada in Paris has and Farid in New York has not, with a copy of the database beside it."""
    clockwork.desk.now = DUE - timedelta(days=1)
    clockwork.schedule('daily = { at = "08:00" }')
    clockwork.follow("daily", ADA, time_zone="Europe/Paris")
    clockwork.follow("daily", FARID, time_zone="America/New_York")
    clockwork.publish()
    clockwork.walk(DUE + 2 * HOUR, every=HOUR)
    assert [mail.to for mail in clockwork.mails] == [ADA]
    clockwork.desk.close()
    shutil.copy(clockwork.desk.folder / "newsletter.db", clockwork.desk.folder / "newsletter.db.copy")
    clockwork.reopen()


def bring_back_copy(clockwork: Clockwork) -> None:
    clockwork.desk.close()
    for side in ("-wal", "-shm"):
        (clockwork.desk.folder / f"newsletter.db{side}").unlink(missing_ok=True)
    shutil.copy(clockwork.desk.folder / "newsletter.db.copy", clockwork.desk.folder / "newsletter.db")
    clockwork.reopen()


@pytest.mark.parametrize("hours", [0, 2, 8, 14, 20])
def test_a_copy_brought_back_after_three_days_holds_what_it_had_half_sent(clockwork: Clockwork, hours: int) -> None:
    half_sent(clockwork)
    clockwork.walk(DUE + timedelta(days=3, hours=hours), every=2 * HOUR)
    assert clockwork.each_got(FARID) == Counter(clockwork.titles)

    bring_back_copy(clockwork)
    left = clockwork.walk(DUE + timedelta(days=5), every=2 * HOUR)

    assert left == []
    assert digest_of(clockwork)["state"] == EditionState.HELD
    assert clockwork.told() >= 1


def test_a_copy_brought_back_within_the_grace_is_the_control(clockwork: Clockwork) -> None:
    # Nobody can tell it from a newsroom that was off for an hour: this is what the holding is against.
    half_sent(clockwork)
    clockwork.walk(DUE + 7 * HOUR, every=HOUR)

    bring_back_copy(clockwork)
    clockwork.walk(DUE + 12 * HOUR, every=HOUR)

    assert clockwork.each_got(FARID) == {"Bulletin 001": 2}


def test_a_copy_of_an_article_scheduled_and_long_published_is_held(clockwork: Clockwork) -> None:
    clockwork.desk.now = DUE - timedelta(days=1)
    clockwork.desk.add(ADA)
    clockwork.tick()
    clockwork.publish_at(DUE)
    clockwork.jump(DUE - HOUR)
    clockwork.desk.close()
    shutil.copy(clockwork.desk.folder / "newsletter.db", clockwork.desk.folder / "newsletter.db.copy")
    clockwork.reopen()
    clockwork.walk(DUE + timedelta(days=3), every=6 * HOUR)
    assert clockwork.each_got(ADA) == Counter(clockwork.titles)

    bring_back_copy(clockwork)
    clockwork.walk(DUE + timedelta(days=5), every=6 * HOUR)

    assert clockwork.each_got(ADA) == Counter(clockwork.titles)
    assert (clockwork.told(NewsKind.HELD), clockwork.desk.count(articles)) == (1, 0)
