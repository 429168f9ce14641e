"""What a User-Agent says of a feed reader: which service or program it is, and for how many people it asks.

Comes in: one header, of any length and any octets. Goes out: `FeedAgent`, or None for what is no reader.
Pure: no clock, no memory. Called by `readership`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_AGENT_CHARS = 1_000
"""Where a header is cut: the longest of a real reader known to us has under 300."""

MAX_REPORTED = 10_000_000
"""A higher number is no count of readers, and ignored."""

MAX_SERVICE_CHARS = 64

_REPORTED = (
    re.compile(r"(?<![\w,.])(\d[\d,]{0,15})\s{1,4}(?:subscribers?|readers?|users?)\b", re.I | re.A),
    re.compile(r"\busers\s{1,4}(\d[\d,]{0,15})(?![\w,])", re.I | re.A),
)
_FEED_KEY = re.compile(r"\bfeed-?id\s{0,2}[:=]\s{0,2}([A-Za-z0-9_-]{1,64})(?![\w@-])", re.I | re.A)

# Services by what their headers hold, since some begin with "Mozilla/5.0 (compatible; …", some with a
# host name, and the parts of one service call themselves differently.
_SERVICES = {
    "feedbin": "Feedbin",
    "feedly": "Feedly",
    "newsblur": "NewsBlur",
    "inoreader": "Inoreader",
    "theoldreader": "TheOldReader",
    "bazqux": "BazQux",
    "dreamwidth": "Dreamwidth",
    "livejournal": "LiveJournal",
    "netvibes": "Netvibes",
    "bloglovin": "Bloglovin",
    "feedhq": "FeedHQ",
    "g2reader": "G2Reader",
    "feedspot": "Feedspot",
    "readwise": "Readwise",
}
_SERVICE = re.compile(rf"(?<![a-z])(?:{'|'.join(_SERVICES)})(?![a-z])", re.I | re.A)
# A token of RFC 9110 §5.6.2, but of letters, digits and three signs, and no part of an address or a host.
_WORD = r"[A-Za-z][\w.-]{0,80}(?![\w@:.-])"
# Names of several words are known by the slash before the version.
_FIRST = re.compile(rf"\s*(?P<name>(?:{_WORD} ){{0,3}}{_WORD})\s?/|\s*(?P<word>{_WORD})", re.A)
_COMPATIBLE = re.compile(rf"\bcompatible;\s{{0,4}}(?P<name>{_WORD})", re.I | re.A)
_VERSIONED = re.compile(rf"(?<![\w@.:/+-])(?P<name>{_WORD})/\d", re.A)
_COMMENT = re.compile(r"\([^()]*\)")
_BROWSERS = frozenset(
    (
        *("mozilla", "applewebkit", "gecko", "version", "mobile", "safari", "chrome", "chromium", "firefox", "msie"),
        *("trident", "edg", "edge", "edga", "edgios", "opr", "opera", "presto", "vivaldi", "samsungbrowser"),
        *("konqueror", "seamonkey", "crios", "fxios", "ucbrowser", "yabrowser", "duckduckgo", "brave"),
    )
)
# Whoever reports readers is no crawler, whatever its name.
_CRAWLER = re.compile(
    r"bot\b|bot[/_-]|crawl|spider|slurp|archiver|scrap|preview|validator|monitor|uptime|pingdom|checker|scanner"
    r"|facebookexternalhit|google-|mediapartners|yandex|baidu|ahrefs|semrush|headlesschrome|phantomjs|lighthouse",
    re.I | re.A,
)
# Libraries and tools that name themselves, and not what they are used for; our own checks are among them.
_TOOL = re.compile(
    r"^(?:curl|wget|httpie|python|aiohttp|httpx|urllib3?|go-http-client|okhttp|java|jakarta|apache-httpclient"
    r"|libwww-perl|lwp|ruby|faraday|node|node-fetch|undici|axios|got|guzzlehttp|postmanruntime|testclient"
    r"|insomnia|powershell|newsletter|newsletter-press)(?:[/ _-]|$)",
    re.I | re.A,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedAgent:
    """A service or program that reads feeds.

    `reported` is for how many people it says to ask, None where it says nothing. `feed_key` is its own
    number of the feed, or "".
    """

    service: str
    feed_key: str = ""
    reported: int | None = None


def feed_agent(header: str) -> FeedAgent | None:
    """The feed reader behind a User-Agent; None for browsers, crawlers, tools, and what gives no name.

    Of several numbers the highest counts. Names and keys are of ASCII letters, digits and a few signs,
    so that nothing of what a stranger wrote reaches a terminal or a log.
    """
    text = header[:MAX_AGENT_CHARS]
    reported = _reported(text)
    if reported is None and (_CRAWLER.search(text) or _TOOL.match(text)):
        return None
    service = _service(text)
    if not service:
        return None
    key = _FEED_KEY.search(text)
    return FeedAgent(service=service, feed_key=key[1] if key else "", reported=reported)


def _reported(text: str) -> int | None:
    numbers = (int(found.replace(",", "")) for pattern in _REPORTED for found in pattern.findall(text))
    return max((number for number in numbers if number <= MAX_REPORTED), default=None)


def _service(text: str) -> str:
    known = _SERVICE.search(text)
    if known:
        return _SERVICES[known[0].lower()]
    if not text.lstrip().lower().startswith("mozilla/"):
        first = _FIRST.match(text)
        return _named(first["name"] or first["word"]) if first else ""
    # Every browser begins like this; what is no browser says so in its comment, or at the end.
    compatible = _COMPATIBLE.search(text)
    if compatible and (name := _named(compatible["name"])):
        return name
    names = [_named(found["name"]) for found in _VERSIONED.finditer(_COMMENT.sub(" ", text))]
    return next(filter(None, reversed(names)), "")


def _named(words: str) -> str:
    return "" if words.lower() in _BROWSERS else words[:MAX_SERVICE_CHARS].rstrip(" .-_")
