"""`articles/.uids.toml`: uids and first dates beside the articles, so that a lost database is not a lost identity.

Written after each publication, by atomic replace, and only when it changes; meant to be kept under
version control with the articles. Read when the database does not know a file.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable
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


def render_uids(articles: Iterable[StoredArticle]) -> str:
    """The file's text: one table per article that has a path, in order of path."""
    lines = [_HEAD]
    for article in sorted((a for a in articles if a.source_path), key=lambda a: a.source_path or ""):
        at = article.first_published_at.astimezone(UTC)
        # A JSON string without escapes above U+FFFF is a TOML basic string.
        lines.append(
            "[[article]]\n"
            f"path = {json.dumps(article.source_path, ensure_ascii=False)}\n"
            f"uid = {json.dumps(article.uid, ensure_ascii=False)}\n"
            f"group = {json.dumps(article.group_uid, ensure_ascii=False)}\n"
            f"published = {at:%Y-%m-%dT%H:%M:%SZ}\n"
        )
    return "\n".join(lines)


def write_uids(folder: Path, articles: Iterable[StoredArticle]) -> bool:
    """Write the file when it changed; gives whether it did. Raises OutputError when it cannot."""
    path = folder / NAME
    text = render_uids(articles)
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
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise OutputError(f"{path}: cannot be read ({error}). Bring it back from version control.") from error
    return {one.source_path: one for one in known}
