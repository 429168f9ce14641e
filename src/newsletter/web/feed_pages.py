"""Pages for people at a feed's address, made from the feed file itself and kept while it stays the same."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.errors import ConfigError
from newsletter.model import Masthead
from newsletter.pages.feed import FeedEntry, FeedText, feed_page
from newsletter.site import ENDINGS, packed_copies
from newsletter.web.codings import IDENTITY
from newsletter.web.files import Held
from newsletter.web.served import ServedNewsroom
from newsletter.web.words import frame_in

log = logging.getLogger("newsletter.web")

ENTRIES = 10
MAX_PAGES = 128

_Key = tuple[str, str, int]


@dataclass(slots=True)
class FeedPages:
    """The pages of a newsroom's feeds; shared by threads, bounded in number."""

    newsroom: ServedNewsroom
    _made: OrderedDict[_Key, Held | None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def page_of(self, url: str, feed: Held) -> Held | None:
        """The page for the feed served at `url`, from its JSON file `feed`; None when none can be made."""
        newsroom = self.newsroom
        theme = hash(tuple(sorted(newsroom.templates.items())))
        key = (url, feed.digest, theme)
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        made = _made(url, feed, newsroom.templates, newsroom.masthead)
        with self._lock:
            self._made[key] = made
            while len(self._made) > MAX_PAGES:
                self._made.popitem(last=False)
        return made


def _made(url: str, feed: Held, templates: Mapping[str, str], masthead: Masthead) -> Held | None:
    read = _read(feed.content, url)
    if read is None:
        return None
    text, language = read
    frame = frame_in(masthead, language if language in masthead.languages else masthead.language)
    try:
        html = feed_page(templates, text, frame=frame)
    except ConfigError as error:
        log.error("The theme has no page for feeds that can be used, the feed itself stands in for it: %s", error)
        return None
    copies = packed_copies("page.html", html)
    forms = {coding: copies[f"page.html{ending}"] for coding, ending in ENDINGS.items() if copies}
    return Held(
        identity=feed.identity,
        digest=hashlib.sha256(html).hexdigest()[:32],
        modified=feed.modified,
        forms={IDENTITY: html, **forms},
        may_pack=True,
    )


def _read(content: bytes, url: str) -> tuple[FeedText, str] | None:
    """What our own JSON feed says, and its language; None for anything else that lies there."""
    try:
        feed = json.loads(content)
        entries = tuple(
            FeedEntry(
                title=str(item.get("title", item["url"])),
                url=str(item["url"]),
                language=str(item.get("language", feed.get("language", ""))),
                shown_at=datetime.fromisoformat(item["date_published"]),
            )
            for item in feed["items"][:ENTRIES]
        )
        return FeedText(title=str(feed["title"]), url=url, entries=entries), str(feed.get("language", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
