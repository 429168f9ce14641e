"""Who may ask our hub for what, and what is done before anybody is told of anything."""

from __future__ import annotations

import pytest

from .conftest import ATOM, RSS, Hub, Listener, agree, answer


@pytest.fixture
def hub(hub: Hub) -> Hub:
    hub.change(atom="v1", rss="v1")
    return hub


def test_a_subscriber_is_asked_whether_it_meant_it_and_then_told(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub

    taken = hub.ask(subscriber.url("/callback?token=a%20b"), lease_seconds="3600").taken
    hub.run()

    (asked,) = subscriber.heard
    assert taken
    assert asked.method == "GET"
    assert asked.query == {
        "token": "a b",
        "hub.mode": "subscribe",
        "hub.topic": ATOM,
        "hub.challenge": "challenge-1",
        "hub.lease_seconds": "3600",
    }
    (subscription,) = hub.subscriptions()
    assert (subscription["lease_until"] - hub.now).total_seconds() == 3600
    assert hub.tasks() == []


def test_nobody_is_asked_twice_for_one_request(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub

    for _ in range(5):
        assert hub.ask(subscriber.url()).taken
    hub.run()
    hub.run()

    assert len(subscriber.heard) == 1
    assert len(hub.rows()) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"another"),
        (200, b""),
        (200, b"challenge-1\n"),
        (200, b"challenge-1" + b" " * 200_000),
        (404, b"challenge-1"),
        (302, b"challenge-1"),
        (500, b"challenge-1"),
    ],
    ids=["wrong", "empty", "more", "huge", "not found", "redirect", "broken"],
)
def test_who_does_not_echo_the_challenge_is_not_told(hub: Hub, subscriber: Listener, status: int, body: bytes) -> None:
    subscriber.behaviour = lambda heard, request: answer(request, status, body, Location="/elsewhere")

    hub.ask(subscriber.url())
    hub.run()

    assert hub.rows() == []
    assert hub.tasks() == []
    assert len(subscriber.heard) == 1


def test_who_does_not_answer_is_not_told(hub: Hub, subscriber: Listener) -> None:
    dead = subscriber.url()
    subscriber.shutdown()
    subscriber.server_close()

    hub.ask(dead)
    hub.run()

    assert hub.rows() == []


def test_a_false_request_changes_nothing_of_what_runs(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url(), secret="ours", lease_seconds="86400")
    before = hub.rows()
    subscriber.behaviour = lambda heard, request: answer(request, 404)

    hub.ask(subscriber.url(), secret="a stranger's", lease_seconds="300")
    hub.ask(subscriber.url(), mode="unsubscribe")
    during = hub.subscriptions()
    hub.run()

    assert during == before
    assert hub.rows() == before


def test_a_renewal_takes_the_new_secret_and_begins_the_lease_again(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url(), secret="first", lease_seconds="3600")
    (before,) = hub.subscriptions()
    hub.pass_time(minutes=50)

    hub.subscribe(subscriber.url(), secret="second", lease_seconds="7200")

    (after,) = hub.rows()
    assert after["id"] == before["id"]
    assert after["secret"] == "second"
    assert (after["lease_until"] - hub.now).total_seconds() == 7200


def test_a_renewal_loses_nothing_that_was_to_be_told(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url())
    hub.change(atom="v2", rss="v1")

    hub.subscribe(subscriber.url())

    assert [heard.body for heard in subscriber.pushes()] == [f"{ATOM} from v1 to v2".encode()]


def test_who_asks_to_leave_is_asked_whether_it_meant_it(either_hub: Hub, subscriber: Listener) -> None:
    hub = either_hub
    hub.subscribe(subscriber.url())

    hub.ask(subscriber.url(), mode="unsubscribe")
    assert len(hub.subscriptions()) == 1
    hub.run()

    assert subscriber.heard[-1].query == {
        "hub.mode": "unsubscribe",
        "hub.topic": ATOM,
        "hub.challenge": "challenge-2",
    }
    assert hub.rows() == []


def test_who_leaves_what_it_never_had_is_not_bothered(hub: Hub, subscriber: Listener) -> None:
    assert hub.ask(subscriber.url(), mode="unsubscribe").taken
    hub.run()

    assert subscriber.heard == []


