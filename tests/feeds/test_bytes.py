"""The bytes of the files: characters, namespaces, sizes, and that nothing else moves them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.feeds import clean, has_illegal
from newsletter.model import Severity

ILLEGAL = "\x00\x01\x08\x0b\x0c\x0e\x1f\x7f\x80\x85\x9f\ud800\udfff\ufdd0\ufdef\ufffe\uffff"


def test_xml_files_begin_with_a_declaration_and_have_no_doctype(publish, article):
    feeds = publish(article).feeds

    for data in (feeds.rss, feeds.atom):
        assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<")
        assert b"<!DOCTYPE" not in data


@pytest.mark.parametrize("character", ILLEGAL)
def test_an_illegal_character_is_removed_and_not_replaced(character):
    assert clean(f"a{character}b") == "ab"


@pytest.mark.parametrize("character", "\t\n é🌊\ufffd\u2028\ufdf0\ufeff\U0001fffe")
def test_a_legal_character_stays(character):
    assert clean(f"a{character}b") == f"a{character}b"


def test_line_ends_become_line_feeds(publish, article):
    feed = publish(replace(article, body_html="<pre>a\r\nb\rc</pre>"))

    assert feed.json["items"][0]["content_html"] == "<pre>a\nb\nc</pre>"
    assert b"&#13;" not in feed.feeds.rss
    assert feed.codes == []


def test_illegal_characters_are_reported_and_the_article_goes_out(publish, article):
    feed = publish(replace(article, title=f"Tides{ILLEGAL}", body_html=f"<p>High{ILLEGAL}</p>"))
    (finding,) = feed.feeds.findings

    assert (finding.code, finding.severity, finding.place) == ("control-characters", Severity.WARNING, article.uid)
    assert not has_illegal(finding.message)
    assert feed.json["items"][0]["content_html"] == "<p>High</p>"


def test_prefixes_are_declared_on_the_root_and_nowhere_else(publish, article):
    feeds = publish(article).feeds

    assert set(publish(article).rss.nsmap) == {"atom", "content", "dc", "media", "sy"}
    for data in (feeds.rss, feeds.atom):
        root_end = data.index(b">", data.index(b"?>") + 3)
        assert b"xmlns" not in data[root_end:]


def test_atom_is_the_default_namespace_of_atom(publish, article):
    assert publish(article).atom.nsmap[None] == "http://www.w3.org/2005/Atom"


def test_articles_in_any_order_give_the_same_bytes(publish, article, now):
    articles = [replace(article, uid=f"{article.uid}{n}", published_at=now - timedelta(hours=n // 2)) for n in range(6)]

    assert publish(*articles).feeds == publish(*reversed(articles)).feeds


def test_threads_that_build_at_once_get_the_same_bytes(publish, article):
    alone = publish(article).feeds
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda _: publish(article).feeds, range(40)))

    assert all(feeds == alone for feeds in together)


SCRIPT = """
import hashlib
from datetime import UTC, datetime
from newsletter.feeds import Channel, FeedUrls, build_feeds
from newsletter.model import Article, Topic
NOW, SITE = datetime(2026, 11, 24, 9, tzinfo=UTC), "https://news.example.org/"
urls = {tag: FeedUrls(rss=SITE + tag, atom=SITE + tag, json=SITE + tag) for tag in ("fr", "ar", "de", "nl")}
channel = Channel(uid="tag:example.org,2026:f", title="T", description="D", language="en", home_url=SITE, rss_url=SITE,
    atom_url=SITE, json_url=SITE, authors_name="N", started=NOW, alternates=urls)
topics = tuple(Topic(slug=f"t{n}") for n in range(9))
articles = [Article(uid=f"tag:example.org,2026:{n}", group_uid="", slug="s", language="ar", title="Été", summary="S",
    author="A", body_html="<p>B</p>", url=SITE, published_at=NOW, updated_at=NOW, topics=topics) for n in range(9)]
feeds = build_feeds(channel, articles)
print(hashlib.sha256(feeds.rss + feeds.atom + feeds.json).hexdigest())
"""


def test_another_process_hash_seed_zone_and_locale_give_the_same_bytes():
    settings = (
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "fr_FR.UTF-8"},
    )
    running = [
        subprocess.Popen([sys.executable, "-c", SCRIPT], env=os.environ | each, stdout=subprocess.PIPE, text=True)
        for each in settings
    ]
    digests = {process.communicate(timeout=60)[0] for process in running}

    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
