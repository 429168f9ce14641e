"""Brings feeds and pages up to what the store says: only what changed since they were last written.

Called after each release and by `feeds build`. A crash between the release and the writing is mended
by whatever command comes next, since the store remembers up to which publication the files are true.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection

from newsletter.model import Finding
from newsletter.site.archiving import Page, feed_of, is_archive, page_files
from newsletter.site.channels import Press
from newsletter.site.digest_issues import digests_mark
from newsletter.site.packing import is_packed
from newsletter.site.render import Rendered, article_files, article_paths, render_public
from newsletter.site.searching import renew_index
from newsletter.site.writing import Renewal, renew_outputs, write_outputs
from newsletter.store import Store
from newsletter.store.articles import (
    articles_published_since,
    present_sequence,
    public_languages,
    was_corrected_since,
)
from newsletter.store.meta import OUTPUTS_MADE_WITH, remember, remembered
from newsletter.store.outputs import output_paths
from newsletter.store.search import search_is_stale

TEXTS_AT_ONCE = 500
# Of all files together: raised when this program writes them otherwise than before, so that an upgrade renews them.
FORM = 2

_STYLE = "site/site.css"
_TRUE_UP_TO = "outputs.sequence"
_DIGESTS = "outputs.digests"


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewed:
    """What was written and removed (paths below the newsroom), and findings by feed."""

    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    findings: tuple[tuple[str, Finding], ...]


def renew_public(store: Store, press: Press, root: Path, *, now: datetime, everything: bool = False) -> Renewed:
    """Write what is stale below `root`.

    Everything is made again when the theme, the masthead or the limits changed, or `everything` is
    asked for. Safe to repeat. Raises OutputError when a file cannot be written; the last good one stays.
    """
    rendered: list[Rendered] = []
    marks: list[tuple[int, str, str]] = []

    def build() -> Renewal:
        with store.reading() as connection:
            # Read first: what is published while we render, which PostgreSQL lets us see, is for the next run.
            marks.append((present_sequence(connection), _mark(connection, press), digests_mark(connection, press)))
            stale = None if everything else _stale(connection, marks[0][1])
            standing = () if everything else frozenset(output_paths(connection))
            made = render_public(connection, press, changed=stale, standing=standing)
            written = set(output_paths(connection, below="feeds/"))
            pages = {path: page for page in made.pages for path in page.paths}
            texts = article_paths(made.texts)
            left = _left_over(connection, {*made.files, *made.kept, *pages, *texts}) if stale is None else set()
            # Of the feeds made just now, nothing leads to other pages any more.
            left |= {path for path in written if is_archive(path) and path not in pages and feed_of(path) in made.files}
        rendered.append(made)
        missing = [page for page in made.pages if everything or not written.issuperset(page.paths)]
        # The stylesheet before the pages that want it.
        style = {path: data for path, data in made.files.items() if path == _STYLE}
        others = {path: data for path, data in made.files.items() if path != _STYLE}
        before = chain([style], _texts(store, press, made), _archived(store, press, missing))
        return Renewal(files=others, gone=set(made.gone) | left, before=before)

    written = renew_outputs(root, build, store=store, now=now)
    with store.writing() as connection:
        remember(connection, _TRUE_UP_TO, str(marks[0][0]))
        remember(connection, OUTPUTS_MADE_WITH, marks[0][1])
        remember(connection, _DIGESTS, marks[0][2])
    # After the files: they are what readers wait for, and the search may be a moment late.
    renew_index(store, everything=everything)
    return Renewed(
        changed=written.changed, removed=written.removed, unchanged=written.unchanged, findings=rendered[0].findings
    )


def _texts(store: Store, press: Press, made: Rendered) -> Iterator[Mapping[str, bytes]]:
    """The pages of articles, so many at a time that ten thousand take no more memory than a few hundred."""
    written: set[str] = set()
    for at in range(0, len(made.texts), TEXTS_AT_ONCE):
        with store.reading() as connection:
            files = article_files(connection, made, made.texts[at : at + TEXTS_AT_ONCE], press)
        # Articles are neighbours across two of these parts: their pages come in both, and alike.
        yield {path: data for path, data in files.items() if path not in written}
        written |= files.keys()


def _archived(store: Store, press: Press, pages: Sequence[Page]) -> Iterator[Mapping[str, bytes]]:
    """The files of each page, oldest first."""
    for page in reversed(pages):
        with store.reading() as connection:
            files = page_files(connection, page, press)
        yield files


def write_pictures(store: Store, root: Path, pictures: Mapping[str, bytes], *, now: datetime) -> None:
    """Write prepared pictures (path below `site/` → bytes); what lies there already is left alone.

    Before the release, so that no feed or email ever names a picture that is not there.
    """
    if pictures:
        write_outputs(root, {f"site/{path}": data for path, data in pictures.items()}, store=store, now=now)


def outputs_are_stale(connection: Connection, press: Press) -> bool:
    """Whether something was published, or the theme or masthead changed, since files and search were renewed."""
    is_older = (remembered(connection, _DIGESTS) or "") != digests_mark(connection, press)
    return is_older or search_is_stale(connection) or _stale(connection, _mark(connection, press)) != frozenset()


def _stale(connection: Connection, mark: str) -> frozenset[str] | None:
    """The uids published since the files were written; None when all has to be made again.

    A correction or withdrawal may empty the page of a topic or a year, so it makes all again.
    """
    since = int(remembered(connection, _TRUE_UP_TO) or 0)
    if remembered(connection, OUTPUTS_MADE_WITH) != mark or was_corrected_since(connection, since):
        return None
    return frozenset(articles_published_since(connection, since))


def _left_over(connection: Connection, files: Collection[str]) -> set[str]:
    """Pages and feeds once written that nothing public stands behind any more; pictures stay for old emails."""
    written = (path for path in output_paths(connection) if not is_packed(path))
    return {path for path in written if path not in files and not path.startswith("site/media/")}


def _mark(connection: Connection, press: Press) -> str:
    """A hash of everything but the articles that each file depends on; every page names the languages there are."""
    languages = public_languages(connection)
    limits = [FORM, press.max_entries, press.max_bytes, press.schedules, press.hubs]
    parts = [asdict(press.masthead), press.tag, dict(press.templates), limits, languages]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
