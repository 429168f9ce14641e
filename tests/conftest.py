"""What every test may ask for: the newsroom's masthead, a fixed hour, and the cast."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.model import Article, Mailbox, Masthead, Topic

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write tests/golden/ again from what the program makes now"
    )


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def masthead() -> Masthead:
    return Masthead(
        title="The Harbour Post",
        slug="harbour-post",
        description="News from the quay.",
        base_url="https://news.example.org",
        language="en",
        languages=("en", "fr", "ar"),
        fallback={"ar": ("fr", "en")},
        time_zone="Europe/Paris",
        publisher="Harbour Press, 1 Quay Street, Exampletown",
        list_id="harbour-post.news.example.org",
        sender=Mailbox(name="The Harbour Post", address="news@example.org"),
        reply_to=None,
        owner="owner@example.org",
        bounce_domain="example.org",
        topics=(Topic(slug="diplomacy", names={"en": "Diplomacy", "fr": "Diplomatie"}, aliases=("Diplomatie",)),),
    )


@pytest.fixture
def article() -> Article:
    return Article(
        uid="tag:news.example.org,2026-11-24:0b6cf1a6-3f3e-4c0e-9a34-6a54b3f7a001",
        group_uid="tag:news.example.org,2026-11-24:0b6cf1a6-3f3e-4c0e-9a34-6a54b3f7a001",
        slug="the-tide-tables",
        language="en",
        title="The tide tables are out",
        summary="Next year's tide tables hang at the harbour office.",
        author="Ada Quay",
        body_html='<p>Next year\'s <a href="https://news.example.org/tides">tide tables</a> '
        "hang at the harbour office.</p>"
        "<h2>What changed</h2><p>Spring tides come earlier.</p><ul><li>March</li><li>April</li></ul>",
        url="https://news.example.org/en/the-tide-tables/",
        published_at=NOW,
        updated_at=NOW,
        topics=(Topic(slug="diplomacy", names={"en": "Diplomacy", "fr": "Diplomatie"}),),
    )
