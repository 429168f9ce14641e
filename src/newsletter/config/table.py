"""Every setting in one table: what it means, its default, an example, who may set it.

Read by the reference page, by the messages about unknown and missing keys, by the environment (only
settings marked so may come from it) and by `show` (which masks secrets). NAME and SLUG stand for a
word that the owner chooses.
"""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.config.returns_table import RETURNS_SETTINGS
from newsletter.config.schedule_table import SCHEDULE_SETTINGS
from newsletter.config.setting import Setting
from newsletter.config.transport_table import TRANSPORT_SETTINGS

PLACEHOLDERS = ("NAME", "SLUG")


def find_setting(key: Sequence[str]) -> Setting | None:
    """The table's entry for a real key such as ("transports", "relay", "host")."""
    return next((setting for setting in SETTINGS if _matches(setting.parts, key)), None)


def known_names(inside: Sequence[str]) -> tuple[str, ...]:
    """The names that may stand in the table `inside`, in order; empty where the owner chooses them."""
    depth = len(inside)
    names = (s.parts[depth] for s in SETTINGS if len(s.parts) > depth and _matches(s.parts[:depth], inside))
    return tuple(dict.fromkeys(name for name in names if name not in PLACEHOLDERS))


def _matches(pattern: Sequence[str], key: Sequence[str]) -> bool:
    return len(pattern) == len(key) and all(
        ours == theirs or ours in PLACEHOLDERS for ours, theirs in zip(pattern, key, strict=True)
    )


