"""What a feed says of itself, apart from its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from newsletter.feeds.addresses import FeedUrls
from newsletter.feeds.characters import clean_line
from newsletter.feeds.history import NO_HISTORY, History
from newsletter.feeds.identity import is_feed_id, is_language_tag, is_web_address
from newsletter.model import Image


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """One feed in its three formats.

    `uid` is the atom:id, a tag URI that never changes. `authors_name` stands for an article without an
    author. `alternates` maps a language to the sibling feed in that language. `started` (aware) is the
    hour an empty feed shows as its last change. `ttl_minutes` agrees with the Cache-Control of the server.
    `time_zone` (IANA) tells on which day something was changed. `hubs` are the WebSub hubs that are told of changes.
    `history` says where older entries are.
    """

    uid: str
    title: str
    description: str
    language: str
    home_url: str
    rss_url: str
    atom_url: str
    json_url: str
    authors_name: str
    started: datetime
    alternates: Mapping[str, FeedUrls] = field(default_factory=dict)
    icon: Image | None = None
    ttl_minutes: int = 60
    time_zone: str = "UTC"
    hubs: tuple[str, ...] = ()
    history: History = NO_HISTORY


def tidy(channel: Channel) -> Channel:
    """`channel` with one-line texts free of illegal characters, and never a blank description.

    Raises ValueError for a channel of which no valid feed can be made.
    """
    title = clean_line(channel.title)
    urls = (channel.home_url, channel.rss_url, channel.atom_url, channel.json_url)
    others = [each for each in (channel.history.previous, channel.history.current) if each]
    siblings = [url for each in (*channel.alternates.values(), *others) for url in (each.rss, each.atom, each.json)]
    icon = [channel.icon.url] if channel.icon else []
    if not title:
        raise ValueError("The feed has no title. Give the newsroom a title in config.toml.")
    if channel.started.tzinfo is None or channel.ttl_minutes < 1:
        raise ValueError("The feed needs a start with a time zone, and a ttl of at least one minute.")
    if not is_feed_id(channel.uid) or not all(is_language_tag(tag) for tag in (channel.language, *channel.alternates)):
        raise ValueError(
            f"The feed {channel.uid!r} needs an absolute URI as its id, and languages like “en” or “fr-CA”."
        )
    for url in (*urls, *siblings, *icon, *channel.hubs):
        if not is_web_address(url):
            raise ValueError(f"The feed has the address {url!r}. Write an absolute one, like https://news.example.org.")
    return replace(
        channel,
        title=title,
        # RSS wants a description that is not blank.
        description=clean_line(channel.description) or title,
        authors_name=clean_line(channel.authors_name) or title,
        # A feed is no sibling of its own, even where one map is handed to all of them.
        alternates={tag: urls for tag, urls in channel.alternates.items() if urls.rss != channel.rss_url},
    )
