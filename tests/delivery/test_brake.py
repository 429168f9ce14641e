from __future__ import annotations

from newsletter.delivery.brake import REFUSALS, Brake
from newsletter.model import SubscriberId


def refuse(brake: Brake, number: int, *, bounced: bool = False) -> None:
    brake.refused(SubscriberId(number))
    if bounced:
        brake.bounced(SubscriberId(number))


def test_twenty_refusals_in_a_row_pull_the_brake() -> None:
    brake = Brake()

    for number in range(REFUSALS - 1):
        refuse(brake, number)
    assert not brake.is_pulled
    refuse(brake, 19)

    assert brake.is_pulled
    assert list(brake.refused_ids) == list(range(20))


def test_one_acceptance_forgives_all() -> None:
    brake = Brake(3)
    refuse(brake, 1, bounced=True)
    refuse(brake, 2)

    brake.accepted()
    refuse(brake, 3)

    assert not brake.is_pulled
    assert list(brake.refused_ids) == [3]
    assert list(brake.bounced_ids) == []


def test_it_remembers_who_was_marked_as_bounced() -> None:
    brake = Brake(2)

    refuse(brake, 1, bounced=True)
    refuse(brake, 2)

    assert list(brake.bounced_ids) == [1]


def test_a_broken_connection_counts_but_names_nobody() -> None:
    brake = Brake(2)

    brake.failed()
    brake.failed()

    assert brake.is_pulled
    assert list(brake.refused_ids) == []


def test_zero_never_pulls() -> None:
    brake = Brake(0)

    for number in range(100):
        refuse(brake, number)

    assert not brake.is_pulled