SETTINGS: tuple[Setting, ...] = (
    Setting(
        key="newsroom.title",
        kind="text",
        meaning="The name of the newsletter, on pages, in feeds and in mail.",
        example='"The Harbour Post"',
    ),
    Setting(
        key="newsroom.slug",
        kind="slug",
        meaning="A short name for the List-ID header, by which readers filter their mail; never change it.",
        example='"harbour-post"',
    ),
    Setting(
        key="newsroom.tag",
        kind="host and day (RFC 4151)",
        meaning="A host you own and a day on which you owned it; article ids are minted under it, so never change it.",
        example='"news.example.org,2026-11-24"',
    ),
    Setting(
        key="newsroom.base_url",
        kind="https address",
        meaning="Where readers find the site; every link in feeds and mail begins with it.",
        example='"https://news.example.org"',
        environment=True,
    ),
    Setting(
        key="newsroom.language",
        kind="language tag",
        meaning="The language of an article or reader that names none.",
        example='"en"',
    ),
    Setting(
        key="newsroom.publisher",
        kind="text",
        meaning="Who publishes, with a postal address; it stands at the foot of every email, as many laws ask.",
        example='"Harbour Press, 1 Quay Street, Exampletown"',
    ),
    Setting(
        key="newsroom.description",
        kind="text",
        meaning="One sentence about the newsletter, for feeds and pages.",
        example='"News from the quay."',
        default='""',
    ),
    Setting(
        key="newsroom.languages",
        kind="list of language tags",
        meaning="All languages you publish in, `language` among them.",
        example='["en", "fr", "ar"]',
        default="(`language` alone)",
    ),
    Setting(
        key="newsroom.fallback",
        kind="table of lists",
        meaning="For a reader's language, those to try when an article has no version in it.",
        example='{ ar = ["fr", "en"] }',
        default="{}",
    ),
    Setting(
        key="newsroom.time_zone",
        kind="time zone",
        meaning="The zone of dates on pages and of dates that authors write without one.",
        example='"Europe/Paris"',
        default='"UTC"',
    ),
    Setting(
        key="email.from",
        kind="sender",
        meaning="From whom mail comes, with a name that readers know.",
        example='"The Harbour Post <news@example.org>"',
    ),
    Setting(
        key="email.owner",
        kind="address",
        meaning="Where alerts about the newsroom go.",
        example='"owner@example.org"',
    ),
    Setting(
        key="email.reply_to",
        kind="address",
        meaning="Where readers' answers go, if not to `from`.",
        example='"letters@example.org"',
        default="(none)",
    ),
    Setting(
        key="email.bounce_domain",
        kind="domain",
        meaning="The domain to which failure reports come back.",
        example='"bounces.example.org"',
        default="(the domain of `from`)",
    ),
    Setting(
        key="email.on_unknown",
        kind='"hold" or "resend"',
        meaning="What becomes of an email whose fate a crash left open: keep it for you to judge, or send it again.",
        example='"hold"',
        default='"hold"',
    ),
    Setting(
        key="email.grace",
        kind="duration",
        meaning="How late an edition may still go out by itself; a later one is held for you.",
        example='"6h"',
        default='"6h"',
    ),
    Setting(
        key="email.hold",
        kind="duration",
        meaning="How long an edition waits before it goes out, so that you can stop it.",
        example='"30s"',
        default='"0s"',
    ),
    *TRANSPORT_SETTINGS,
    *RETURNS_SETTINGS,
    Setting(
        key="feeds.entries",
        kind="number",
        meaning="How many articles a feed holds at most.",
        example="50",
        default="50",
    ),
    Setting(
        key="feeds.max_bytes",
        kind="number",
        meaning="How many octets a feed file holds at most; older articles leave first.",
        example="512_000",
        default="512000",
    ),
    Setting(
        key="feeds.hubs",
        kind="list of https addresses",
        meaning="WebSub hubs that are told of every change, beside our own.",
        example='["https://hub.example.org/"]',
        default="[]",
    ),
    Setting(
        key="feeds.hub",
        kind="true or false",
        meaning="Whether `serve` is a WebSub hub for its own feeds, at `/hub`.",
        example="true",
        default="false",
    ),
    Setting(
        key="topics.SLUG.names",
        kind="table of texts",
        meaning="What readers see the topic called, in each language.",
        example='{ en = "Diplomacy", fr = "Diplomatie" }',
        default="{}",
    ),
    Setting(
        key="topics.SLUG.aliases",
        kind="list of texts",
        meaning="Other words that authors may use for the topic.",
        example='["Diplomatie"]',
        default="[]",
    ),
    *SCHEDULE_SETTINGS,
    Setting(
        key="store.url",
        kind="database address",
        meaning="Where the database is: SQLite, relative to the newsroom's folder, or PostgreSQL.",
        example='"postgresql+psycopg://news@localhost/news"',
        default='"sqlite:///newsletter.db"',
        environment=True,
        secret=True,
    ),
    Setting(
        key="readers.confirm_within",
        kind="duration",
        meaning="How long a reader has to confirm; a pending one is forgotten afterwards.",
        example='"7d"',
        default='"7d"',
    ),
    Setting(
        key="readers.notices_per_hour",
        kind="number",
        meaning="To how many addresses an hour the sign-up form may have a notice sent, all visitors together.",
        example="500",
        default="500",
    ),
    Setting(
        key="readers.keep_ip",
        kind="duration",
        meaning="How long the network address of a sign-up is kept as proof; 0 keeps none at all.",
        example='"0s"',
        default='"0s"',
    ),
    Setting(
        key="web.bind",
        kind="host and port",
        meaning="Where `newsletter serve` listens.",
        example='"127.0.0.1:8000"',
        default='"127.0.0.1:8000"',
        environment=True,
    ),
    Setting(
        key="web.hosts",
        kind="list of hosts",
        meaning="Host names the web door answers to besides that of `base_url` and localhost.",
        example='["www.example.org"]',
        default="[]",
    ),
    Setting(
        key="web.trusted_proxies",
        kind="list of networks",
        meaning="Proxies whose word about the caller's address is believed.",
        example='["127.0.0.1", "10.0.0.0/8"]',
        default="[]",
    ),
    Setting(
        key="web.feed_pages",
        kind="true or false",
        meaning="Whether a browser that opens a feed's address gets a page for people instead of XML.",
        example="true",
        default="true",
    ),
    Setting(
        key="log.level",
        kind='"debug", "info", "warning" or "error"',
        meaning="The least important line that is written to the log.",
        example='"info"',
        default='"info"',
        environment=True,
    ),
)
