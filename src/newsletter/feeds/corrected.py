"""feedgen 1.0.0, corrected: the only module that knows it.

feedgen has seen no release since 2023. What it writes wrongly is mended in a subclass; what it cannot
write is added by an extension, which feedgen runs before it appends the entries. The tests hold canaries
that tell when a remedy is no longer needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from typing import cast

import feedgen.entry
import feedgen.feed
from lxml import etree

# feedgen's own formatter sets the locale of the whole process to C and back for every date: two threads
# leave it at C for ever, and it is slower. email.utils never looks at the locale.
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = format_datetime

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
MEDIA = "{http://search.yahoo.com/mrss/}"
SYNDICATION = "{http://purl.org/rss/1.0/modules/syndication/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
GENERATOR = "newsletter"

_HEX = {b"&amp;": b"&#x26;", b"&lt;": b"&#x3C;", b"&gt;": b"&#x3E;"}
_ENTITY = re.compile(b"|".join(_HEX))
_PLAIN_OF_CHANNEL = re.compile(rb"<(?:title|description)>[^<]*</")
_PLAIN_OF_ITEM = re.compile(rb"<(?:title|category|dc:creator)>[^<]*</")


class Additions:
    """The extension that carries what feedgen cannot write; feedgen makes it without arguments."""

    def __init__(self) -> None:
        """Add nothing until told."""
        self.namespaces: Mapping[str, str] = {}
        self.write: Callable[[etree._Element], None] = lambda element: None

    def extend_ns(self) -> Mapping[str, str]:
        """Prefixes for the root element; on any other, readers would see them repeated in each entry."""
        return self.namespaces

    def extend_rss(self, element: etree._Element) -> None:
        """Add to the rss root, or to an item."""
        self.write(element)

    def extend_atom(self, element: etree._Element) -> None:
        """Add to the feed, or to an entry."""
        self.write(element)


class CorrectedEntry(feedgen.entry.FeedEntry):  # type: ignore[misc]  # feedgen has no types
    """An entry whose Atom links keep their attributes."""

    def atom_entry(self, extensions: bool = True) -> etree._Element:
        """The entry, each link with its rel, type and hreflang.

        feedgen reuses the name of its loop variable and keeps the href only, so that a link to a file
        reads as a second page of the article (lkiesow/python-feedgen#135, #143).
        """
        element = cast("etree._Element", super().atom_entry(extensions))
        links = [child for child in element if child.tag == "link"]
        for child, link in zip(links, self.link() or (), strict=True):
            for key in ("rel", "type", "hreflang", "title", "length"):
                if link.get(key):
                    child.set(key, str(link[key]))
        return element


class CorrectedFeed(feedgen.feed.FeedGenerator):  # type: ignore[misc]  # feedgen has no types
    """A feed that names no version of any software and escapes plain text as RSS asks."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        """An empty feed with `namespaces` declared on its root."""
        super().__init__()
        self.register_extension("additions", Additions, Additions)
        self.additions.namespaces = namespaces
        # feedgen puts its version here: an upgrade would make every reader download every feed again.
        self.generator(GENERATOR)

    def append(self) -> CorrectedEntry:
        """A new last entry; feedgen's own way puts it first."""
        return cast("CorrectedEntry", self.add_entry(CorrectedEntry(), order="append"))

    def rss_bytes(self) -> bytes:
        """RSS 2.0, with & < > of plain text as hexadecimal references.

        The RSS profile (character data) found that readers agree on no other form; lxml writes &lt;.
        Working on bytes is safe, since every body is escaped: there is no other "<title>" in the file.
        """
        channel, first, items = cast("bytes", self.rss_str()).partition(b"<item>")
        return _PLAIN_OF_CHANNEL.sub(_hexadecimal, channel) + first + _PLAIN_OF_ITEM.sub(_hexadecimal, items)

    def atom_bytes(self) -> bytes:
        """Atom 1.0."""
        return cast("bytes", self.atom_str())


def _hexadecimal(match: re.Match[bytes]) -> bytes:
    return _ENTITY.sub(lambda entity: _HEX[entity[0]], match[0])
