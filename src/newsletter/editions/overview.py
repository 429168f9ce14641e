"""What is published beside what lies in the folder: changed, gone, or as it was."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from newsletter.errors import UsageError
from newsletter.store import Store
from newsletter.store.articles import StoredArticle, all_articles, article_by_path, article_by_slug, article_by_uid


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleLine:
    """One article for a list. `file` is "" as published, "changed", "gone", or "outside" without a path."""

    uid: str
    title: str
    language: str
    state: str
    file: str
    source_path: str | None
    published_at: datetime


def list_articles(store: Store, folder: Path) -> list[ArticleLine]:
    """Every article ever published, newest first, compared with its file."""
    with store.reading() as connection:
        stored = all_articles(connection)
    return [
        ArticleLine(
            uid=one.uid,
            title=one.title,
            language=one.language,
            state=one.state,
            file=_file_state(one, folder),
            source_path=one.source_path,
            published_at=one.first_published_at,
        )
        for one in stored
    ]


def find_article(store: Store, folder: Path, named: str, base_url: str) -> StoredArticle:
    """The article a person means by its uid, its path (also relative to where they stand), or its URL.

    Raises UsageError when there is none.
    """
    place = Path(named)
    inside = place.resolve().is_relative_to(folder.resolve())
    path = place.resolve().relative_to(folder.resolve()).as_posix() if inside else named
    with store.reading() as connection:
        found = (
            article_by_uid(connection, named) or article_by_path(connection, path) or article_by_path(connection, named)
        )
        if found is None and named.startswith(f"{base_url}/"):
            language, _, slug = unquote(named.removeprefix(f"{base_url}/").strip("/")).partition("/")
            found = article_by_slug(connection, language, slug)
    if found is None:
        raise UsageError(f"No published article has the uid, path or URL {named}. See: newsletter articles list")
    return found


def _file_state(stored: StoredArticle, folder: Path) -> str:
    if stored.source_path is None:
        return "outside"
    try:
        source = (folder / stored.source_path).read_bytes()
    except OSError:
        return "gone"
    return "" if hashlib.sha256(source).hexdigest() == stored.source_hash else "changed"
