"""What readers of other feeds complained about, each as the test that would have caught it."""

from __future__ import annotations

import locale
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.model import Image


def ids(feed):
    rss = feed.in_rss("channel/item/guid/text()")
    assert rss == feed.in_atom("a:entry/a:id/text()") == [item["id"] for item in feed.json["items"]]
    return rss


def bodies(feed):
    rss = feed.in_rss("channel/item/content:encoded/text()")
    assert rss == feed.in_atom("a:entry/a:content/text()") == [item["content_html"] for item in feed.json["items"]]
    return rss


def test_rename_keeps_id(publish, article):
    """With the URL as id a renamed article is new: 11ty/eleventy-plugin-rss#67, miniflux/v2#797."""
    moved = replace(article, slug="tides", title="Tides", url="https://other.example.org/en/tides/")

    assert ids(publish(moved)) == ids(publish(article)) == [article.uid]


def test_ids_unique(publish, article):
    """The same guid on all items showed one of ten: miniflux/v2#4197."""
    feed = publish(*[replace(article, uid=f"{article.uid}{n % 3}") for n in range(9)])

    assert len(ids(feed)) == len(set(ids(feed))) == 3


def test_rebuild_is_byte_identical(publish, article):
    """Build time in the feed makes every reader download it again: TryGhost/Ghost#2263, jekyll/jekyll-feed#90."""
    assert publish(article).feeds == publish(article).feeds


def test_every_url_absolute_in_every_format(publish, article):
    """Relative addresses lead nowhere in a reader: gohugoio/hugo#7272, jekyll/jekyll-feed#279."""
    feed = publish(article)
    urls = [
        *feed.in_rss("//link/text() | //url/text() | //@href | //@url"),
        *feed.in_atom("//@href | //@url"),
        *(value for key, value in feed.json.items() if key.endswith("_url")),
        *(item["url"] for item in feed.json["items"]),
    ]

    assert len(urls) > 10
    assert all(url.startswith("https://news.example.org/") for url in urls)


def test_control_characters_never_break_the_feed(publish, article):
    """One vertical tab made the whole feed unreadable: WeblateOrg/weblate#9893, dgtlmoon/changedetection.io#1766."""
    bad = "".join(map(chr, range(32))) + "\ud83d\ufffe"
    feed = publish(replace(article, title=f"a{bad}b", summary=bad, author=bad, body_html=f"<p>{bad}c</p>"))

    assert bodies(feed) == ["<p>\t\n\nc</p>"]


def test_description_escaped_once(publish, article):
    """Readers showed &amp;amp;: Ranchero-Software/NetNewsWire#4527."""
    feed = publish(replace(article, summary="Q&A"))

    assert feed.in_rss("channel/item/description/text()") == ["Q&amp;A"]
    assert feed.json["items"][0]["summary"] == "Q&A"


def test_atom_html_escaped(publish, article):
    """Bare markup inside type=html is lost: Ranchero-Software/NetNewsWire#4636, getpelican/feedgenerator#46."""
    feed = publish(replace(article, body_html="<p>1 &lt; 2 &amp; <b>3</b></p>"))

    assert feed.in_atom("a:entry/a:content/*") == []
    assert bodies(feed) == ["<p>1 &lt; 2 &amp; <b>3</b></p>"]


def test_no_empty_body_element(publish, article):
    """An empty element hid the summary: Ranchero-Software/NetNewsWire#529, ViennaRSS/vienna-rss#1788."""
    feed = publish(replace(article, body_html=""), replace(article, uid=f"{article.uid}b", summary=""))

    for path in ("channel/item/description", "channel/item/content:encoded", "channel/item/title"):
        assert all(element.text.strip() for element in feed.in_rss(path))
    for path in ("a:entry/a:content", "a:entry/a:summary", "a:entry/a:title"):
        assert all(element.text.strip() for element in feed.in_atom(path))


def test_dates_in_any_locale(publish, article, monkeypatch):
    """“mar., 24 nov. 2026” is no date: lkiesow/python-feedgen#26, getpelican/pelican#67."""

    def refuse(*_):
        raise AssertionError("a feed changed the locale of the whole process")

    monkeypatch.setattr(locale, "setlocale", refuse)
    feed = publish(replace(article, published_at=datetime(2026, 2, 3, tzinfo=UTC)))

    assert feed.in_rss("channel/item/pubDate/text()") == ["Tue, 03 Feb 2026 00:00:00 +0000"]


@pytest.mark.parametrize("body", ["<p>a ]]> b</p>", "<p>a&nbsp;b &eacute; &amp;nbsp;</p>", "<![CDATA[x]]>"])
def test_cdata_end_and_named_entities(publish, article, body):
    """The end of a section or an entity XML does not know broke feeds: hexojs/hexo-generator-feed#11."""
    assert bodies(publish(replace(article, body_html=body))) == [body]


def test_entry_links_keep_rel_and_type(publish, article):
    """Links that lost their relation read as other pages of the article: lkiesow/python-feedgen#135, #143."""
    (link,) = publish(article).in_atom("a:entry/a:link")

    assert dict(link.attrib) == {"href": article.url, "rel": "alternate", "type": "text/html"}


def test_alt_text_and_cover_untouched(publish, article):
    """Ghost writes the title over every alt text and adds the cover a second time."""
    cover = Image(url="https://news.example.org/c.png", alt="Fog", width=9, height=9, media_type="image/png", size=1)
    body = '<p><img src="https://news.example.org/c.png" alt="Fog on the quay" width="9" height="9"></p>'

    assert bodies(publish(replace(article, body_html=body, image=cover))) == [body]


def test_rtl_body_keeps_dir(publish, article):
    """Arabic was shown from left to right: FreshRSS/FreshRSS#673, miniflux/v2#703."""
    feed = publish(replace(article, language="ar", body_html="<p>مرحبا</p>"))

    assert bodies(feed) == ['<div dir="rtl" lang="ar"><p>مرحبا</p></div>']


def test_no_furniture_of_the_mail_stands_in_a_feed(publish, article):
    """The body is the article's own, not that of its mail: no pixel, no preheader, no inlined style."""
    assert bodies(publish(article)) == [article.body_html]
