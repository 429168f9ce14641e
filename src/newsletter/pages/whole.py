"""The whole site from what was published: every page under the path of its file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from newsletter.model import Article, Masthead, Topic
from newsletter.pages.article import Neighbours, article_page
from newsletter.pages.frame import Frame, in_newsroom_zone, make_frame
from newsletter.pages.listing import PAGE_LENGTH, Place, cut_into_pages, index_page, topic_page, year_page
from newsletter.pages.maps import feed_list, robots, sitemaps
from newsletter.pages.message import not_found_page
from newsletter.pages.theme import stylesheet

FRONT_PAGE_LENGTH = 30


def article_pages(
    templates: Mapping[str, str],
    articles: Sequence[Article],
    *,
    masthead: Masthead,
    changed: Collection[str] | None = None,
) -> dict[str, bytes]:
    """The pages of articles by their files' paths under the site folder ("en/the-tide-tables/index.html").

    `articles` is everything published, in any order. With `changed` (uids), only the pages that may
    differ are made: those articles, their neighbours in time, and their translations; the others
    need no body. Raises ConfigError when the theme cannot be used.
    """
    by_language, frames = _in_frames(articles, masthead)
    wanted = _wanted(articles, changed)
    pages: dict[str, bytes] = {}
    for language, frame in frames.items():
        pages.update(_article_pages(templates, by_language.get(language, []), frame=frame, wanted=wanted))
    return pages


def list_pages(
    templates: Mapping[str, str],
    articles: Sequence[Article],
    *,
    masthead: Masthead,
    changed: Collection[str] | None = None,
) -> dict[str, bytes]:
    """Front pages, topics, years, maps and the stylesheet, by path; no article needs its body for them.

    `articles` is everything published, in any order. With `changed` (uids), only the lists that may
    differ are made. Raises ConfigError when the theme cannot be used.
    """
    by_language, frames = _in_frames(articles, masthead)
    languages = list(frames)
    pages = {"site.css": stylesheet(templates), "404.html": not_found_page(templates, frame=frames[languages[0]])}
    topics = {language: _by_topic(ours) for language, ours in by_language.items()}
    for language, frame in frames.items():
        ours = by_language.get(language, [])
        pages.update(_topic_pages(templates, topics, frame=frame, changed=changed))
        spoken = [topic for topic, _ in topics.get(language, {}).values()]
        pages.update(_year_pages(templates, ours, frame=frame, changed=changed))
        pages[f"{language}/index.html"] = _front(templates, ours, topics=spoken, frame=frame)
    pages["index.html"] = pages[f"{languages[0]}/index.html"]
    used = {topic.slug: topic for topics_here in topics.values() for topic, _ in topics_here.values()}
    pages["feeds.opml"] = feed_list(masthead, list(used.values()))
    pages["robots.txt"] = robots(masthead)
    return pages | sitemaps(masthead, _newest_first(articles), languages=languages)


def _in_frames(articles: Sequence[Article], masthead: Masthead) -> tuple[dict[str, list[Article]], dict[str, Frame]]:
    """The articles by language, newest first, and the frame of each language that is shown."""
    by_language = _grouped(_newest_first(articles))
    languages = _shown_languages(masthead, by_language)
    return by_language, {language: make_frame(masthead, language, languages=languages) for language in languages}


def _newest_first(articles: Sequence[Article]) -> list[Article]:
    return sorted(sorted(articles, key=lambda each: each.uid), key=lambda each: each.published_at, reverse=True)


def _grouped(newest_first: Iterable[Article]) -> dict[str, list[Article]]:
    groups: dict[str, list[Article]] = {}
    for article in newest_first:
        groups.setdefault(article.language, []).append(article)
    return groups


def _by_topic(newest_first: Iterable[Article]) -> dict[str, tuple[Topic, list[Article]]]:
    """Each topic with its articles, in order of the topics' slugs."""
    topics: dict[str, tuple[Topic, list[Article]]] = {}
    for article in newest_first:
        for topic in {topic.slug: topic for topic in article.topics}.values():
            topics.setdefault(topic.slug, (topic, []))[1].append(article)
    return dict(sorted(topics.items()))


