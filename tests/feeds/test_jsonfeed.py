"""JSON Feed 1.1."""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.model import Image


def test_the_head_says_what_the_feed_is(publish, article):
    feed = publish(article).json

    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["description"], feed["language"]) == ("The Harbour Post", "News from the quay.", "en")
    assert feed["home_page_url"] == "https://news.example.org/"
    assert feed["feed_url"] == "https://news.example.org/feeds/feed.json"
    assert feed["authors"] == [{"name": "Harbour Press"}]


def test_an_item_holds_the_article(publish, article):
    picture = Image(url="https://news.example.org/a.png", alt="", width=9, height=9, media_type="image/png", size=1)
    (item,) = publish(replace(article, image=picture)).json["items"]

    assert item == {
        "id": article.uid,
        "url": article.url,
        "title": article.title,
        "summary": article.summary,
        "content_html": article.body_html,
        "date_published": "2026-11-24T09:00:00+00:00",
        "date_modified": "2026-11-24T09:00:00+00:00",
        "authors": [{"name": "Ada Quay"}],
        "image": picture.url,
        "tags": ["Diplomacy"],
    }


def test_authors_is_a_list_and_the_old_author_is_absent(publish, article):
    feed = publish(article).json

    assert "author" not in feed
    assert "author" not in feed["items"][0]


def test_extension_keys_have_the_shape_the_format_asks_for(publish, article):
    known = {"version", "title", "home_page_url", "feed_url", "description", "language", "authors", "items"}
    extra = set(publish(article).json) - known

    assert extra == {"_alternates"}
    assert all(re.fullmatch(r"_[a-zA-Z][^.]*", key) for key in extra)


def test_the_file_is_utf_8_without_byte_order_mark(publish, article):
    data = publish(replace(article, title="L’été à Tanger ☀")).feeds.json

    assert data.startswith(b'{"version"')
    assert "L’été à Tanger ☀".encode() in data
