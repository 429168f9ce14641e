"""What programs read beside the pages: the map of the site, the list of its feeds, the word to robots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from markupsafe import escape

from newsletter.i18n import Words, load_words
from newsletter.model import Article, Masthead, Topic
from newsletter.pages.frame import (
    default_link,
    home_path,
    in_newsroom_zone,
    index_url,
    language_link,
    topic_url,
    year_url,
)

# The protocol allows 50,000 addresses and 50 MiB a file; percent-encoded Arabic addresses in three languages reach
# 4 KB an entry.
SITEMAP_LENGTH = 10_000

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def feed_list(masthead: Masthead, topics: Sequence[Topic]) -> bytes:
    """All feeds as OPML 2.0, each once (as RSS): everything, languages, topics declared or in `topics`, digests."""
    words = load_words(masthead.language)
    all_topics = {topic.slug: topic for topic in (*masthead.topics, *topics)}
    feeds = [(masthead.title, "rss.xml", f"{masthead.base_url}/", masthead.language)]
    if len(masthead.languages) > 1:
        feeds += [
            (f"{masthead.title} – {words.language_name(each)}", f"{each}/rss.xml", index_url(masthead, each), each)
            for each in masthead.languages
        ]
    feeds += [
        (f"{masthead.title} – {topic.name_in(masthead.language)}", f"topics/{topic.slug}/rss.xml", "", "")
        for _, topic in sorted(all_topics.items())
    ]
    digests = [name for name in masthead.rhythms if name not in ("each", "feed")]
    feeds += [(f"{masthead.title} – {digest_name(words, name)}", f"digest-{name}.xml", "", "") for name in digests]
    outlines = "".join(_outline(masthead, *feed) for feed in feeds)
    head = f"<head>\n<title>{_xml(masthead.title)}</title>\n<docs>https://opml.org/spec2.opml</docs>\n</head>\n"
    return f'{_HEAD}<opml version="2.0">\n{head}<body>\n{outlines}</body>\n</opml>\n'.encode()


def digest_name(words: Words, name: str) -> str:
    """What readers see the digest of the schedule `name` called."""
    match name:
        case "daily":
            return words.say("Daily digest")
        case "weekly":
            return words.say("Weekly digest")
        case "monthly":
            return words.say("Monthly digest")
    return words.say("Digest “{name}”", name=name)


def _outline(masthead: Masthead, title: str, file: str, page: str, language: str) -> str:
    more = f' htmlUrl="{_xml(page)}"' if page else ""
    more += f' language="{_xml(language)}"' if language else ""
    url = _xml(f"{masthead.base_url}/feeds/{file}")
    return f'<outline type="rss" text="{_xml(title)}" title="{_xml(title)}" xmlUrl="{url}"{more}/>\n'


def robots(masthead: Masthead) -> bytes:
    """Everything may be read but the readers' own pages and the search, whose addresses have no end."""
    home = home_path(masthead)
    paths = ("u/", "c/", "p/", "editions/stop/", "feeds/private/", "search", "dev/")
    closed = "".join(f"Disallow: {home}{path}\n" for path in paths)
    return f"User-agent: *\n{closed}\nSitemap: {masthead.base_url}/sitemap.xml\n".encode()


def sitemaps(masthead: Masthead, newest_first: Sequence[Article], *, languages: Sequence[str]) -> dict[str, bytes]:
    """`sitemap.xml` with every page, or, where these are too many, an index and `sitemap-1.xml` … from the oldest on.

    `languages` are those that have a front page.
    """
    entries = [*(_entry(article, masthead) for article in reversed(newest_first))]
    lists = list(_lists(masthead, newest_first, languages))
    if len(entries) + len(lists) <= SITEMAP_LENGTH:
        return {"sitemap.xml": _sitemap([*lists, *entries])}
    parts = [entries[at : at + SITEMAP_LENGTH] for at in range(0, len(entries), SITEMAP_LENGTH)]
    files = {f"sitemap-{number}.xml": _sitemap(part) for number, part in enumerate(parts, start=1)}
    files["sitemap-lists.xml"] = _sitemap(lists)
    names = "".join(f"<sitemap><loc>{_xml(masthead.base_url)}/{name}</loc></sitemap>\n" for name in files)
    files["sitemap.xml"] = f"{_HEAD}<sitemapindex {_SITEMAP}>\n{names}</sitemapindex>\n".encode()
    return files


def _sitemap(entries: Sequence[str]) -> bytes:
    space = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    return f"{_HEAD}<urlset {_SITEMAP} {space}>\n{''.join(entries)}</urlset>\n".encode()


def _entry(article: Article, masthead: Masthead) -> str:
    return _url(article.url, {article.language: article.url, **article.translations}, masthead, article.updated_at)


def _lists(masthead: Masthead, newest_first: Sequence[Article], languages: Sequence[str]) -> Iterator[str]:
    """The front pages, then the pages of topics and years."""
    fronts = {language: index_url(masthead, language) for language in languages}
    for url in fronts.values():
        yield _url(url, fronts, masthead, None)
    topics: dict[str, dict[str, str]] = {}
    years: dict[str, None] = {}
    for article in newest_first:
        for topic in article.topics:
            topics.setdefault(topic.slug, {})[article.language] = topic_url(masthead, article.language, topic)
        years[year_url(masthead, article.language, in_newsroom_zone(article.shown_at, masthead).year)] = None
    for _, siblings in sorted(topics.items()):
        for _, url in sorted(siblings.items()):
            yield _url(url, siblings, masthead, None)
    for url in sorted(years):
        yield _url(url, {}, masthead, None)


def _url(url: str, siblings: Mapping[str, str], masthead: Masthead, changed_at: datetime | None) -> str:
    alternates = ""
    if len(siblings) > 1:
        links = [language_link(language, link) for language, link in sorted(siblings.items())]
        default = default_link(links, masthead)
        pairs = [(link.language, link.url) for link in links]
        pairs += [("x-default", default.url)] if default else []
        alternates = "".join(
            f'<xhtml:link rel="alternate" hreflang="{_xml(language)}" href="{_xml(link)}"/>' for language, link in pairs
        )
    changed = f"<lastmod>{changed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</lastmod>" if changed_at else ""
    return f"<url><loc>{_xml(url)}</loc>{changed}{alternates}</url>\n"


def _xml(text: str) -> str:
    """`text` for an element or attribute, without the control characters that XML 1.0 cannot hold."""
    return str(escape("".join(each for each in text if each.isprintable())))
