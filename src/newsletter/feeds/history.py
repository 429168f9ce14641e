"""Where a feed's older entries are (RFC 5005): archive pages, each linked from the one after it.

A feed that holds everything says so (`fh:complete`, §2); another one leads to the newest page of its archive
(`prev-archive`, §4), and never both. In JSON Feed the link is `next_url`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lxml import etree

from newsletter.feeds.addresses import FeedUrls

HISTORY = "{http://purl.org/syndication/history/1.0}"


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What a document says of the others: the page before it, and if it is a page itself, the feed it belongs to."""

    previous: FeedUrls | None = None
    current: FeedUrls | None = None
    is_complete: bool = False

    def links(self, form: str, media_type: str) -> list[dict[str, str]]:
        """The links of a document in `form` ("rss" or "atom"), as attributes."""
        named = (("prev-archive", self.previous), ("current", self.current))
        return [{"href": getattr(urls, form), "rel": rel, "type": media_type} for rel, urls in named if urls]

    def mark(self, element: etree._Element) -> None:
        """Say on the feed or channel `element` what kind of document it is, where it is one of the two kinds."""
        if self.current is not None:
            etree.SubElement(element, f"{HISTORY}archive")
        elif self.is_complete:
            etree.SubElement(element, f"{HISTORY}complete")

    @property
    def namespaces(self) -> dict[str, str]:
        """The prefix that `mark` needs; declared only where it is used."""
        return {"fh": HISTORY.strip("{}")} if self.current is not None or self.is_complete else {}


NO_HISTORY = History()


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivePage:
    """A page as the feed sees it: where it is, and which articles it holds beside those of the pages before it."""

    urls: FeedUrls
    uids: frozenset[str]


def history_of(pages: Sequence[ArchivePage], *, standing: Collection[str]) -> History:
    """What a feed with the entries `standing` says, given all `pages`, newest first.

    It leads to the newest page that holds anything else, for the pages before that are reached from there.
    """
    older = next((page for page in pages if not page.uids <= frozenset(standing)), None)
    return History(is_complete=True) if older is None else History(previous=older.urls)
