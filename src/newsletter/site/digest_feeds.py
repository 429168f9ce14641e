"""The feeds of released digests: one set for each schedule, for readers who want a feed at a digest's pace.

Comes in: the issues of each schedule, already chosen and read. Goes out: path → bytes. Each issue becomes an
entry by the same craft as any article; the words around its articles are those of their own languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from newsletter.articles.limits import MAX_SUMMARY_CHARS
from newsletter.feeds import Channel, build_feeds, clean
from newsletter.i18n import LANGUAGES, Words, load_words
from newsletter.model import Article, direction
from newsletter.pages import digest_name
from newsletter.site.channels import Press, started_on

MAX_ISSUES = 20
"""More than a year of months, or close to five months of weeks."""

_ENDINGS = ("xml", "atom.xml", "json")
_BETWEEN = " · "
_LEFT_OUT = " …"


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestIssue:
    """One released digest as its feed shows it.

    `uid` is the edition's, `title` its subject, `url` where it can be read in a browser. `released_at` is
    aware. `articles` are those it holds, in reading order; one without any stays out of the feed.
    """

    uid: str
    title: str
    url: str
    language: str
    released_at: datetime
    articles: tuple[Article, ...]


def digest_feed_paths(name: str) -> tuple[str, str, str]:
    """RSS, Atom and JSON Feed of the schedule `name`, below the newsroom's folder."""
    return tuple(f"feeds/digest-{name}.{ending}" for ending in _ENDINGS)  # type: ignore[return-value]  # three of them


def digest_feed_files(issues: Mapping[str, Sequence[DigestIssue]], press: Press) -> dict[str, bytes]:
    """Path → bytes of the three feeds of each schedule named in `issues`, also of one that has no issue yet.

    Newest issue first, at most twenty. The same bytes for the same issues, in whatever order they come.
    """
    files: dict[str, bytes] = {}
    for name, released in issues.items():
        entries = [_as_article(issue, press) for issue in released if issue.articles]
        limit = min(MAX_ISSUES, press.max_entries)
        feeds = build_feeds(_channel(name, press), entries, max_entries=limit, max_bytes=press.max_bytes)
        files |= dict(zip(digest_feed_paths(name), (feeds.rss, feeds.atom, feeds.json), strict=True))
    return files


def _channel(name: str, press: Press) -> Channel:
    masthead = press.masthead
    words = load_words(masthead.language)
    rss, atom, json = (f"{masthead.base_url}/{path}" for path in digest_feed_paths(name))
    return Channel(
        uid=f"tag:{press.tag}:feeds/digest-{name}",
        title=f"{masthead.title} – {digest_name(words, name)}",
        description=masthead.description,
        language=masthead.language,
        home_url=f"{masthead.base_url}/",
        rss_url=rss,
        atom_url=atom,
        json_url=json,
        authors_name=masthead.title,
        started=started_on(press.tag),
    )


def _as_article(issue: DigestIssue, press: Press) -> Article:
    uid = f"tag:{press.tag}:editions/{issue.uid}"
    lead = issue.articles[0]
    return Article(
        uid=uid,
        group_uid=uid,
        slug=issue.uid,
        language=issue.language,
        title=issue.title,
        summary=_titles(issue.articles),
        # The feed names the newsroom in its place; the authors stand by their articles.
        author="",
        body_html="".join(_section(article, press.masthead.time_zone) for article in issue.articles),
        url=issue.url,
        published_at=issue.released_at,
        updated_at=issue.released_at,
        topics=tuple(topic for article in issue.articles for topic in article.topics),
        image=lead.image,
    )


def _section(article: Article, time_zone: str) -> str:
    words = load_words(_spoken(article.language))
    url = escape(article.url)
    facts = [load_words(article.language).date(article.shown_at, time_zone), article.author]
    parts = [
        f'<h2><a href="{url}">{_text(article.title)}</a></h2>',
        f"<p>{_text(_BETWEEN.join(filter(str.strip, facts)))}</p>",
        f"<p>{_text(article.summary)}</p>" if article.summary.strip() else "",
        f'<p><a href="{url}"{_marks(words, article.language)}>{_text(words.say("Read on"))}</a></p>',
    ]
    language = article.language
    # Readers strip styles but keep dir, and an article may stand among others of another direction.
    return f'<div dir="{direction(language)}" lang="{escape(language)}">{"".join(parts)}</div>'


def _spoken(language: str) -> str:
    """The language of the words around an article in `language`: its own, or English where there are none."""
    return language if language.split("-")[0] in LANGUAGES else LANGUAGES[0]


def _marks(words: Words, around: str) -> str:
    return "" if words.language == around else f' dir="{words.direction}" lang="{words.language}"'


def _text(text: str) -> str:
    return escape(" ".join(clean(text).split()), quote=False)


def _titles(articles: Sequence[Article]) -> str:
    """The titles on one line, as many whole ones as a summary may hold, with a mark where some are missing."""
    line = " ".join(articles[0].title.split())
    for article in articles[1:]:
        longer = f"{line}{_BETWEEN}{' '.join(article.title.split())}"
        if len(longer) > MAX_SUMMARY_CHARS - len(_LEFT_OUT):
            return line + _LEFT_OUT
        line = longer
    return line
