"""Search over what is public, for the web door."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.articles import to_text
from newsletter.model import Article, Masthead
from newsletter.site.published import published_form
from newsletter.store import Store
from newsletter.store import search as index


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One page of a search: `number` articles in all, those of the page without their bodies, best first."""

    number: int
    articles: tuple[Article, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a visitor asks: `words` as typed, in one `language` or in all; `length` articles a page, the first is 1."""

    words: str
    language: str | None = None
    page: int = 1
    length: int = 20


def search_articles(store: Store, masthead: Masthead, question: Question) -> Found:
    """Public articles that hold all the words, those with them in the title first, then the newest.

    Raises StoreBusy when the database cannot answer just now.
    """
    with store.reading() as connection:
        number, stored = index.search_articles(
            connection,
            question.words,
            language=question.language,
            page=question.page,
            length=question.length,
        )
    return Found(number=number, articles=tuple(published_form(one, masthead) for one in stored))


def renew_index(store: Store, *, everything: bool = False) -> int:
    """Bring the search up to the present publication; gives how many articles were looked at.

    In short transactions, so that mail goes on meanwhile. Safe to repeat and to stop at any moment.
    """
    looked_at = 0
    while everything or _is_stale(store):
        with store.writing() as connection:
            looked_at += index.renew_search(connection, to_text, everything=everything)
        everything = False
    return looked_at


def _is_stale(store: Store) -> bool:
    with store.reading() as connection:
        return index.search_is_stale(connection)
