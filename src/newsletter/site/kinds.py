"""What kind of feed a file is, told by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

FEED_TYPES: Mapping[str, str] = {
    "rss.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
}

# Digests have one feed for each schedule, all in one folder: there the ending tells the format.
_DIGEST_FEED = re.compile(r"digest-[a-z0-9-]+\.(?P<ending>xml|atom\.xml|json)")
_DIGEST_TYPES: Mapping[str, str] = {
    "xml": FEED_TYPES["rss.xml"],
    "atom.xml": FEED_TYPES["atom.xml"],
    "json": FEED_TYPES["feed.json"],
}


def feed_type(path: str) -> str | None:
    """The media type of the feed `path` (below `feeds/`), told by its name; None for what is no feed."""
    digest = _DIGEST_FEED.fullmatch(path)
    return _DIGEST_TYPES[digest["ending"]] if digest else FEED_TYPES.get(PurePosixPath(path).name)


def json_feed_of(path: str) -> str:
    """The JSON form of the feed `path`, from which its page for people is made."""
    digest = _DIGEST_FEED.fullmatch(path)
    if digest:
        return path.removesuffix(digest["ending"]) + "json"
    return f"{path.rpartition('/')[0]}/feed.json".lstrip("/")
