"""Which articles stand in a feed, in which order, and that one bad article harms no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from newsletter.model import Output, Severity


@pytest.fixture
def many(article, now):
    return [
        replace(
            article,
            uid=f"{article.uid}{n:03}",
            title=f"Tide {n}",
            published_at=now - timedelta(hours=n),
            updated_at=now - timedelta(hours=n),
        )
        for n in range(60)
    ]


def titles(feed):
    rss = feed.in_rss("channel/item/title/text()")
    assert rss == feed.in_atom("a:entry/a:title/text()") == [item["title"] for item in feed.json["items"]]
    return rss


def test_the_newest_comes_first(publish, many):
    assert titles(publish(many[2], many[0], many[1])) == ["Tide 0", "Tide 1", "Tide 2"]


def test_articles_of_one_second_are_sorted_by_uid(publish, many, now):
    first, second = (replace(many[n], published_at=now + timedelta(microseconds=9 - n)) for n in (3, 4))

    assert titles(publish(second, first)) == ["Tide 3", "Tide 4"]


def test_the_last_change_is_that_of_the_latest_entry(publish, many, now):
    old_but_corrected = replace(many[5], updated_at=now + timedelta(minutes=1))
    feed = publish(*many[1:5], old_but_corrected)

    assert feed.feeds.updated == now + timedelta(minutes=1)
    assert feed.in_rss("channel/lastBuildDate/text()") == ["Tue, 24 Nov 2026 09:01:00 +0000"]
    assert feed.in_atom("a:updated/text()") == ["2026-11-24T09:01:00+00:00"]


def test_an_empty_feed_shows_the_hour_it_was_started(publish):
    feed = publish()

    assert titles(feed) == []
    assert feed.feeds.updated == datetime(2026, 11, 1, tzinfo=UTC)
    assert feed.in_atom("a:updated/text()") == ["2026-11-01T00:00:00+00:00"]


def test_a_feed_holds_at_most_fifty_entries(publish, many):
    assert titles(publish(*many)) == [f"Tide {n}" for n in range(50)]


def test_the_number_of_entries_can_be_set(publish, many):
    assert len(titles(publish(*many, limits={"max_entries": 3}))) == 3


def test_no_file_is_larger_than_the_limit_and_little_room_is_wasted(publish, many):
    def largest(feed):
        return max(len(feed.feeds.rss), len(feed.feeds.atom), len(feed.feeds.json))

    articles = [replace(each, body_html="<p>&amp; wave</p>" * 300) for each in many]
    feed = publish(*articles, limits={"max_bytes": 99_000})
    with_one_more = publish(*articles, limits={"max_entries": len(titles(feed)) + 1})

    assert largest(feed) <= 99_000
    assert largest(with_one_more) > 99_000 - 3_000


def test_signs_count_with_all_the_octets_they_take_when_escaped(publish, many):
    signs = [replace(each, title="&lt;" * 60, summary="<&>" * 90, body_html="<p>a</p>") for each in many]
    feed = publish(*signs, limits={"max_bytes": 40_000})

    assert 5 < len(feed.json["items"]) < 50
    assert max(len(feed.feeds.rss), len(feed.feeds.atom), len(feed.feeds.json)) <= 40_000


def test_an_article_after_one_that_does_not_fit_leaves_no_gap(publish, many):
    large = replace(many[1], body_html="<p>wave</p>" * 4_000)
    feed = publish(many[0], replace(many[2], body_html=large.body_html), large, many[3], limits={"max_bytes": 100_000})

    assert titles(feed) == ["Tide 0", "Tide 1"]


def test_a_body_longer_than_a_feed_may_be_is_replaced_by_its_summary(publish, many):
    feed = publish(many[0], replace(many[1], body_html="<p>wave</p>" * 90_000), many[2])

    assert titles(feed) == ["Tide 0", "Tide 1", "Tide 2"]
    assert feed.json["items"][1]["content_html"] == f"<p>{many[1].summary}</p>"
    assert [(finding.code, finding.place) for finding in feed.feeds.findings] == [("body-too-long", many[1].uid)]


def test_an_entry_longer_than_a_feed_may_be_stays_out(publish, many):
    feed = publish(many[0], replace(many[1], title="wave " * 110_000), many[2])

    assert titles(feed) == ["Tide 0", "Tide 2"]
    assert feed.codes == ["entry-too-long"]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("uid-shape", {"uid": "17"}),
        ("uid-shape", {"uid": "tag:with space"}),
        ("uid-shape", {"uid": "tag:\x00"}),
        ("url-relative", {"url": "/en/tides/"}),
        ("url-relative", {"url": "https://ada:secret@news.example.org/"}),
        ("url-relative", {"url": "javascript:alert(1)"}),
        ("language-shape", {"language": 'en" onload="x'}),
        ("title-empty", {"title": " \x00\n"}),
        ("body-empty", {"body_html": "\n", "summary": "\x07"}),
        ("date-shape", {"published_at": datetime(2026, 11, 24)}),  # noqa: DTZ001  # that is the fault
        ("date-shape", {"updated_at": datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))}),
    ],
)
def test_a_bad_article_stays_out_with_a_finding_and_the_others_go_on(publish, many, code, changes):
    feed = publish(many[0], replace(many[1], **changes), many[2])
    (finding,) = (each for each in feed.feeds.findings if each.severity is Severity.ERROR)

    assert titles(feed) == ["Tide 0", "Tide 2"]
    assert (finding.code, finding.output) == (code, Output.FEED)
    assert finding.message.startswith("“")
    assert finding.message.endswith("it stays out of the feeds.")


def test_of_two_articles_with_one_uid_the_one_updated_last_stays(publish, many, now):
    renewed = replace(many[0], title="Renewed", updated_at=now + timedelta(hours=1))
    for order in ((many[0], renewed), (renewed, many[0])):
        feed = publish(*order)

        assert titles(feed) == ["Renewed"]
        assert feed.codes == ["uid-repeated"]


def test_an_article_without_body_shows_its_summary(publish, many):
    feed = publish(replace(many[0], body_html=" ", summary="High & low"))

    assert feed.json["items"][0]["content_html"] == "<p>High &amp; low</p>"


def test_an_article_without_summary_shows_its_title_as_summary(publish, many):
    feed = publish(replace(many[0], summary=""))

    assert feed.in_rss("channel/item/description/text()") == ["Tide 0"]
    assert feed.json["items"][0]["summary"] == "Tide 0"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": " "},
        {"uid": "feed"},
        {"language": ""},
        {"home_url": "/"},
        {"rss_url": "feeds/rss.xml"},
        {"ttl_minutes": 0},
        {"started": datetime(2026, 11, 1)},  # noqa: DTZ001  # that is the fault
    ],
)
def test_a_channel_of_which_no_feed_can_be_made_is_refused_with_a_sentence(publish, changes):
    with pytest.raises(ValueError, match=r"^The feed .*\.$"):
        publish(**changes)


@pytest.mark.parametrize("limits", [{"max_entries": 0}, {"max_bytes": 300}])
def test_limits_without_room_for_a_feed_are_refused_with_a_sentence(publish, limits):
    with pytest.raises(ValueError, match="Raise the limits"):
        publish(limits=limits)
