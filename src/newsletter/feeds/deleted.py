"""Articles that were taken back: which of them an Atom feed still speaks of (RFC 6721).

RSS and JSON Feed have no word for it; there the entry is gone and nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from newsletter.feeds.entries import Entry, whole_seconds
from newsletter.feeds.identity import is_feed_id

MAX_DELETED = 20
# An element around the id, and once the namespace of all of them.
_MARKUP_OCTETS, _NAMESPACE_OCTETS = 80, 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Deleted:
    """An article that was in the feed under `uid` until it was withdrawn `at` (aware)."""

    uid: str
    at: datetime


def latest_deleted(deleted: Iterable[Deleted], *, standing: Collection[str], room: int) -> list[Deleted]:
    """The withdrawals a feed can speak of: each uid once, latest first, ties by uid, whole seconds in UTC.

    At most twenty, and no more than fit into `room` octets. None of a uid among `standing`: it came back, and
    a reader that hears both would have to choose.

    Raises ValueError for an hour without a time zone.
    """
    latest: dict[str, Deleted] = {}
    for each in deleted:
        if each.at.tzinfo is None:
            raise ValueError("A withdrawal needs an hour with a time zone.")
        # What is no id was never in a feed: its article was kept out.
        if each.uid in standing or not is_feed_id(each.uid):
            continue
        whole = replace(each, at=whole_seconds(each.at))
        latest[each.uid] = max(whole, latest.get(each.uid, whole), key=lambda one: one.at)
    ordered = sorted(sorted(latest.values(), key=lambda one: one.uid), key=lambda one: one.at, reverse=True)
    chosen = ordered[:MAX_DELETED]
    while octets_of(chosen) > room:
        chosen.pop()
    return chosen


def octets_of(deleted: Sequence[Deleted]) -> int:
    """Octets that `deleted` take in an Atom file: never less."""
    if not deleted:
        return 0
    return _NAMESPACE_OCTETS + sum(_MARKUP_OCTETS + len(escape(each.uid).encode()) for each in deleted)


def within_reach(deleted: Sequence[Deleted], entries: Sequence[Entry], *, is_cut: bool) -> list[Deleted]:
    """Those of `deleted` that a feed with `entries` (newest first) reaches back to.

    Where older articles had to stay out (`is_cut`), these are the withdrawals since its oldest entry came out:
    whoever asked at all since then has heard of the others. A feed that holds everything forgets nothing.
    """
    if not is_cut or not entries:
        return list(deleted)
    return [each for each in deleted if each.at >= entries[-1].published]
