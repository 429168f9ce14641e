"""Atom 1.0 (RFC 4287), with the articles that were taken back (RFC 6721)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from html import escape

from lxml import etree

from newsletter.feeds.channel import Channel
from newsletter.feeds.corrected import MEDIA, XML_LANG, CorrectedFeed
from newsletter.feeds.deleted import Deleted
from newsletter.feeds.entries import Entry
from newsletter.feeds.rss import add_image

MEDIA_TYPE = "application/atom+xml"
NAMESPACES = {"media": MEDIA.strip("{}")}
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"
_LIKE_MARKUP = re.compile(r"<[A-Za-z/!?]|&#?\w+;")


def write_atom(
    channel: Channel, entries: Sequence[Entry], *, updated: datetime, deleted: Sequence[Deleted] = ()
) -> bytes:
    """The Atom file of `entries`, in their order, and before them of those `deleted`, in theirs."""
    # Declared only where it is used: a feed in which nothing was taken back stays as it always was.
    tombstones = {"at": TOMBSTONES.strip("{}")} if deleted else {}
    feed = CorrectedFeed(NAMESPACES | channel.history.namespaces | tombstones)
    feed.id(channel.uid)
    feed.title(channel.title)
    feed.subtitle(channel.description)
    feed.language(channel.language)
    feed.author(name=channel.authors_name)
    feed.updated(updated)
    feed.link(href=channel.home_url, rel="alternate", type="text/html")
    feed.link(href=channel.atom_url, rel="self", type=MEDIA_TYPE)
    for language, urls in sorted(channel.alternates.items()):
        feed.link(href=urls.atom, rel="alternate", type=MEDIA_TYPE, hreflang=language)
    if channel.icon is not None:
        feed.icon(channel.icon.url)
    feed.additions.write = partial(_complete_feed, channel, deleted)
    for entry in entries:
        element = feed.append()
        element.id(entry.uid)
        element.title(entry.title)
        link = {"href": entry.url, "rel": "alternate", "type": "text/html"}
        element.link(link | ({"hreflang": entry.language} if entry.language else {}))
        if entry.audio is not None:
            # After the article's own address, which readers take from the first link.
            enclosure = {"href": entry.audio.url, "rel": "enclosure", "type": entry.audio.media_type}
            element.link(enclosure | ({"length": str(entry.audio.size)} if entry.audio.size else {}))
        element.author(name=entry.author)
        element.summary(entry.summary)
        element.content(entry.html, type="html")
        element.category([{"term": tag.term, "label": tag.label} for tag in entry.tags])
        element.published(entry.published)
        element.updated(entry.updated)
        element.additions.write = partial(_complete, entry)
    return feed.atom_bytes()


def _complete_feed(channel: Channel, deleted: Sequence[Deleted], root: etree._Element) -> None:
    _declare_markup(root)
    # Not through feedgen, which would make the hub the channel's own link in RSS; in its Atom tree links have no
    # namespace yet.
    for hub in channel.hubs:
        etree.SubElement(root, "link", href=hub, rel="hub")
    for link in channel.history.links("atom", MEDIA_TYPE):
        etree.SubElement(root, "link", link)
    channel.history.mark(root)
    for each in deleted:
        etree.SubElement(root, f"{TOMBSTONES}deleted-entry", ref=each.uid, when=each.at.isoformat())


def _complete(entry: Entry, element: etree._Element) -> None:
    _declare_markup(element)
    if entry.language:
        element.set(XML_LANG, entry.language)
    add_image(entry, element)


def _declare_markup(element: etree._Element) -> None:
    # “The <b> tag” is plain text, but many readers take every title for HTML and lose the tag, and validators
    # ask for a type. Escaped twice and called html (RFC 4287 §3.1.1.2) it reads the same in both. “Q&A” stays
    # as it is: the readers that never look at the type would show “Q&amp;A”.
    for child in element:
        if child.tag in ("title", "subtitle", "summary") and child.text and _LIKE_MARKUP.search(child.text):
            child.text = escape(child.text, quote=False)
            child.set("type", "html")
