"""Walks a feed and its archive as a reader does: each document leads to the one before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"


@dataclass(kw_only=True, slots=True)
class Walk:
    """What was met: documents by address, in order, and the newest text of each entry by its id."""

    documents: dict[str, bytes] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)


def walk(fetch: Callable[[str], bytes], url: str) -> Walk:
    """Follow prev-archive or next_url from the feed at `url` to its oldest page; the newest text of an entry stays."""
    met = Walk()
    following: str | None = url
    while following is not None:
        assert following not in met.documents, "the archive leads in a circle"
        met.documents[following] = content = fetch(following)
        entries, following = _read(content)
        # Documents come newest first, and so do texts.
        met.entries = dict(entries) | met.entries
    return met


def _read(content: bytes) -> tuple[list[tuple[str, str]], str | None]:
    if content.startswith(b"{"):
        feed = json.loads(content)
        return [(item["id"], item["title"]) for item in feed["items"]], feed.get("next_url")
    root = etree.fromstring(content)
    if root.tag == "rss":
        entries = [(item.findtext("guid"), item.findtext("title")) for item in root.iter("item")]
    else:
        entries = [(item.findtext(f"{ATOM}id"), item.findtext(f"{ATOM}title")) for item in root.iter(f"{ATOM}entry")]
    links = [link for link in root.iter(f"{ATOM}link") if link.get("rel") == "prev-archive"]
    return entries, links[0].get("href") if links else None
