"""An article as it is about to be published, in feeds and on its page."""

from __future__ import annotations

import re
from datetime import datetime

from newsletter.feeds import find_faults, has_illegal
from newsletter.model import Article, Finding, Output
from newsletter.preflight import links, structure
from newsletter.preflight.findings import error, warning
from newsletter.preflight.markup import read_html, shown

# One folder name of the site: letters and digits of any script, with hyphens between, and no upper case, which some
# file systems cannot tell from lower.
_SLUG = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# A folder name has at most 255 octets, and a letter up to four.
_MAX_SLUG_OCTETS = 240
_NONE_ALLOWED: frozenset[str] = frozenset()


def check_article(article: Article, *, now: datetime) -> tuple[Finding, ...]:
    """What keeps `article` out of the feeds or off its page at the hour `now` (aware)."""
    body = read_html(article.body_html)
    return (
        *find_faults(article),
        *_check_dates(article, now),
        *_check_slug(article),
        *_check_characters(article),
        *links.check_relative_urls(body),
        *structure.check_active_content(body, allowed=_NONE_ALLOWED, output=Output.ALL),
    )


def _check_dates(article: Article, now: datetime) -> list[Finding]:
    return [
        error(
            "date-in-future",
            f"“{shown(article.title)}” is {name} on {moment.isoformat()}, which is still to come.",
            advice="Publish it with --at, or correct its date.",
            place=article.uid,
        )
        for name, moment in (("published", article.published_at), ("updated", article.updated_at))
        if moment.tzinfo is not None and moment > now
    ]


def _check_slug(article: Article) -> list[Finding]:
    slug = article.slug
    if _SLUG.fullmatch(slug) and slug == slug.lower() and len(slug.encode()) <= _MAX_SLUG_OCTETS:
        return []
    message = f"The slug “{shown(slug)}” cannot be part of an address and the name of a folder."
    advice = "Use lower-case letters, digits and single hyphens between them, at most 80."
    return [error("slug-shape", message, advice=advice, place=article.uid, output=Output.PAGE)]


def _check_characters(article: Article) -> list[Finding]:
    if not any(map(has_illegal, (article.title, article.summary, article.author, article.body_html))):
        return []
    message = f"“{shown(article.title)}” holds characters that feeds leave out."
    advice = "Remove the invisible characters from the file."
    return [warning("control-characters", message, advice=advice, place=article.uid)]
