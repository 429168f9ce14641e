"""RSS 2.0 as the RSS Advisory Board's profile describes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from html import escape

from lxml import etree

from newsletter.feeds.channel import Channel
from newsletter.feeds.corrected import ATOM, DC, MEDIA, SYNDICATION, CorrectedFeed
from newsletter.feeds.entries import Entry

MEDIA_TYPE = "application/rss+xml"
# All prefixes stand on the root under their customary names; feedgen itself adds atom and content.
NAMESPACES = {
    "dc": DC.strip("{}"),
    "media": MEDIA.strip("{}"),
    "sy": SYNDICATION.strip("{}"),
}
_PERIODS = {"hourly": 60, "daily": 24 * 60, "weekly": 7 * 24 * 60}
# RSS 2.0, <image>: at most 144 wide and 400 high, in one of three formats.
_ICON_TYPES = ("image/png", "image/jpeg", "image/gif")
_ICON_WIDTH, _ICON_HEIGHT = 144, 400


def write_rss(channel: Channel, entries: Sequence[Entry], *, updated: datetime) -> bytes:
    """The RSS file of `entries`, in their order."""
    feed = CorrectedFeed(NAMESPACES | channel.history.namespaces)
    feed.title(channel.title)
    feed.description(channel.description)
    # The last link given becomes the channel's link, whatever its relation: there must be no other.
    feed.link(href=channel.home_url)
    feed.language(channel.language)
    feed.docs("https://www.rssboard.org/rss-specification")
    feed.ttl(channel.ttl_minutes)
    feed.updated(updated)
    feed.additions.write = partial(_complete_channel, channel)
    for entry in entries:
        item = feed.append()
        item.title(entry.title)
        item.link(href=entry.url)
        # An RSS description is HTML, and the summary is plain text. The order matters: content given without a
        # description would take its place.
        item.description(escape(entry.summary, quote=False))
        item.content(entry.html, type="html")
        item.guid(entry.uid, permalink=False)
        item.category([{"term": label} for label in dict.fromkeys(tag.label for tag in entry.tags)])
        item.published(entry.published)
        item.additions.write = partial(_complete_item, entry)
    return feed.rss_bytes()


def _complete_channel(channel: Channel, root: etree._Element) -> None:
    element = root[0]
    _link(element, channel.rss_url, "self", channel.language)
    for language, urls in sorted(channel.alternates.items()):
        _link(element, urls.rss, "alternate", language)
    for hub in channel.hubs:
        etree.SubElement(element, f"{ATOM}link", href=hub, rel="hub")
    for link in channel.history.links("rss", MEDIA_TYPE):
        etree.SubElement(element, f"{ATOM}link", link)
    channel.history.mark(element)
    for period, minutes in _PERIODS.items():
        if minutes % channel.ttl_minutes == 0:
            etree.SubElement(element, f"{SYNDICATION}updatePeriod").text = period
            etree.SubElement(element, f"{SYNDICATION}updateFrequency").text = str(minutes // channel.ttl_minutes)
            break
    if channel.icon is not None and channel.icon.media_type in _ICON_TYPES:
        image = etree.SubElement(element, "image")
        scale = min(1, _ICON_WIDTH / max(channel.icon.width, 1), _ICON_HEIGHT / max(channel.icon.height, 1))
        # Title and link repeat those of the channel: readers show the image in their place.
        for name, value in (
            ("url", channel.icon.url),
            ("title", channel.title),
            ("link", channel.home_url),
            ("width", str(max(1, int(channel.icon.width * scale)))),
            ("height", str(max(1, int(channel.icon.height * scale)))),
        ):
            etree.SubElement(image, name).text = value


def _complete_item(entry: Entry, item: etree._Element) -> None:
    # <author> must hold an address; a name alone is dc:creator, and both together are one too many.
    etree.SubElement(item, f"{DC}creator").text = entry.author
    if entry.language:
        etree.SubElement(item, f"{DC}language").text = entry.language
    if entry.audio is not None:
        # One enclosure at most (RSS profile), with all three attributes; a length that nobody knows is 0.
        length = str(entry.audio.size)
        etree.SubElement(item, "enclosure", url=entry.audio.url, length=length, type=entry.audio.media_type)
    add_image(entry, item)


def add_image(entry: Entry, element: etree._Element) -> None:
    """Add the picture of `entry` to its RSS item or Atom entry, if it has one.

    Not an enclosure, which readers offer as a download, and not in the body, which may show it already. It
    stands straight in the entry: a media:group must hold at least two media:content (Media RSS).
    """
    if entry.image is None:
        return
    image = etree.SubElement(element, f"{MEDIA}content", url=entry.image.url, medium="image")
    for name, value in (
        ("type", entry.image.media_type),
        ("width", entry.image.width),
        ("height", entry.image.height),
        ("fileSize", entry.image.size),
    ):
        if value:
            image.set(name, str(value))


def _link(element: etree._Element, url: str, relation: str, language: str) -> None:
    etree.SubElement(element, f"{ATOM}link", href=url, rel=relation, type=MEDIA_TYPE, hreflang=language)