def test_the_last_word_about_a_topic_counts(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url())

    hub.ask(subscriber.url(), mode="unsubscribe")
    hub.ask(subscriber.url(), mode="subscribe")
    hub.run()

    assert len(hub.subscriptions()) == 1


def test_an_answer_to_an_older_request_counts_for_nothing(hub: Hub, subscriber: Listener) -> None:
    def change_the_mind(heard, request):
        subscriber.behaviour = agree
        hub.ask(subscriber.url(), secret="second")
        answer(request, 200, heard.query["hub.challenge"].encode())

    subscriber.behaviour = change_the_mind
    hub.ask(subscriber.url(), secret="first")
    hub.run()

    (subscription,) = hub.rows()
    assert subscription["secret"] == "second"
    assert [heard.query["hub.challenge"] for heard in subscriber.heard] == ["challenge-1", "challenge-2"]


@pytest.mark.parametrize(
    ("wished", "granted"),
    [
        ("", 864_000),
        ("0", 300),
        ("299", 300),
        ("300", 300),
        ("301", 301),
        ("2592000", 2_592_000),
        ("2592001", 2_592_000),
    ],
)
def test_a_lease_lies_between_five_minutes_and_thirty_days(hub: Hub, wished: str, granted: int) -> None:
    hub.ask("http://127.0.0.1:9000/", lease_seconds=wished)

    assert hub.rows()[0]["lease_s"] == granted


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"mode": "publish"}, "hub.mode"),
        ({"mode": ""}, "hub.mode"),
        ({"topic": "https://elsewhere.example/feed"}, "hub.topic"),
        ({"topic": ATOM + "?x"}, "hub.topic"),
        ({"topic": "x" * 2000}, "hub.topic"),
        ({"callback": ""}, "hub.callback"),
        ({"callback": "ftp://example.com/"}, "hub.callback"),
        ({"callback": "https://example.com/" + "x" * 1005}, "hub.callback"),
        ({"lease_seconds": "soon"}, "hub.lease_seconds"),
        ({"lease_seconds": "-5"}, "hub.lease_seconds"),
        ({"lease_seconds": "1" * 19}, "hub.lease_seconds"),
        ({"lease_seconds": "٣٠٠"}, "hub.lease_seconds"),
        ({"secret": "x" * 200}, "hub.secret"),
        ({"secret": "é" * 100}, "hub.secret"),
        ({"secret": "nul\x00"}, "hub.secret"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(hub: Hub, fields: dict[str, str], word: str) -> None:
    refused = hub.ask(**{"callback": "http://127.0.0.1:9000/", **fields})

    assert not refused.taken
    assert refused.sentence.startswith(word)
    assert hub.rows() == []


def test_the_longest_secret_and_callback_are_taken(hub: Hub) -> None:
    callback = "https://example.com/"

    assert hub.ask(callback + "x" * (1024 - len(callback)), secret="x" * 199).taken


def test_one_host_has_fifty_subscriptions_at_most(either_hub: Hub) -> None:
    hub = either_hub
    taken = [hub.ask(f"http://Sub.example.com:{8000 + number}/").taken for number in range(30)]
    taken += [hub.ask(f"https://sub.example.com?{number}").taken for number in range(20)]

    refused = hub.ask("https://SUB.example.com/one-more")

    assert all(taken)
    assert refused.sentence.startswith("sub.example.com has 50 subscriptions")
    assert hub.ask("https://sub.example.com.org/").taken
    assert hub.ask("https://sub.example.com?7").taken  # known already


def test_a_full_hub_says_that_waiting_may_help(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.websub.asking.MAX_SUBSCRIPTIONS", 2)
    hub.ask("https://one.example.com/")
    hub.ask("https://two.example.com/")

    assert hub.ask("https://three.example.com/").is_full
    assert hub.ask("https://two.example.com/").taken


def test_a_callback_may_hear_of_several_feeds(hub: Hub, subscriber: Listener) -> None:
    hub.subscribe(subscriber.url())
    hub.subscribe(subscriber.url(), topic=RSS)

    assert sorted(row["topic"] for row in hub.subscriptions()) == [ATOM, RSS]
