"""`articles/.uids.toml`: uids and first dates beside the articles, so that a lost database is not a lost identity.

Written after each publication, by atomic replace, and only when it changes; meant to be kept under
version control with the articles. Read when the database does not know a file.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.errors import OutputError
from newsletter.store.articles import StoredArticle

NAME = "articles/.uids.toml"
_HEAD = "# Written by newsletter: the permanent identity of each published article. Keep it under version control.\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownUid:
    """One published article as the file remembers it."""

    uid: str
    group_uid: str
    source_path: str
    published_at: datetime


def render_uids(known: Iterable[KnownUid]) -> str:
    """The file's text: one table per article, in order of path."""
    lines = [_HEAD]
    for one in sorted(known, key=lambda one: one.source_path):
        at = one.published_at.astimezone(UTC)
        lines.append(
            "[[article]]\n"
            f"path = {_quoted(one.source_path)}\n"
            f"uid = {_quoted(one.uid)}\n"
            f"group = {_quoted(one.group_uid)}\n"
            f"published = {at:%Y-%m-%dT%H:%M:%SZ}\n"
        )
    return "\n".join(lines)


def write_uids(folder: Path, articles: Collection[StoredArticle]) -> bool:
    """Write the file when it changed; gives whether it did. Called by one process at a time.

    What it remembers of articles that are not among `articles` stays: after a loss they come back one
    by one. Raises OutputError when it cannot be read or written.
    """
    path = folder / NAME
    here = {article.source_path for article in articles}
    uids = {article.uid for article in articles}
    not_back = [one for place, one in read_uids(folder).items() if place not in here and one.uid not in uids]
    text = render_uids([*not_back, *(_known(article) for article in articles if article.source_path)])
    try:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return False
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}). Check its permissions.") from error
    return True


def _known(article: StoredArticle) -> KnownUid:
    return KnownUid(
        uid=article.uid,
        group_uid=article.group_uid,
        source_path=article.source_path or "",
        published_at=article.first_published_at,
    )


def _quoted(text: str) -> str:
    # A JSON string whose letters are not escaped is a TOML basic string, but for the one control
    # character that JSON lets stand.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_uids(folder: Path) -> dict[str, KnownUid]:
    """Source path → what the file remembers; empty without the file. Raises OutputError when it is damaged."""
    path = folder / NAME
    if not path.is_file():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("article", [])
        known = [
            KnownUid(
                uid=str(entry["uid"]),
                group_uid=str(entry["group"]),
                source_path=str(entry["path"]),
                published_at=entry["published"].astimezone(UTC),
            )
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise OutputError(f"{path}: cannot be read ({error}). Bring it back from version control.") from error
    return {one.source_path: one for one in known}
