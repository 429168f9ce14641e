"""The archives of feeds: pages of older entries that never change under their address (RFC 5005 §4).

Comes in: what is public, oldest first, without its texts. Goes out: which pages there are, and the bytes of
those that are missing, one at a time: ten thousand articles are more than a process should hold.

The name of a page holds a hash of what it says and of the name of the page before it. So a page may be kept
for ever by whoever fetched it, and a withdrawn article is on no page that a feed leads to: the page without it
has another name, and so have all after it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from newsletter.feeds import ArchivePage, FeedUrls, History, build_archive_page
from newsletter.site.channels import FeedPlace, Press, channel_of, feed_paths, urls_below
from newsletter.site.published import told_forms
from newsletter.store.articles import ArchiveLine, published_articles

PAGE_ENTRIES = 50
# Escaping makes a body six times as long at worst, and validators read up to five million octets.
PAGE_OCTETS = 800_000

_PAGE = re.compile(r"(?:^|/)archive/[0-9]{4,}-[0-9a-f]{12}/[a-z.]+$")


def is_archive(path: str) -> bool:
    """Whether the feed file `path` is a page of an archive, told by its name."""
    return _PAGE.search(path) is not None


def feed_of(path: str) -> str:
    """The file of the feed to whose archive the page `path` belongs, in the same format."""
    return _PAGE.sub("", path).rstrip("/") + "/" + path.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of the archive of `place`: its name, that of the one before it ("" for the first), and whose it is."""

    place: FeedPlace
    name: str
    before: str
    lines: tuple[ArchiveLine, ...]

    @property
    def folder(self) -> str:
        """Where it lies, below `feeds/`."""
        return _folder(self.place, self.name)

    @property
    def paths(self) -> tuple[str, str, str]:
        """Its three files, below the newsroom's folder."""
        return feed_paths(replace(self.place, folder=self.folder))

    def urls(self, press: Press) -> FeedUrls:
        """Where it is served."""
        return urls_below(self.folder, press.masthead)

    def seen(self, press: Press) -> ArchivePage:
        """The page as its feed sees it."""
        return ArchivePage(urls=self.urls(press), uids=frozenset(line.uid for line in self.lines))


def pages_of(lines: Sequence[ArchiveLine], place: FeedPlace, press: Press) -> list[Page]:
    """The pages of a place, newest first; the newest may be short and is another one after the next article."""
    pages: list[Page] = []
    facts = _facts(place, press)
    for number, held in enumerate(_cut([line for line in lines if _belongs(line, place)]), start=1):
        before = pages[-1].name if pages else ""
        pages.append(Page(place=place, name=_name(number, before, held, facts), before=before, lines=held))
    return pages[::-1]


def page_files(connection: Connection, page: Page, press: Press) -> Mapping[str, bytes]:
    """Path → bytes of the three files of `page`."""
    stored = published_articles(connection, uids=[line.uid for line in page.lines])
    own, current = page.urls(press), urls_below(page.place.folder, press.masthead)
    before = urls_below(_folder(page.place, page.before), press.masthead) if page.before else None
    channel = replace(
        channel_of(page.place, press),
        rss_url=own.rss,
        atom_url=own.atom,
        json_url=own.json,
        alternates={},
        # Nothing on it will ever change, so there is nothing to be told of.
        hubs=(),
        history=History(previous=before, current=current),
    )
    made = build_archive_page(channel, told_forms(connection, stored, press.masthead))
    return dict(zip(page.paths, (made.rss, made.atom, made.json), strict=True))


def _folder(place: FeedPlace, name: str) -> str:
    return f"{place.folder}archive/{name}/"


def _belongs(line: ArchiveLine, place: FeedPlace) -> bool:
    is_spoken = place.language in (None, line.language)
    return is_spoken and (place.topic is None or place.topic.slug in line.topics)


def _cut(lines: Sequence[ArchiveLine]) -> Iterator[tuple[ArchiveLine, ...]]:
    held: list[ArchiveLine] = []
    octets = 0
    for line in lines:
        if held and (len(held) == PAGE_ENTRIES or octets + line.octets > PAGE_OCTETS):
            yield tuple(held)
            held, octets = [], 0
        held.append(line)
        octets += line.octets
    if held:
        yield tuple(held)


def _name(number: int, before: str, lines: Sequence[ArchiveLine], facts: bytes) -> str:
    digest = hashlib.sha256(facts)
    digest.update(before.encode())
    for line in lines:
        said = (line.uid, line.slug, line.revision_id, line.updated_at.isoformat())
        digest.update(repr(said).encode())
    return f"{number:04}-{digest.hexdigest()[:12]}"


def _facts(place: FeedPlace, press: Press) -> bytes:
    """What a page says beside its entries."""
    masthead = press.masthead
    parts = [press.tag, place.folder, masthead.title, masthead.description, masthead.base_url, masthead.language]
    topics = [asdict(topic) for topic in masthead.topics]
    return json.dumps([*parts, masthead.time_zone, topics], sort_keys=True, default=str).encode()
