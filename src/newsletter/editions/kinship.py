"""Which article does this one translate? Named by `translation_of`, else known by the same stem.

Translations share a group: a reader gets one of them, and nobody gets two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from newsletter.errors import ArticleError, Fault
from newsletter.model import Manuscript, Masthead
from newsletter.store.articles import StoredArticle, article_by_path, article_by_slug, article_by_uid


@dataclass(frozen=True, kw_only=True, slots=True)
class Sister:
    """An article drafted by the same command, not in the store yet."""

    uid: str
    group_uid: str
    slug: str
    source_path: str


def group_of(
    connection: Connection, manuscript: Manuscript, sisters: Sequence[Sister], source_path: str, masthead: Masthead
) -> str | None:
    """The group uid of the article this one translates, or None when it stands alone.

    Raises ArticleError when `translation_of` names nothing that is published or being published.
    """
    named = manuscript.translation_of
    if named:
        beside = (Path(source_path).parent / named).as_posix()
        for sister in sisters:
            if named in (sister.uid, sister.source_path, sister.slug) or sister.source_path == beside:
                return sister.group_uid
        stored = (
            article_by_uid(connection, named)
            or article_by_path(connection, named)
            or article_by_path(connection, beside)
            or _by_any_slug(connection, named, masthead)
        )
        if stored is None:
            line = manuscript.lines.get("translation_of")
            message = f'no published article has the uid, path or slug "{named}". Publish that one first.'
            raise ArticleError([Fault(path=manuscript.path, line=line, field="translation_of", message=message)])
        return stored.group_uid
    for sister in sisters:
        if stem_of(sister.source_path, masthead) == stem_of(source_path, masthead):
            return sister.group_uid
    return _by_stem(connection, source_path, masthead)


def stem_of(source_path: str, masthead: Masthead) -> str:
    """A path without its ending and language mark: `articles/a.fr.md` and `articles/a.md` share one."""
    stem = re.sub(r"\.[a-z]+$", "", source_path)
    marks = "|".join(re.escape(language) for language in masthead.languages)
    return re.sub(rf"\.(?:{marks})$", "", stem)


def _by_stem(connection: Connection, source_path: str, masthead: Masthead) -> str | None:
    stem = stem_of(source_path, masthead)
    for mark in ("", *(f".{language}" for language in masthead.languages)):
        for ending in (".md", ".markdown", ".html", ".htm", ".txt"):
            candidate = f"{stem}{mark}{ending}"
            stored = article_by_path(connection, candidate) if candidate != source_path else None
            if stored is not None:
                return stored.group_uid
    return None


def _by_any_slug(connection: Connection, slug: str, masthead: Masthead) -> StoredArticle | None:
    found = (article_by_slug(connection, language, slug) for language in masthead.languages)
    return next((stored for stored in found if stored), None)
