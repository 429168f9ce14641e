"""Pages that list articles: the front page of a language, a topic, a year.

A long list is cut into pages counted from the oldest, so that a full page never changes when something
new comes: what is newest stands on the list's own page, with at least a page's worth of articles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.model import Article, Topic
from newsletter.pages.frame import (
    Frame,
    LanguageLink,
    default_link,
    feed_links,
    index_url,
    local_link,
    render_framed,
    topic_url,
    year_url,
)

PAGE_LENGTH = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a page stands in its list: its `number` (0 for the list's own page) and those beside it.

    `newer` and `older` are numbers too, None where there is none. `languages` are those in which the
    list has a page.
    """

    number: int = 0
    newer: int | None = None
    older: int | None = None
    languages: tuple[str, ...] = ()


def cut_into_pages(newest_first: Sequence[Article]) -> Iterator[tuple[Place, Sequence[Article]]]:
    """The pages of a list, its own page first, then numbered ones down to 1, which holds the oldest."""
    full = max(0, len(newest_first) // PAGE_LENGTH - 1)
    end = len(newest_first) - full * PAGE_LENGTH
    yield Place(older=full or None), newest_first[:end]
    for number in range(full, 0, -1):
        start, end = end, end + PAGE_LENGTH
        newer = number + 1 if number < full else 0
        yield Place(number=number, newer=newer, older=number - 1 or None), newest_first[start:end]


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
    place: Place | None = None,
) -> bytes:
    """The page of `topic` in the frame's language, offering the topic's own feeds first.

    Raises ConfigError when the theme cannot be used.
    """
    masthead, words, place = frame.masthead, frame.words, place or Place()
    siblings = [_sibling(link, topic_url(masthead, link.language, topic)) for link in frame.languages]
    # The numbered pages of two languages do not hold the same articles.
    shown = [link for link in siblings if link.language in place.languages and not place.number]
    values = {
        "heading": topic.name_in(words.language),
        "articles": articles,
        **_paged(topic_url(masthead, words.language, topic), place),
        "siblings": shown,
        "x_default": default_link(shown, masthead),
    }
    framed = replace(frame, feeds=feed_links(masthead, words, topic=topic))
    return render_framed(templates, "pages/topic.html", values, frame=framed)


def year_page(
    templates: Mapping[str, str], articles: Sequence[Article], *, year: int, frame: Frame, place: Place | None = None
) -> bytes:
    """What was published in `year` in the frame's language. Raises ConfigError when the theme cannot be used."""
    values = {
        "heading": str(year),
        "articles": articles,
        **_paged(year_url(frame.masthead, frame.words.language, year), place or Place()),
        "siblings": [],
        "x_default": None,
    }
    return render_framed(templates, "pages/topic.html", values, frame=frame)


def _paged(url: str, place: Place) -> dict[str, object]:
    def at(number: int) -> str:
        return f"{url}page/{number}/" if number else url

    return {
        "url": at(place.number),
        "number": place.number,
        "newer": "" if place.newer is None else at(place.newer),
        "older": "" if place.older is None else at(place.older),
    }


def _sibling(link: LanguageLink, url: str) -> LanguageLink:
    return replace(link, url=url)
