"""Pages that list articles: the front page of a language, a topic, a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from newsletter.model import Article, Topic
from newsletter.pages.frame import (
    Frame,
    LanguageLink,
    feed_links,
    index_url,
    local_link,
    render_framed,
    topic_url,
    year_url,
)


def index_page(
    templates: Mapping[str, str],
    articles: Sequence[Article],
    *,
    frame: Frame,
    topics: Sequence[Topic] = (),
    years: Sequence[int] = (),
) -> bytes:
    """The front page of the frame's language: `articles` as given, the first one large.

    `topics` and `years` are those with a page of their own. Raises ConfigError when the theme cannot be used.
    """
    masthead, language = frame.masthead, frame.words.language
    here = local_link(masthead)
    values = {
        "articles": articles,
        "topics": topics,
        "years": [(year, here(year_url(masthead, language, year))) for year in years],
        "url": index_url(masthead, language),
    }
    return render_framed(templates, "pages/index.html", values, frame=frame)


def topic_page(
    templates: Mapping[str, str],
    articles: Sequence[Article],
    *,
    topic: Topic,
    frame: Frame,
    languages: Sequence[str] = (),
) -> bytes:
    """The page of `topic` in the frame's language, offering the topic's own feeds first.

    `languages` are those in which the topic has a page. Raises ConfigError when the theme cannot be used.
    """
    masthead, words = frame.masthead, frame.words
    siblings = [_sibling(link, topic_url(masthead, link.language, topic)) for link in frame.languages]
    values = {
        "heading": topic.name_in(words.language),
        "articles": articles,
        "url": topic_url(masthead, words.language, topic),
        "siblings": [link for link in siblings if link.language in languages],
    }
    framed = replace(frame, feeds=feed_links(masthead, words, topic=topic))
    return render_framed(templates, "pages/topic.html", values, frame=framed)


def year_page(templates: Mapping[str, str], articles: Sequence[Article], *, year: int, frame: Frame) -> bytes:
    """Everything published in `year` in the frame's language. Raises ConfigError when the theme cannot be used."""
    values = {
        "heading": str(year),
        "articles": articles,
        "url": year_url(frame.masthead, frame.words.language, year),
        "siblings": [],
    }
    return render_framed(templates, "pages/topic.html", values, frame=frame)


def _sibling(link: LanguageLink, url: str) -> LanguageLink:
    return replace(link, url=url)
