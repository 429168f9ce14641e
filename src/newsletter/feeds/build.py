"""One set of feeds: the same entries in RSS, Atom and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.feeds.atom import write_atom
from newsletter.feeds.channel import Channel, tidy
from newsletter.feeds.deleted import Deleted, latest_deleted, octets_of, within_reach
from newsletter.feeds.entries import Entry, whole_seconds
from newsletter.feeds.history import NO_HISTORY, ArchivePage, History, history_of
from newsletter.feeds.jsonfeed import write_json
from newsletter.feeds.rss import write_rss
from newsletter.feeds.selection import admit, newest_first
from newsletter.model import Article, Finding

ARCHIVE_OCTETS = 4_900_000  # of a page: below the five million that validators read


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeds:
    """The three files, the last change they show (aware UTC), and what was found in the articles.

    `history` is what they say of older entries.
    """

    rss: bytes
    atom: bytes
    json: bytes
    updated: datetime
    findings: tuple[Finding, ...]
    history: History = NO_HISTORY


def build_feeds(
    channel: Channel,
    articles: Iterable[Article],
    *,
    deleted: Iterable[Deleted] = (),
    revived: Iterable[Article] = (),
    archive: Sequence[ArchivePage] | None = None,
    max_entries: int = 50,
    max_bytes: int = 512_000,
) -> Feeds:
    """The feeds of `articles`: the same bytes for the same input, on any day and in any process.

    Newest published first, ties by uid. The same entries in all three files: at most `max_entries`, and at
    most `max_bytes` octets in each, whichever comes first. An article that cannot stand in a feed stays out
    with a finding that names it; the others go on. Valid without any entry.

    The Atom file says of `deleted` that they were taken back: of the latest twenty, and where the feed does not
    hold all articles, of those withdrawn since its oldest entry came out.

    `revived` are older articles that were changed lately: they come after the others, up to a quarter of the
    room. `archive` holds all pages, newest first, and the feed leads to the newest of them that it needs; with
    None it says nothing of older entries.

    Raises ValueError for a channel without title, id or absolute addresses, and for limits that are too small.
    """
    channel = tidy(channel)
    empty = _render(_longest(channel, archive), (), ())
    room = max_bytes - max(len(empty.rss), len(empty.atom), len(empty.json))
    if max_entries < 1 or room < 0:
        raise ValueError("A feed holds at least one entry, and what it says of itself. Raise the limits in [feeds].")
    ordered, findings = newest_first(articles)
    # What stands in a feed matters more than what no longer does.
    gone = latest_deleted(deleted, standing={article.uid for article in ordered}, room=room // 4)
    again = _revived(channel, ordered, revived, max_entries=max_entries // 4, room=room // 4)
    left = room - octets_of(gone) - sum(entry.octets() for entry in again)
    entries, more = admit(channel, ordered, max_entries=max_entries - len(again), room=left)
    is_cut = len(entries) + len(again) == max_entries or len(entries) < len(ordered)
    if archive is not None:
        standing = [entry.uid for entry in (*entries, *again)]
        channel = replace(channel, history=history_of(archive, standing=standing))
    reach = within_reach(gone, entries, is_cut=is_cut)
    return _render(channel, [*entries, *again], [*findings, *more], reach)


def build_archive_page(channel: Channel, articles: Iterable[Article]) -> Feeds:
    """A page of older entries: all of `articles`, newest first. Its channel's history names the current feed.

    What cannot stand in a feed is left out; the feed itself has said so when it was published.
    """
    channel = tidy(channel)
    ordered, _ = newest_first(articles)
    entries, _ = admit(channel, ordered, max_entries=len(ordered), room=ARCHIVE_OCTETS)
    return _render(channel, entries, ())


def _revived(
    channel: Channel, ordered: Sequence[Article], revived: Iterable[Article], *, max_entries: int, room: int
) -> list[Entry]:
    standing = {article.uid for article in ordered}
    others, _ = newest_first(article for article in revived if article.uid not in standing)
    return admit(channel, others, max_entries=max_entries, room=room)[0] if max_entries else []


def _longest(channel: Channel, archive: Sequence[ArchivePage] | None) -> Channel:
    """`channel` with the longest history it may get."""
    return replace(channel, history=History(previous=archive[0].urls)) if archive else channel


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
        history=channel.history,
    )
