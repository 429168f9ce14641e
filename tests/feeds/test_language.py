"""Languages and directions: each entry says its own where it is not that of the feed."""

from __future__ import annotations

from dataclasses import replace

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def test_the_feed_says_its_language_in_every_format(publish, article):
    feed = publish(article, language="fr")

    assert feed.in_rss("channel/language/text()") == ["fr"]
    assert feed.atom.get(XML_LANG) == feed.json["language"] == "fr"


def test_an_article_in_another_language_says_so_in_every_format(publish, article):
    feed = publish(replace(article, language="fr-CA"))
    (entry,) = feed.in_atom("a:entry")

    assert entry.get(XML_LANG) == "fr-CA"
    assert feed.in_atom("a:entry/a:link/@hreflang") == ["fr-CA"]
    assert feed.in_rss("channel/item/dc:language/text()") == ["fr-CA"]
    assert feed.json["items"][0]["language"] == "fr-CA"


def test_an_article_in_the_language_of_the_feed_does_not_repeat_it(publish, article):
    feed = publish(replace(article, language="EN"))

    assert feed.in_atom("a:entry")[0].get(XML_LANG) is None
    assert feed.in_rss("channel/item/dc:language") == []
    assert "language" not in feed.json["items"][0]


def test_a_left_to_right_article_among_right_to_left_ones_keeps_its_direction(publish, article):
    feed = publish(article, language="ar")

    assert feed.json["items"][0]["content_html"] == f'<div dir="ltr" lang="en">{article.body_html}</div>'


def test_a_left_to_right_feed_adds_nothing_to_its_articles(publish, article):
    assert publish(replace(article, language="fr")).json["items"][0]["content_html"] == article.body_html


def test_a_mixed_title_gets_no_marks_of_direction(publish, article):
    title = "أخبار The Harbour Post اليوم"
    feed = publish(replace(article, language="ar", title=title))

    assert feed.in_rss("channel/item/title/text()") == [title]
    assert feed.in_atom("a:entry/a:title/text()") == [title]


def test_siblings_in_other_languages_are_linked_in_every_format(publish, article):
    feed = publish(article)

    for links in (feed.in_rss("channel/a:link[@rel='alternate']"), feed.in_atom("a:link[@rel='alternate'][@hreflang]")):
        assert [link.get("hreflang") for link in links] == ["ar", "fr"]
    assert feed.in_rss("channel/a:link[@hreflang='fr']/@href") == ["https://news.example.org/feeds/fr/rss.xml"]
    assert feed.in_atom("a:link[@hreflang='fr']/@href") == ["https://news.example.org/feeds/fr/atom.xml"]
    assert feed.json["_alternates"]["fr"] == "https://news.example.org/feeds/fr/feed.json"


def test_a_feed_is_no_sibling_of_its_own(publish, article, channel):
    french = channel.alternates["fr"]
    feed = publish(article, language="fr", rss_url=french.rss, atom_url=french.atom, json_url=french.json)

    assert feed.in_rss("channel/a:link[@rel='alternate']/@hreflang") == ["ar"]
    assert feed.in_atom("a:link[@rel='alternate']/@hreflang") == ["ar"]
    assert list(feed.json["_alternates"]) == ["ar"]
