"""What subscribers and hubs are sent when feeds change, and what their answers lead to."""

from __future__ import annotations

import hmac
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.errors import OutputError
from newsletter.store.tables import events
from newsletter.websub import HubTools, hub_status, run_tasks
from newsletter.websub.settling import wait_before

from .conftest import ATOM, HUB, RSS, Hub, Listener, agree, answer


@pytest.fixture
def hub(hub: Hub) -> Hub:
    hub.change(atom="v1", rss="v1")
    return hub


@pytest.fixture
def either_hub(either_hub: Hub) -> Hub:
    either_hub.change(atom="v1", rss="v1")
    return either_hub


# Our own subscribers.


def test_a_subscriber_is_sent_the_feed_with_its_type_links_and_signature(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url("/callback?token=1"), secret="s3cret")

    hub.change(atom="v2", rss="v1")
    hub.run()

    (push,) = subscriber.pushes()
    assert push.query == {"token": "1"}
    assert push.body == f"{ATOM} from v1 to v2".encode()
    assert push.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert push.headers["Link"] == f'<{HUB}>; rel="hub", <{ATOM}>; rel="self"'
    expected = hmac.new(b"s3cret", push.body, "sha256").hexdigest()
    assert push.headers["X-Hub-Signature"] == f"sha256={expected}"
    assert push.headers["Host"] == f"127.0.0.1:{subscriber.server_address[1]}"
    assert hub.tasks() == []


def test_a_forged_body_does_not_fit_its_signature(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url(), secret="s3cret")
    hub.change(atom="v2", rss="v1")
    hub.run()

    (push,) = subscriber.pushes()
    forged = hmac.new(b"s3cret", push.body + b"!", "sha256").hexdigest()
    guessed = hmac.new(b"secret", push.body, "sha256").hexdigest()

    assert push.headers["X-Hub-Signature"] not in (f"sha256={forged}", f"sha256={guessed}")


def test_without_a_secret_nothing_is_signed(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url())
    hub.change(atom="v2", rss="v1")
    hub.run()

    assert "X-Hub-Signature" not in subscriber.pushes()[0].headers


def test_only_the_subscribers_of_a_feed_are_told_of_it(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url("/atom"))
    hub.subscribe(subscriber.url("/rss"), topic=RSS)

    assert hub.change(atom="v1", rss="v2") == 1
    hub.run()

    assert [push.path for push in subscriber.pushes()] == ["/rss"]


def test_the_body_is_made_once_for_all_who_were_told_of_the_same(hub: Hub, subscriber: Listener) -> None:
    for number in range(20):
        hub.ask(subscriber.url(f"/{number}"))
    hub.run()

    hub.change(atom="v2", rss="v1")
    hub.run()

    assert len(subscriber.pushes()) == 20
    assert hub.bodies == [(ATOM, "v1", "v2")]


def test_a_change_is_told_once(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url())

    assert hub.change(atom="v2", rss="v1") == 1
    assert hub.change(atom="v2", rss="v1") == 0
    hub.run()
    assert hub.change(atom="v2", rss="v1") == 0
    hub.run()

    assert len(subscriber.pushes()) == 1


def test_two_changes_before_the_telling_are_told_as_one(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url())

    hub.change(atom="v2", rss="v1")
    assert hub.change(atom="v3", rss="v1") == 1
    hub.run()

    assert [push.body for push in subscriber.pushes()] == [f"{ATOM} from v1 to v3".encode()]


def test_a_change_during_a_push_is_told_next(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url())

    def change_meanwhile(heard, request):
        subscriber.behaviour = agree
        hub.change(atom="v3", rss="v1")
        answer(request, 200)

    subscriber.behaviour = change_meanwhile
    hub.change(atom="v2", rss="v1")
    hub.run()

    assert [push.body for push in subscriber.pushes()] == [
        f"{ATOM} from v1 to v2".encode(),
        f"{ATOM} from v2 to v3".encode(),
    ]
    assert hub.tasks() == []


