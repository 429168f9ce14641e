"""Which article does this one translate? Named by `translation_of`, else known by the same stem.

Translations share a group: a reader gets one of them, and nobody gets two.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

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
    language: str
    source_path: str


def group_of(
    connection: Connection, manuscript: Manuscript, sisters: Sequence[Sister], source_path: str, masthead: Masthead
) -> str | None:
    """The group uid of the article this one translates, or None when it stands alone.

    Raises ArticleError when `translation_of` names nothing that is published or being published, or
    an article in the same language.
    """
    language = manuscript.language or masthead.language
    named = manuscript.translation_of
    if named:
        original = _named(connection, named, sisters, source_path, masthead)
        if original is None:
            message = f'no published article has the uid, path or slug "{named}". Publish that one first.'
            raise _fault(manuscript, message)
        if original.language == language:
            # A reader gets one of a group by language: the other would never be mailed.
            raise _fault(manuscript, f'"{named}" is in "{language}" as well. Say the language of this one.')
        return original.group_uid
    stem = stem_of(source_path, masthead)
    for sister in sisters:
        if stem_of(sister.source_path, masthead) == stem and sister.language != language:
            return sister.group_uid
    return _by_stem(connection, source_path, language, masthead)


def _named(
    connection: Connection, named: str, sisters: Sequence[Sister], source_path: str, masthead: Masthead
) -> Sister | StoredArticle | None:
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(source_path), named))
    for sister in sisters:
        if named in (sister.uid, sister.source_path, sister.slug) or sister.source_path == beside:
            return sister
    return (
        article_by_uid(connection, named)
        or article_by_path(connection, named)
        or article_by_path(connection, beside)
        or _by_any_slug(connection, named, masthead)
    )


def _fault(manuscript: Manuscript, message: str) -> ArticleError:
    line = manuscript.lines.get("translation_of")
    return ArticleError([Fault(path=manuscript.path, line=line, field="translation_of", message=message)])


def stem_of(source_path: str, masthead: Masthead) -> str:
    """A path without its ending and language mark: `articles/a.fr.md` and `articles/a.md` share one."""
    stem = re.sub(r"\.[a-z]+$", "", source_path)
    marks = "|".join(re.escape(language) for language in masthead.languages)
    return re.sub(rf"\.(?:{marks})$", "", stem)


def _by_stem(connection: Connection, source_path: str, language: str, masthead: Masthead) -> str | None:
    # Two files of one stem in one language, spring.md and spring.html, do not translate each other.
    stem = stem_of(source_path, masthead)
    for mark in ("", *(f".{language}" for language in masthead.languages)):
        for ending in (".md", ".markdown", ".html", ".htm", ".txt"):
            candidate = f"{stem}{mark}{ending}"
            stored = article_by_path(connection, candidate) if candidate != source_path else None
            if stored is not None and stored.language != language:
                return stored.group_uid
    return None


def _by_any_slug(connection: Connection, slug: str, masthead: Masthead) -> StoredArticle | None:
    found = (article_by_slug(connection, language, slug) for language in masthead.languages)
    return next((stored for stored in found if stored), None)
