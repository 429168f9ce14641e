"""F3, F1 for the clockwork: a tick killed at each write and each fsync, and a bell killed at random moments.

Old state or new state, never half of one; the next tick finishes; nobody is forgotten, and nobody mailed twice.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clockwork import Clockwork
from mortals import Mortals, calls_in, traced
from ringers import relay, taken
from sqlalchemy import Table, func, select

from newsletter.model import DeliveryState
from newsletter.store import tables
from newsletter.store.engine import integrity_faults
from newsletter.store.tables import deliveries, editions, variant_articles, variants

DUE = datetime(2027, 1, 11, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAILY = tuple(f"{name}@example.org" for name in ("ada", "ben", "farid", "wim"))
EACH = "cleo@example.org"
COUNTED = (
    tables.articles,
    tables.publications,
    tables.revisions,
    tables.scheduled,
    tables.slots,
    tables.editions,
    tables.variants,
    tables.deliveries,
    tables.waves,
    tables.chunks,
)

strides = pytest.mark.parametrize(
    "stride", [23, pytest.param(1, marks=[pytest.mark.faults, pytest.mark.timeout(1_800)])]
)


@dataclass
class Scene:
    """A newsroom a moment before a tick that has something to do, kept so that it can be brought back."""

    clockwork: Clockwork
    mortals: Mortals
    kept: Path

    def bring_back(self) -> None:
        folder = self.clockwork.desk.folder
        self.clockwork.desk.close()
        for place in ("feeds", "site", "outbox"):
            shutil.rmtree(folder / place, ignore_errors=True)
        for name in ("newsletter.db-wal", "newsletter.db-shm"):
            (folder / name).unlink(missing_ok=True)
        shutil.copytree(self.kept, folder, dirs_exist_ok=True)
        self.clockwork.mails.clear()
        self.clockwork.reopen()

    def state(self) -> dict[str, object]:
        """What a release writes: how many rows of each kind, the cursors, the states of runs and editions."""
        with self.clockwork.desk.store.reading() as connection:

            def count(table: Table) -> int:
                return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

            found: dict[str, object] = {table.name: count(table) for table in COUNTED}
            cursors = select(tables.subscribers.c.covered_through).order_by(tables.subscribers.c.id)
            found["cursors"] = connection.execute(cursors).scalars().all()
            found["runs"] = connection.execute(select(tables.slots.c.state)).scalars().all()
            states = select(tables.editions.c.state).order_by(tables.editions.c.id)
            found["states"] = connection.execute(states).scalars().all()
        return found

    def tick(self, strace: str, *options: str) -> tuple[int, Counter[str]]:
        """How a child ended that ticks at DUE, and which calls it made."""
        log = self.kept.with_name("strace.log")
        self.clockwork.desk.close()
        pid = self.mortals.bear("tick", DUE.isoformat())
        with traced(strace, pid, log, *options):
            code = self.mortals.end_of(pid)
        self.clockwork.reopen()
        return code, calls_in(log)


@pytest.fixture
def scene(clockwork: Clockwork, tmp_path: Path) -> Iterator[Scene]:
    clockwork.desk.now = DUE - 3 * HOUR
    clockwork.schedule('daily = { at = "08:00" }')
    for number, address in enumerate(DAILY):
        clockwork.follow("daily", address, time_zone="Europe/Paris", language=("en", "fr")[number % 2])
    clockwork.desk.add(EACH)
    mortals = Mortals(clockwork.desk.folder)
    yield Scene(clockwork, mortals, tmp_path / "kept")
    mortals.close()


def keep(scene: Scene) -> dict[str, object]:
    """Let the newsroom be as it would be a moment before DUE, and keep it so; gives its state."""
    scene.clockwork.jump(DUE - HOUR)
    scene.clockwork.desk.newsroom.renew_outputs()
    scene.clockwork.desk.store.checkpoint()
    before = scene.state()
    scene.clockwork.desk.close()
    shutil.copytree(scene.clockwork.desk.folder, scene.kept)
    return before


def sweep(scene: Scene, strace: str, stride: int, check: Callable[[], None]) -> None:
    """Kill a tick at every stride-th of its calls, look at what is left, and let another one finish."""
    before = keep(scene)
    _, calls = scene.tick(strace)
    after = scene.state()
    assert after != before
    points = [(call, number) for call, times in sorted(calls.items()) for number in range(1, times + 1)]
    assert len(points) > 60
    seen = Counter[bool]()
    for call, number in points[::stride]:
        scene.bring_back()
        code, _ = scene.tick(strace, "-e", f"inject={call}:signal=KILL:when={number}")
        assert code == -signal.SIGKILL, (call, number)
        left = scene.state()
        assert left in (before, after), (call, number)
        seen[left == after] += 1

        scene.clockwork.desk.now = DUE + timedelta(minutes=1)
        scene.clockwork.ring()

        assert scene.state() | {"states": None} == after | {"states": None}, (call, number)
        with scene.clockwork.desk.store.reading() as connection:
            assert integrity_faults(connection) == []
        check()
    # It bites: there were deaths on both sides of the commit.
    assert set(seen) == {False, True}


@strides
def test_a_tick_killed_while_it_makes_a_digest_leaves_the_old_state_or_the_new(
    scene: Scene, external_tool: Callable[[str], str], stride: int
) -> None:
    title = scene.clockwork.publish()

    def check() -> None:
        daily = [mail for mail in scene.clockwork.mails if mail.to != EACH]
        assert sorted((mail.to, *mail.titles) for mail in daily) == [(address, title) for address in DAILY]

    sweep(scene, external_tool("strace"), stride, check)


@strides
def test_a_tick_killed_while_it_publishes_leaves_the_old_state_or_the_new(
    scene: Scene, external_tool: Callable[[str], str], stride: int
) -> None:
    # Tomorrow's digest is not due, so that this is the only thing to do.
    scene.clockwork.walk(DUE - 2 * HOUR)
    scene.clockwork.bell.skip("daily", DUE.date())
    title = scene.clockwork.publish_at(DUE)

    def check() -> None:
        assert [(mail.to, *mail.titles) for mail in scene.clockwork.mails] == [(EACH, title)]

    sweep(scene, external_tool("strace"), stride, check)


def test_feeds_that_a_killed_tick_left_stale_are_written_by_the_next_one(
    scene: Scene, external_tool: Callable[[str], str]
) -> None:
    title = scene.clockwork.publish_at(DUE)
    keep(scene)
    strace = external_tool("strace")
    _, calls = scene.tick(strace)
    scene.bring_back()

    scene.tick(strace, "-e", f"inject=fsync:signal=KILL:when={calls['fsync'] // 2}")
    scene.clockwork.desk.now = DUE + timedelta(minutes=1)
    scene.clockwork.desk.newsroom.tick()

    assert title in scene.clockwork.desk.read("feeds/rss.xml")


# Random moments.


@pytest.mark.parametrize(
    ("kills", "days"), [(20, 9), pytest.param(200, 60, marks=[pytest.mark.faults, pytest.mark.timeout(1_800)])]
)
def test_a_bell_killed_at_random_moments_forgets_nobody_and_mails_nobody_twice(
    clockwork: Clockwork, kills: int, days: int
) -> None:
    murder, until = Murder(chance=random.Random(20270111), left=kills), DUE + (days + 1) * DAY
    with relay(clockwork.desk) as server:
        prepare_days(clockwork, days)
        clockwork.desk.close()
        mortals = Mortals(clockwork.desk.folder)
        moment = DUE - 2 * HOUR
        while moment < until:
            pid = mortals.bear("loop", moment.isoformat(), 60, until.isoformat())
            os.kill(pid, signal.SIGCONT)
            moment = murder.watch(mortals, pid) or until
        mortals.close()
        clockwork.reopen()
        clockwork.desk.now = until + HOUR
        clockwork.tick()
        clockwork.bell.send_due()

        assert murder.left == 0
        judge(clockwork, taken(server), kills)


def prepare_days(clockwork: Clockwork, days: int) -> None:
    """Readers, and an article a day that waits for its hour."""
    clockwork.desk.now = DUE - 3 * HOUR
    clockwork.schedule('daily = { at = "08:00" }')
    for number, address in enumerate(DAILY):
        clockwork.follow("daily", address, time_zone=("Europe/Paris", "America/New_York")[number % 2])
    clockwork.desk.add(EACH)
    for number in range(days):
        clockwork.publish_at(DUE + number * DAY - HOUR)


@dataclass
class Murder:
    """Kills children at hours at which there is something to do, as long as there are kills left."""

    chance: random.Random
    left: int

    def watch(self, mortals: Mortals, pid: int) -> datetime | None:
        """The moment at which a child was when it was killed; None for one that came to its end."""
        moment = DUE
        for line in mortals.lines():
            word, value = line.split()
            if word == "ended":
                assert value in ("0", str(-signal.SIGKILL))
                self.left -= value != "0"
                return None if value == "0" else moment
            moment = datetime.fromisoformat(value)
            # An article is due, or Paris, or New York.
            if self.left and moment.hour in (6, 7, 13) and self.chance.random() < 0.6:
                threading.Timer(self.chance.random() * 0.15, strike, [pid]).start()
        raise AssertionError("the process of the children has ended")


def strike(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def judge(clockwork: Clockwork, got: Counter[tuple[str, str]], killed: int) -> None:
    """Each reader has each title once, or a delivery of it is unknown, one at most for each kill."""
    assert max(got.values()) == 1
    wanted = {(address, title) for address in (*DAILY, EACH) for title in clockwork.titles}
    missing = wanted - set(got)
    with clockwork.desk.store.reading() as connection:
        query = (
            select(tables.subscribers.c.address, tables.revisions.c.title)
            .join_from(deliveries, tables.subscribers)
            .join(variants, variants.c.id == deliveries.c.variant_id)
            .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
            .join(tables.revisions, tables.revisions.c.id == variant_articles.c.revision_id)
            .where(deliveries.c.state == int(DeliveryState.UNKNOWN))
        )
        doubted = {(address, title) for address, title in connection.execute(query)}
        states = set(connection.execute(select(deliveries.c.state)).scalars())
        assert integrity_faults(connection) == []
    assert missing <= doubted
    assert len(doubted) <= killed
    assert states <= {int(DeliveryState.SENT), int(DeliveryState.UNKNOWN)}
    assert clockwork.slot_states()["released"] >= len(clockwork.titles)
    digests = [row["id"] for row in clockwork.desk.rows(editions) if row["kind"] == "digest"]
    assert len(digests) == clockwork.slot_states()["released"]
