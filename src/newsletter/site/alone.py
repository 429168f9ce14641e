"""One article's page and feed entries on their own, for a preview: the same crafts, nothing published."""

from __future__ import annotations

from newsletter.feeds import build_feeds
from newsletter.model import Article
from newsletter.pages import article_page, make_frame, stylesheet
from newsletter.site.channels import FORMATS, FeedPlace, Press, channel_of


def render_alone(article: Article, press: Press) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """(feeds, page): `rss.xml`, `atom.xml`, `feed.json` with this one entry; `page.html` and `site.css`."""
    feeds = build_feeds(
        channel_of(FeedPlace(folder=""), press), [article], max_entries=1, max_bytes=max(press.max_bytes, 5_000_000)
    )
    frame = make_frame(press.masthead, article.language)
    page = article_page(press.templates, article, frame=frame)
    return (
        dict(zip(FORMATS, (feeds.rss, feeds.atom, feeds.json), strict=True)),
        {"page.html": page, "site.css": stylesheet(press.templates)},
    )
