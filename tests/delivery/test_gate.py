from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from ledger_rows import NOW, rows
from sqlalchemy import Connection

from newsletter.config.pace_values import Hours, read_limit
from newsletter.delivery.gate import Gate, open_gate
from newsletter.delivery.pace import PaceRules, TransportPace
from newsletter.model import EditionId, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.tables import lanes, traffic
from newsletter.store.traffic import Answers, Span, add_answers, count_answers

EDITION = EditionId(1)
ACCEPTED = Receipt(outcome=Outcome.ACCEPTED, code=250)
TOO_FAST = Receipt(outcome=Outcome.DEFERRED, code=421, enhanced="4.7.0", reply="<ada@example.org> too fast")
NOBODY = Receipt(outcome=Outcome.REFUSED, code=550, enhanced="5.1.1", reply="nobody")
UNSURE = Receipt(outcome=Outcome.UNKNOWN, reply="no reply in time")
PER_DOMAIN = PaceRules(per_domain=20)


def limited(*limits: str, warm_up: date | None = None, hours: Hours | None = None) -> PaceRules:
    pace = TransportPace(limits=tuple(read_limit(limit) for limit in limits), warm_up=warm_up)
    return PaceRules(transports={"relay": pace}, zone="Europe/Paris", hours=hours)


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    with store.writing() as connection:
        yield connection


def opened(connection: Connection, rules: PaceRules, now: datetime = NOW) -> Gate:
    return open_gate(connection, rules, transport="relay", now=now)


def hear(gate: Gate, receipt: Receipt, times: int = 1, *, now: datetime = NOW, domain: str = "example.org") -> None:
    for _turn in range(times):
        gate.heard(domain, receipt, now=now, jitter=0.5)


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)


def test_without_rules_everything_is_granted_and_no_lane_is_written(store: Store) -> None:
    with store.writing() as connection:
        gate = opened(connection, PaceRules())
        granted = gate.grant(connection, 500, now=NOW)
        put_off = gate.sort([(1, "example.org")], now=NOW, connection=connection)
        hear(gate, TOO_FAST, 10)
        gate.save(connection, EDITION, now=NOW)

    assert (granted.count, granted.next_at, put_off) == (500, None, [])
    assert gate.room("example.org") > 1_000_000
    assert rows(store, lanes) == []


def test_the_answers_of_a_minute_are_counted_by_edition(store: Store) -> None:
    with store.writing() as connection:
        gate = opened(connection, PaceRules())
        for receipt, times in ((ACCEPTED, 3), (TOO_FAST, 2), (NOBODY, 1), (UNSURE, 1)):
            hear(gate, receipt, times)
        gate.save(connection, EDITION, now=later(seconds=5))
        hear(gate, ACCEPTED)
        gate.save(connection, EDITION, now=later(seconds=59))
        hear(gate, ACCEPTED)
        gate.save(connection, EditionId(2), now=later(seconds=60))

    found = [
        (row.transport, row.minute, row.edition_id, row.accepted, row.deferred, row.refused)
        for row in rows(store, traffic)
    ]
    assert found == [("relay", NOW, 1, 4, 2, 1), ("relay", later(minutes=1), 2, 1, 0, 0)]


def test_mail_waits_for_its_hours(connection: Connection) -> None:
    gate = opened(connection, limited(hours=Hours(start=time(8), end=time(20))))
    evening = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)

    granted = gate.grant(connection, 500, now=evening)

    assert (granted.count, granted.next_at) == (0, datetime(2026, 11, 25, 7, 0, tzinfo=UTC))
    assert granted.reason == "mail leaves from 08:00 to 20:00 (Europe/Paris)"
    assert gate.grant(connection, 500, now=NOW).count == 500


def test_a_limit_grants_in_small_steps(connection: Connection) -> None:
    gate = opened(connection, limited("14/second"))
    count, now = 0, NOW

    while now < later(seconds=10):
        granted = gate.grant(connection, 500, now=now)
        count += granted.count
        assert granted.next_at is not None
        now = granted.next_at

    assert 130 <= count <= 140
    assert granted.reason == "relay: the limit is 14/second"


def test_a_day_is_full_until_its_first_minute_is_over(connection: Connection) -> None:
    gate = opened(connection, limited("500/day"))

    first = gate.grant(connection, 400, now=NOW)
    second = gate.grant(connection, 400, now=later(hours=2))
    third = gate.grant(connection, 400, now=later(hours=3))

    assert (first.count, first.next_at) == (400, None)
    assert (second.count, third.count) == (100, 0)
    assert second.next_at == third.next_at == later(days=1, minutes=1)
    assert third.reason == "relay: the limit of 500/day is reached"
    assert gate.grant(connection, 400, now=later(days=1, minutes=1)).count == 400


def test_what_was_not_used_is_granted_again(connection: Connection) -> None:
    gate = opened(connection, limited("200/second", "500/day"))
    granted = gate.grant(connection, 500, now=NOW)

    gate.give_back(connection, granted.count, now=NOW)

    assert gate.grant(connection, 500, now=NOW).count == granted.count
    span = Span(since=NOW, until=later(minutes=1))
    assert count_answers(connection, "relay", span) == Answers()


