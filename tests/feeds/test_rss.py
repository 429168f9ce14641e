"""RSS 2.0: the specification, the Advisory Board's profile, and what feed validators ask for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.model import Image, Topic

PICTURE = Image(
    url="https://news.example.org/media/quay.jpg",
    alt="The quay",
    width=1200,
    height=800,
    media_type="image/jpeg",
    size=9000,
)


def test_the_channel_says_what_it_is(publish, article):
    feed = publish(article)

    assert feed.rss.get("version") == "2.0"
    assert feed.in_rss("channel/title/text()") == ["The Harbour Post"]
    assert feed.in_rss("channel/description/text()") == ["News from the quay."]
    assert feed.in_rss("channel/docs/text()") == ["https://www.rssboard.org/rss-specification"]


def test_a_channel_without_description_repeats_its_title(publish, article):
    feed = publish(article, description=" \n")

    assert feed.in_rss("channel/description/text()") == ["The Harbour Post"]


def test_the_channel_links_to_the_home_page_whatever_other_links_it_has(publish, article):
    assert publish(article).in_rss("channel/link/text()") == ["https://news.example.org/"]


def test_self_is_the_address_of_this_very_file(publish, article):
    (link,) = publish(article).in_rss("channel/a:link[@rel='self']")

    assert link.get("href") == "https://news.example.org/feeds/rss.xml"
    assert link.get("type") == "application/rss+xml"


def test_items_come_after_everything_else_in_the_channel(publish, article):
    feed = publish(article, icon=PICTURE)
    names = [child.tag for child in feed.rss[0]]

    assert names[names.index("item") :] == ["item"]


def test_description_stands_before_the_full_text(publish, article):
    names = [child.tag for child in publish(article).in_rss("channel/item")[0]]

    assert names.index("description") < names.index("{http://purl.org/rss/1.0/modules/content/}encoded")


@pytest.mark.parametrize("element", ["title", "category", "dc:creator"])
def test_plain_text_escapes_its_signs_as_hexadecimal_references(publish, article, element):
    text = "Tom & Jerry > Bill"
    topics = (Topic(slug="fun", names={"en": text}),)
    rss = publish(replace(article, title=text, author=text, topics=topics)).feeds.rss.decode()

    assert f"<{element}>Tom &#x26; Jerry &#x3E; Bill</{element}>" in rss


def test_the_plain_text_of_the_channel_is_escaped_the_same_way(publish, article):
    rss = publish(article, title="Fish & Chips", description="1 < 2").feeds.rss

    assert b"<title>Fish &#x26; Chips</title>" in rss
    assert b"<description>1 &#x3C; 2</description>" in rss


def test_a_plain_summary_becomes_html_once(publish, article):
    feed = publish(replace(article, summary="Fish & chips < 5"))

    assert feed.in_rss("channel/item/description/text()") == ["Fish &amp; chips &lt; 5"]


def test_the_guid_is_the_uid_and_no_permalink(publish, article):
    (guid,) = publish(article).in_rss("channel/item/guid")

    assert (guid.text, guid.get("isPermaLink")) == (article.uid, "false")


def test_dates_have_four_digit_years_the_right_day_and_a_numeric_zone(publish, article):
    article = replace(article, published_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC))
    (date,) = publish(article).in_rss("channel/item/pubDate/text()")

    assert date == "Fri, 02 Jan 2026 03:04:05 +0000"


def test_an_author_is_a_creator_and_never_an_author_element(publish, article):
    feed = publish(article)

    assert feed.in_rss("channel/item/dc:creator/text()") == ["Ada Quay"]
    assert feed.in_rss("//author | //managingEditor") == []


def test_an_article_without_author_is_by_the_channel(publish, article):
    feed = publish(replace(article, author=" "))

    assert feed.in_rss("channel/item/dc:creator/text()") == ["Harbour Press"]


def test_a_picture_stands_straight_in_the_item_and_is_no_enclosure(publish, article):
    feed = publish(replace(article, image=PICTURE))
    (picture,) = feed.in_rss("channel/item/media:content")

    assert dict(picture.attrib) == {
        "url": PICTURE.url,
        "medium": "image",
        "type": "image/jpeg",
        "width": "1200",
        "height": "800",
        "fileSize": "9000",
    }
    assert feed.in_rss("//media:group | //enclosure") == []


def test_a_picture_without_a_known_size_says_none(publish, article):
    feed = publish(replace(article, image=replace(PICTURE, width=0, height=0, size=0)))

    assert set(feed.in_rss("channel/item/media:content")[0].attrib) == {"url", "medium", "type"}


@pytest.mark.parametrize("broken", [{"url": "quay.jpg"}, {"media_type": "a\x00"}, {"media_type": ""}])
def test_a_picture_that_cannot_be_named_is_left_out(publish, article, broken):
    feed = publish(replace(article, image=replace(PICTURE, **broken)))

    assert feed.in_rss("channel/item/media:content") == []
    assert "image" not in feed.json["items"][0]


def test_the_icon_repeats_title_and_link_and_keeps_the_largest_size(publish, article):
    feed = publish(article, icon=PICTURE)
    (image,) = feed.in_rss("channel/image")

    assert {child.tag: child.text for child in image} == {
        "url": PICTURE.url,
        "title": "The Harbour Post",
        "link": "https://news.example.org/",
        "width": "144",
        "height": "96",
    }


def test_an_icon_rss_does_not_know_stays_in_the_other_formats(publish, article):
    feed = publish(article, icon=replace(PICTURE, media_type="image/webp"))

    assert feed.in_rss("channel/image") == []
    assert feed.json["icon"] == PICTURE.url


@pytest.mark.parametrize(
    ("minutes", "period", "frequency"), [(60, "hourly", 1), (20, "hourly", 3), (90, "daily", 16), (1440, "daily", 1)]
)
def test_update_period_and_ttl_agree(publish, article, minutes, period, frequency):
    feed = publish(article, ttl_minutes=minutes)

    assert feed.in_rss("channel/ttl/text()") == [str(minutes)]
    assert feed.in_rss("channel/sy:updatePeriod/text()") == [period]
    assert feed.in_rss("channel/sy:updateFrequency/text()") == [str(frequency)]


def test_a_ttl_that_no_period_can_say_stands_alone(publish, article):
    feed = publish(article, ttl_minutes=17)

    assert feed.in_rss("channel/ttl/text()") == ["17"]
    assert feed.in_rss("channel/sy:*") == []


def test_elements_that_validators_refuse_are_not_written(publish, article):
    feed = publish(article)

    assert feed.in_rss("//textInput | //rating | //skipHours | //skipDays | //cloud") == []


def test_topics_are_categories_by_name_and_each_name_stands_once(publish, article):
    topics = tuple(Topic(slug=slug, names={"en": name}) for slug, name in (("a", "Art"), ("b", "Art"), ("c", "Sea")))
    feed = publish(replace(article, topics=topics))

    assert feed.in_rss("channel/item/category/text()") == ["Art", "Sea"]


def test_no_software_version_and_no_stylesheet_stand_in_the_file(publish, article):
    rss = publish(article).feeds.rss

    assert b"<generator>newsletter</generator>" in rss
    assert re.search(rb"<\?(?!xml version)", rss) is None
