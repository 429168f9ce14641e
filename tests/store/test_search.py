"""Words over what is public, asked of both engines: they find the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from newsletter.store import Store
from newsletter.store.articles import add_publication, add_revision
from newsletter.store.search import folded_words, renew_search, search_articles, search_is_stale
from newsletter.store.tables import articles

Publish = Callable[..., tuple[int, int]]

# What visitors, scanners and pranksters type: operators of both engines, quotes, markup, odd Unicode.
_SIGNS = ("", " ", '"', "'", "*", ":*", "(", ")", "&", "|", "!", "-", "\\", "\x00", "\ud800", "\u0301", "\u200f", "<>")
_WORDS = ("tide", "AND", "OR", "NOT", "NEAR(tide, 2)", "title:tide", "{title} : x", "<b>tide</b>", "tide' --", "^tide")
PAYLOADS = [f"{sign}{word}{after}" for sign in _SIGNS for word in _WORDS for after in _SIGNS[2:5]]


@pytest.fixture
def asked(store: Store) -> Callable[..., list[str]]:
    """The slugs a question finds, best first, once the index is up to date."""

    def ask(words: str, *, language: str | None = None, page: int = 1, length: int = 20) -> list[str]:
        with store.writing() as connection:
            renew_search(connection, _plain)
        with store.reading() as connection:
            _, found = search_articles(connection, words, language=language, page=page, length=length)
        return [one.slug for one in found]

    return ask


def _plain(body_html: str) -> str:
    return body_html.replace("<p>", " ").replace("</p>", " ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Café Noël", ["cafe", "noel"]),
        ("l’Œuvre d’été", ["l", "oeuvre", "d", "ete"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("الْمَدِينَة", ["المدينه"]),
        ("أحمد إيمان آدم ٱلله", ["احمد", "ايمان", "ادم", "الله"]),
        ("مـــرحبا على", ["مرحبا", "علي"]),
        ("٢٠٢٦ 2026", ["2026", "2026"]),
        ("tide-tables, 3.5 %", ["tide", "tables", "3", "5"]),
        ("a\ud800b \x00", ["a", "b"]),
    ],
)
def test_words_are_folded_before_any_engine_sees_them(words: str, expected: list[str]) -> None:
    assert folded_words(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("marée", ["fr"]),
        ("MAREES hautes", ["fr"]),
        ("hautes marées", ["fr"]),
        ("mar", ["fr"]),
        ("mar hautes", []),
        ("cœur", ["fr"]),
        ("المدينة", ["ar"]),
        ("الْمَدِين", ["ar"]),
        ("احمد", ["ar"]),
        ("٢٠٢٦", ["ar"]),
        ("2026", ["ar"]),
        ("nothing of the kind", []),
        ("'\"", []),
    ],
)
def test_both_engines_find_french_and_arabic(
    words: str, expected: list[str], published: Publish, asked: Callable[..., list[str]]
) -> None:
    published("fr", title="Les marées hautes au cœur de l’été", language="fr")
    published("ar", title="أحمد في المدينةِ ٢٠٢٦", language="ar")

    assert asked(words) == expected


def test_title_comes_before_body_and_then_the_newest(
    store: Store, published: Publish, content, asked: Callable[..., list[str]], now
) -> None:
    from dataclasses import replace

    for days, slug in ((3, "old-title"), (2, "body"), (1, "new-title")):
        at = now - timedelta(days=days)
        article_id, _ = published(slug, title="Tides" if "title" in slug else "Else", first_published_at=at)
        if slug == "body":
            with store.writing() as connection:
                revised = replace(content("Else"), body_html="<p>of tides</p>")
                revision = add_revision(connection, article_id, revised, now=now)
                add_publication(connection, (article_id, revision), kind="correct", mail=False, now=now)

    assert asked("tides") == ["new-title", "old-title", "body"]


def test_pages_hold_each_article_once_and_the_number_is_of_all(store: Store, published: Publish, asked) -> None:
    for number in range(7):
        published(f"tide-{number}", title="The tide")

    pages = [asked("tide", page=page, length=3) for page in (1, 2, 3, 4, 10**9)]

    assert [len(page) for page in pages] == [3, 3, 1, 0, 0]
    assert sorted(slug for page in pages for slug in page) == [f"tide-{number}" for number in range(7)]
    with store.reading() as connection:
        assert search_articles(connection, "tide", language=None, page=9, length=3)[0] == 7


def test_language_narrows_the_search(published: Publish, asked) -> None:
    published("en", title="Port news")
    published("fr", title="Port", language="fr")

    assert asked("port", language="fr") == ["fr"]


def test_withdrawn_article_is_found_no_more_even_before_the_index_knows(
    store: Store, published: Publish, asked, now
) -> None:
    article_id, revision_id = published("tides", title="Tides")
    assert asked("tides") == ["tides"]

    with store.writing() as connection:
        connection.execute(update(articles).values(state="withdrawn"))
        assert search_articles(connection, "tides", language=None, page=1, length=9) == (0, [])
        add_publication(connection, (article_id, revision_id), kind="withdraw", mail=False, now=now)

    assert asked("tides") == []


def test_corrected_article_is_found_by_its_new_words_only(
    store: Store, published: Publish, asked, content, now
) -> None:
    article_id, _ = published("tides", title="Tides")
    assert asked("tides") == ["tides"]

    with store.writing() as connection:
        revision = add_revision(connection, article_id, content("Currents"), now=now)
        add_publication(connection, (article_id, revision), kind="correct", mail=False, now=now)

    assert (asked("tides"), asked("currents")) == ([], ["tides"])


def test_renewal_reads_only_what_was_published_since(store: Store, published: Publish) -> None:
    published("a")
    published("b")
    counted = []
    for step in (lambda: None, lambda: published("c"), lambda: None):
        step()
        with store.writing() as connection:
            stale = search_is_stale(connection)
            counted.append((stale, renew_search(connection, _plain)))

    assert counted == [(True, 2), (True, 1), (False, 0)]
    with store.writing() as connection:
        assert renew_search(connection, _plain, everything=True) == 3


def test_no_payload_is_an_error_or_finds_more_than_its_words(store: Store, published: Publish, asked) -> None:
    published("tide", title="The tide tables")
    published("else", title="Something else")
    asked("tide")

    for payload in PAYLOADS:
        with store.reading() as connection:
            _, found = search_articles(connection, payload, language=None, page=1, length=9)
        holds_all = {"the", "tide", "tables"} >= set(folded_words(payload)) and folded_words(payload)
        assert [one.slug for one in found] == (["tide"] if holds_all else []), payload
    assert len(PAYLOADS) >= 200


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(), max_size=60))
def test_whatever_is_written_is_found_by_its_own_words(store: Store, text: str) -> None:
    with store.reading() as connection:
        number, found = search_articles(connection, text, language=None, page=1, length=9)

    assert (number, found) == (0, [])


def test_very_long_texts_and_words_fit_into_the_index(store: Store, published: Publish, content, asked, now) -> None:
    from dataclasses import replace

    article_id, _ = published("long")
    body = " ".join(f"م{number:06}ة" for number in range(120_000)) + " " + "x" * 100_000
    with store.writing() as connection:
        revision = add_revision(connection, article_id, replace(content("Long"), body_html=body), now=now)
        add_publication(connection, (article_id, revision), kind="correct", mail=False, now=now)

    assert asked("م000001ة") == ["long"]
