"""The records that travel through the house, and nothing else.

Every floor may import this module; it imports nobody. All times are aware UTC, all sizes octets
unless a name says otherwise, all languages RFC 5646 tags in lower case ("en", "fr", "ar").
Identifiers ending in ``_id`` are rows inside; a ``uid`` is what the world sees and never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType
from urllib.parse import quote

ArticleId = NewType("ArticleId", int)
RevisionId = NewType("RevisionId", int)
EditionId = NewType("EditionId", int)
VariantId = NewType("VariantId", int)
SubscriberId = NewType("SubscriberId", int)
ChunkId = NewType("ChunkId", int)

RIGHT_TO_LEFT = frozenset({"ar", "he", "fa", "ur", "yi", "dv", "ps", "sd", "ug"})


def direction(language: str) -> str:
    """`rtl` or `ltr`, the value of the HTML dir attribute for `language`."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"


# --- the newsroom, as the crafts see it ------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A subject readers can choose; undeclared ones get a page and a feed but are not offered."""

    slug: str
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    declared: bool = True

    def name_in(self, language: str) -> str:
        """The name in `language`, else in any language, else the slug."""
        return self.names.get(language) or next(iter(self.names.values()), self.slug)


RHYTHMS = ("each", "daily", "weekly", "monthly", "feed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """A display name (may be empty) and an address, both already validated."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Masthead:
    """What the newsroom says of itself: the part of the configuration that the crafts may know.

    `base_url` has no slash at its end. `list_id` is the bare identifier of RFC 2919
    ("harbour-post.news.example.org"). `fallback` maps a language to those tried after it.
    `rhythms` are what readers may choose: each article, the schedules in their order, the feed alone.
    """

    title: str
    slug: str
    description: str
    base_url: str
    language: str
    languages: tuple[str, ...]
    fallback: Mapping[str, tuple[str, ...]]
    time_zone: str
    publisher: str
    list_id: str
    sender: Mailbox
    reply_to: str | None
    owner: str
    bounce_domain: str
    topics: tuple[Topic, ...] = ()
    rhythms: tuple[str, ...] = RHYTHMS

    def languages_for(self, reader: str) -> tuple[str, ...]:
        """The languages in which a reader of language `reader` gets an article, best first: own, fallback, default."""
        base = reader.split("-")[0]
        chain = self.fallback.get(reader, self.fallback.get(base, ()))
        return tuple(dict.fromkeys((reader, base, *chain, self.language)))

    @property
    def contact(self) -> str:
        """Where a reader who writes to us reaches somebody."""
        return self.reply_to or self.sender.address


# --- articles --------------------------------------------------------------------------------


def article_url(base_url: str, language: str, slug: str) -> str:
    """Where an article's page lives; letters outside ASCII are percent-encoded (RFC 3986 §2.1)."""
    return f"{base_url}/{language}/{quote(slug)}/"


class EmailMode(StrEnum):
    """How an article appears in email."""

    FULL = "full"
    EXCERPT = "excerpt"


def edition_url(base_url: str, edition_uid: str, article_urls: Sequence[str]) -> str:
    """Where an edition can be read in a browser: its one article's page, or a page of its own."""
    return article_urls[0] if len(article_urls) == 1 else f"{base_url}/editions/{edition_uid}/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A picture with its display size in CSS pixels; `size` is the file's, in octets."""

    url: str
    alt: str
    width: int
    height: int
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """A recording that goes with an article, as a podcast's episode; `size` in octets, 0 where nobody knows it."""

    url: str
    media_type: str
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Manuscript:
    """An article as read from its file, before the newsroom knows its uid, URL or pictures.

    `path` is the name used in messages. `body_html` is sanitised HTML whose links and image
    sources are still as the author wrote them. `source_text` is the visible text of the body
    before sanitising, for the comparison with what readers get. `topics` are the author's words.
    `standfirst` is the summary where the author wrote one. `date` is a plain wish of the author (aware
    UTC), `publish_at` the hour before which nothing of it may be seen. `lines` maps a front matter
    field to its line. `audio` is a file's name, or an https address with what the author says of its
    size in octets (0: nothing) and media type.
    """

    path: str
    title: str
    body_html: str
    source_text: str
    source_hash: str
    summary: str = ""
    standfirst: str = ""
    author: str = ""
    date: datetime | None = None
    updated: datetime | None = None
    language: str | None = None
    topics: tuple[str, ...] = ()
    image: str | None = None
    image_alt: str = ""
    audio: str | None = None
    audio_bytes: int = 0
    audio_type: str = ""
    slug: str | None = None
    uid: str | None = None
    draft: bool = False
    publish_at: datetime | None = None
    translation_of: str | None = None
    email: EmailMode = EmailMode.FULL
    lines: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One correction that readers should know of: when it came out, and in the author's words what it was."""

    at: datetime
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """One authored piece as it is published: permanent uid, absolute URLs, sanitised body.

    `body_html` is an HTML fragment fit for feed, page and email; `summary` is plain text of at
    most 280 characters. `updated_at` moves only with a significant revision (RFC 4287 §4.2.15).
    `standfirst` is the summary where the author wrote one: shown above the text, where a summary taken
    from the text itself would stutter. `translations` maps the language of each sister article to her URL.
    `changes` are the corrections told to readers, oldest first.
    """

    uid: str
    group_uid: str
    slug: str
    language: str
    title: str
    summary: str
    author: str
    body_html: str
    url: str
    published_at: datetime
    updated_at: datetime
    topics: tuple[Topic, ...] = ()
    image: Image | None = None
    email: EmailMode = EmailMode.FULL
    translations: Mapping[str, str] = field(default_factory=dict)
    date: datetime | None = None
    standfirst: str = ""
    changes: tuple[Change, ...] = ()
    audio: Audio | None = None

    @property
    def shown_at(self) -> datetime:
        """The day the author wrote over the article, else the first publication."""
        return self.date or self.published_at


# --- findings --------------------------------------------------------------------------------


class Severity(StrEnum):
    """An error keeps the output home; a warning is shown; a note is for the curious."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Output(StrEnum):
    """What a finding speaks of: an error stops only that output."""

    ALL = "all"
    MAIL = "mail"
    FEED = "feed"
    PAGE = "page"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of preflight. `code` is stable and documented; `advice` says what to do."""

    code: str
    severity: Severity
    message: str
    advice: str
    place: str = ""
    output: Output = Output.ALL


# --- editions --------------------------------------------------------------------------------


class EditionKind(StrEnum):
    """How an edition came about."""

    SINGLE = "single"
    SET = "set"
    DIGEST = "digest"
    CORRECTION = "correction"


class EditionState(StrEnum):
    """`draft → scheduled → sending → sent`, also `held`, `paused`, `cancelled`."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    HELD = "held"
    PAUSED = "paused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """What an edition looks like for one (body language, furniture language, article list); frozen.

    `html` and `text` hold placeholders where each reader's own values go; `placeholders` maps a
    value's name ("TOKEN", "ADDRESS") to the placeholder that stands for it. `subject` is plain text.
    """

    language: str
    furniture: str
    articles_key: str
    subject: str
    html: str
    text: str
    placeholders: Mapping[str, str]


# --- subscribers -----------------------------------------------------------------------------


class SubscriberState(StrEnum):
    """`pending → active → unsubscribed`, also `bounced`, `complained`."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscriber:
    """One address and what its owner chose; `covered_through` is the last publication considered."""

    id: SubscriberId
    uid: str
    address: str
    name: str
    state: SubscriberState
    language: str
    time_zone: str
    rhythm: str
    hour: int | None
    topics: tuple[str, ...]
    covered_through: int
    token_version: int
    joined_at: datetime
    paused_until: datetime | None = None
    catch_up: bool = False


# --- deliveries ------------------------------------------------------------------------------


class DeliveryState(IntEnum):
    """Small integers in the table, names at the doors; `sent` means: the next server answered 250."""

    QUEUED = 0
    LEASED = 1
    SENT = 2
    DEFERRED = 3
    FAILED = 4
    UNKNOWN = 5
    CANCELLED = 6


class Outcome(StrEnum):
    """What the wire said of one attempt."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """Who hands over to whom on the wire (RFC 5321 §2.3.1): bare addresses, no display names."""

    sender: str
    recipient: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A transport's answer for one message.

    `code` is the SMTP reply code or 0, `enhanced` an RFC 3463 code or "", `reply` at most 1,000
    characters of what the server said: foreign text, never markup. `of_reader` says that it was the reader
    who was refused, although the content had left by then (RFC 3030).
    """

    outcome: Outcome
    code: int = 0
    enhanced: str = ""
    reply: str = ""
    of_reader: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """The reader's own values that one message is filled with: `token` ends the mail, `preferences` opens choices."""

    subscriber_id: SubscriberId
    uid: str
    address: str
    name: str
    token: str
    preferences: str = ""
