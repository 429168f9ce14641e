"""The private feeds' desk: a reader swaps email for a feed of their own, and a program asks for it.

Part of the readers' desk, called by the web door from several threads at once. Asking writes nothing, not
even that somebody asked.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from newsletter.answers import PrivateAddresses, PrivateFeed
from newsletter.feeds import Feeds
from newsletter.model import Subscriber
from newsletter.site import Press, Selection, made_private, private_feeds, private_urls
from newsletter.site.channels import FORMATS
from newsletter.store import Store
from newsletter.store.articles import present_sequence
from newsletter.subscribers import Intake, PreferencesView
from newsletter.subscribers.preferences import view_of
from newsletter.subscribers.private_feeds import (
    TOKEN_OCTETS,
    Swapped,
    new_address,
    reader_of_feed,
    swap_to_feed,
    swap_to_mail,
)

# Of feeds that are alike for all who chose the same: three files each, of half a megabyte at most.
MAX_KEPT_OCTETS = 32 * 1024 * 1024
MAX_KEPT = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedTools:
    """What the private feeds' desk works with; `chooser` is who a preferences link belongs to."""

    store: Store
    press: Press
    random: Callable[[int], bytes]
    intake: Callable[[], Intake]
    chooser: Callable[[str], Subscriber | None]


class FeedsDesk:
    """A reader's own feed instead of mail. Every method but `feed_of` is one transaction."""

    def __init__(self, tools: FeedTools) -> None:
        """Stand ready."""
        self._tools = tools
        self._kept = _Kept()

    def swap_to_feed(self, token: str) -> tuple[PreferencesView, PrivateAddresses] | None:
        """Give the reader of the preferences `token` a feed instead of mail, also of what waits to be sent.

        A second call makes a new address, and the first one ends.
        """
        return self._made(token, swap_to_feed)

    def new_address(self, token: str) -> tuple[PreferencesView, PrivateAddresses] | None:
        """End the address of the reader's feed and make another; None also for a reader who has no feed."""
        return self._made(token, new_address)

    def swap_to_mail(self, token: str) -> PreferencesView | None:
        """End the reader's feed and mail again as before. Safe to repeat."""
        found, intake = self._tools.chooser(token), self._tools.intake()
        back = None if found is None else swap_to_mail(self._tools.store, found.id, intake=intake)
        return None if back is None else view_of(back, keys=intake.keys)

    def feed_of(self, feed_token: str, name: str) -> PrivateFeed | None:
        """The file `name` of the private feed with `feed_token`; None for a token or a name of nothing. Writes nothing.

        An unknown token and one that was revoked cost the same one look. What a feed holds is made once for
        all readers who chose the same, and again after the next publication.
        """
        if name not in FORMATS:
            return None
        with self._tools.store.reading() as connection:
            found = reader_of_feed(connection, feed_token)
            if found is None or found.subscriber is None:
                return None if found is None else PrivateFeed(content=None)
            reader, press = found.subscriber, self._tools.press
            selection, sequence = (
                Selection(language=reader.language, topics=reader.topics),
                present_sequence(connection),
            )
            feeds = self._kept.get(selection, sequence)
            if feeds is None:
                feeds = private_feeds(connection, selection, press)
                self._kept.put(selection, sequence, feeds)
        shared = dict(zip(FORMATS, (feeds.rss, feeds.atom, feeds.json), strict=True))[name]
        return PrivateFeed(content=made_private(shared, token=feed_token, uid=reader.uid))

    def _made(self, token: str, make: Callable[..., Swapped | None]) -> tuple[PreferencesView, PrivateAddresses] | None:
        tools = self._tools
        found, intake = tools.chooser(token), tools.intake()
        if found is None:
            return None
        made = make(tools.store, found.id, random=tools.random(TOKEN_OCTETS), intake=intake)
        if made is None:
            return None
        view = view_of(made.subscriber, keys=intake.keys, has_private_feed=True)
        urls = private_urls(intake.masthead, made.token)
        return view, PrivateAddresses(rss=urls.rss, atom=urls.atom, json=urls.json)


@dataclass(slots=True)
class _Kept:
    """Feeds by what was chosen, as of the publication they were made after; the least asked for is forgotten first."""

    _feeds: OrderedDict[Selection, tuple[int, Feeds]] = field(default_factory=OrderedDict)
    _octets: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, selection: Selection, sequence: int) -> Feeds | None:
        """The feeds of a selection, where they were made after the publication `sequence`."""
        with self._lock:
            made_after, feeds = self._feeds.get(selection, (-1, None))
            if made_after != sequence or feeds is None:
                return None
            self._feeds.move_to_end(selection)
            return feeds

    def put(self, selection: Selection, sequence: int, feeds: Feeds) -> None:
        """Keep the feeds of a selection."""
        with self._lock:
            former = self._feeds.pop(selection, None)
            self._octets += _octets(feeds) - (_octets(former[1]) if former else 0)
            self._feeds[selection] = (sequence, feeds)
            while self._feeds and (self._octets > MAX_KEPT_OCTETS or len(self._feeds) > MAX_KEPT):
                _, (_, dropped) = self._feeds.popitem(last=False)
                self._octets -= _octets(dropped)


def _octets(feeds: Feeds) -> int:
    return len(feeds.rss) + len(feeds.atom) + len(feeds.json)
