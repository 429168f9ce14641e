"""Whatever an article holds, the three formats read back as one and the same article."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta, timezone

import feedparser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from newsletter.feeds import build_feeds, clean, take_apart
from newsletter.model import Article, Image, Topic

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"

# All of Unicode, surrogates and controls included, with what matters in XML and HTML far too often.
SIGNS = st.sampled_from(["<", ">", "&", '"', "'", "]]>", "<b>", "&amp;", "&#x26;", "\x00", "\r\n", "\x85", "\ufffe"])
TEXTS = st.lists(SIGNS | st.characters(exclude_categories=()) | st.text(max_size=8), max_size=12).map("".join)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-3.5))])
DATES = st.datetimes(timezones=ZONES).filter(lambda moment: 1 < moment.year < 9999)
PICTURES = st.none() | st.builds(
    Image,
    url=st.just("https://news.example.org/a.png?b=1&c=2"),
    alt=TEXTS,
    width=st.integers(0, 3000),
    height=st.integers(0, 3000),
    media_type=st.sampled_from(["image/png", "image/jpeg", "rubbish", "a/\x00"]),
    size=st.integers(0, 10**7),
)
ARTICLES = st.builds(
    Article,
    uid=st.uuids().map(lambda value: f"tag:news.example.org,2026-11-24:{value}"),
    group_uid=st.just(""),
    slug=st.just("tides"),
    language=st.sampled_from(["en", "fr", "ar", "zh-Hant"]),
    title=TEXTS,
    summary=TEXTS,
    author=TEXTS,
    body_html=TEXTS,
    url=st.just("https://news.example.org/en/tides/?a=1&b=2"),
    published_at=DATES,
    updated_at=DATES,
    topics=st.lists(st.builds(Topic, slug=TEXTS, names=st.dictionaries(st.just("en"), TEXTS)), max_size=3).map(tuple),
    image=PICTURES,
)
MANY = st.lists(ARTICLES, max_size=4)
FAST = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def of_rss(item):
    return {
        "id": item.findtext("guid"),
        "url": item.findtext("link"),
        "title": item.findtext("title"),
        "summary": html.unescape(item.findtext("description")),
        "body": item.findtext(f"{CONTENT}encoded"),
        "author": item.findtext(f"{DC}creator"),
        "published": datetime.strptime(item.findtext("pubDate"), "%a, %d %b %Y %H:%M:%S %z"),
        "language": item.findtext(f"{DC}language"),
    }


def of_atom(entry):
    def text(name):
        element = entry.find(f"{ATOM}{name}")
        return html.unescape(element.text) if element.get("type") == "html" and name != "content" else element.text

    return {
        "id": text("id"),
        "url": entry.find(f"{ATOM}link").get("href"),
        "title": text("title"),
        "summary": text("summary"),
        "body": text("content"),
        "author": entry.findtext(f"{ATOM}author/{ATOM}name"),
        "published": datetime.fromisoformat(text("published")),
        "language": entry.get("{http://www.w3.org/XML/1998/namespace}lang"),
    }


def of_json(item):
    return {
        "id": item["id"],
        "url": item["url"],
        "title": item["title"],
        "summary": item["summary"],
        "body": item["content_html"],
        "author": item["authors"][0]["name"],
        "published": datetime.fromisoformat(item["date_published"]),
        "language": item.get("language"),
    }


@FAST
@given(articles=MANY)
def test_the_three_formats_hold_the_same_articles(channel, articles):
    feeds = build_feeds(channel, articles)
    rss = [of_rss(item) for item in etree.fromstring(feeds.rss).iter("item")]
    atom = [of_atom(entry) for entry in etree.fromstring(feeds.atom).iter(f"{ATOM}entry")]
    items = [of_json(item) for item in json.loads(feeds.json)["items"]]

    assert rss == atom == items


@FAST
@given(articles=MANY)
def test_every_sound_article_reads_back_as_it_was_written(channel, articles):
    items = {item["id"]: item for item in json.loads(build_feeds(channel, articles).json)["items"]}
    for article in articles:
        title, body = " ".join(clean(article.title).split()), clean(article.body_html).strip()
        if not title or not (body or clean(article.summary).strip()):
            assert article.uid not in items
            continue
        item = items[article.uid]
        assert item["title"] == title
        assert body in item["content_html"]
        assert datetime.fromisoformat(item["date_published"]) == article.published_at.replace(microsecond=0)


@FAST
@given(articles=MANY, max_bytes=st.integers(3_000, 9_000))
def test_no_file_ever_grows_beyond_its_limit(channel, articles, max_bytes):
    feeds = build_feeds(channel, articles, max_bytes=max_bytes)

    assert max(len(feeds.rss), len(feeds.atom), len(feeds.json)) <= max_bytes


@settings(FAST, max_examples=40)
@given(article=ARTICLES)
def test_another_parser_agrees_on_every_id(channel, article):
    feeds = build_feeds(channel, [article])
    ids = [item["id"] for item in json.loads(feeds.json)["items"]]

    for data in (feeds.rss, feeds.atom):
        read = feedparser.parse(data, resolve_relative_uris=False, sanitize_html=False)
        assert read.bozo == 0
        assert [entry.id for entry in read.entries] == ids


@FAST
@given(articles=MANY)
def test_any_feed_can_be_taken_apart_and_each_entry_sent_alone(channel, articles):
    made = build_feeds(channel, articles)

    for content in (made.rss, made.atom, made.json):
        parts = take_apart(content)
        assert parts.without(()) == content
        uids = [entry.get("id") for entry in feedparser.parse(content).entries] if content[:1] != b"{" else None
        assert len(parts.entries) == len(json.loads(made.json)["items"])
        for at, mark in enumerate(parts.marks):
            alone = parts.without(set(parts.marks) - {mark})
            if uids is None:
                json.loads(alone)
            elif parts.marks.count(mark) == 1:
                assert [entry.get("id") for entry in feedparser.parse(alone).entries] == [uids[at]]
