"""Articles become the bytes of one RSS 2.0, one Atom 1.0 and one JSON Feed 1.1 file.

A craft: records come in, bytes and findings go out; no clock, no disk, no network. The desk hands in a
`Channel` and the published articles, and gives the bytes to the site. feedgen is met in `corrected` only.
"""

from newsletter.feeds.addresses import FeedUrls
from newsletter.feeds.build import Feeds, build_archive_page, build_feeds
from newsletter.feeds.channel import Channel
from newsletter.feeds.characters import clean, has_illegal
from newsletter.feeds.deleted import MAX_DELETED, Deleted
from newsletter.feeds.faults import find_faults
from newsletter.feeds.history import ArchivePage, History
from newsletter.feeds.parts import Parts, take_apart

__all__ = [
    "MAX_DELETED",
    "ArchivePage",
    "Channel",
    "Deleted",
    "FeedUrls",
    "Feeds",
    "History",
    "Parts",
    "build_archive_page",
    "build_feeds",
    "clean",
    "find_faults",
    "has_illegal",
    "take_apart",
]
