"""`serve` for two months: daily and weekly digests, articles at their hours, and two deaths on the way.

What each reader must have got is worked out here from the plan alone, and compared with the log of the relay.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
from clockwork import Clockwork, expected_instant, next_tick
from ringers import HARNESS, relay, titles_in
from scripted_smtp import ScriptedSmtp

from newsletter.editions.news import NewsKind
from newsletter.model import DeliveryState
from newsletter.store.tables import deliveries

# After the hour of everybody on that date.
BEGIN = datetime(2027, 2, 21, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
# The clocks change in New York on 14 March, in Paris on 28 March.
DAILY = {"ada@example.org": "Europe/Paris", "farid@example.org": "America/New_York"}
WEEKLY = {"wim@example.org": "Europe/Paris", "mei@example.org": "Asia/Kathmandu"}
EACH = ("cleo@example.org", "dan@example.org")
EIGHT = time(8)


@dataclass
class Months:
    """A plan of articles and the digests that follow from it, by a bell that rings every so many minutes."""

    step: timedelta
    days: int
    articles: dict[str, datetime]

    @property
    def end(self) -> datetime:
        return BEGIN + self.days * DAY

    def digests(self, zones: dict[str, str], weekday: int | None) -> Iterator[tuple[date, frozenset[str]]]:
        """The titles of each run, by its date: what came out since the run before; none without any."""
        taken: set[str] = set()
        for number in range(self.days + 1):
            day = BEGIN.date() + number * DAY
            if weekday is not None and day.isoweekday() != weekday:
                continue
            hours = [expected_instant(day, EIGHT, zone) for zone in zones.values()]
            # A run begins with its earliest zone, and has what was published by the ring that makes it.
            cut = next_tick(min(hour for hour in hours if hour is not None), self.step)
            if not BEGIN < cut <= self.end - 2 * DAY:
                continue
            new = {title for title, at in self.articles.items() if next_tick(at, self.step) <= cut} - taken
            taken |= new
            if new:
                yield day, frozenset(new)

    def expected(self) -> Counter[tuple[str, frozenset[str]]]:
        """How often each reader gets which titles in one mail."""
        found: Counter[tuple[str, frozenset[str]]] = Counter()
        for zones, weekday in ((DAILY, None), (WEEKLY, 1)):
            for _, titles in self.digests(zones, weekday):
                found.update((address, titles) for address in zones)
        found.update((address, frozenset([title])) for address in EACH for title in self.articles)
        return found


def plan_months(clockwork: Clockwork, days: int, step: timedelta) -> Months:
    """Readers, schedules, and some two dozen articles at hours of which some are the same."""
    chance = random.Random(20270221)
    clockwork.desk.now = BEGIN
    clockwork.schedule('daily = { at = "08:00" }\nweekly = { at = "mon 08:00" }')
    for rhythm, zones in (("daily", DAILY), ("weekly", WEEKLY)):
        for address, zone in zones.items():
            clockwork.follow(rhythm, address, time_zone=zone)
    for address in EACH:
        clockwork.desk.add(address)
    articles: dict[str, datetime] = {}
    while len(articles) < days * 2 // 5:
        at = BEGIN + timedelta(minutes=chance.randint(1, (days - 12) * 24 * 60))
        for _ in range(chance.choice([1, 1, 1, 2])):
            articles[clockwork.publish_at(at)] = at
    return Months(step=step, days=days, articles=articles)


def serve(clockwork: Clockwork, months: Months, kills: list[datetime]) -> None:
    """Serve to the end, with a death at each of these moments."""
    folder, step = str(clockwork.desk.folder), str(int(months.step.total_seconds()) // 60)
    begin = BEGIN
    while True:
        command = [sys.executable, str(HARNESS / "months_process.py"), folder, begin.isoformat(), step]
        process = subprocess.Popen([*command, months.end.isoformat()], stdout=PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            begin = datetime.fromisoformat(line.strip())
            if kills and begin >= kills[0]:
                kills.pop(0)
                process.kill()
        process.stdout.close()
        if process.wait() == 0:
            return
        assert process.returncode == -signal.SIGKILL


def got(server: ScriptedSmtp) -> Counter[tuple[str, frozenset[str]]]:
    return Counter((str(message["To"]), titles_in(message)) for message in map(parse, server.accepted))


def parse(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


@pytest.mark.parametrize("minutes", [180, pytest.param(20, marks=[pytest.mark.faults, pytest.mark.timeout(1_800)])])
def test_two_months_with_two_deaths_bring_each_reader_what_the_plan_says(clockwork: Clockwork, minutes: int) -> None:
    with relay(clockwork.desk) as server:
        months = plan_months(clockwork, 60, timedelta(minutes=minutes))
        clockwork.desk.close()

        # At the hour of Paris on the night its clocks changed, and in the middle of a Monday's run.
        serve(clockwork, months, [datetime(2027, 3, 15, 6, 0, tzinfo=UTC), datetime(2027, 3, 28, 6, 0, tzinfo=UTC)])

        clockwork.reopen()
        wanted, came = months.expected(), got(server)
        doubted = [row for row in clockwork.desk.rows(deliveries) if row["state"] == int(DeliveryState.UNKNOWN)]
        assert not came - wanted
        # A mail that was on the wire when the process died is known as such, and waits for a person.
        assert (wanted - came).total() <= len(doubted) <= 2
        assert clockwork.told() == clockwork.told(NewsKind.FAILED) == 0
        assert set(clockwork.slots("weekly").values()) | set(clockwork.slots().values()) == {"released", "skipped"}
        digests = [*months.digests(DAILY, None)]
        released = sorted(day for day, state in clockwork.slots().items() if state == "released")
        assert released == [day for day, _ in digests]


# The command itself, by a false clock.

PROGRAM = str(Path(sys.executable).parent / "newsletter")
# Threads wait by the other clock, which goes on as it is.
KEPT_MONOTONIC = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@contextmanager
def serving(clockwork: Clockwork, faketime: str, begin: datetime) -> Iterator[subprocess.Popen[bytes]]:
    """`newsletter serve` from `begin` on, by a clock that runs three hundred times too fast."""
    command = [faketime, "-f", f"@{begin:%Y-%m-%d %H:%M:%S} x300", PROGRAM]
    folder = clockwork.desk.folder
    environ = {**os.environ, **KEPT_MONOTONIC, "TZ": "UTC"}
    command += ["serve", "--bind", "127.0.0.1:0"]
    # A session of its own: faketime stays the parent of what it starts, and would be killed alone.
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=PIPE, stderr=STDOUT, start_new_session=True)
    assert process.stdout is not None
    try:
        while not process.stdout.readline().startswith(b"Ctrl-C"):
            assert process.poll() is None
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(outbox: Path, number: int) -> list[EmailMessage]:
    """So many messages, as soon as they are there, at most forty seconds from now."""
    for _ in range(400):
        found = [parse(path.read_bytes()) for path in outbox.glob("*") if "owner@" not in path.name]
        if len(found) >= number:
            return found
        threading.Event().wait(0.1)
    raise AssertionError(f"there are {len(found)} messages")


@pytest.mark.faults
def test_the_command_under_a_false_clock_mails_a_digest_at_its_hour_and_once(
    clockwork: Clockwork, external_tool: Callable[[str], str]
) -> None:
    faketime, eve = external_tool("faketime"), datetime(2027, 3, 8, 6, 50, tzinfo=UTC)
    clockwork.desk.now = eve - DAY / 2
    clockwork.schedule('daily = { at = "08:00" }')
    clockwork.follow("daily", "ada@example.org", time_zone="Europe/Paris")
    clockwork.publish()
    clockwork.jump(eve - timedelta(minutes=5))
    clockwork.desk.close()
    outbox = clockwork.desk.folder / "outbox" / "new"

    with serving(clockwork, faketime, eve):
        [digest] = wait_for(outbox, 1)
    sent_at = parsedate_to_datetime(str(digest["Date"]))
    # Killed, and started once more a minute after the hour.
    with serving(clockwork, faketime, datetime(2027, 3, 8, 7, 1, tzinfo=UTC)) as again:
        # Two rings, by the clock that is right.
        threading.Event().wait(7)
        assert again.poll() is None

    assert datetime(2027, 3, 8, 7, 0, tzinfo=UTC) <= sent_at < datetime(2027, 3, 8, 13, 0, tzinfo=UTC)
    assert titles_in(digest) == {"Bulletin 001"}
    clockwork.reopen()
    assert clockwork.slots() == {date(2027, 3, 8): "released"}
    assert len([*outbox.glob("*")]) == 1
