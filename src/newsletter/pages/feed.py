"""The page a browser gets at a feed's address: what a feed is, how to subscribe, what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.pages.frame import Frame, render_framed


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedEntry:
    """One entry as the feed has it; `language` is its own, `shown_at` aware."""

    title: str
    url: str
    language: str
    shown_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedText:
    """What a feed says of itself, its absolute address, and its latest entries, newest first."""

    title: str
    url: str
    entries: tuple[FeedEntry, ...]


def feed_page(templates: Mapping[str, str], feed: FeedText, *, frame: Frame) -> bytes:
    """The page for people at `feed.url`; search engines are sent to the pages instead.

    Raises ConfigError when the theme cannot be used.
    """
    return render_framed(templates, "pages/feed.html", {"feed": feed}, frame=frame)
