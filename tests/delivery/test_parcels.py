"""Dispatch: parcels to whoever is free, with so many of one domain out at a time."""

from __future__ import annotations

import threading
from collections import Counter, deque

from parcel_rows import lone_parcel

from newsletter.delivery.parcels import Dispatch, Parcel


def test_parcels_are_taken_in_their_order() -> None:
    dispatch, parcels = Dispatch(), [lone_parcel() for _ in range(3)]

    dispatch.put(parcels)

    assert len(dispatch) == 3
    assert [dispatch.take() for _ in range(3)] == parcels
    assert len(dispatch) == 0


def test_a_domain_without_room_is_gone_around() -> None:
    dispatch = Dispatch(lambda domain: 1 if domain == "example.org" else 9)
    first, second, other = lone_parcel(), lone_parcel(), lone_parcel("example.com")
    dispatch.put([first, second, other])

    assert [dispatch.take(), dispatch.take()] == [first, other]
    assert len(dispatch) == 1


def test_the_parked_come_back_in_their_order_before_what_waits() -> None:
    dispatch = Dispatch(lambda domain: 1 if domain == "example.org" else 9)
    first, second, third = (lone_parcel() for _ in range(3))
    other, last = lone_parcel("example.com"), lone_parcel("example.com")
    dispatch.put([first, second, third, other, last])
    assert [dispatch.take(), dispatch.take()] == [first, other]

    dispatch.done(first)
    assert dispatch.take() is second
    dispatch.done(second)

    assert [dispatch.take(), dispatch.take()] == [third, last]


def test_room_that_grew_is_used_when_one_comes_home() -> None:
    room = {"example.org": 1}
    dispatch, parcels = Dispatch(lambda domain: room[domain]), [lone_parcel() for _ in range(4)]
    dispatch.put([*parcels])
    assert dispatch.take() is parcels[0]

    room["example.org"] = 2
    dispatch.done(parcels[0])

    assert [dispatch.take(), dispatch.take()] == parcels[1:3]


def test_what_nobody_took_comes_back_with_what_was_parked() -> None:
    dispatch, parcels = Dispatch(lambda _domain: 1), [lone_parcel() for _ in range(3)]
    other = lone_parcel("example.com")
    dispatch.put([*parcels, other])
    assert [dispatch.take(), dispatch.take()] == [parcels[0], other]

    assert dispatch.take_back() == parcels[1:]
    assert (len(dispatch), dispatch.take_back()) == (0, [])


def test_it_tells_whether_another_one_has_room_now() -> None:
    dispatch, parcels = Dispatch(lambda _domain: 1), [lone_parcel() for _ in range(2)]
    dispatch.put(parcels)
    assert [dispatch.take(), dispatch.take()] == [parcels[0], None]

    assert dispatch.done(parcels[0])
    assert dispatch.take() is parcels[1]
    assert not dispatch.done(parcels[1])


def carry_all(dispatch: Dispatch, at_once: int, parcels: list[Parcel]) -> tuple[Counter[Parcel], int]:
    """What was taken while another thread brings more, and how many of one domain were out at most."""
    taken, most, out = Counter[Parcel](), 0, deque[Parcel]()

    def bring() -> None:
        for number in range(0, len(parcels), 7):
            dispatch.put(parcels[number : number + 7])
            dispatch.put(dispatch.take_back())

    bringer = threading.Thread(target=bring)
    bringer.start()
    while bringer.is_alive() or len(dispatch) or out:
        parcel = dispatch.take() if len(out) < at_once else None
        if parcel is None and out:
            dispatch.done(out.popleft())
        elif parcel is not None:
            taken[parcel] += 1
            out.append(parcel)
            most = max(most, *Counter(each.domain for each in out).values())
    bringer.join()
    return taken, most


def test_each_parcel_is_taken_once_while_more_are_brought() -> None:
    parcels = [lone_parcel() for _ in range(2_000)]

    taken, most = carry_all(Dispatch(), 8, parcels)

    assert taken == Counter(parcels)
    assert most == 8


def test_the_room_of_a_domain_is_kept_while_more_are_brought() -> None:
    parcels = [lone_parcel(f"example.{('org', 'com')[number % 2]}") for number in range(2_000)]

    taken, most = carry_all(Dispatch(lambda _domain: 2), 8, parcels)

    assert taken == Counter(parcels)
    assert most <= 2
