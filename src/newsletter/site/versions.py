"""What each feed file held: noted when it is written, asked for when a reader names an older version.

Comes in: written files. Goes out: rows for the store, and the smaller feed for whoever has most of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from newsletter.feeds import take_apart
from newsletter.site.archiving import is_archive
from newsletter.site.kinds import feed_type
from newsletter.site.swapping import NewFile
from newsletter.store.feed_versions import FeedVersion, version_of
from newsletter.store.outputs import output_hashes


def versions_among(files: Iterable[NewFile], *, now: datetime) -> list[FeedVersion]:
    """A version for each feed among `files`, but for pages of an archive, which never change."""
    versions = []
    for file in files:
        if file.segments[0] != "feeds" or is_archive(file.path):
            continue
        parts = take_apart(file.content)
        if parts is not None:
            digest = hashlib.sha256(file.content).hexdigest()
            versions.append(FeedVersion(path=file.path, digest=digest, made_at=now, entries=parts.marks))
    return versions


def feed_digests(connection: Connection) -> dict[str, str]:
    """The SHA-256 of each feed file that stands, by path below the newsroom; without the pages of archives."""
    return {
        path: digest
        for path, digest in output_hashes(connection, below="feeds/").items()
        if feed_type(path.removeprefix("feeds/")) is not None and not is_archive(path)
    }


def newer_entries(connection: Connection, path: str, content: bytes, *, known: Iterable[str]) -> bytes | None:
    """The feed `content` (of the file `path`) with only the entries that none of the `known` versions held.

    A version is named by the first 32 digits or more of its SHA-256. None when none of them is remembered,
    or `content` is no feed of ours: then the whole feed has to do.
    """
    versions = [found for digest in known if (found := version_of(connection, path, digest)) is not None]
    parts = take_apart(content) if versions else None
    if parts is None:
        return None
    return parts.without({mark for version in versions for mark in version.entries})
