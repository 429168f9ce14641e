"""What only PostgreSQL can show: another process in the middle of a transaction, and a connection that is cut.

On SQLite one writer waits for the other; here both are in the middle. So a tick is interrupted at each of its
statements in turn, and whatever the other one did must have come before it or after it.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from clockwork import Clockwork
from interruptions import Interruption, interrupted
from sqlalchemy import text

from newsletter.errors import NewsletterError, UsageError
from newsletter.model import EditionState
from newsletter.newsroom import Newsroom
from newsletter.store.tables import editions, slots
from newsletter.subscribers import Choices
from newsletter.subscribers.preferences import save

ADA, CLEO, DAN = "ada@example.org", "cleo@example.org", "dan@example.org"
DUE = datetime(2027, 1, 11, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

on_postgresql = pytest.mark.parametrize("either_desk", ["postgresql"], indirect=True)
# Each statement in turn takes a minute or two: the short suite tries one in nineteen.
strides = pytest.mark.parametrize(
    "stride", [19, pytest.param(1, marks=[pytest.mark.faults, pytest.mark.timeout(1_800)])]
)


class Sweep:
    """Days with one tick each, in whose middle somebody else acts, one statement further each day."""

    def __init__(self, clockwork: Clockwork, *, hold: str = "0h") -> None:
        self.clockwork = clockwork
        clockwork.desk.now = DUE - DAY + HOUR
        clockwork.schedule(f'daily = {{ at = "08:00", hold = "{hold}" }}')
        self.ada = clockwork.follow("daily", ADA, time_zone="Europe/Paris")
        clockwork.desk.add(CLEO)
        self.other: Newsroom = clockwork.desk.another()
        self.today = DUE

    def days(
        self, stride: int, prepare: Callable[[], object], act: Callable[[], object], *, quiet_days: bool = False
    ) -> int:
        """Tick on each day after `prepare`, with `act` in its middle, then send; gives the number of days.

        With `quiet_days` nobody acts on every second of them.
        """
        at = 1
        while True:
            self.clockwork.desk.now = self.today - HOUR
            prepare()
            self.clockwork.desk.now = self.today
            one = self.tick(at, act)
            if not one.was_reached:
                assert at > 20
                return at // stride
            self.check(one)
            self.clockwork.send()
            if quiet_days:
                self.today += DAY
                self.clockwork.jump(self.today)
            self.today += DAY
            at += stride

    def tick(self, at: int, act: Callable[[], object]) -> Interruption:
        with interrupted(self.clockwork.desk.store.engine, at, act) as one:
            self.clockwork.tick()
        return one

    def check(self, one: Interruption) -> None:
        """Only a refusal in a sentence may be the end of what the other one wanted."""
        found = one.result()
        assert not isinstance(found, BaseException) or isinstance(found, UsageError), found

    def edition(self, kind: str) -> str:
        """The uid of the latest edition of its kind."""
        return str([row["uid"] for row in self.clockwork.desk.rows(editions) if row["kind"] == kind][-1])

    def close(self) -> None:
        self.other.close()


@on_postgresql
@strides
def test_an_article_cancelled_while_it_is_released_reaches_nobody(either_clockwork: Clockwork, stride: int) -> None:
    sweep = Sweep(either_clockwork)

    def cancel() -> object:
        return sweep.other.cancel_edition(sweep.edition("single"))

    sweep.days(stride, lambda: either_clockwork.publish_at(sweep.today), cancel)

    assert [mail for mail in either_clockwork.mails if mail.to == CLEO] == []
    states = [row["state"] for row in either_clockwork.desk.rows(editions) if row["kind"] == "single"]
    assert set(states[:-1]) == {EditionState.CANCELLED}
    sweep.close()


@on_postgresql
@strides
def test_an_article_paused_while_it_is_released_waits_for_a_person(either_clockwork: Clockwork, stride: int) -> None:
    sweep = Sweep(either_clockwork)

    def pause() -> object:
        return sweep.other.pause_edition(sweep.edition("single"))

    sweep.days(stride, lambda: either_clockwork.publish_at(sweep.today), pause)
    assert [mail for mail in either_clockwork.mails if mail.to == CLEO] == []
    for edition in sweep.other.list_editions():
        if edition.state is EditionState.PAUSED:
            sweep.other.resume_edition(edition.uid)
    either_clockwork.walk(sweep.today + 2 * DAY, every=3 * HOUR)

    assert either_clockwork.each_got(CLEO) == either_clockwork.each_got(ADA) == Counter(either_clockwork.titles)
    sweep.close()


@on_postgresql
@strides
def test_an_article_published_while_a_digest_is_made_is_in_it_or_in_the_next(
    either_clockwork: Clockwork, stride: int
) -> None:
    sweep = Sweep(either_clockwork)

    sweep.days(stride, either_clockwork.publish, either_clockwork.publish_from(sweep.other))
    either_clockwork.walk(sweep.today + 2 * DAY, every=6 * HOUR)

    assert either_clockwork.each_got(ADA) == Counter(either_clockwork.titles)
    sweep.close()


@on_postgresql
@strides
def test_a_second_bell_in_the_middle_of_the_first_makes_nothing_twice(either_clockwork: Clockwork, stride: int) -> None:
    sweep = Sweep(either_clockwork)

    def prepare() -> None:
        either_clockwork.publish()
        either_clockwork.publish_at(sweep.today)

    days = sweep.days(stride, prepare, lambda: sweep.other.tick())
    either_clockwork.send()

    assert either_clockwork.each_got(ADA) == either_clockwork.each_got(CLEO) == Counter(either_clockwork.titles)
    assert len(either_clockwork.desk.rows(slots)) >= days
    assert either_clockwork.slot_states()["released"] == len(either_clockwork.desk.rows(slots))
    sweep.close()


@on_postgresql
@strides
def test_a_reader_who_leaves_while_a_digest_is_made_gets_nothing_more(either_clockwork: Clockwork, stride: int) -> None:
    sweep = Sweep(either_clockwork)

    def prepare() -> None:
        either_clockwork.publish()
        either_clockwork.follow("daily", f"r{sweep.today:%j}@example.org", time_zone="Europe/Paris")

    def leave() -> None:
        either_clockwork.desk.leave(f"r{sweep.today:%j}@example.org")

    sweep.days(stride, prepare, leave)

    assert {mail.to for mail in either_clockwork.mails if mail.to.startswith("r")} <= {f"r{sweep.today:%j}@example.org"}
    for edition in sweep.other.list_editions():
        balance = sweep.other.show_edition(edition.uid).balance
        assert balance.adds_up, edition
    sweep.close()


@on_postgresql
@strides
def test_a_reader_who_joins_while_a_digest_is_made_gets_each_later_article_once(
    either_clockwork: Clockwork, stride: int
) -> None:
    sweep = Sweep(either_clockwork)
    joined: dict[str, int] = {}

    def join() -> None:
        address = f"r{sweep.today:%j}@example.org"
        joined[address] = len(either_clockwork.titles)
        either_clockwork.follow("daily", address, time_zone="Europe/Paris")

    sweep.days(stride, either_clockwork.publish, join)
    either_clockwork.walk(sweep.today + 2 * DAY, every=6 * HOUR)

    for address, number in joined.items():
        got = either_clockwork.each_got(address)
        assert got == Counter(either_clockwork.titles[number:]), address
    sweep.close()


@on_postgresql
@strides
def test_a_digest_stopped_while_it_is_released_reaches_nobody_and_its_articles_come_later(
    either_clockwork: Clockwork, stride: int
) -> None:
    sweep = Sweep(either_clockwork, hold="2h")

    def prepare() -> None:
        either_clockwork.publish()
        either_clockwork.tick()

    def cancel() -> object:
        return sweep.other.cancel_edition(sweep.edition("digest"))

    sweep.days(stride, prepare, cancel)

    stopped = [row for row in either_clockwork.desk.rows(editions) if row["kind"] == "digest"]
    assert {row["state"] for row in stopped[:-1]} == {EditionState.CANCELLED}
    assert max(either_clockwork.each_got(ADA).values(), default=0) <= 1
    sweep.close()


@on_postgresql
@strides
def test_a_date_left_out_while_its_digest_is_made_is_left_out_or_refused(
    either_clockwork: Clockwork, stride: int
) -> None:
    sweep = Sweep(either_clockwork)

    def skip() -> object:
        return sweep.other.schedules().skip("daily", sweep.today.date())

    # Dates left out leave more and more to gather: without others between them there would be no end.
    sweep.days(stride, either_clockwork.publish, skip, quiet_days=True)
    either_clockwork.walk(sweep.today + 2 * DAY, every=6 * HOUR)

    assert either_clockwork.each_got(ADA) == Counter(either_clockwork.titles)
    assert set(either_clockwork.slots().values()) <= {"released", "skipped"}
    sweep.close()


# Statements that mean something else there.


@pytest.mark.parametrize("verb", ["skip", "pause", "resume", "run"])
def test_a_person_who_looks_after_a_schedule_moves_no_reader(either_clockwork: Clockwork, verb: str) -> None:
    # An INSERT that met a conflict has no row count on PostgreSQL: it looked like a schedule that begins.
    sweep = Sweep(either_clockwork)
    either_clockwork.publish()
    desk = sweep.other.schedules()

    for _ in range(2):
        match verb:
            case "skip":
                desk.skip("daily", DUE.date() + DAY)
            case "run":
                desk.skip("daily", DUE.date() + DAY)
                desk.run("daily")
                break
            case _:
                desk.pause("daily")
                desk.resume("daily")
    either_clockwork.walk(DUE + 3 * DAY, every=3 * HOUR)

    assert either_clockwork.each_got(ADA) == {"Bulletin 001": 1}
    sweep.close()


def test_a_run_that_brings_something_to_its_feed_alone_is_made(either_clockwork: Clockwork) -> None:
    # Ada has a topic on which nothing came out: there is an edition, and nobody to send it to.
    sweep = Sweep(either_clockwork)
    save(either_clockwork.desk.store, sweep.ada.id, Choices(topics=("harbour",)), intake=sweep.other.intake)
    either_clockwork.publish()

    left = either_clockwork.jump(DUE)

    assert left == []
    assert either_clockwork.slots() == {DUE.date(): "released"}
    sweep.close()


# Connections that are cut.


@pytest.mark.filterwarnings(
    "ignore:.*was deleted while still open:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@on_postgresql
@strides
def test_a_connection_cut_in_the_middle_of_a_tick_loses_nothing_and_doubles_nothing(
    either_clockwork: Clockwork, stride: int
) -> None:
    sweep = Sweep(either_clockwork)

    def prepare() -> None:
        either_clockwork.publish()
        either_clockwork.publish_at(sweep.today)

    def cut() -> None:
        with sweep.other.store.writing() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.execute(text(f"{others} AND datname = current_database() AND backend_type = 'client backend'"))

    at = 1
    while True:
        either_clockwork.desk.now = sweep.today - HOUR
        prepare()
        either_clockwork.desk.now = sweep.today
        with interrupted(either_clockwork.desk.store.engine, at, cut) as one:
            ticked = either_clockwork.try_tick()
        if not one.was_reached:
            break
        assert ticked is None or isinstance(ticked, NewsletterError)
        # The same command, run again, finishes without repair by hand.
        either_clockwork.ring()
        assert either_clockwork.slots()[date(sweep.today.year, sweep.today.month, sweep.today.day)] == "released"
        sweep.today += DAY
        at += stride

    either_clockwork.send()
    assert either_clockwork.each_got(ADA) == either_clockwork.each_got(CLEO) == Counter(either_clockwork.titles)
    sweep.close()
    # The driver says of each connection that was cut that nobody closed it; it may say so here alone.
    gc.collect()
