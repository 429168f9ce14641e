"""Everything public, as files: `feeds/…` and `site/…` from what the store says is published.

Comes in: a read transaction, the masthead, the theme. Goes out: path → bytes, the same bytes for the
same store. Reads published revisions, never the articles' folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from sqlalchemy import Connection

from newsletter.feeds import MAX_DELETED, Deleted, Feeds, build_feeds
from newsletter.model import Article, Finding, Masthead, Topic
from newsletter.pages import article_pages, list_pages, make_frame, moved_page
from newsletter.site.archiving import Page, pages_of
from newsletter.site.channels import FeedPlace, Press, channel_of, feed_paths
from newsletter.site.digest_feeds import digest_feed_files
from newsletter.site.digest_issues import digest_issues
from newsletter.site.edition_pages import edition_pages
from newsletter.site.forwarding import GONE, REDIRECTS, gone_file, redirects_file
from newsletter.site.published import changes_of, published_form, published_forms, told_forms
from newsletter.store.articles import (
    StoredArticle,
    archive_lines,
    former_addresses,
    public_topics,
    published_articles,
    published_outlines,
    withdrawn_addresses,
)
from newsletter.store.changes import withdrawals

MAX_REVIVED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """Files by path below the newsroom's folder, frozen ones that stay, those that must not exist, and findings.

    `pages` are those of archives that the feeds among `files` lead to, `texts` those of all public `outlines`
    whose pages may differ: both are for `page_files` and `article_files`, a few at a time.
    """

    files: Mapping[str, bytes]
    kept: tuple[str, ...]
    pages: tuple[Page, ...]
    texts: tuple[StoredArticle, ...]
    outlines: tuple[StoredArticle, ...]
    gone: tuple[str, ...]
    findings: tuple[tuple[str, Finding], ...]


def render_public(
    connection: Connection, press: Press, *, changed: Collection[str] | None = None, standing: Collection[str] = ()
) -> Rendered:
    """The feeds and pages that say what is public now; frozen pages among `standing` (paths) are not made again.

    With `changed` (uids), only feeds and article pages that may differ because of those articles are
    made. An article that cannot stand in a feed is left out with a finding; the others go on.
    """
    files: dict[str, bytes] = {}
    findings: list[tuple[str, Finding]] = []
    lines = archive_lines(connection)
    pages: list[Page] = []
    gone: list[str] = []
    for place in feed_places(connection, press.masthead):
        if changed is None or _concerns(connection, place, changed):
            archive = pages_of(lines, place, press)
            feeds = _build(connection, place, press, archive)
            pages += _linked(archive, feeds, press)
            contents = (feeds.rss, feeds.atom, feeds.json)
            files |= dict(zip(feed_paths(place), contents, strict=True))
            findings += [(f"feeds/{place.folder}", finding) for finding in feeds.findings]
    files |= digest_feed_files(digest_issues(connection, press), press)
    outlines = published_outlines(connection)
    files |= _lists(connection, press, outlines, changed)
    frozen = edition_pages(connection, press.masthead, standing=standing)
    files |= {path: data for path, data in frozen.items() if data is not None}
    kept = tuple(path for path, data in frozen.items() if data is None)
    gone += [f"site/{language}/{slug}/index.html" for language, slug in withdrawn_addresses(connection)]
    files |= _forwarding(connection, outlines)
    gone += [f"site/{name}" for name in (REDIRECTS, GONE)]
    return Rendered(
        files=files,
        kept=kept,
        pages=tuple(pages),
        texts=tuple(one for one in outlines if changed is None or one.uid in changed),
        outlines=tuple(outlines),
        gone=tuple(path for path in gone if path not in files),
        findings=tuple(findings),
    )


def feed_places(connection: Connection, masthead: Masthead) -> list[FeedPlace]:
    """Every feed there is: the main one, one per language, one per topic declared or in use."""
    used = public_topics(connection)
    declared = {topic.slug: topic for topic in masthead.topics}
    topics = [*declared.values(), *(_undeclared(connection, s, masthead) for s in used if s not in declared)]
    return [
        FeedPlace(folder=""),
        *(FeedPlace(folder=f"{language}/", language=language) for language in masthead.languages),
        *(FeedPlace(folder=f"topics/{topic.slug}/", topic=topic) for topic in topics),
    ]


def _concerns(connection: Connection, place: FeedPlace, changed: Collection[str]) -> bool:
    # A topic may have been taken off an article, so every topic feed that exists is built again
    # when an article changed; those that say the same are not written.
    if place.language is None:
        return True
    return any(one.language == place.language for one in published_articles(connection, uids=changed))


def _build(connection: Connection, place: FeedPlace, press: Press, archive: Sequence[Page]) -> Feeds:
    topic = place.topic.slug if place.topic else None
    stored = published_articles(connection, language=place.language, topic=topic, limit=press.max_entries)
    again = _changed_lately(connection, archive, stored)
    forms = told_forms(connection, [*stored, *again], press.masthead)
    gone = withdrawals(connection, language=place.language, topic=topic, limit=MAX_DELETED)
    return build_feeds(
        channel_of(place, press),
        forms[: len(stored)],
        deleted=[Deleted(uid=uid, at=at) for uid, at in gone],
        revived=forms[len(stored) :],
        archive=[page.seen(press) for page in archive],
        max_entries=press.max_entries,
        max_bytes=press.max_bytes,
    )


def _linked(archive: Sequence[Page], feeds: Feeds, press: Press) -> Iterable[Page]:
    """The pages that the feeds lead to: one, and from it all before."""
    previous = feeds.history.previous
    return dropwhile(lambda page: page.urls(press) != previous, archive) if previous else ()


def _changed_lately(
    connection: Connection, archive: Sequence[Page], stored: Sequence[StoredArticle]
) -> list[StoredArticle]:
    """Older articles with a change that is news, younger than the oldest entry of the feed: its readers saw neither."""
    if not stored:
        return []
    oldest, standing = stored[-1].first_published_at, {one.uid for one in stored}
    lines = [line for page in archive for line in page.lines if line.updated_at > oldest and line.uid not in standing]
    latest = sorted(lines, key=lambda line: (line.updated_at, line.uid), reverse=True)[:MAX_REVIVED]
    return published_articles(connection, uids=[line.uid for line in latest]) if latest else []


def _undeclared(connection: Connection, slug: str, masthead: Masthead) -> Topic:
    stored = published_articles(connection, topic=slug, limit=1)
    topics = published_form(stored[0], masthead).topics if stored else ()
    return next((topic for topic in topics if topic.slug == slug), Topic(slug=slug, declared=False))


def article_files(
    connection: Connection, made: Rendered, texts: Sequence[StoredArticle], press: Press
) -> Mapping[str, bytes]:
    """Path → bytes of the pages of some of the `texts` that were `made`, and of those that name them."""
    uids = {one.uid for one in texts}
    articles = _with_bodies(connection, made.outlines, uids, press.masthead)
    pages = article_pages(press.templates, articles, masthead=press.masthead, changed=uids)
    return {f"site/{path}": data for path, data in pages.items()}


def article_paths(texts: Sequence[StoredArticle]) -> list[str]:
    """The files of the pages of `texts`."""
    return [f"site/{one.language}/{one.slug}/index.html" for one in texts]


def _lists(
    connection: Connection, press: Press, outlines: Sequence[StoredArticle], changed: Collection[str] | None
) -> dict[str, bytes]:
    articles = published_forms(outlines, press.masthead)
    pages = list_pages(press.templates, articles, masthead=press.masthead, changed=changed)
    return {f"site/{path}": data for path, data in pages.items()} | _moved_pages(connection, press, outlines)


def _with_bodies(
    connection: Connection, outlines: Sequence[StoredArticle], changed: set[str], masthead: Masthead
) -> list[Article]:
    """All outlines, with bodies for the articles whose pages are made: changed, neighbours, translations."""
    groups = {one.group_uid for one in outlines if one.uid in changed}
    wanted = {one.uid for one in outlines if one.group_uid in groups}
    by_language: dict[str, list[str]] = {}
    for one in outlines:
        by_language.setdefault(one.language, []).append(one.uid)
    for uids in by_language.values():
        near = {at + step for at, uid in enumerate(uids) if uid in wanted for step in (-1, 0, 1)}
        wanted |= {uid for at, uid in enumerate(uids) if at in near}
    full = {one.uid: one for one in published_articles(connection, uids=wanted)}
    changes = changes_of(connection, full.values())
    return published_forms([full.get(one.uid, one) for one in outlines], masthead, changes=changes)


def _forwarding(connection: Connection, outlines: Sequence[StoredArticle]) -> dict[str, bytes]:
    """The files by which the web door answers 301 and 410; none for a newsroom where nothing ever moved."""
    by_id = {one.id: f"{one.language}/{one.slug}" for one in outlines}
    standing = frozenset(by_id.values())
    former = [(f"{language}/{slug}", article_id) for language, slug, article_id in former_addresses(connection)]
    moved = {old: by_id[at] for old, at in former if at in by_id and old not in standing}
    taken_back = {f"{language}/{slug}" for language, slug in withdrawn_addresses(connection)}
    taken_back |= {old for old, at in former if at not in by_id}
    files = {
        f"site/{REDIRECTS}": redirects_file(moved),
        f"site/{GONE}": gone_file(taken_back - standing - moved.keys()),
    }
    return {path: content for path, content in files.items() if content}


def _moved_pages(connection: Connection, press: Press, outlines: Sequence[StoredArticle]) -> dict[str, bytes]:
    """A page at each former address that leads on, since static hosts cannot answer 301."""
    by_id = {one.id: one for one in outlines}
    # An article may be back where it once was.
    standing = {(one.language, one.slug) for one in outlines}
    pages: dict[str, bytes] = {}
    for language, slug, article_id in former_addresses(connection):
        path = f"site/{language}/{slug}/index.html"
        stored = by_id.get(article_id)
        if stored is not None and (language, slug) not in standing:
            article = published_form(stored, press.masthead)
            frame = make_frame(press.masthead, article.language)
            pages[path] = moved_page(press.templates, article.url, frame=frame)
    return pages