def _shown_languages(masthead: Masthead, by_language: Mapping[str, Sequence[Article]]) -> list[str]:
    """Those with articles, the newsroom's own first; its first language alone when there is nothing at all."""
    known = [language for language in masthead.languages if language in by_language]
    others = sorted(language for language in by_language if language not in masthead.languages)
    first = [masthead.language] if masthead.language in by_language else []
    return list(dict.fromkeys(first + known + others)) or [masthead.language]


def _wanted(articles: Sequence[Article], changed: Collection[str] | None) -> frozenset[str] | None:
    """The changed articles and their translations, or None for all."""
    if changed is None:
        return None
    groups = {article.group_uid for article in articles if article.uid in changed}
    return frozenset(article.uid for article in articles if article.group_uid in groups)


def _article_pages(
    templates: Mapping[str, str], ours: Sequence[Article], *, frame: Frame, wanted: frozenset[str] | None
) -> Iterator[tuple[str, bytes]]:
    for at, article in enumerate(ours):
        newer = ours[at - 1] if at else None
        older = ours[at + 1] if at + 1 < len(ours) else None
        family = [each.uid for each in (newer, article, older) if each is not None]
        if wanted is None or not wanted.isdisjoint(family):
            page = article_page(templates, article, frame=frame, neighbours=Neighbours(newer=newer, older=older))
            yield f"{article.language}/{article.slug}/index.html", page


def _topic_pages(
    templates: Mapping[str, str],
    topics: Mapping[str, Mapping[str, tuple[Topic, list[Article]]]],
    *,
    frame: Frame,
    changed: Collection[str] | None,
) -> Iterator[tuple[str, bytes]]:
    language = frame.words.language
    for slug, (topic, listed) in topics.get(language, {}).items():
        spoken = tuple(each for each, theirs in topics.items() if slug in theirs)
        # The first page names the languages of the topic, which an article in another language may add to.
        everywhere = [article for each in spoken for article in topics[each][slug][1]]
        for place, articles in _stale_pages(listed, changed, everywhere):
            place = replace(place, languages=spoken)
            page = topic_page(templates, articles, topic=topic, frame=frame, place=place)
            yield f"{language}/topics/{slug}/{_file(place)}", page


def _year_pages(
    templates: Mapping[str, str], ours: Sequence[Article], *, frame: Frame, changed: Collection[str] | None
) -> Iterator[tuple[str, bytes]]:
    for year, listed in _by_year(ours, frame.masthead).items():
        for place, articles in _stale_pages(listed, changed, listed):
            page = year_page(templates, articles, year=year, frame=frame, place=place)
            yield f"{frame.words.language}/archive/{year}/{_file(place)}", page


def _stale_pages(
    listed: Sequence[Article], changed: Collection[str] | None, concerned: Iterable[Article]
) -> Iterator[tuple[Place, Sequence[Article]]]:
    """The pages of a list that may differ because of the changed articles, or all of them for None.

    An article that is dated back moves all that came after it, so that its page and every newer one differ.
    """
    if changed is not None and not any(article.uid in changed for article in concerned):
        return
    from_oldest = (at for at, article in enumerate(reversed(listed)) if changed is not None and article.uid in changed)
    # The page before the first that differs may lead on to a page that is new.
    first = next(from_oldest, len(listed) if changed is not None else 0) // PAGE_LENGTH - 1
    for place, articles in cut_into_pages(listed):
        if not place.number or place.number >= first:
            yield place, articles


def _file(place: Place) -> str:
    return f"page/{place.number}/index.html" if place.number else "index.html"


def _by_year(ours: Iterable[Article], masthead: Masthead) -> dict[int, list[Article]]:
    years: dict[int, list[Article]] = {}
    for article in ours:
        years.setdefault(in_newsroom_zone(article.shown_at, masthead).year, []).append(article)
    return years


def _front(templates: Mapping[str, str], ours: Sequence[Article], *, topics: Sequence[Topic], frame: Frame) -> bytes:
    years = sorted(_by_year(ours, frame.masthead), reverse=True)
    return index_page(templates, ours[:FRONT_PAGE_LENGTH], frame=frame, topics=topics, years=years)
