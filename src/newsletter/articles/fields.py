"""What the fields of the front matter mean: typed values, and a fault for each that is wrong.

Comes in: `FrontMatter` entries. Goes out: `Fields`. Every fault of every field is told at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from newsletter.articles.audio import WrittenAudio, read_audio
from newsletter.articles.characters import line_breaking, one_line
from newsletter.articles.dates import NotADateError, parse_date
from newsletter.articles.entries import Entry, Kind
from newsletter.articles.languages import NotALanguageError, language_tag
from newsletter.articles.limits import MAX_NAME_CHARS
from newsletter.articles.slug import slugify
from newsletter.errors import Fault
from newsletter.model import EmailMode
from newsletter.timetable import read_moment

KNOWN = (
    *("title", "summary", "author", "date", "updated", "language", "topics", "tags", "image", "image_alt"),
    *("audio", "audio_bytes", "audio_type"),
    *("slug", "uid", "draft", "translation_of", "email", "publish_at"),
)
# What other programs call our fields.
_ELSEWHERE = {
    "description": "summary",
    "excerpt": "summary",
    "lang": "language",
    "locale": "language",
    "categories": "topics",
    "category": "topics",
    "keywords": "topics",
    "authors": "author",
    "published": "date",
    "lastmod": "updated",
    "modified": "updated",
    "cover": "image",
    "enclosure": "audio",
    "podcast": "audio",
    "episode": "audio",
    "publishdate": "publish_at",
    "scheduled": "publish_at",
    "permalink": "slug",
    "guid": "uid",
    "id": "uid",
}
_PLAIN = (Kind.TEXT, Kind.NUMBER, Kind.TRUTH, Kind.DATE)
_FOREIGN_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """The front matter of one article; None and empty where the author said nothing."""

    title: str | None = None
    summary: str = ""
    author: str = ""
    date: datetime | None = None
    updated: datetime | None = None
    publish_at: datetime | None = None
    language: str | None = None
    topics: tuple[str, ...] = ()
    image: str | None = None
    image_alt: str = ""
    audio: WrittenAudio = field(default_factory=WrittenAudio)
    slug: str | None = None
    uid: str | None = None
    draft: bool = False
    translation_of: str | None = None
    email: EmailMode = EmailMode.FULL
    lines: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def read_fields(entries: Mapping[str, Entry], *, path: str, zone: tzinfo) -> Fields:
    """The typed fields of `entries`, with a fault for each unknown, mistyped or impossible one.

    A date without a zone of its own is taken in `zone`.
    """
    reader = _Reader(entries, path)
    reader.refuse_unknown()
    image, image_alt = reader.image()
    audio, audio_faults = read_audio(entries, path=path)
    return Fields(
        title=reader.line("title"),
        summary=reader.prose("summary"),
        author=reader.line("author") or "",
        date=reader.moment("date", zone),
        updated=reader.moment("updated", zone),
        publish_at=reader.hour_to_come("publish_at", zone),
        language=reader.language(),
        topics=tuple(dict.fromkeys((*reader.names("topics"), *reader.names("tags")))),
        image=image,
        image_alt=reader.prose("image_alt") or image_alt,
        audio=audio,
        slug=reader.slug(),
        uid=reader.uid(),
        draft=reader.truth("draft"),
        translation_of=reader.line("translation_of"),
        email=reader.email(),
        lines={name: entry.line for name, entry in entries.items()},
        faults=(*reader.faults, *audio_faults),
    )


def title_fault(title: str) -> str | None:
    """Why `title` cannot be one, as a sentence; None when it can."""
    if character := line_breaking(title):
        return f"the title holds the control character {character}. Write it on one line."
    if not title.strip():
        return "the title is empty. Write one."
    if len(title) > MAX_NAME_CHARS:
        return f"the title has {len(title):,} characters; it may have {MAX_NAME_CHARS}. Shorten it."
    return None


class _Reader:
    def __init__(self, entries: Mapping[str, Entry], path: str) -> None:
        self.entries = {name: entry for name, entry in entries.items() if entry.kind is not Kind.NOTHING}
        self.path = path
        self.faults: list[Fault] = []

    def refuse(self, name: str, message: str, line: int | None = None) -> None:
        self.faults.append(Fault(path=self.path, line=line or self.entries[name].line, field=name, message=message))

    def refuse_unknown(self) -> None:
        for name, entry in self.entries.items():
            if name not in KNOWN:
                near = difflib.get_close_matches(name.lower(), KNOWN, n=1)
                known = _ELSEWHERE.get(name.lower()) or (near[0] if near else None)
                advice = f'Did you mean "{known}"?' if known else f"The fields are {', '.join(KNOWN)}."
                self.refuse(name[:40], f"there is no such field. {advice}", entry.line)

    def plain(self, name: str) -> str | None:
        entry = self.entries.get(name)
        if entry is None:
            return None
        if entry.kind not in _PLAIN:
            self.refuse(name, f"a {entry.kind.name.lower()} stands where text belongs. Write one line of text.")
            return None
        return entry.text.strip()

    def line(self, name: str) -> str | None:
        text = self.plain(name)
        if text is None:
            return None
        fault = title_fault(text) if name == "title" else self._line_fault(text)
        if fault:
            self.refuse(name, fault)
            return None
        return one_line(text) or None

    def prose(self, name: str) -> str:
        return one_line(self.plain(name) or "")

    def moment(self, name: str, zone: tzinfo) -> datetime | None:
        text = self.plain(name)
        if text is None:
            return None
        try:
            return parse_date(text, zone=zone)
        except NotADateError as error:
            self.refuse(name, str(error))
            return None

    def hour_to_come(self, name: str, zone: tzinfo) -> datetime | None:
        """An exact moment: an hour that the clocks leave out or show twice is asked about, never guessed."""
        text = self.plain(name)
        if text is None:
            return None
        try:
            return read_moment(text, zone=getattr(zone, "key", "UTC"))
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def language(self) -> str | None:
        text = self.plain("language")
        if text is None:
            return None
        try:
            return language_tag(text)
        except NotALanguageError as error:
            self.refuse("language", str(error))
            return None

    def names(self, name: str) -> tuple[str, ...]:
        entry = self.entries.get(name)
        if entry is None:
            return ()
        items = entry.items if entry.kind is Kind.LIST else (entry,)
        if any(item.kind not in _PLAIN for item in items):
            self.refuse(name, "something other than text is among the topics. Write them as [Harbour, Culture].")
            return ()
        texts = [item.text for item in items] if entry.kind is Kind.LIST else entry.text.split(",")
        for text in texts:
            if fault := self._line_fault(text.strip()):
                self.refuse(name, fault)
                return ()
        return tuple(cleaned for text in texts if (cleaned := one_line(text)))

    def truth(self, name: str) -> bool:
        entry = self.entries.get(name)
        if entry is None:
            return False
        if entry.kind is not Kind.TRUTH:
            self.refuse(name, f'"{entry.text[:40]}" is neither true nor false. Write {name}: true, or leave it out.')
            return False
        return entry.text.lower() in ("true", "yes", "on")

    def email(self) -> EmailMode:
        text = self.plain("email")
        if text is None:
            return EmailMode.FULL
        if text not in list(EmailMode):
            self.refuse("email", f'"{text[:40]}" is not a way to mail an article. Write "full" or "excerpt".')
            return EmailMode.FULL
        return EmailMode(text)

    def slug(self) -> str | None:
        text = self.line("slug")
        if text is not None and slugify(text) != text:
            self.refuse("slug", f'"{text[:40]}" cannot stand in an address. Write "{slugify(text)}".')
            return None
        return text

    def uid(self) -> str | None:
        text = self.line("uid")
        if text is not None and any(character.isspace() for character in text):
            self.refuse("uid", "it holds a blank. Write the id without, as the feed had it.")
            return None
        return text

    def image(self) -> tuple[str | None, str]:
        entry = self.entries.get("image")
        if entry is not None and entry.kind is Kind.TABLE:
            return self._image_table(entry)
        return self._image_address(self.line("image")), ""

    def _image_table(self, entry: Entry) -> tuple[str | None, str]:
        inner = _Reader({"image": entry, **entry.pairs}, self.path)
        for name in entry.pairs:
            if name not in ("src", "alt"):
                self.refuse("image", f'an image has no "{name[:40]}". Write src and alt.')
        src, alt = inner.line("src"), inner.prose("alt")
        if src is None and not inner.faults:
            self.refuse("image", "the image has no src. Write src: images/name.jpg.")
        self.faults += inner.faults
        return self._image_address(src), alt

    def _image_address(self, text: str | None) -> str | None:
        if text is not None and _FOREIGN_SCHEME.match(text):
            self.refuse("image", f'"{text[:40]}" is neither a file nor a web address. Write images/name.jpg.')
            return None
        return text

    @staticmethod
    def _line_fault(text: str) -> str | None:
        if character := line_breaking(text):
            return f"the text holds the control character {character}. Write it on one line."
        if len(text) > MAX_NAME_CHARS:
            return f"the text has {len(text):,} characters; it may have {MAX_NAME_CHARS}. Shorten it."
        return None
