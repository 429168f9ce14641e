"""Dispatch: parcels to whoever is free, with so many of one domain out at a time."""

from __future__ import annotations

import threading
from collections import Counter

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


def test_a_closed_dispatch_gives_nothing_more() -> None:
    dispatch = Dispatch()
    dispatch.put([lone_parcel()])

    dispatch.close()

    assert dispatch.take() is None
    assert len(dispatch.take_back()) == 1


def carry_all(dispatch: Dispatch, threads: int, parcels: list[Parcel]) -> tuple[Counter[Parcel], int]:
    """What so many threads took, and how many of one domain were out at most at once."""
    taken, most, out = Counter[Parcel](), 0, Counter[str]()
    lock, is_over = threading.Lock(), threading.Event()

    def work() -> None:
        nonlocal most
        while (parcel := dispatch.take()) is not None:
            with lock:
                taken[parcel] += 1
                out[parcel.domain] += 1
                most = max(most, out[parcel.domain])
            with lock:
                out[parcel.domain] -= 1
                if sum(taken.values()) == len(parcels):
                    is_over.set()
            dispatch.done(parcel)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for number in range(0, len(parcels), 7):
        dispatch.put(parcels[number : number + 7])
    assert is_over.wait(20)
    dispatch.close()
    for worker in workers:
        worker.join(5)
        assert not worker.is_alive()
    return taken, most


def test_each_parcel_is_taken_once_by_many_threads() -> None:
    parcels = [lone_parcel() for _ in range(700)]

    taken, _most = carry_all(Dispatch(), 8, parcels)

    assert taken == Counter(parcels)


def test_many_threads_keep_to_the_room_of_a_domain() -> None:
    parcels = [lone_parcel(f"example.{('org', 'com')[number % 2]}") for number in range(700)]

    taken, most = carry_all(Dispatch(lambda _domain: 2), 8, parcels)

    assert taken == Counter(parcels)
    assert most <= 2
