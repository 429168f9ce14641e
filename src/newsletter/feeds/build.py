"""One set of feeds: the same entries in RSS, Atom and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.feeds.atom import write_atom
from newsletter.feeds.channel import Channel, tidy
from newsletter.feeds.deleted import Deleted, latest_deleted, octets_of, within_reach
from newsletter.feeds.entries import Entry, whole_seconds
from newsletter.feeds.jsonfeed import write_json
from newsletter.feeds.rss import write_rss
from newsletter.feeds.selection import admit, newest_first
from newsletter.model import Article, Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeds:
    """The three files, the last change they show (aware UTC), and what was found in the articles."""

    rss: bytes
    atom: bytes
    json: bytes
    updated: datetime
    findings: tuple[Finding, ...]


def build_feeds(
    channel: Channel,
    articles: Iterable[Article],
    *,
    deleted: Iterable[Deleted] = (),
    max_entries: int = 50,
    max_bytes: int = 512_000,
) -> Feeds:
    """The feeds of `articles`: the same bytes for the same input, on any day and in any process.

    Newest published first, ties by uid. The same entries in all three files: at most `max_entries`, and at
    most `max_bytes` octets in each, whichever comes first. An article that cannot stand in a feed stays out
    with a finding that names it; the others go on. Valid without any entry.

    The Atom file says of `deleted` that they were taken back: of the latest twenty, and where the feed does not
    hold all articles, of those withdrawn since its oldest entry came out.

    Raises ValueError for a channel without title, id or absolute addresses, and for limits that are too small.
    """
    channel = tidy(channel)
    empty = _render(channel, (), ())
    room = max_bytes - max(len(empty.rss), len(empty.atom), len(empty.json))
    if max_entries < 1 or room < 0:
        raise ValueError("A feed holds at least one entry, and what it says of itself. Raise the limits in [feeds].")
    ordered, findings = newest_first(articles)
    # What stands in a feed matters more than what no longer does.
    gone = latest_deleted(deleted, standing={article.uid for article in ordered}, room=room // 4)
    entries, more = admit(channel, ordered, max_entries=max_entries, room=room - octets_of(gone))
    is_cut = len(entries) == max_entries or len(entries) < len(ordered)
    return _render(channel, entries, [*findings, *more], within_reach(gone, entries, is_cut=is_cut))


def _render(
    channel: Channel, entries: Sequence[Entry], findings: Iterable[Finding], deleted: Sequence[Deleted] = ()
) -> Feeds:
    # A withdrawal is news as well: who looks at the date alone would keep the article (RFC 4287 §4.2.15).
    changes = [*(entry.updated for entry in entries), *(each.at for each in deleted)]
    updated = max(changes, default=whole_seconds(channel.started))
    return Feeds(
        rss=write_rss(channel, entries, updated=updated),
        atom=write_atom(channel, entries, updated=updated, deleted=deleted),
        json=write_json(channel, entries),
        updated=updated,
        findings=tuple(findings),
    )
