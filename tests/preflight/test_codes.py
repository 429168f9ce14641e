"""Every code is in the table, and every code of the table is found in something."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import newsletter
from newsletter.articles import parse_article
from newsletter.config.keys import check_key
from newsletter.feeds import Channel, build_feeds
from newsletter.model import Article, Finding
from newsletter.preflight import CODES, check_address_of_site, check_article

SOURCE = Path(newsletter.__file__).parent
IN_SHORT = ("error", "warning", "note")
Produce = Callable[[str], Iterable[Finding]]


def used_codes() -> Iterator[str]:
    """Every code= of the program, and the first argument of what makes a finding in short."""
    for path in sorted(SOURCE.rglob("*.py")):
        short = ("_finding", *IN_SHORT) if path.parent.name == "preflight" else ("_finding",)
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
            if isinstance(call.func, ast.Name) and call.func.id in short:
                given += call.args[:1]
            yield from (
                value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)
            )


def test_every_code_in_the_source_is_in_the_table():
    assert set(used_codes()) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_short_words_and_its_meaning_one_sentence(code):
    assert code.replace("-", "").isalpha()
    assert code.islower()
    assert CODES[code].endswith(".")
    assert "\n" not in CODES[code]


def test_the_table_is_in_order_and_cannot_be_changed():
    assert list(CODES) == sorted(CODES)
    with pytest.raises(TypeError):
        CODES["new"] = "x"


@pytest.fixture
def from_feeds(article: Article, now: datetime) -> Produce:
    channel = Channel(
        uid="tag:news.example.org,2026:feed",
        title="T",
        description="",
        language="en",
        home_url="https://news.example.org/",
        rss_url="https://news.example.org/r",
        atom_url="https://news.example.org/a",
        json_url="https://news.example.org/j",
        authors_name="",
        started=now,
    )
    articles = {
        "uid-repeated": [article, article],
        "body-too-long": [replace(article, body_html="x" * 600_000)],
        "entry-too-long": [replace(article, title="x" * 600_000)],
        "language-shape": [replace(article, language="?")],
    }
    return lambda code: build_feeds(channel, articles.get(code, ())).findings


@pytest.fixture
def from_articles(article: Article, now: datetime) -> Produce:
    changes = {
        "active-content": {"body_html": "a<script></script>"},
        "control-characters": {"title": "a\x00"},
        "date-in-future": {"published_at": now + timedelta(days=1)},
        "date-shape": {"published_at": now.replace(tzinfo=None)},
        "slug-shape": {"slug": "/"},
        "uid-shape": {"uid": "1"},
        "url-relative": {"url": "/"},
    }
    return lambda code: check_article(replace(article, **changes.get(code, {})), now=now)


@pytest.fixture
def from_manuscripts(check_written) -> Produce:
    bodies = {
        "body-empty": "",
        "heading-skipped": "<h6>a</h6>",
        "image-alt-empty": '<img src="a" alt="">',
        "image-alt-missing": '<img src="a">',
        "link-like-relative": '<a href="www.example.org">tides</a>',
        "link-text-empty": '<a href="https://example.org"></a>x',
        "link-text-other-site": '<a href="https://example.org">example.com</a>',
        "link-text-vague": '<a href="https://example.org">here</a>',
        "link-without-host": '<a href="http:///x">tides</a>',
    }
    changes = {
        "audio-size-missing": {"audio": "https://example.com/episode.mp3"},
        "language-unknown": {"language": "de"},
        "replacement-character": {"title": "\ufffd"},
        "summary-too-long": {"summary": "x" * 281},
        "title-capitals": {"title": "TIDE TABLES"},
        "title-controls": {"title": "a\n"},
        "title-empty": {"title": ""},
        "title-long": {"title": "x" * 71},
        "title-too-long": {"title": "x" * 256},
        "undeclared": {"topics": ("fish",)},
    }
    changes |= {code: {"body_html": body, "source_text": ""} for code, body in bodies.items()}
    return lambda code: check_written(**changes.get(code, {})).findings


@pytest.fixture
def from_mails(check_spoilt) -> Produce:
    spoilt = {
        "css-content": ("margin: 0", "content: 'a'"),
        "direction-wrong": ('dir="ltr"', 'dir="rtl"'),
        "heading-count": ("<p>Spring", "<h1>a</h1><p>Spring"),
        "image-foreign": ("news.example.org/media", "example.com"),
        "image-http": ("https://news.example.org/media", "http://example.com"),
        "image-not-absolute": ("https://news.example.org/media/a.png", "a.png"),
        "image-size-missing": (' width="600"', ""),
        "lang-missing": (' dir="ltr"', ""),
        "link-http": ("https://news.example.org/en", "http://example.com"),
        "link-not-absolute": ("https://news.example.org/en", ""),
        "mail-large": ("</body>", f"<!--{'x' * 85_000}--></body>"),
        "mail-too-large": ("</body>", f"<!--{'x' * 100_000}--></body>"),
        "publisher-missing": ("Harbour Press", ""),
        "remote-font": ("margin: 0", "} @import 'x'; {"),
        "style-too-large": ("margin: 0", " " * 20_000),
        "table-without-role": (' role="presentation"', ""),
        "template-mark": ("On the web", "{{ x }}"),
        "unsubscribe-missing": ("https://news.example.org/u/", ""),
        "words-lost": ("Spring", ""),
        "wrapper-missing": ('<div lang="en"', "<div"),
    }
    changes = {
        "placeholder-in-subject": {"subject": "PAAAABBBBCCCCDDDD001"},
        "subject-controls": {"subject": "a\n"},
        "subject-empty": {"subject": ""},
        "subject-too-long": {"subject": "x" * 256},
        "text-empty": {"text": ""},
    }
    return lambda code: check_spoilt(*spoilt.get(code, ()), **changes.get(code, {})).findings


@pytest.fixture
def from_addresses(masthead) -> Produce:
    urls = {"base-url-not-https": "http://harbourpost.eu", "base-url-not-public": "http://localhost"}

    def produce(code):
        if code not in urls:
            return ()
        return check_address_of_site(replace(masthead, base_url=urls[code]), transport_kind="smtp")

    return produce


@pytest.fixture
def from_elsewhere(tmp_path: Path) -> Produce:
    """Findings of the rooms that read files and keys."""
    sources = {
        "language-detected": b"---\ntitle: Tides\n---\nHigh water at nine.\n",
        "summary-cut": b"---\ntitle: Tides\nsummary: " + b"wave " * 90 + b"\n---\nHigh water at nine.\n",
    }

    def produce(code):
        key = tmp_path / "newsletter.key"
        if code == "key-readable":
            key.write_bytes(b"")
            key.chmod(0o644)
        if code in ("key-readable", "key-missing"):
            return check_key(tmp_path)
        if code not in sources:
            return ()
        return parse_article(sources[code], path="tides.md", languages=("en",), default_language="en").findings

    return produce


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_table_is_found_in_something(
    code, from_feeds, from_articles, from_manuscripts, from_mails, from_addresses, from_elsewhere
):
    sources = (from_feeds, from_articles, from_manuscripts, from_mails, from_addresses, from_elsewhere)

    assert code in [finding.code for produce in sources for finding in produce(code)]
