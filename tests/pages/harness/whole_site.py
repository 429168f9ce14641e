"""Every page of a site at once; the program itself makes lists, and articles a few at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from newsletter.model import Article, Masthead
from newsletter.pages import article_pages, list_pages


def site_pages(
    templates: Mapping[str, str],
    articles: Sequence[Article],
    *,
    masthead: Masthead,
    changed: Collection[str] | None = None,
) -> dict[str, bytes]:
    lists = list_pages(templates, articles, masthead=masthead, changed=changed)
    return lists | article_pages(templates, articles, masthead=masthead, changed=changed)
