"""The shapes an id, an address and a language tag must have to stand in a feed."""

from __future__ import annotations

import re

from newsletter.feeds.characters import has_illegal

# RFC 3987 §2.2: a scheme, a colon, and none of the characters that no IRI may hold.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_WEB = re.compile(r"https?://[^\s/?#<>\"{}|\\^`@]+(?:[/?#][^\s<>\"{}|\\^`]*)?", re.IGNORECASE)
# The shape of RFC 5646 §2.1; whether the subtags are registered is not looked up.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def is_feed_id(uid: str) -> bool:
    """Whether `uid` is an absolute IRI, as atom:id demands (RFC 4287 §4.2.6)."""
    return _IRI.fullmatch(uid) is not None and not has_illegal(uid)


def is_web_address(url: str) -> bool:
    """Whether `url` is absolute http or https with a host and without a password."""
    return _WEB.fullmatch(url) is not None and not has_illegal(url)


def is_language_tag(tag: str) -> bool:
    """Whether `tag` has the shape of RFC 5646: "en", "fr-CA", "zh-Hant"."""
    return _LANGUAGE.fullmatch(tag) is not None
