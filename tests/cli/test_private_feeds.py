"""`subscribers feed`: the owner gives a reader a private feed, makes a new address, and ends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ADD = ("subscribers", "add")
FEED = ("subscribers", "feed")
CONSENT = ("--consent", "asked me at the harbour fair")
_ADDRESS = re.compile(r"(\w+) +\S+/feeds/private/[\w-]{43}/(rss\.xml|atom\.xml|feed\.json)")


@pytest.fixture
def ada(run, newsroom: Path) -> str:
    run(*ADD, "ada@example.org", *CONSENT)
    return "ada@example.org"


def test_feed_is_given_and_its_addresses_are_shown(run, ada: str) -> None:
    result = run(*FEED, ada)

    assert result.code == 0
    assert [_ADDRESS.fullmatch(line)[1] for line in result.out.splitlines()] == ["rss", "atom", "json"]
    assert "a…@example.org reads this private feed instead of mail." in result.err
    assert ada not in result.err


def test_feed_as_json(run, ada: str) -> None:
    given = run(*FEED, ada, "--json").data

    assert set(given) == {"rss", "atom", "json", "cancelled"}
    assert given["cancelled"] == 0


def test_every_call_makes_another_address(run, ada: str) -> None:
    addresses = [run(*FEED, ada, "--json").data["rss"] for _ in range(2)]

    assert len(set(addresses)) == 2


def test_ended_feed_is_said_once(run, ada: str) -> None:
    run(*FEED, ada)

    ended = [run(*FEED, ada, "--revoke", "--json").data for _ in range(2)]

    assert ended == [{"revoked": True}, {"revoked": False}]
    assert "has no private feed" in run(*FEED, ada, "--revoke").err


def test_ending_says_how_mail_comes_back(run, ada: str) -> None:
    run(*FEED, ada)

    result = run(*FEED, ada, "--revoke")

    assert "newsletter subscribers set ADDRESS --rhythm each" in result.err
    assert run("subscribers", "set", ada, "--rhythm", "each").code == 0


def test_why_says_that_a_feed_stands_for_mail(run, ada: str) -> None:
    run(*FEED, ada)

    assert "no: a private feed stands for mail" in run("why", ada).out


def test_data_and_why_never_show_the_address_again(run, ada: str) -> None:
    token = run(*FEED, ada, "--json").data["rss"].split("/")[-2]

    shown = [run("subscribers", "data", ada), run("why", ada, "--json"), run("subscribers", "list", "--json")]

    assert not any(token in result.out + result.err for result in shown)


def test_stranger_and_reader_who_left_get_none(run, ada: str) -> None:
    run("subscribers", "unsubscribe", ada)

    left, stranger = run(*FEED, ada), run(*FEED, "zoe@example.org")

    assert (left.code, stranger.code) == (2, 2)
    assert "a…@example.org is unsubscribed: only an active reader has a private feed." in left.err
    assert "z…@example.org is no subscriber here." in stranger.err
