"""A reader's own feed: the articles they would have been mailed, made from the store when somebody asks.

Comes in: what the reader chose. Goes out: the three feeds with marks where the reader's own words go, so that
all who chose the same share them. Reads what is published; nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from newsletter.feeds import Channel, Feeds, FeedUrls, build_feeds
from newsletter.i18n import load_words
from newsletter.model import Masthead
from newsletter.site.channels import FeedPlace, Press, channel_of, urls_below
from newsletter.site.published import told_forms
from newsletter.store.articles import StoredArticle, published_articles, published_outlines

MAX_ENTRIES = 50

# Stand in the shared feeds for a reader's token and uid. Whoever writes them into an article shows readers
# their own, and nobody else's.
_TOKEN_MARK = "the-token-of-this-reader"  # noqa: S105 - no token, the place of one
_UID_MARK = "the-uid-of-this-reader"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What a reader chose: the language, and the topics; none means all."""

    language: str
    topics: tuple[str, ...]


def private_urls(masthead: Masthead, token: str) -> FeedUrls:
    """The three addresses of the private feed with `token`."""
    return urls_below(_folder(token), masthead)


def private_feeds(connection: Connection, selection: Selection, press: Press) -> Feeds:
    """The newest 50 articles of a selection in full, of each translation group the one this reader gets.

    Marks stand where `made_private` puts the reader's own words. No hub, no archive, no feeds in other
    languages: nothing leads from the private feed to a public one or back.
    """
    outlines = chosen_articles(published_outlines(connection), selection, press.masthead)[:MAX_ENTRIES]
    stored = published_articles(connection, uids=[one.uid for one in outlines])
    articles = told_forms(connection, stored, press.masthead)
    channel = _channel(selection.language, press)
    return build_feeds(channel, articles, max_entries=MAX_ENTRIES, max_bytes=press.max_bytes)


def made_private(content: bytes, *, token: str, uid: str) -> bytes:
    """One of the shared feeds as the reader `uid` sees it, who asks with `token`."""
    return content.replace(_TOKEN_MARK.encode(), token.encode()).replace(_UID_MARK.encode(), uid.encode())


def chosen_articles(
    newest_first: Sequence[StoredArticle], selection: Selection, masthead: Masthead
) -> list[StoredArticle]:
    """What of `newest_first` is on the reader's topics: one of a translation group, in the best language; same order.

    The rule of digests: an article that has the topic only in another language comes in that language.
    """
    rank = {language: number for number, language in enumerate(masthead.languages_for(selection.language))}
    wanted = set(selection.topics)
    best: dict[str, StoredArticle] = {}
    for one in newest_first:
        if wanted and wanted.isdisjoint(one.topics):
            continue
        other = best.get(one.group_uid)
        if other is None or rank.get(one.language, len(rank)) < rank.get(other.language, len(rank)):
            best[one.group_uid] = one
    chosen = {one.id for one in best.values()}
    return [one for one in newest_first if one.id in chosen]


def _folder(token: str) -> str:
    return f"private/{token}/"


def _channel(language: str, press: Press) -> Channel:
    return replace(
        channel_of(FeedPlace(folder=_folder(_TOKEN_MARK), language=language), press),
        # Without the token: a reader who gets a new address keeps what was read.
        uid=f"tag:{press.tag}:private/{_UID_MARK}",
        title=load_words(language).say("{title} – for you", title=press.masthead.title),
        alternates={},
        hubs=(),
    )