def test_a_gone_subscriber_is_forgotten(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url())
    subscriber.behaviour = lambda heard, request: answer(request, 410)

    hub.change(atom="v2", rss="v1")
    hub.run()

    assert hub.rows() == []
    assert hub.tasks() == []


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
def test_who_does_not_take_it_is_told_later(hub: Hub, subscriber: Listener, status: int) -> None:
    hub.subscribe(subscriber.url())
    subscriber.behaviour = lambda heard, request: answer(request, status, Location=subscriber.url("/elsewhere"))

    hub.change(atom="v2", rss="v1")
    hub.run()
    hub.run()
    assert [push.path for push in subscriber.pushes()] == ["/callback"]

    subscriber.behaviour = agree
    hub.pass_time(minutes=1)
    hub.run()

    assert len(subscriber.pushes()) == 2
    assert hub.tasks() == []


def test_a_dead_subscriber_is_tried_ever_more_seldom_until_its_lease_ends(
    either_hub: Hub, subscriber: Listener
) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url(), lease_seconds="28800")
    began = hub.now
    subscriber.behaviour = lambda heard, request: answer(request, 500)
    hub.change(atom="v2", rss="v1")

    tries = []
    while hub.subscriptions():
        if hub.run():
            tries.append(int((hub.now - began).total_seconds() // 60))
        hub.pass_time(minutes=1)

    assert tries == [0, 1, 6, 21, 81, 261]
    assert (hub.now - began).total_seconds() >= 28_800
    assert hub.tasks() == []


def test_whoever_recovers_is_sent_all_since_its_last(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url())
    subscriber.behaviour = lambda heard, request: answer(request, 500)
    hub.change(atom="v2", rss="v1")
    hub.run()
    hub.change(atom="v3", rss="v1")

    subscriber.behaviour = agree
    hub.pass_time(minutes=2)
    hub.run()

    assert subscriber.pushes()[-1].body == f"{ATOM} from v1 to v3".encode()
    assert hub.subscriptions()[0]["failures"] == 0


def test_nobody_is_told_after_its_lease(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url(), lease_seconds="300")
    hub.pass_time(minutes=5)

    assert hub.change(atom="v2", rss="v1") == 0
    hub.run()

    assert hub.rows() == []
    assert subscriber.pushes() == []


def test_a_slow_subscriber_keeps_no_other_waiting(hub: Hub, listen) -> None:
    slow, swift = listen(), listen()
    for number in range(20):
        hub.ask(slow.url(f"/{number}"))
    for number in range(30):
        hub.ask(swift.url(f"/{number}"))
    hub.run()
    slow.behaviour = lambda heard, request: slow.release.wait(30)

    hub.change(atom="v2", rss="v1")
    round_ = threading.Thread(target=hub.run)
    round_.start()
    while len(swift.pushes()) < 30:
        round_.join(0.01)
    all_told_while_slow_ones_wait = len(hub.tasks()) >= 20
    slow.release.set()
    round_.join()

    assert all_told_while_slow_ones_wait


def test_whoever_failed_the_last_time_comes_after_all_others(either_hub: Hub, listen) -> None:
    hub, dead, swift = either_hub, listen(), listen()
    hub.subscribe(dead.url())
    hub.subscribe(swift.url())
    dead.behaviour = lambda heard, request: answer(request, 500)
    hub.change(atom="v2", rss="v1")
    hub.run()
    dead.behaviour = agree
    hub.pass_time(minutes=1)
    hub.run()
    dead.behaviour = lambda heard, request: answer(request, 500)
    hub.change(atom="v3", rss="v1")
    hub.run()
    hub.pass_time(hours=1)
    hub.change(atom="v3", rss="v1")

    assert len(dead.pushes()) == 3
    assert len(swift.pushes()) == 2


def test_a_feed_that_is_gone_is_no_longer_to_be_told(hub: Hub, subscriber: Listener, monkeypatch) -> None:
    hub.subscribe(subscriber.url())
    monkeypatch.setattr(hub, "body_of", lambda *versions: None)

    hub.change(atom="v2", rss="v1")
    hub.run()

    assert subscriber.pushes() == []
    assert hub.tasks() == []


def test_a_feed_that_cannot_be_read_keeps_no_other_waiting(hub: Hub, subscriber: Listener, monkeypatch) -> None:
    hub.subscribe(subscriber.url("/atom"))
    hub.subscribe(subscriber.url("/rss"), topic=RSS)
    usual = hub.body_of

    def broken(topic, since, digest):
        if topic == ATOM:
            raise OutputError("feeds/atom.xml: cannot be read.")
        return usual(topic, since, digest)

    monkeypatch.setattr(hub, "body_of", broken)
    hub.change(atom="v2", rss="v2")
    hub.run()

    assert [push.path for push in subscriber.pushes()] == ["/rss"]
    (task,) = hub.tasks()
    assert task["reason"] == "feeds/atom.xml: cannot be read."
    assert {row["failures"] for row in hub.subscriptions()} == {0}


# Several processes, and dead ones.


def test_two_processes_tell_each_subscriber_once(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    for number in range(49):
        hub.ask(subscriber.url(f"/{number}"))
    hub.run()
    hub.change(atom="v2", rss="v1")

    together = threading.Barrier(3)

    def run() -> None:
        together.wait()
        hub.run()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    paths = [push.path for push in subscriber.pushes()]
    assert sorted(paths) == sorted(f"/{number}" for number in range(49))
    assert hub.tasks() == []


def test_changes_while_others_tell_lose_nothing(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    for number in range(30):
        hub.ask(subscriber.url(f"/{number}"))
    hub.run()
    together, failures = threading.Barrier(4), []

    def repeatedly(work, times: int) -> None:
        together.wait()
        try:
            for number in range(times):
                work(number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    works = [
        (lambda number: hub.run(), 15),
        (lambda number: hub.run(), 15),
        (lambda number: hub.change(atom=f"w{number}", rss="v1"), 15),
        (lambda number: hub.ask(subscriber.url(f"/{number}")), 15),
    ]
    threads = [threading.Thread(target=repeatedly, args=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hub.run()

    last = {push.path: push.body for push in subscriber.pushes()}
    assert failures == []
    assert hub.tasks() == []
    assert len(last) == 30
    assert {body.rpartition(b" ")[2] for body in last.values()} == {b"w14"}


_PROCESS = """
import sys
sys.path.insert(0, {folder!r})
from hub_of_a_process import run
run({url!r})
"""


def test_a_task_of_a_killed_process_is_done_by_the_next(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url())
    hub.change(atom="v2", rss="v1")
    arrived = threading.Event()

    def hold(heard, request) -> None:
        arrived.set()
        subscriber.release.wait(30)

    subscriber.behaviour = hold
    script = _PROCESS.format(folder=str(Path(__file__).parent / "harness"), url=f"sqlite:///{hub.store.path}")
    process = subprocess.Popen([sys.executable, "-c", script])
    assert arrived.wait(30)
    process.kill()
    process.wait()
    subscriber.behaviour = agree
    at_once = hub.run()
    hub.pass_time(minutes=2)
    later = hub.run()

    # Whoever was being told when the process died may hear it twice, never not at all.
    assert (at_once, later) == (0, 1)
    assert [push.body for push in subscriber.pushes()][-1] == f"{ATOM} from v1 to v2".encode()
    assert hub.tasks() == []


def test_who_is_told_to_stop_puts_back_what_it_has_not_begun(hub: Hub, subscriber: Listener) -> None:
    for number in range(40):
        hub.ask(subscriber.url(f"/{number}"))
    hub.run()
    hub.change(atom="v2", rss="v1")

    run_tasks(hub.store, hub.tools, stop=lambda: bool(subscriber.pushes()))
    told = len(subscriber.pushes())
    hub.run()

    assert told >= 1
    assert len(subscriber.pushes()) == 40
    assert hub.tasks() == []


# Hubs of others.


def test_each_hub_is_told_of_each_changed_feed(either_hub: Hub, listen) -> None:
    hub, one, two = either_hub, listen(), listen()

    assert hub.change(one.url("/"), two.url("/"), atom="v2", rss="v2") == 4
    assert hub.change(one.url("/"), two.url("/"), atom="v3", rss="v2") == 2
    hub.run()

    for each in (one, two):
        bodies = sorted(heard.body.decode() for heard in each.heard)
        assert bodies == sorted(
            f"hub.mode=publish&hub.url={escaped}&hub.topic={escaped}"
            for escaped in (url.replace(":", "%3A").replace("/", "%2F") for url in (ATOM, RSS))
        )
        assert each.heard[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert hub.tasks() == []


def test_a_new_feed_is_told_of_as_well(hub: Hub, subscriber: Listener) -> None:
    hub.change(subscriber.url(), atom="v1")

    assert hub.change(subscriber.url(), atom="v1", rss="v9") == 1


def test_the_first_look_tells_nobody_of_what_is_old(desk, now, subscriber: Listener) -> None:
    hub = Hub(desk.store, now)

    assert hub.change(subscriber.url(), atom="v1", rss="v1") == 0
    assert hub.change(subscriber.url(), atom="v1", rss="v1") == 0


def test_a_hub_that_is_down_is_given_up_after_a_day(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    began = hub.now
    subscriber.behaviour = lambda heard, request: answer(request, 503)
    hub.change(subscriber.url("/hub?key=private"), atom="v2", rss="v1")

    while hub.tasks():
        hub.run()
        hub.pass_time(minutes=30)

    assert 20 * 3600 < (hub.now - began).total_seconds() < 25 * 3600
    with hub.store.reading() as connection:
        details = connection.execute(select(events.c.details).where(events.c.verb == "give up")).scalar_one()
    assert details == {"hub": subscriber.url("")[7:], "reason": "It answered 503."}


def test_a_hub_that_is_named_no_longer_is_told_nothing(hub: Hub, subscriber: Listener) -> None:
    hub.change(subscriber.url(), atom="v2", rss="v1")
    hub.change(atom="v2", rss="v2")
    hub.run()

    assert subscriber.heard == []


# What the owner sees.


def test_the_owner_sees_who_is_told_what_waits_and_who_is_not_reached(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url("/callback?token=private"))
    hub.ask(subscriber.url("/another"))
    subscriber.behaviour = lambda heard, request: answer(request, 500 if heard.method == "POST" else 404)
    hub.change(subscriber.url("/hub"), atom="v2", rss="v1")
    hub.run()
    hub.ask(subscriber.url("/third"))

    with hub.store.reading() as connection:
        status = hub_status(connection)

    assert status.subscriptions == {ATOM: 1}
    assert status.requests == 1
    assert status.waiting == {"ping": 1, "push": 1, "verify": 1}
    assert [(each.topic, each.failures, each.reason) for each in status.unreached] == 2 * [
        (ATOM, 1, "It answered 500.")
    ]
    assert "private" not in repr(status)


def test_nothing_due_costs_one_look(hub: Hub) -> None:
    assert run_tasks(hub.store, hub.tools) == 0
    assert isinstance(hub.tools, HubTools)


def test_waits_grow_to_six_hours() -> None:
    waits = [wait_before(tries, jitter=0.5).total_seconds() / 60 for tries in range(1, 9)]

    assert waits == [1, 5, 15, 60, 180, 360, 360, 360]
    assert wait_before(1, jitter=0).total_seconds() == 54
    assert wait_before(1, jitter=0.999).total_seconds() < 66
