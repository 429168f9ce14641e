"""What surrounds the text on every page of one language: nameplate, feeds, other languages, foot.

Links inside the site are paths ("/en/the-tide-tables/"), so that a copy served from anywhere works;
what machines read (canonical, hreflang, feeds, OpenGraph) is absolute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from markupsafe import Markup

from newsletter.i18n import Words, load_words
from newsletter.model import Masthead, Topic
from newsletter.pages.theme import render, stylesheet_link

_FORMATS = (
    ("RSS", "rss.xml", "application/rss+xml"),
    ("Atom", "atom.xml", "application/atom+xml"),
    ("JSON Feed", "feed.json", "application/feed+json"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedLink:
    """One feed a reader may subscribe to; `name` is the format's ("RSS"), `url` is absolute."""

    title: str
    url: str
    media_type: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageLink:
    """The same page in `language`, whose `name` is in that language; `url` is absolute."""

    language: str
    name: str
    url: str
    current: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The masthead, the words of one language, and the links every page of it shows."""

    masthead: Masthead
    words: Words
    feeds: tuple[FeedLink, ...] = ()
    languages: tuple[LanguageLink, ...] = ()


def make_frame(masthead: Masthead, language: str, *, languages: Sequence[str] | None = None) -> Frame:
    """The frame of pages in `language`; `languages` are those that have a front page (default: all)."""
    words = load_words(language)
    shown = masthead.languages if languages is None else languages
    links = tuple(language_link(each, index_url(masthead, each), current=each == language) for each in shown)
    return Frame(masthead=masthead, words=words, feeds=feed_links(masthead, words), languages=links)


def feed_links(masthead: Masthead, words: Words, *, topic: Topic | None = None) -> tuple[FeedLink, ...]:
    """RSS, Atom and JSON Feed, nearest first: of `topic`, of the language when there are several, of everything."""
    sets: list[tuple[str, str]] = []
    if topic is not None:
        sets.append((f"{masthead.title} – {topic.name_in(words.language)}", f"topics/{quote(topic.slug, safe='')}/"))
    if len(masthead.languages) > 1 and words.language in masthead.languages:
        sets.append((f"{masthead.title} – {words.language_name(words.language)}", f"{words.language}/"))
    sets.append((masthead.title, ""))
    return tuple(
        FeedLink(title=f"{title} ({name})", url=f"{masthead.base_url}/feeds/{place}{file}", media_type=kind, name=name)
        for title, place in sets
        for name, file, kind in _FORMATS
    )


def language_link(language: str, url: str, *, current: bool = False) -> LanguageLink:
    """A link named as speakers of `language` call it: "English", "français"."""
    return LanguageLink(language=language, name=load_words(language).language_name(language), url=url, current=current)


def index_url(masthead: Masthead, language: str) -> str:
    """The front page of `language`, which is the site's own for the newsroom's first language."""
    return f"{masthead.base_url}/" if language == masthead.language else f"{masthead.base_url}/{quote(language)}/"


def topic_url(masthead: Masthead, language: str, topic: Topic) -> str:
    """The page of `topic` in `language`."""
    return f"{masthead.base_url}/{quote(language)}/topics/{quote(topic.slug, safe='')}/"


def year_url(masthead: Masthead, language: str, year: int) -> str:
    """The page of everything published in `year` in `language`."""
    return f"{masthead.base_url}/{quote(language)}/archive/{year}/"


def search_path(masthead: Masthead, language: str) -> str:
    """The path of the search in `language`; a site served as files alone has nothing there."""
    return f"{home_path(masthead)}search?lang={quote(language)}"


def subscribe_path(masthead: Masthead, language: str) -> str:
    """The path of the sign-up form in `language`, or in the newsroom's own where it does not speak `language`."""
    spoken = language if language in masthead.languages else masthead.language
    return f"{home_path(masthead)}subscribe?lang={quote(spoken)}"


def default_link(links: Sequence[LanguageLink], masthead: Masthead) -> LanguageLink | None:
    """The one for readers of no language listed (x-default): the newsroom's own, else the first; None for one alone."""
    if len(links) < 2:
        return None
    return next((link for link in links if link.language == masthead.language), links[0])


def home_path(masthead: Masthead) -> str:
    """The path under which the site lies: "/"."""
    return f"{urlsplit(masthead.base_url).path}/"


def local_link(masthead: Masthead) -> Callable[[str], str]:
    """A function that turns the site's own absolute URLs into paths and leaves all others alone."""
    start, home = f"{masthead.base_url}/", home_path(masthead)
    return lambda url: home + url[len(start) :] if url.startswith(start) else url


@lru_cache(maxsize=8192)
def time_element(language: str, moment: datetime, zone: str) -> Markup:
    """`moment` as a <time> element: the day in `zone` as `language` writes it, and the instant for machines.

    Kept, since a list shows every article's day and finding its words takes most of the list's time.
    """
    words, local = load_words(language), moment.astimezone(ZoneInfo(zone)).replace(microsecond=0)
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(), words.date(moment, zone))


def in_newsroom_zone(moment: datetime, masthead: Masthead) -> datetime:
    """`moment` as the newsroom's clocks showed it, whole seconds, for machine-readable dates."""
    return moment.astimezone(ZoneInfo(masthead.time_zone)).replace(microsecond=0)


def render_framed(templates: Mapping[str, str], name: str, values: Mapping[str, object], *, frame: Frame) -> bytes:
    """The template `name` with the frame's values and `values`."""
    masthead, here = frame.masthead, local_link(frame.masthead)
    language = frame.words.language
    framed: dict[str, object] = {
        "masthead": masthead,
        "words": frame.words,
        "feeds": frame.feeds,
        "languages": frame.languages,
        "x_default": default_link(frame.languages, masthead),
        "home": home_path(masthead),
        "search": search_path(masthead, language),
        "subscribe": subscribe_path(masthead, language),
        "here": here,
        "front": here(next((link.url for link in frame.languages if link.current), f"{masthead.base_url}/")),
        "stylesheet": stylesheet_link(templates, home_path(masthead)),
        "time": lambda moment: time_element(language, moment, masthead.time_zone),
        "topic_link": lambda topic: here(topic_url(masthead, language, topic)),
    }
    return render(templates, name, framed | dict(values))
