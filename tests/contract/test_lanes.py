"""The pace that several senders share, over SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_rows import NOW, empty, rows

from newsletter.config.pace_values import Limit, read_limit
from newsletter.delivery.gate import Gate, open_gate
from newsletter.delivery.pace import PaceRules, TransportPace, minute_of
from newsletter.model import EditionId, Outcome, Receipt
from newsletter.store import Store
from newsletter.store.lanes import Lane, delete_lane, hold_lanes, hold_transport, lanes_of, save_closing, save_lane
from newsletter.store.tables import lanes
from newsletter.store.traffic import (
    Answers,
    Span,
    add_answers,
    add_grants,
    answers_of_edition,
    count_answers,
    count_grants,
    forget_traffic,
    grants_by_minute,
)

EDITION = EditionId(1)
ACCEPTED = Receipt(outcome=Outcome.ACCEPTED, code=250)
TOO_FAST = Receipt(outcome=Outcome.DEFERRED, code=421, enhanced="4.7.0", reply="too fast")
LANE = Lane(
    transport="relay",
    domain="example.org",
    rate=1.5,
    tokens=2.25,
    refilled_at=NOW,
    concurrency=10,
    streak=5,
    closures=2,
    closed_until=NOW + timedelta(minutes=2),
    slowed_at=NOW,
    reason="421 4.7.0",
)


def limited(*limits: str) -> PaceRules:
    pace = TransportPace(limits=tuple(read_limit(limit) for limit in limits))
    return PaceRules(transports={"relay": pace}, per_domain=20)


def opened(store: Store, rules: PaceRules, now: datetime = NOW) -> Gate:
    with store.writing() as connection:
        return open_gate(connection, rules, transport="relay", now=now)


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)


def test_a_lane_comes_back_as_it_was_written(store: Store) -> None:
    with store.writing() as connection:
        save_lane(connection, Lane(transport="relay", domain="example.org", refilled_at=NOW))
        save_lane(connection, LANE)
        save_lane(connection, Lane(transport="other", domain="example.org", refilled_at=NOW))
        hold_transport(connection, "relay", tokens=1.0, now=NOW)

    with store.writing() as connection:
        assert lanes_of(connection, "relay") == {"example.org": LANE}
        assert hold_lanes(connection, "relay", ["example.org", "example.com"]) == {"example.org": LANE}
        delete_lane(connection, "relay", "example.org")
        assert lanes_of(connection, "relay") == {}


def test_the_closing_of_a_transport_keeps_its_tokens(store: Store) -> None:
    closed = Lane(transport="relay", domain="", refilled_at=NOW, streak=3, closures=1, closed_until=NOW, reason="down")

    with store.writing() as connection:
        hold_transport(connection, "relay", tokens=7.0, now=NOW)
        save_closing(connection, closed, now=later(hours=1))
        kept = hold_transport(connection, "relay", tokens=1.0, now=later(hours=1))

    assert (kept.tokens, kept.refilled_at) == (7.0, NOW)
    assert (kept.streak, kept.closures, kept.closed_until, kept.reason) == (3, 1, NOW, "down")


def test_answers_and_grants_of_a_minute_add_up_and_do_not_mix(store: Store) -> None:
    hour = Span(since=NOW, until=later(hours=1))

    with store.writing() as connection:
        for answers in (Answers(accepted=3), Answers(accepted=1, deferred=2, refused=4)):
            add_answers(connection, "relay", EDITION, minute=NOW, answers=answers)
        add_answers(connection, "relay", EditionId(2), minute=later(minutes=1), answers=Answers(deferred=1))
        add_answers(connection, "other", EDITION, minute=NOW, answers=Answers(accepted=100))
        add_grants(connection, "relay", 50, minute=NOW)
        add_grants(connection, "relay", -20, minute=NOW)
        add_grants(connection, "relay", 5, minute=later(minutes=2))

        assert count_answers(connection, "relay", hour) == Answers(accepted=4, deferred=3, refused=4)
        assert answers_of_edition(connection, EDITION, hour) == Answers(accepted=104, deferred=2, refused=4)
        assert count_grants(connection, "relay", hour) == 35
        assert count_grants(connection, "relay", Span(since=NOW, until=NOW)) == 0
        assert grants_by_minute(connection, "relay", hour) == [(NOW, 30), (later(minutes=2), 5)]


def test_old_minutes_are_forgotten(store: Store) -> None:
    with store.writing() as connection:
        for minutes in range(3):
            add_grants(connection, "relay", 1, minute=later(minutes=minutes))

        assert forget_traffic(connection, before=later(minutes=2)) == 2
        assert count_grants(connection, "relay", Span(since=NOW, until=later(hours=1))) == 1


gates = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60), st.integers(0, 40_000)), min_size=1, max_size=25)
limits = st.lists(
    st.sampled_from(["3/second", "40/second", "50/minute", "60/hour", "90/day"]), min_size=1, max_size=3, unique=True
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=gates, written=limits)
def test_gates_in_turn_never_grant_more_than_a_limit(
    store: Store, turns: list[tuple[int, int, int]], written: list[str]
) -> None:
    empty(store)
    rules = limited(*written)
    shared = [opened(store, rules) for _number in range(3)]
    now = NOW
    grants: list[tuple[datetime, int]] = []

    for number, wanted, milliseconds in turns:
        with store.writing() as connection:
            granted = shared[number].grant(connection, wanted, now=now)
        grants.append((now, granted.count))
        now += timedelta(milliseconds=milliseconds)

    for limit in map(read_limit, written):
        assert most_within(limit, grants) <= limit.count


def most_within(limit: Limit, grants: list[tuple[datetime, int]]) -> int:
    return max(sum(count for at, count in grants if start <= at < start + limit.per) for start, _count in grants)


def test_gates_at_once_never_grant_more_than_a_limit(store: Store) -> None:
    rules = limited("100/hour")
    counts: list[int] = []

    def take() -> None:
        gate = opened(store, rules)
        for _turn in range(10):
            with store.writing() as connection:
                counts.append(gate.grant(connection, 7, now=NOW).count)

    threads = [threading.Thread(target=take) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(counts) == 40
    assert sum(counts) == 100


def test_what_one_sender_learns_the_others_hear_at_their_next_lease(store: Store) -> None:
    one, other = opened(store, limited()), opened(store, limited())
    for _turn in range(5):
        one.heard("example.org", TOO_FAST, now=NOW, jitter=0.5)

    with store.writing() as connection:
        one.save(connection, EDITION, now=NOW)
    with store.writing() as connection:
        other.grant(connection, 500, now=NOW)
        put_off = other.sort([(1, "example.org"), (2, "example.com")], now=NOW, connection=connection)

    assert other.room("example.org") == 10
    assert [each.subscriber_id for each in put_off] == [1]


def test_the_refusals_of_two_senders_make_one_row(store: Store) -> None:
    both = [opened(store, limited()), opened(store, limited())]
    for number, gate in enumerate(both, start=2):
        for _turn in range(number):
            gate.heard("example.org", TOO_FAST, now=NOW, jitter=0.5)

    for gate in both:
        with store.writing() as connection:
            gate.save(connection, EDITION, now=NOW)

    (row,) = rows(store, lanes, domain="example.org")
    assert (row.streak, row.closures, row.concurrency) == (5, 1, 10)
    assert row.closed_until == later(seconds=30)


def test_only_one_of_two_senders_tries_a_closed_domain(store: Store) -> None:
    both = [opened(store, limited()), opened(store, limited())]
    for _turn in range(5):
        both[0].heard("example.org", TOO_FAST, now=NOW, jitter=0.5)
    with store.writing() as connection:
        both[0].save(connection, EDITION, now=NOW)

    tried = 0
    for gate in both:
        with store.writing() as connection:
            gate.grant(connection, 500, now=later(seconds=31))
            tried += 5 - len(
                gate.sort([(n, "example.org") for n in range(5)], now=later(seconds=31), connection=connection)
            )

    assert tried == 1


def test_a_sender_that_heard_nothing_new_overwrites_nothing(store: Store) -> None:
    one, other = opened(store, limited()), opened(store, limited())
    one.heard("example.org", TOO_FAST, now=NOW, jitter=0.5)
    with store.writing() as connection:
        one.save(connection, EDITION, now=NOW)
    before = rows(store, lanes, domain="example.org")

    other.heard("example.org", ACCEPTED, now=NOW, jitter=0.5)
    with store.writing() as connection:
        other.save(connection, EDITION, now=NOW)

    assert rows(store, lanes, domain="example.org") == before


@pytest.mark.parametrize("limit", ["14/second", "60/hour"])
def test_pace_survives_restart(store: Store, limit: str) -> None:
    rules = limited(limit)
    with store.writing() as connection:
        before = open_gate(connection, rules, transport="relay", now=NOW)
        while (granted := before.grant(connection, 60, now=NOW)).count:
            pass

    restarted = opened(store, rules, later(milliseconds=10))
    with store.writing() as connection:
        after = restarted.grant(connection, 60, now=later(milliseconds=10))

    assert after.count == 0
    assert after.next_at == granted.next_at or minute_of(later(hours=1)) < (after.next_at or NOW)