def test_a_warm_up_grants_two_hundred_on_its_first_day(connection: Connection) -> None:
    gate = opened(connection, limited(warm_up=date(2026, 11, 24)))

    granted = gate.grant(connection, 500, now=NOW)

    assert granted.count == 200
    assert granted.next_at == datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    assert granted.reason == "relay: 200 messages a day in step 1 of 42 of the warm-up"
    assert gate.grant(connection, 500, now=later(hours=1)).count == 0


def test_a_warm_up_brings_more_on_the_day_after(connection: Connection) -> None:
    gate = opened(connection, limited(warm_up=date(2026, 11, 24)))
    gate.grant(connection, 500, now=NOW)
    add_answers(connection, "relay", EDITION, minute=NOW, answers=Answers(accepted=190, deferred=10))

    assert gate.grant(connection, 500, now=later(days=1)).count == 237


def test_a_day_with_many_deferrals_is_repeated(connection: Connection) -> None:
    gate = opened(connection, limited(warm_up=date(2026, 11, 24)))
    gate.grant(connection, 500, now=NOW)
    add_answers(connection, "relay", EDITION, minute=NOW, answers=Answers(accepted=189, deferred=11))

    assert gate.grant(connection, 500, now=later(days=1)).count == 200


def test_a_warm_up_ends(connection: Connection) -> None:
    gate = opened(connection, limited(warm_up=date(2026, 11, 24)))

    assert gate.grant(connection, 300_000, now=later(days=42)).count == 300_000


def test_a_domain_that_asks_for_less_gets_less_and_others_do_not(store: Store) -> None:
    with store.writing() as connection:
        gate = opened(connection, PER_DOMAIN)
        hear(gate, ACCEPTED, 60)
        hear(gate, TOO_FAST)
        rows_due = [(number, "example.org" if number % 2 else "example.com") for number in range(100)]
        put_off = gate.sort(rows_due, now=NOW, connection=connection)

    assert (gate.room("example.org"), gate.room("example.com")) == (10, 20)
    assert len(put_off) == 49
    assert {each.subscriber_id % 2 for each in put_off} == {1}
    assert len({each.until for each in put_off}) == 49
    assert put_off[0].reason == "example.org asks for less mail: 421 4.7.0"


def test_nobodys_address_is_kept_with_a_lane(store: Store) -> None:
    with store.writing() as connection:
        gate = opened(connection, PER_DOMAIN)
        hear(gate, TOO_FAST)
        gate.save(connection, EDITION, now=NOW)

    assert [row.reason for row in rows(store, lanes)] == ["421 4.7.0"]


def test_refused_addresses_teach_nothing(store: Store) -> None:
    with store.writing() as connection:
        gate = opened(connection, PER_DOMAIN)
        hear(gate, NOBODY, 50)
        gate.save(connection, EDITION, now=NOW)

    assert gate.room("example.org") == 20
    assert rows(store, lanes) == []


def test_rows_of_a_closed_domain_come_back_one_after_the_other(connection: Connection) -> None:
    gate = opened(connection, PER_DOMAIN)
    hear(gate, TOO_FAST, 5)

    first = gate.sort([(number, "example.org") for number in range(10)], now=NOW)
    second = gate.sort([(number, "example.org") for number in range(10, 20)], now=later(seconds=1))

    moments = [each.until for each in (*first, *second)]
    assert len(moments) == 20
    assert moments == sorted(set(moments))
    assert moments[0] >= later(seconds=30)


def test_one_message_tries_a_closed_domain_again(connection: Connection) -> None:
    gate = opened(connection, PER_DOMAIN)
    hear(gate, TOO_FAST, 5)
    due = [(number, "example.org") for number in range(10)]

    put_off = gate.sort(due, now=later(seconds=31))

    assert [each.subscriber_id for each in put_off] == list(range(1, 10))
    hear(gate, ACCEPTED, now=later(seconds=32))
    assert len(gate.sort(due, now=later(seconds=42))) < 10


def test_a_lane_that_is_whole_again_is_deleted(store: Store) -> None:
    with store.writing() as connection:
        gate = opened(connection, PER_DOMAIN)
        hear(gate, TOO_FAST)
        gate.save(connection, EDITION, now=NOW)
    assert len(rows(store, lanes)) == 1

    with store.writing() as connection:
        gate.grant(connection, 500, now=later(hours=12))
        gate.save(connection, EDITION, now=later(hours=12))

    assert rows(store, lanes) == []
    assert gate.room("example.org") == 20


def test_pace_survives_restart(store: Store) -> None:
    pace = TransportPace(limits=(read_limit("500/day"),))
    rules = PaceRules(transports={"relay": pace}, per_domain=20)
    with store.writing() as connection:
        gate = opened(connection, rules)
        gate.grant(connection, 500, now=NOW)
        hear(gate, TOO_FAST, 5)
        gate.save(connection, EDITION, now=NOW)

    with store.writing() as connection:
        restarted = opened(connection, rules, later(seconds=10))
        granted = restarted.grant(connection, 500, now=later(seconds=10))
        put_off = restarted.sort([(1, "example.org")], now=later(seconds=10))

    assert granted.count == 0
    assert restarted.room("example.org") == 10
    assert [each.subscriber_id for each in put_off] == [1]
