"""What the feeds of a newsroom say of themselves, and where they lie.

Comes in: the masthead and the tag. Goes out: paths and `Channel` records; the articles are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.feeds import Channel, FeedUrls
from newsletter.i18n import load_words
from newsletter.model import Article, Masthead, Topic


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """What rendering needs beside the store: masthead, the tag uids are minted under, theme, feed limits.

    `schedules` are the names of those that have a feed of their digests; `hubs` are told of changes (WebSub).
    """

    masthead: Masthead
    tag: str
    templates: Mapping[str, str]
    max_entries: int
    max_bytes: int
    schedules: tuple[str, ...] = ()
    hubs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedPlace:
    """One feed: its folder below `feeds/` ("" for the main one), and what it selects."""

    folder: str
    language: str | None = None
    topic: Topic | None = None


FORMATS = ("rss.xml", "atom.xml", "feed.json")


def feed_paths(place: FeedPlace) -> tuple[str, str, str]:
    """The three files of a feed, below the newsroom's folder."""
    return tuple(f"feeds/{place.folder}{name}" for name in FORMATS)  # type: ignore[return-value]  # three of them


def feeds_touched_by(article: Article, masthead: Masthead) -> tuple[str, ...]:
    """The feed files one article shows up in."""
    places = [FeedPlace(folder="")]
    if article.language in masthead.languages:
        places.append(FeedPlace(folder=f"{article.language}/"))
    places += [FeedPlace(folder=f"topics/{topic.slug}/") for topic in article.topics]
    return tuple(path for place in places for path in feed_paths(place))


def channel_of(place: FeedPlace, press: Press) -> Channel:
    """What the feed at `place` says of itself."""
    masthead = press.masthead
    language = place.language or masthead.language
    title = masthead.title
    if place.language is not None:
        title = f"{title} – {load_words(language).language_name(language)}"
    if place.topic is not None:
        title = f"{title} – {place.topic.name_in(language)}"
    urls = urls_below(place.folder, masthead)
    siblings = {each: urls_below(f"{each}/", masthead) for each in masthead.languages} if place.topic is None else {}
    return Channel(
        uid=f"tag:{press.tag}:feeds/{place.folder}".rstrip("/"),
        title=title,
        description=masthead.description,
        language=language,
        home_url=f"{masthead.base_url}/",
        rss_url=urls.rss,
        atom_url=urls.atom,
        json_url=urls.json,
        authors_name=masthead.title,
        started=started_on(press.tag),
        alternates={each: urls for each, urls in siblings.items() if each != place.language},
        time_zone=masthead.time_zone,
        hubs=press.hubs,
    )


def urls_below(folder: str, masthead: Masthead) -> FeedUrls:
    """Where the three formats of the feed in `folder` (below `feeds/`, with a slash at its end) are served."""
    rss, atom, json = (f"{masthead.base_url}/feeds/{folder}{name}" for name in FORMATS)
    return FeedUrls(rss=rss, atom=atom, json=json)


def started_on(tag: str) -> datetime:
    """The hour an empty feed shows as its last change."""
    # An empty feed needs a date that no clock moves: the day of the newsroom's tag (RFC 4151).
    year, month, day = (int(part) for part in (tag.rpartition(",")[2] + "-01-01").split("-")[:3])
    return datetime(year, month, day, tzinfo=UTC)
