"""A recording in the three formats: one enclosure with its address, its true length and its type."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.feeds.entries import make_entry, wash
from newsletter.model import Audio

EPISODE = Audio(url="https://news.example.org/media/0f.mp3", media_type="audio/mpeg", size=24_986_239)
UNMEASURED = Audio(url="https://pods.example.com/e1?a=1&b=2", media_type="audio/mpeg")


def test_recording_is_the_enclosure_of_its_item(publish, article):
    (enclosure,) = publish(replace(article, audio=EPISODE)).in_rss("channel/item/enclosure")

    assert dict(enclosure.attrib) == {"url": EPISODE.url, "length": "24986239", "type": "audio/mpeg"}


def test_length_that_nobody_knows_is_0_in_rss_and_left_out_elsewhere(publish, article):
    feed = publish(replace(article, audio=UNMEASURED))

    assert feed.in_rss("channel/item/enclosure/@length") == ["0"]
    assert feed.in_rss("channel/item/enclosure/@url") == [UNMEASURED.url]
    assert feed.in_atom("a:entry/a:link[@rel='enclosure']/@length") == []
    assert feed.json["items"][0]["attachments"] == [{"url": UNMEASURED.url, "mime_type": "audio/mpeg"}]


def test_address_of_the_article_stays_that_of_its_page(publish, article):
    feed = publish(replace(article, audio=EPISODE))

    assert feed.in_rss("channel/item/link/text()") == [article.url]
    assert feed.in_atom("a:entry/a:link/@rel") == ["alternate", "enclosure"]
    assert feed.in_atom("a:entry/a:link[1]/@href") == [article.url]
    assert feed.json["items"][0]["url"] == article.url


def test_atom_link_keeps_type_and_length(publish, article):
    (link,) = publish(replace(article, audio=EPISODE)).in_atom("a:entry/a:link[@rel='enclosure']")

    assert dict(link.attrib) == {
        "rel": "enclosure",
        "href": EPISODE.url,
        "type": "audio/mpeg",
        "length": "24986239",
    }


def test_json_has_an_attachment_with_its_size(publish, article):
    item = publish(replace(article, audio=EPISODE)).json["items"][0]

    assert item["attachments"] == [{"url": EPISODE.url, "mime_type": "audio/mpeg", "size_in_bytes": 24_986_239}]


def test_article_without_a_recording_has_no_word_of_one(publish, article):
    feeds = publish(article).feeds

    assert not any(word in octets for word in (b"enclosure", b"attachments") for octets in (feeds.rss, feeds.atom))
    assert b"attachments" not in feeds.json


@pytest.mark.parametrize("odd", [{"url": "episode.mp3"}, {"url": "javascript:alert(1)"}, {"media_type": "audio"}])
def test_recording_without_an_address_or_a_type_is_left_out(publish, article, odd):
    feed = publish(replace(article, audio=replace(EPISODE, **odd)))

    assert feed.in_rss("channel/item/enclosure") == []
    assert feed.in_atom("a:entry/a:link/@rel") == ["alternate"]


def test_entry_with_a_recording_is_never_larger_than_it_was_counted(publish, article, channel):
    spoken = replace(article, audio=replace(EPISODE, url=f"https://pods.example.com/{'&' * 900}.mp3"))

    entry = make_entry(wash(spoken), channel)
    files = publish(spoken).feeds
    without = publish().feeds

    for with_, bare in ((files.rss, without.rss), (files.atom, without.atom), (files.json, without.json)):
        assert len(with_) - len(bare) <= entry.octets()
