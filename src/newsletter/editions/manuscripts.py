"""The disk edge of drafting: an article's bytes, read and parsed, with the title a person once gave it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from newsletter.articles import parse_article, slugify
from newsletter.errors import ArticleError, Fault, UsageError
from newsletter.model import Manuscript, Masthead, Topic

MAX_SOURCE_BYTES = 1_000_000
# What the database keeps of a path.
MAX_PLACE_CHARS = 1_000


def place_of(file: Path, folder: Path) -> str:
    """Where `file` belongs in the newsroom: its own path inside it, else `articles/NAME`.

    Raises UsageError for a name that cannot be kept.
    """
    root = folder.resolve()
    # The second also for articles in a folder that is a link to elsewhere.
    inside = (here for here in (file.resolve(), Path(os.path.normpath(file.absolute()))) if here.is_relative_to(root))
    place = next((here.relative_to(root).as_posix() for here in inside), f"articles/{file.name}")
    if not place.isprintable() or len(place) > MAX_PLACE_CHARS:
        # Also what is no UTF-8: neither the database nor the uid file could hold it.
        raise UsageError(
            f"{ascii(place)[:200]}: the name of an article's file has up to {MAX_PLACE_CHARS} printable "
            "characters. Rename it."
        )
    return place


def read_source(file: Path) -> bytes:
    """The bytes of an article's file.

    Raises UsageError when there is no such file or it cannot be read, ArticleError when it is larger
    than MAX_SOURCE_BYTES.
    """
    try:
        if file.is_dir():
            raise UsageError(f"{file} is a folder. Name the article's file.")
        if file.exists() and not file.is_file():
            # A pipe would keep us waiting, and /dev/zero never ends.
            raise UsageError(f"{file} is a pipe or a device. Name the article's file.")
        size = file.stat().st_size
        if size > MAX_SOURCE_BYTES:
            message = (
                f"the file has {size / 1e6:.1f} MB, more than the 1 MB an article may have. Split it, or link the rest."
            )
            raise ArticleError([Fault(path=str(file), message=message)])
        return file.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{file}: there is no such file. Check the name.") from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}). Check its permissions.") from error


def read_manuscript(
    file: Path, *, masthead: Masthead, title: str | None, language: str | None, known_title: str | None
) -> Manuscript:
    """The manuscript in `file`; `title` and `language` win over what the file says.

    `known_title` stands in where neither names a title: one once given on the command line lives in
    the newsroom, not in the file. Raises ArticleError with every fault of the file.
    """
    source = read_source(file)

    def parse(title: str | None) -> Manuscript:
        return parse_article(
            source,
            path=str(file),
            languages=masthead.languages,
            default_language=masthead.language,
            title=title,
            language=language,
            time_zone=masthead.time_zone,
        )

    try:
        return parse(title)
    except ArticleError as error:
        if known_title is None or any(fault.field != "title" for fault in error.faults):
            raise
        return parse(known_title)


def in_known_language(manuscript: Manuscript, language: str) -> Manuscript:
    """The manuscript in the language it was published in, where the file itself names none.

    A guess that changed with the text, or one that the command line once corrected, would move the
    page to another address.
    """
    said = tuple(finding for finding in manuscript.findings if finding.code != "language-detected")
    return manuscript if said == manuscript.findings else replace(manuscript, language=language, findings=said)


def topics_of(words: Sequence[str], masthead: Masthead) -> tuple[Topic, ...]:
    """The topics an author's words mean: declared ones by slug, name or alias, others made up."""
    found: dict[str, Topic] = {}
    for word in words:
        topic = next((t for t in masthead.topics if _names(t, word)), None)
        if topic is None:
            topic = Topic(slug=slugify(word), names={masthead.language: word}, declared=False)
        found.setdefault(topic.slug, topic)
    return tuple(found.values())


def _names(topic: Topic, word: str) -> bool:
    wanted = word.casefold().strip()
    return wanted in {name.casefold() for name in (topic.slug, *topic.names.values(), *topic.aliases)}
