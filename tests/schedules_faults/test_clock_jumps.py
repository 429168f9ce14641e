"""F14: the clock of the machine goes wrong, by an hour, a day or ten years, and is put right again.

No article twice, nothing before its hour but what the wrong clock sent, and regular runs within a period.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from clockwork import Clockwork, Mail, expected_instant, expected_runs
from hypothesis import given, settings
from hypothesis import strategies as st
from real_newsroom import make_desk

from newsletter.model import EditionState

ADA, FARID = "ada@example.org", "farid@example.org"
# 08:00 in Paris.
DUE = datetime(2027, 1, 11, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEP = timedelta(hours=3)
JUMPS = {"+1h": HOUR, "+1d": DAY, "+10y": 3_652 * DAY, "-1h": -HOUR, "-1d": -DAY}


def prepare(clockwork: Clockwork) -> None:
    clockwork.desk.now = DUE - 2 * DAY + STEP
    clockwork.schedule('daily = { at = "08:00" }')
    clockwork.follow("daily", ADA, time_zone="Europe/Paris")


def live(clockwork: Clockwork, begin: datetime, until: datetime, *, wrong_by: timedelta = timedelta()) -> list[Mail]:
    """Ring every three hours of the true time, and publish every twelve, by a clock that is wrong."""
    before, moment = len(clockwork.mails), begin
    while moment < until:
        moment += STEP
        clockwork.desk.now = moment + wrong_by
        if moment.hour in (1, 13):
            clockwork.publish()
        clockwork.ring()
    return clockwork.mails[before:]


def date_of(mail: Mail) -> date:
    """The date in a subject: "The Harbour Post, January 11, 2027: Bulletin 001"."""
    _, day, rest = mail.subject.split(", ", 2)
    return datetime.strptime(f"{day}, {rest[:4]}", "%B %d, %Y").replace(tzinfo=UTC).date()


def check_hours(mails: list[Mail]) -> None:
    for mail in mails:
        hour = expected_instant(date_of(mail), time(8), "Europe/Paris")
        assert hour is not None
        assert mail.at >= hour, mail


@pytest.mark.parametrize("hours", [3, pytest.param(27, marks=pytest.mark.faults)])
@pytest.mark.parametrize("at", [-6, -3, 3, 9])
@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_goes_wrong_and_is_put_right_mails_nothing_twice_and_nothing_early(
    clockwork: Clockwork, jump: str, at: int, hours: int
) -> None:
    prepare(clockwork)
    begin = DUE + at * HOUR
    repaired, end = begin + hours * HOUR, begin + hours * HOUR + 3 * DAY
    live(clockwork, clockwork.desk.now, begin)

    live(clockwork, begin, repaired, wrong_by=JUMPS[jump])
    after = live(clockwork, repaired, end)

    check_hours(after)
    got = clockwork.each_got(ADA)
    assert max(got.values()) == 1
    assert max(Counter(mail.subject for mail in clockwork.mails).values()) == 1
    # The first run after the repair may have been made by the wrong clock; every one after it is on time.
    runs = [*expected_runs(time(8), "Europe/Paris", repaired, end).values()]
    assert [mail.at for mail in after if mail.at > runs[0]] == runs[1:]
    # Whatever came out before the last run has arrived.
    assert set(clockwork.titles[:-2]) <= set(got)


# Sequences of jumps.

steps = st.lists(
    st.tuples(st.sampled_from([*JUMPS.values(), timedelta(), timedelta()]), st.integers(1, 10)), min_size=1, max_size=5
)


def jump_about(folder: Path, database: Path, jumps: list[tuple[timedelta, int]]) -> None:
    clockwork = Clockwork(make_desk(folder, database=database))
    prepare(clockwork)
    moment = clockwork.desk.now
    for wrong_by, number in jumps:
        live(clockwork, moment, moment + number * STEP, wrong_by=wrong_by)
        moment += number * STEP
    after = live(clockwork, moment, moment + 3 * DAY)
    clockwork.desk.close()

    check_hours(after)
    assert max(clockwork.each_got(ADA).values(), default=1) == 1
    assert set(clockwork.titles[:-2]) <= set(clockwork.each_got(ADA))
    assert max(Counter(mail.subject for mail in clockwork.mails).values()) == 1


@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(jumps=steps)
def test_any_sequence_of_jumps_ends_with_everything_mailed_once(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory, jumps: list[tuple[timedelta, int]]
) -> None:
    jump_about(tmp_path_factory.mktemp("jumps"), empty_database, jumps)


@pytest.mark.faults
@pytest.mark.timeout(1_800)
@settings(max_examples=200, deadline=None, database=None)
@given(jumps=steps)
def test_two_hundred_sequences_of_jumps_end_with_everything_mailed_once(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory, jumps: list[tuple[timedelta, int]]
) -> None:
    jump_about(tmp_path_factory.mktemp("jumps"), empty_database, jumps)


# Readers whose hour is later than that of others.


@pytest.mark.parametrize("at", [-3, pytest.param(0, marks=pytest.mark.faults), 3])
@pytest.mark.parametrize("jump", JUMPS)
def test_readers_whose_hour_was_to_come_when_the_clock_went_wrong_are_not_forgotten(
    clockwork: Clockwork, jump: str, at: int
) -> None:
    prepare(clockwork)
    clockwork.follow("daily", FARID, time_zone="America/New_York")
    begin = DUE + at * HOUR
    live(clockwork, clockwork.desk.now, begin)

    live(clockwork, begin, begin + STEP, wrong_by=JUMPS[jump])
    live(clockwork, begin + STEP, begin + 4 * DAY)

    got = clockwork.each_got(FARID)
    assert max(got.values()) == 1
    # What a person has to look at is held, and the owner was told.
    waits = [edition for edition in clockwork.desk.newsroom.list_editions() if edition.state is EditionState.HELD]
    assert set(clockwork.titles[:-4]) <= set(got) or (waits and clockwork.told())
    for edition in waits:
        clockwork.desk.newsroom.resume_edition(edition.uid)
    live(clockwork, begin + 4 * DAY, begin + 6 * DAY)
    got = clockwork.each_got(FARID)
    assert max(got.values()) == 1
    assert set(clockwork.titles[:-4]) <= set(got)
