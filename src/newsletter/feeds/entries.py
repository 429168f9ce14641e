"""An article as it stands in a feed: the same values for all three formats."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape

from newsletter.feeds.channel import Channel
from newsletter.feeds.characters import clean, clean_line, one_line
from newsletter.feeds.identity import is_web_address
from newsletter.i18n import load_words
from newsletter.model import Article, Audio, Change, Image, direction

_MARKUP = re.compile(r"<[^<>]*>")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
# What elements and dates take around the texts: in the richest entry, and for each topic.
_MARKUP_OCTETS, _TAG_OCTETS = 550, 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """A topic of an entry: its slug, and its name in the language of the article."""

    term: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One article, clean, with whole seconds in UTC; `language` is "" where it is that of the feed."""

    uid: str
    url: str
    title: str
    summary: str
    html: str
    author: str
    language: str
    published: datetime
    updated: datetime
    tags: tuple[Tag, ...]
    image: Image | None
    audio: Audio | None = None

    def octets(self) -> int:
        """Octets the entry takes in any of the three files: never less, and a few hundred more."""
        texts = [self.uid, self.url, self.title, self.summary, self.author, self.language, self.language]
        texts += [text for tag in self.tags for text in (tag.term, tag.label)]
        texts += [self.image.url, self.image.media_type] if self.image else []
        texts += [self.audio.url, self.audio.media_type] if self.audio else []
        # Plain text is escaped twice where it stands in HTML.
        around = _MARKUP_OCTETS + _TAG_OCTETS * len(self.tags)
        return _escaped_octets(self.html) + _escaped_octets(escape("\n".join(texts))) + around


def whole_seconds(moment: datetime) -> datetime:
    """`moment` in UTC without its fraction: a feed must not change with what nobody can see."""
    return moment.astimezone(UTC).replace(microsecond=0)


def wash(article: Article) -> Article:
    """`article` without illegal characters; the very same object where there were none."""
    texts = (article.title, article.summary, article.author, article.body_html)
    title, summary, author, body_html = washed = tuple(map(clean, texts))
    if washed == texts:
        return article
    return replace(article, title=title, summary=summary, author=author, body_html=body_html)


def make_entry(article: Article, channel: Channel) -> Entry:
    """The entry of a washed article against which no fault was found."""
    published = whole_seconds(article.published_at)
    title = one_line(article.title)
    summary = one_line(article.summary) or title
    foreign = article.language.lower() != channel.language.lower()
    return Entry(
        uid=article.uid,
        url=article.url,
        title=title,
        summary=summary,
        html=_full_text(article.body_html.strip() or _paragraph(summary), article, channel),
        author=_name(article.author) or channel.authors_name,
        language=article.language if foreign else "",
        published=published,
        updated=max(published, whole_seconds(article.updated_at)),
        tags=_tags(article),
        image=article.image if article.image is not None and is_sound(article.image) else None,
        audio=article.audio if article.audio is not None and is_sound(article.audio) else None,
    )


def summary_only(entry: Entry, article: Article, channel: Channel) -> Entry:
    """`entry` with its summary in place of a body that is too long for any feed."""
    return replace(entry, html=_full_text(_paragraph(entry.summary), article, channel))


def is_sound(file: Image | Audio) -> bool:
    """Whether a picture or recording can be named in a feed: an absolute address and a media type."""
    return is_web_address(file.url) and _MEDIA_TYPE.fullmatch(file.media_type) is not None


def _full_text(html: str, article: Article, channel: Channel) -> str:
    """`html` and after it what was changed, since most readers show a new text without a word about the old one."""
    told = "".join(_told(change, article.language, channel.time_zone) for change in article.changes)
    return _directed(html + told, article.language, channel.language)


def _told(change: Change, language: str, time_zone: str) -> str:
    words = load_words(language)
    note = clean_line(change.note)
    sentence = words.say("Changed on {date}: {note}", date=words.date(change.at, time_zone), note=note)
    return f"<p><em>{escape(sentence, quote=False)}</em></p>" if note else ""


def _directed(html: str, language: str, around: str) -> str:
    # No feed format carries a direction, and readers strip styles but keep dir. A left-to-right article among
    # right-to-left ones needs its direction just as much.
    own = direction(language.lower())
    if own == direction(around.lower()) == "ltr":
        return html
    return f'<div dir="{own}" lang="{language}">{html}</div>'


def _paragraph(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"


def _name(author: str) -> str:
    # RFC 4287 §3.2.1 wants a name: addresses would be harvested, and markup would be shown as text.
    words = _MARKUP.sub("", author).split()
    names = [word for word in words if "@" not in word[1:]]
    name = " ".join(names)
    return name if names == words else name.strip("()<>,; ")


def _tags(article: Article) -> tuple[Tag, ...]:
    tags: dict[str, Tag] = {}
    for topic in article.topics:
        term = clean_line(topic.slug)
        if term:
            tags.setdefault(term, Tag(term=term, label=clean_line(topic.name_in(article.language)) or term))
    return tuple(tags.values())


def _escaped_octets(text: str) -> int:
    in_xml = 3 * (text.count("<") + text.count(">")) + 4 * text.count("&")
    in_json = text.count('"') + text.count("\\") + text.count("\n") + text.count("\t")
    return len(text.encode()) + max(in_xml, in_json)
