"""Atom 1.0: RFC 4287, and what feed validators add to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from html import escape

import pytest

from newsletter.model import Image, Topic

ICON = Image(url="https://news.example.org/icon.png", alt="", width=64, height=64, media_type="image/png", size=900)


def test_feed_and_entry_have_exactly_one_id_title_and_updated(publish, article):
    feed = publish(article)

    for element in (feed.atom, *feed.in_atom("a:entry")):
        names = Counter(child.tag.split("}")[1] for child in element)
        assert (names["id"], names["title"], names["updated"]) == (1, 1, 1)


def test_the_ids_are_those_given(publish, article):
    feed = publish(article)

    assert feed.in_atom("a:id/text()") == ["tag:news.example.org,2026-11-24:feed"]
    assert feed.in_atom("a:entry/a:id/text()") == [article.uid]


def test_feed_and_entry_name_an_author(publish, article):
    feed = publish(article)

    assert feed.in_atom("a:author/a:name/text()") == ["Harbour Press"]
    assert feed.in_atom("a:entry/a:author/a:name/text()") == ["Ada Quay"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Ada <ada@example.org>", "Ada"),
        ("ada@example.org (Ada Quay)", "Ada Quay"),
        ("<b>Ada</b> Quay", "Ada Quay"),
        ("ada@example.org", "Harbour Press"),
        ("  Ada\n Quay ", "Ada Quay"),
        ("Ada (the elder)", "Ada (the elder)"),
    ],
)
def test_an_author_is_a_name_without_address_or_markup(publish, article, written, shown):
    feed = publish(replace(article, author=written))

    assert feed.in_atom("a:entry/a:author/a:name/text()") == [shown]
    assert feed.json["items"][0]["authors"] == [{"name": shown}]


def test_no_two_alternates_share_type_and_language(publish, article):
    feed = publish(article)
    for element in (feed.atom, *feed.in_atom("a:entry")):
        links = element.xpath("*[local-name()='link'][@rel='alternate']")
        kinds = [(link.get("type"), link.get("hreflang")) for link in links]
        assert len(kinds) == len(set(kinds)) > 0


def test_self_is_the_address_of_this_very_file_and_of_its_type(publish, article):
    (link,) = publish(article).in_atom("a:link[@rel='self']")

    assert link.get("href") == "https://news.example.org/feeds/atom.xml"
    assert link.get("type") == "application/atom+xml"


def test_only_registered_relations_are_used(publish, article):
    assert set(publish(article).in_atom("//a:link/@rel")) == {"alternate", "self"}


def test_an_entry_has_its_whole_body_and_its_page(publish, article):
    feed = publish(article)

    assert feed.in_atom("a:entry/a:content/text()") == [article.body_html]
    assert feed.in_atom("a:entry/a:link[@rel='alternate']/@href") == [article.url]


def test_the_body_is_html_and_never_cdata(publish, article):
    feed = publish(article)

    assert feed.in_atom("a:entry/a:content/@type") == ["html"]
    assert b"CDATA" not in feed.feeds.atom


@pytest.mark.parametrize("text", ["The <b> tag", "</p>", "AT&amp;T", "a&#38;b", "<!-- x"])
def test_text_that_looks_like_markup_is_declared_html_and_escaped_for_it(publish, article, text):
    feed = publish(replace(article, title=text, summary=text), title=text, description=text)
    for path in ("a:title", "a:subtitle", "a:entry/a:title", "a:entry/a:summary"):
        (element,) = feed.in_atom(path)
        assert (element.get("type"), element.text) == ("html", escape(text))


@pytest.mark.parametrize("text", ["The tide", "Q&A", "1 < 2 > 0", "AT & T;"])
def test_other_text_has_no_type_and_stands_as_it_is(publish, article, text):
    (title,) = publish(replace(article, title=text)).in_atom("a:entry/a:title")

    assert (title.get("type"), title.text) == (None, text)


def test_dates_have_a_zone_and_whole_seconds(publish, article, now):
    moment = now + timedelta(microseconds=5)
    feed = publish(replace(article, published_at=moment, updated_at=moment))

    assert feed.in_atom("a:entry/a:updated/text()") == ["2026-11-24T09:00:00+00:00"]
    assert feed.in_atom("a:entry/a:published/text()") == ["2026-11-24T09:00:00+00:00"]


def test_updated_is_never_before_published(publish, article, now):
    feed = publish(replace(article, updated_at=now - timedelta(days=3)))

    assert feed.in_atom("a:entry/a:updated/text()") == feed.in_atom("a:entry/a:published/text()")


def test_topics_are_categories_with_slug_and_name(publish, article):
    topics = (*article.topics, Topic(slug="new"), Topic(slug=" \x00"), Topic(slug="new"))
    feed = publish(replace(article, language="fr", topics=topics))
    categories = [(c.get("term"), c.get("label")) for c in feed.in_atom("a:entry/a:category")]

    assert categories == [("diplomacy", "Diplomatie"), ("new", "new")]


def test_the_icon_is_an_icon(publish, article):
    feed = publish(article, icon=ICON)

    assert feed.in_atom("a:icon/text()") == [ICON.url]
    assert feed.in_atom("a:logo") == []


def test_the_picture_of_an_article_stands_in_its_entry(publish, article):
    feed = publish(replace(article, image=ICON))

    assert feed.in_atom("a:entry/media:content/@url") == [ICON.url]


def test_the_generator_tells_no_version(publish, article):
    (generator,) = publish(article).in_atom("a:generator")

    assert (generator.text, dict(generator.attrib)) == ("newsletter", {})
