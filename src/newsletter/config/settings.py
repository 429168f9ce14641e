"""The settings as frozen records: what the rest of the program sees of `config.toml`.

Each field carries the reader that checks it, so a setting has its type, its rule and its default in
one place; its meaning stands in `table`. Only `from` has another name here, `sender`, since Python
keeps that word for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from newsletter.config.addresses import (
    read_address,
    read_base_url,
    read_bind,
    read_database_url,
    read_domain,
    read_host,
    read_hub,
    read_mailbox,
    read_network,
    read_tag,
)
from newsletter.config.returns import BounceSettings as BounceSettings
from newsletter.config.returns import DkimSettings as DkimSettings
from newsletter.config.returns import DnsSettings as DnsSettings
from newsletter.config.returns import HookSettings as HookSettings
from newsletter.config.schedules import HourOf as HourOf
from newsletter.config.schedules import ScheduleSettings as ScheduleSettings
from newsletter.config.schedules import WrittenSchedule, read_schedule_name
from newsletter.config.transports import SETTINGS_OF_KIND as SETTINGS_OF_KIND
from newsletter.config.transports import DeliverySettings as DeliverySettings
from newsletter.config.transports import Tls as Tls
from newsletter.config.transports import TransportKind as TransportKind
from newsletter.config.transports import TransportSettings as TransportSettings
from newsletter.config.values import (
    Reads,
    list_of,
    one_of,
    read_duration,
    read_flag,
    read_language,
    read_optional_text,
    read_slug,
    read_text,
    read_time_zone,
    read_timeout,
    table_of,
    whole_number,
)
from newsletter.model import Mailbox, Masthead, Topic


def written_name(name: str) -> str:
    """The key under which the field `name` stands in the file."""
    return "from" if name == "sender" else name


class OnUnknown(StrEnum):
    """What becomes of a delivery that a crash left open."""

    HOLD = "hold"
    RESEND = "resend"


class LogLevel(StrEnum):
    """The least important line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


# Each record hands this to pydantic under the name it looks for; being a plain dict, it imports nothing.
_RULES: dict[str, object] = {"extra": "forbid", "alias_generator": written_name}


@dataclass(frozen=True, kw_only=True, slots=True)
class NewsroomSettings:
    """Who publishes, where, in which languages. `languages` holds `language`."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    title: Annotated[str, Reads(read_text)]
    slug: Annotated[str, Reads(read_slug)]
    tag: Annotated[str, Reads(read_tag)]
    base_url: Annotated[str, Reads(read_base_url)]
    language: Annotated[str, Reads(read_language)]
    publisher: Annotated[str, Reads(read_text)]
    description: Annotated[str, Reads(read_optional_text)] = ""
    languages: Annotated[tuple[str, ...], Reads(list_of(read_language))] = ()
    fallback: Annotated[Mapping[str, tuple[str, ...]], Reads(table_of(read_language, list_of(read_language)))] = field(
        default_factory=dict
    )
    time_zone: Annotated[str, Reads(read_time_zone)] = "UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class EmailSettings:
    """From whom mail comes, and how patient the newsroom is with itself."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    sender: Annotated[Mailbox, Reads(read_mailbox)]
    owner: Annotated[str, Reads(read_address)]
    reply_to: Annotated[str | None, Reads(read_address)] = None
    bounce_domain: Annotated[str, Reads(read_domain)] = ""
    on_unknown: Annotated[OnUnknown, Reads(one_of(OnUnknown))] = OnUnknown.HOLD
    grace: Annotated[timedelta, Reads(read_duration)] = timedelta(hours=6)
    hold: Annotated[timedelta, Reads(read_duration)] = timedelta()


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedSettings:
    """How long a feed grows: `entries` articles or `max_bytes` octets, whichever comes first; who is told of it."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    entries: Annotated[int, Reads(whole_number(1, 1_000))] = 50
    max_bytes: Annotated[int, Reads(whole_number(10_000, 10_000_000))] = 512_000
    hubs: Annotated[tuple[str, ...], Reads(list_of(read_hub))] = ()
    hub: Annotated[bool, Reads(read_flag)] = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicSettings:
    """What a topic is called in each language, and what else authors may call it."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    names: Annotated[Mapping[str, str], Reads(table_of(read_language, read_text))] = field(default_factory=dict)
    aliases: Annotated[tuple[str, ...], Reads(list_of(read_text))] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreSettings:
    """Where the database is. `url` may hold a password, so no repr shows it."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    url: Annotated[str, Reads(read_database_url)] = field(default="sqlite:///newsletter.db", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadersSettings:
    """How readers come in by themselves: until when they confirm, how many are asked an hour, whether IPs are kept."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    confirm_within: Annotated[timedelta, Reads(read_timeout)] = timedelta(days=7)
    notices_per_hour: Annotated[int, Reads(whole_number(1, 1_000_000))] = 500
    keep_ip: Annotated[timedelta, Reads(read_duration)] = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSettings:
    """Where the web door listens (`bind`), which other host names it answers to, whom it believes."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    bind: Annotated[str, Reads(read_bind)] = "127.0.0.1:8000"
    hosts: Annotated[tuple[str, ...], Reads(list_of(read_host))] = ()
    trusted_proxies: Annotated[tuple[str, ...], Reads(list_of(read_network))] = ()
    feed_pages: Annotated[bool, Reads(read_flag)] = True

    @property
    def host(self) -> str:
        """The host part of `bind`, without brackets."""
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port part of `bind`; 0 takes a free one."""
        return int(self.bind.rpartition(":")[2])


