"""Which article is this file? By its uid, else its path, else the contents of a file now gone.

A wrong answer here mails every reader twice or makes a second feed entry, so where the signs
disagree the answer is a question to the person: `--new` or `--same`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from newsletter.articles import visible_text
from newsletter.errors import UsageError
from newsletter.model import Manuscript
from newsletter.store.articles import StoredArticle, article_by_path, article_by_uid, articles_by_hash

Claim = Literal["new", "same"]

# Below this share of common words a known path with a new title is taken for another article.
SAME_WORDS_SHARE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The answer: the article the newsroom already knows (or None), and the path it came from before."""

    known: StoredArticle | None
    moved_from: str | None = None


def identify(
    connection: Connection, manuscript: Manuscript, *, source_path: str, folder: Path, claim: Claim | None
) -> Identity:
    """Match the manuscript with a published article.

    Raises UsageError when the path is known but title and most of the body are new, or when the uid
    is that of a file still standing elsewhere, unless `claim` says what it is.
    """
    by_uid = article_by_uid(connection, manuscript.uid) if manuscript.uid else None
    if claim == "new":
        if by_uid is not None:
            raise UsageError(
                f'{source_path}: its uid is that of "{by_uid.title}". Take the uid line out to make it another article.'
            )
        return Identity(known=None)
    if by_uid is not None:
        moved_from = moved_path(by_uid, source_path)
        if claim is None and moved_from and (folder / moved_from).exists():
            raise UsageError(
                f"{moved_from}, which is still there, was published with the uid in {source_path}. "
                "Take the uid line out of the copy, or pass --same if the article moved."
            )
        return Identity(known=by_uid, moved_from=moved_from)
    known = article_by_path(connection, source_path)
    if known is not None:
        if claim is None and _is_another(manuscript, known):
            raise UsageError(
                f'{source_path}: was published as "{known.title}", but title and most of the text are new. '
                "Pass --same if it is a revision of that article, or --new if it is another one."
            )
        return Identity(known=known)
    gone = [
        stored
        for stored in articles_by_hash(connection, manuscript.source_hash)
        if stored.source_path and not (folder / stored.source_path).exists()
    ]
    return Identity(known=gone[0], moved_from=gone[0].source_path) if len(gone) == 1 else Identity(known=None)


def mint_uid(tag: str, new_id: Callable[[], str]) -> str:
    """A fresh article uid under the newsroom's tag (RFC 4151): ``tag:host,YYYY-MM-DD:ID``."""
    return f"tag:{tag}:{new_id()}"


def moved_path(known: StoredArticle, source_path: str) -> str | None:
    """Where the article was read from before, when that is another place than `source_path`."""
    return known.source_path if known.source_path not in (None, source_path) else None


def _is_another(manuscript: Manuscript, known: StoredArticle) -> bool:
    if manuscript.title == known.title:
        return False
    ours, theirs = (
        set(re.findall(r"\w+", visible_text(html).casefold())) for html in (manuscript.body_html, known.body_html)
    )
    union = ours | theirs
    return bool(union) and len(ours & theirs) / len(union) < SAME_WORDS_SHARE
