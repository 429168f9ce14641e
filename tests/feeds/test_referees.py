"""Independent judges: jing with the grammar of RFC 4287, a JSON Feed schema, and feedparser."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import jsonschema
import pytest

from newsletter.model import Image, Topic

HERE = Path(__file__).parent
PICTURE = Image(url="https://news.example.org/a.png", alt="", width=120, height=80, media_type="image/png", size=1)


@pytest.fixture
def hostile(article, now):
    """Articles with everything that ever broke a feed."""
    texts = (
        "Fish & Chips",
        "The <b> tag & its “quotes”",
        "AT&amp;T &#x26; &lt;b&gt;",
        "a ]]> b <![CDATA[ c",
        "👩‍👩‍👧 e\u0301 \u202eabc\u202c",
        "مرحبا بالعالم",
        "'\"\\ \u2028 \t x",
        "\x00\x0b\ufffe\ud800bad",
        "<!-- --> <?pi?> <script>alert(1)</script>",
    )
    return [
        replace(
            article,
            uid=f"{article.uid}{n}",
            title=text,
            summary=text,
            author=text,
            body_html=f"<p>{text}</p>" if n % 2 else f"<table><tr><td>{text}</td></tr></table>" * 20,
            language=("en", "fr", "ar")[n % 3],
            topics=(Topic(slug=f"t{n}", names={"en": text}),),
            image=PICTURE if n % 2 else None,
            published_at=now - timedelta(days=n),
            updated_at=now - timedelta(days=n),
        )
        for n, text in enumerate(texts)
    ]


@pytest.fixture
def feeds(publish, hostile, article):
    """An empty feed, one with a single article, a hostile one, and one from right to left."""
    return [
        publish(),
        publish(article, icon=PICTURE),
        publish(*hostile, title="A & <B>", description="1 < 2 & 3", icon=PICTURE),
        publish(*hostile, language="ar", alternates={}),
    ]


def test_atom_is_valid_by_the_grammar_of_its_rfc(external_tool, feeds, tmp_path):
    files = [tmp_path / f"{n}.atom" for n in range(len(feeds))]
    for path, feed in zip(files, feeds, strict=True):
        path.write_bytes(feed.feeds.atom)

    judged = subprocess.run([external_tool("jing"), "-c", HERE / "atom.rnc", *files], capture_output=True, text=True)

    assert (judged.stdout, judged.returncode) == ("", 0)


def test_the_grammar_finds_a_fault(external_tool, feeds, tmp_path):
    path = tmp_path / "bad.atom"
    path.write_bytes(feeds[1].feeds.atom.replace(b"<updated>", b"<updated>yesterday "))

    judged = subprocess.run([external_tool("jing"), "-c", HERE / "atom.rnc", path], capture_output=True, text=True)

    assert judged.returncode == 1
    assert "updated" in judged.stdout


def test_json_is_valid_by_its_schema(feeds):
    schema = json.loads((HERE / "jsonfeed.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(["date-time"]))

    assert [error.message for feed in feeds for error in validator.iter_errors(feed.json)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"version": "https://jsonfeed.org/version/1"},
        {"author": {"name": "Ada"}},
        {"home_page_url": "/"},
        {"_a.b": {}},
        {"items": [{"id": "1", "content_text": "x", "date_published": "yesterday"}]},
        {"items": [{"id": "1"}]},
    ],
)
def test_the_schema_finds_a_fault(feeds, change):
    schema = json.loads((HERE / "jsonfeed.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(["date-time"]))

    assert not validator.is_valid(feeds[1].json | change)


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_feedparser_reads_what_the_store_holds(feeds, article, kind):
    data = getattr(feeds[1].feeds, kind)
    read = feedparser.parse(data, resolve_relative_uris=False, sanitize_html=False)
    (entry,) = read.entries

    assert read.bozo == 0
    assert (read.feed.title, read.feed.link, read.feed.language) == (
        "The Harbour Post",
        "https://news.example.org/",
        "en",
    )
    assert (entry.id, entry.title, entry.link, entry.author) == (
        article.uid,
        article.title,
        article.url,
        article.author,
    )
    assert entry.content[0].value == article.body_html
    assert entry.summary == article.summary
    assert entry.published_parsed[:6] == (2026, 11, 24, 9, 0, 0)
    assert [tag.label or tag.term for tag in entry.tags] == ["Diplomacy"]


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_feedparser_finds_every_hostile_feed_well_formed(feeds, kind):
    for feed in feeds:
        read = feedparser.parse(getattr(feed.feeds, kind), resolve_relative_uris=False, sanitize_html=False)
        assert read.bozo == 0
        assert len(read.entries) == len(feed.json["items"])


def test_footnotes_code_and_tables_survive_a_reader_that_sanitises(publish, article):
    body = (
        '<p>Tides<sup><a href="https://news.example.org/en/tides/#fn1">1</a></sup></p>'
        '<pre><code class="language-python">print(1 &lt; 2)</code></pre>'
        "<table><thead><tr><th>h</th></tr></thead><tbody><tr><td>2</td></tr></tbody></table>"
    )
    feed = publish(replace(article, body_html=body))
    for data in (feed.feeds.rss, feed.feeds.atom):
        assert feedparser.parse(data).entries[0].content[0].value == body