@dataclass(frozen=True, kw_only=True, slots=True)
class LogSettings:
    """How much is written to the log."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    level: Annotated[LogLevel, Reads(one_of(LogLevel))] = LogLevel.INFO


@dataclass(frozen=True, kw_only=True, slots=True)
class Sections:
    """Every section of the file, as the file nests them."""

    __pydantic_config__: ClassVar[dict[str, object]] = _RULES
    newsroom: NewsroomSettings
    email: EmailSettings
    delivery: DeliverySettings
    transports: Mapping[Annotated[str, Reads(read_slug)], TransportSettings]
    dkim: DkimSettings = field(default_factory=DkimSettings)
    dns: DnsSettings = field(default_factory=DnsSettings)
    bounces: BounceSettings = field(default_factory=BounceSettings)
    hooks: HookSettings = field(default_factory=HookSettings)
    feeds: FeedSettings = FeedSettings()
    topics: Mapping[Annotated[str, Reads(read_slug)], TopicSettings] = field(default_factory=dict)
    schedules: Mapping[Annotated[str, Reads(read_schedule_name)], WrittenSchedule] = field(default_factory=dict)
    store: StoreSettings = StoreSettings()
    readers: ReadersSettings = ReadersSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """The whole configuration of the newsroom in `folder` (absolute), with all defaults filled in.

    `origins` maps each dotted key ("store.url") to where its value came from: a line of the file, a
    variable, "default". `warnings` are sentences for a person: nothing is wrong enough to stop.
    """

    folder: Path
    newsroom: NewsroomSettings
    email: EmailSettings
    delivery: DeliverySettings
    transports: Mapping[str, TransportSettings]
    dkim: DkimSettings
    dns: DnsSettings
    bounces: BounceSettings
    hooks: HookSettings
    feeds: FeedSettings
    topics: Mapping[str, TopicSettings]
    schedules: Mapping[str, ScheduleSettings]
    store: StoreSettings
    readers: ReadersSettings
    web: WebSettings
    log: LogSettings
    origins: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def transport(self) -> TransportSettings:
        """The transport that `delivery.transport` names, the first of several."""
        return self.transports_in_use[0]

    @property
    def transports_in_use(self) -> tuple[TransportSettings, ...]:
        """All transports that `delivery.transport` names, best first."""
        return tuple(self.transports[name] for name in self.delivery.transports)

    @property
    def hubs(self) -> tuple[str, ...]:
        """The WebSub hubs named in the feeds, our own first."""
        own = (f"{self.newsroom.base_url}/hub",) if self.feeds.hub else ()
        return (*own, *self.feeds.hubs)

    def masthead(self) -> Masthead:
        """What the crafts may know of the newsroom; the List-ID joins slug and host (RFC 2919 §2)."""
        room, email = self.newsroom, self.email
        host = (urlsplit(room.base_url).hostname or "localhost").replace(":", "-")
        return Masthead(
            title=room.title,
            slug=room.slug,
            description=room.description,
            base_url=room.base_url,
            language=room.language,
            languages=room.languages,
            fallback=room.fallback,
            time_zone=room.time_zone,
            publisher=room.publisher,
            list_id=f"{room.slug}.{host}",
            sender=email.sender,
            reply_to=email.reply_to,
            owner=email.owner,
            bounce_domain=email.bounce_domain,
            topics=tuple(
                Topic(slug=slug, names=topic.names, aliases=topic.aliases) for slug, topic in self.topics.items()
            ),
            rhythms=("each", *self.schedules, "feed"),
        )
