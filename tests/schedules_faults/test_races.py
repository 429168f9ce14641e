"""F17: two bells, two senders, a command beside `serve`: one slot, one edition, one mail to each reader.

On SQLite and on PostgreSQL, in processes and in threads. The relay's own log is the judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from clockwork import Clockwork
from ringers import all_at_once, relay, ringers, taken
from scripted_smtp import ScriptedSmtp
from sqlalchemy import select

from newsletter.model import DeliveryState
from newsletter.newsroom import Newsroom
from newsletter.store.tables import chunks, deliveries, editions, slots

BEGIN = datetime(2027, 1, 10, 12, 0, tzinfo=UTC)
DUE = datetime(2027, 1, 11, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DAILY = tuple(f"{name}@example.org" for name in ("ada", "ben", "farid", "wim"))
EACH = "cleo@example.org"


def prepare(clockwork: Clockwork) -> None:
    clockwork.desk.now = BEGIN
    clockwork.schedule('daily = { at = "08:00" }')
    for number, address in enumerate(DAILY):
        clockwork.follow("daily", address, time_zone="Europe/Paris", language=("en", "fr")[number % 2])
    clockwork.desk.add(EACH)


def race(clockwork: Clockwork, rounds: int, ring: Callable[[datetime], list[str]]) -> None:
    """A run of the schedule in each round, and an article: published before it, or due at the same moment."""
    for number in range(rounds):
        moment = DUE + number * DAY
        clockwork.desk.now = moment - timedelta(hours=1)
        is_scheduled = number % 2 == 1
        if is_scheduled:
            clockwork.publish_at(moment)
        else:
            clockwork.publish()
        done = ring(moment)
        # Either process may have published the article, and either made the run.
        assert sorted(word.partition(":")[0] for word in done) == ["released", *(["tag"] if is_scheduled else [])]
        digests = [row for row in clockwork.desk.rows(editions) if row["kind"] == "digest"]
        assert [digests[-1]["audience"], len(digests)] == [len(DAILY), number + 1]
    assert clockwork.slot_states() == {"released": rounds}
    assert len({row["edition_id"] for row in clockwork.desk.rows(slots)}) == rounds


def judge(clockwork: Clockwork, server: ScriptedSmtp) -> None:
    assert taken(server) == Counter((address, title) for address in (*DAILY, EACH) for title in clockwork.titles)
    with clockwork.desk.store.reading() as connection:
        assert set(connection.execute(select(deliveries.c.state)).scalars()) == {int(DeliveryState.SENT)}
        assert set(connection.execute(select(chunks.c.state)).scalars()) == {"done"}
    assert clockwork.told() == 0


def words(said: Iterable[str]) -> list[str]:
    """What was done, whoever did it."""
    return [word for line in said for word in line.split("; ") if word]


@pytest.mark.parametrize("rounds", [8, pytest.param(100, marks=[pytest.mark.faults, pytest.mark.timeout(900)])])
def test_two_processes_that_ring_at_the_same_moment_mail_each_reader_once(
    either_clockwork: Clockwork, rounds: int
) -> None:
    with relay(either_clockwork.desk) as server:
        prepare(either_clockwork)
        with ringers(either_clockwork.desk) as processes:

            def ring(moment: datetime) -> list[str]:
                said = all_at_once(processes, "ring", moment)
                # Whoever made no edition may have had nothing to send yet.
                all_at_once(processes, "send", moment)
                return words(said)

            race(either_clockwork, rounds, ring)

        judge(either_clockwork, server)


@pytest.mark.parametrize("rounds", [6, pytest.param(100, marks=[pytest.mark.faults, pytest.mark.timeout(900)])])
def test_a_command_beside_the_server_makes_nothing_twice(either_clockwork: Clockwork, rounds: int) -> None:
    with relay(either_clockwork.desk) as server:
        prepare(either_clockwork)
        with ringers(either_clockwork.desk) as [served, command]:

            def ring(moment: datetime) -> list[str]:
                served.tell("serve", moment.isoformat())
                command.tell("ring", moment.isoformat())
                assert served.hear() == "at work"
                said = [command.hear()]
                served.tell("rest")
                said.append(served.hear())
                all_at_once([command], "send", moment)
                return words(said)

            race(either_clockwork, rounds, ring)

        judge(either_clockwork, server)


@pytest.mark.parametrize("rounds", [8, pytest.param(100, marks=[pytest.mark.faults, pytest.mark.timeout(900)])])
def test_two_threads_that_ring_at_the_same_moment_mail_each_reader_once(
    either_clockwork: Clockwork, rounds: int
) -> None:
    with relay(either_clockwork.desk) as server:
        prepare(either_clockwork)
        newsrooms = [either_clockwork.desk.another() for _ in range(2)]
        begin = Barrier(2)

        def ring_one(newsroom: Newsroom) -> str:
            begin.wait(30)
            ticked = newsroom.tick()
            begin.wait(30)
            newsroom.send_due()
            return "; ".join((*ticked.faults, *ticked.published, *(str(slot.state) for slot in ticked.slots)))

        with ThreadPoolExecutor(2) as pool:

            def ring(moment: datetime) -> list[str]:
                either_clockwork.desk.now = moment
                return words(pool.map(ring_one, newsrooms))

            race(either_clockwork, rounds, ring)

        for newsroom in newsrooms:
            newsroom.close()
        judge(either_clockwork, server)
