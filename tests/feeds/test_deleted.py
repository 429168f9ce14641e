"""Articles that were taken back: RFC 6721, and what readers are told of them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.feeds import Deleted

HERE = Path(__file__).parent
UID = "tag:news.example.org,2026-11-24:gone"


@pytest.fixture
def gone(now):
    """Thirty withdrawals, one an hour, the first an hour ago."""
    return [Deleted(uid=f"{UID}{n:02}", at=now - timedelta(hours=n + 1)) for n in range(30)]


@pytest.fixture
def many(article, now):
    """Ten articles, one a day, the first from now."""
    days = [now - timedelta(days=n) for n in range(10)]
    return [replace(article, uid=f"{article.uid}{n}", published_at=at, updated_at=at) for n, at in enumerate(days)]


def told(feed):
    return feed.in_atom("at:deleted-entry/@ref")


def test_atom_says_which_article_was_taken_back_and_when(publish, article, now):
    feed = publish(article, deleted=[Deleted(uid=UID, at=now + timedelta(minutes=5, microseconds=7))])
    (element,) = feed.in_atom("at:deleted-entry")

    assert dict(element.attrib) == {"ref": UID, "when": "2026-11-24T09:05:00+00:00"}
    assert len(element) == 0


def test_rss_and_json_only_drop_it(publish, article, now):
    feed = publish(article, deleted=[Deleted(uid=UID, at=now)])

    assert UID.encode() not in feed.feeds.rss + feed.feeds.json
    assert b"tombstones" not in feed.feeds.rss
    assert len(feed.json["items"]) == 1


def test_the_feed_was_updated_when_it_was_withdrawn(publish, article, now):
    later, sooner = (publish(article, deleted=[Deleted(uid=UID, at=now + timedelta(days=n))]) for n in (3, -3))

    assert later.in_atom("a:updated/text()") == ["2026-11-27T09:00:00+00:00"]
    assert later.in_rss("channel/lastBuildDate/text()") == ["Fri, 27 Nov 2026 09:00:00 +0000"]
    assert later.feeds.updated == now + timedelta(days=3)
    assert sooner.feeds.updated == now


def test_a_feed_without_any_article_left_says_it_as_well(publish, now):
    feed = publish(deleted=[Deleted(uid=UID, at=now)])

    assert (told(feed), feed.feeds.updated) == ([UID], now)


def test_an_article_that_came_back_is_not_called_deleted(publish, article, now):
    feed = publish(article, deleted=[Deleted(uid=article.uid, at=now + timedelta(days=1))])

    assert feed.feeds == publish(article).feeds


def test_the_latest_twenty_are_told_latest_first(publish, gone):
    assert told(publish(deleted=gone[::-1])) == [each.uid for each in gone[:20]]


def test_of_two_withdrawals_of_one_article_the_later_is_told(publish, now):
    twice = [Deleted(uid=UID, at=now), Deleted(uid=UID, at=now + timedelta(days=1)), Deleted(uid=UID, at=now)]
    feed = publish(deleted=twice)

    assert feed.in_atom("at:deleted-entry/@when") == ["2026-11-25T09:00:00+00:00"]


def test_a_feed_that_had_to_leave_articles_out_tells_what_was_withdrawn_since_its_oldest(publish, many, now):
    withdrawn = [Deleted(uid=f"{UID}{n}", at=now - timedelta(days=n)) for n in (1, 2, 3, 4)]
    feed = publish(*many, deleted=withdrawn, limits={"max_entries": 3})

    assert feed.in_atom("a:entry[last()]/a:published/text()") == ["2026-11-22T09:00:00+00:00"]
    assert told(feed) == [f"{UID}1", f"{UID}2"]


def test_a_feed_that_holds_everything_tells_of_withdrawals_before_its_oldest_article(publish, article, now):
    feed = publish(article, deleted=[Deleted(uid=UID, at=now - timedelta(days=300))])

    assert told(feed) == [UID]


def test_the_last_change_never_goes_back_when_a_withdrawal_is_forgotten(publish, many, now):
    withdrawn = [Deleted(uid=UID, at=now - timedelta(days=3, hours=1))]
    changes = [
        publish(*many[9 - n :], deleted=withdrawn, limits={"max_entries": 3}).feeds.updated for n in range(6, 10)
    ]

    assert changes == sorted(changes)


def test_a_feed_in_which_nothing_was_taken_back_is_as_it_was(publish, article):
    assert b"tombstones" not in publish(article).feeds.atom


def test_withdrawals_in_any_order_give_the_same_bytes(publish, article, gone):
    assert publish(article, deleted=gone).feeds == publish(article, deleted=gone[::-1]).feeds


def test_the_zone_of_the_hour_makes_no_difference(publish, article, gone):
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    elsewhere = [replace(each, at=each.at.astimezone(kathmandu)) for each in gone]

    assert publish(article, deleted=elsewhere).feeds == publish(article, deleted=gone).feeds


def test_the_prefix_is_declared_on_the_root(publish, article, gone):
    data = publish(article, deleted=gone).feeds.atom

    assert publish(article, deleted=gone).atom.nsmap["at"] == "http://purl.org/atompub/tombstones/1.0"
    assert b"xmlns" not in data[data.index(b">", data.index(b"?>") + 3) :]


def test_what_was_never_an_id_is_not_told_and_an_hour_without_zone_is_refused(publish, now):
    assert told(publish(deleted=[Deleted(uid="17", at=now), Deleted(uid="tag:\x00", at=now)])) == []
    with pytest.raises(ValueError, match="time zone"):
        publish(deleted=[Deleted(uid=UID, at=datetime(2026, 11, 24))])  # noqa: DTZ001 - the fault itself


def test_no_feed_grows_past_its_limit_for_them(publish, many, now):
    long = [Deleted(uid=f"{UID}{'&é' * 150}{n}", at=now) for n in range(20)]
    for max_bytes in (2_000, 8_000, 30_000, 120_000):
        feed = publish(*many, deleted=long, limits={"max_bytes": max_bytes})
        assert len(feed.feeds.atom) <= max_bytes
        assert feed.json["items"] != [] or max_bytes == 2_000
    assert (len(told(feed)), len(feed.json["items"])) == (20, 10)


def test_they_stand_before_the_entries_and_are_valid_by_the_grammar(publish, many, gone, external_tool, tmp_path):
    files = [tmp_path / "some.atom", tmp_path / "none.atom"]
    files[0].write_bytes(publish(*many, deleted=gone).feeds.atom)
    files[1].write_bytes(publish(deleted=gone).feeds.atom)

    jing = [external_tool("jing"), "-c", HERE / "atom.rnc", *files]
    judged = subprocess.run(jing, capture_output=True, text=True)

    assert (judged.stdout, judged.returncode) == ("", 0)


def test_a_reader_that_does_not_know_them_reads_the_rest(publish, article, gone):
    read = feedparser.parse(publish(article, deleted=gone).feeds.atom)

    assert read.bozo == 0
    assert [entry.id for entry in read.entries] == [article.uid]
    assert read.feed.title == "The Harbour Post"


WITHDRAWN = st.lists(
    st.builds(
        Deleted,
        uid=st.integers(0, 40).map(lambda number: f"{UID}{number}") | st.text(max_size=6),
        at=st.integers(0, 10**9).map(lambda seconds: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(withdrawn=WITHDRAWN, entries=st.integers(0, 6))
def test_whatever_is_withdrawn_each_id_is_an_entry_or_deleted_or_neither(publish, many, withdrawn, entries):
    articles = [replace(each, uid=f"{UID}{number}") for number, each in enumerate(many[:entries])]
    feed = publish(*articles, deleted=withdrawn, limits={"max_entries": 4})
    hours = [datetime.fromisoformat(when) for when in feed.in_atom("at:deleted-entry/@when")]

    assert len(told(feed)) == len(set(told(feed))) <= 20
    assert set(told(feed)).isdisjoint(article.uid for article in articles)
    assert set(told(feed)) <= {each.uid for each in withdrawn}
    assert hours == sorted(hours, reverse=True)
    assert feed.feeds.updated >= max(hours, default=feed.feeds.updated)
