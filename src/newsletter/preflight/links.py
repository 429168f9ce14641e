"""Links: that they lead somewhere, say where, and lead where they say."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import etree

from newsletter.model import Finding, Masthead, Output
from newsletter.preflight.findings import error, warning
from newsletter.preflight.markup import addresses, shown, visible_text

_ABSOLUTE = re.compile(r"(?:https?://[^/?#\s]+|mailto:[^\s]+@|tel:\+?\d)", re.IGNORECASE)
# Other than "http:///x", "https://", "//" and "http:x", which begin like an address of another site and name none.
_WITH_HOST = re.compile(r"(?!https?:|//)|(?:https?:)?//[^/?#\s]", re.IGNORECASE)
_LIKE_HOST = re.compile(r"www\.[^\s/]+\.", re.IGNORECASE)
_HOST_IN_TEXT = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/?#]\S*)?", re.IGNORECASE)
# Read out of their sentence, as screen readers list them, these say nothing (WCAG 2.4.4).
# fmt: off
_VAGUE = frozenset({
    "click here", "here", "this", "link", "this link", "read more", "more", "learn more", "details",
    "cliquez ici", "cliquer ici", "ici", "ce lien", "lien", "lire la suite", "en savoir plus", "plus",
    "اضغط هنا", "انقر هنا", "هنا", "المزيد", "اقرأ المزيد", "هذا الرابط",
})
# fmt: on
_ATTRIBUTES = ("href", "src", "poster", "cite", "data", "action", "background")


def check_written_links(root: etree._Element) -> list[Finding]:
    """What is wrong with the links of an article as its author wrote them."""
    found = []
    for link in root.iter("a"):
        if link.get("href") is not None:
            found += _check_target(link.get("href", "").strip())
            found += _check_text(link)
    return found


def check_mailed_links(root: etree._Element, *, masthead: Masthead) -> list[Finding]:
    """Errors for links that lead nowhere from a mail, warnings for those without encryption."""
    found = []
    for url in addresses(root, "a", "area", attribute="href"):
        place = shown(url)
        if not _ABSOLUTE.match(url):
            message = f"The mail's link “{place}” is not absolute: from an inbox it leads nowhere."
            advice = "Give it an address that begins with https://."
            found.append(error("link-not-absolute", message, advice=advice, place=place, output=Output.MAIL))
        elif url.lower().startswith("http://") and not url.startswith(f"{masthead.base_url}/"):
            message = f"The mail's link {place} is not encrypted."
            found.append(
                warning("link-http", message, advice="Use https, if the site has it.", place=place, output=Output.MAIL)
            )
    return found


def check_relative_urls(root: etree._Element) -> list[Finding]:
    """An error for each address that means another page in every feed reader."""
    urls = [url for attribute in _ATTRIBUTES for url in addresses(root, attribute=attribute)]
    sets = [entry for value in addresses(root, attribute="srcset") for entry in value.split(",")]
    urls += [entry.split()[0] for entry in sets if entry.strip()]
    return [
        error(
            "url-relative",
            f"The address “{shown(url)}” is not absolute; a feed reader cannot follow it.",
            advice="Write it with https:// and its host.",
            place=shown(url),
            output=Output.FEED,
        )
        for url in dict.fromkeys(urls)
        if not _ABSOLUTE.match(url)
    ]


def _check_target(url: str) -> list[Finding]:
    place = shown(url)
    if not url or not _WITH_HOST.match(url):
        message = f"The link “{place}” names no site, so it leads nowhere."
        return [error("link-without-host", message, advice="Write the whole address.", place=place)]
    if _LIKE_HOST.match(url):
        message = f"The link “{place}” looks like another site, but without https:// it means a page beside this one."
        return [warning("link-like-relative", message, advice=f"Write https://{place}.", place=place)]
    return []


def _check_text(link: etree._Element) -> list[Finding]:
    place, text = shown(link.get("href", "")), " ".join(visible_text(link).split())
    if not text:
        message = f"The link to {place} has no text: nobody can see or hear it."
        advice = "Write a text, or an alternative text for its image."
        return [warning("link-text-empty", message, advice=advice, place=place)]
    if " ".join(re.findall(r"\w+", text.casefold())) in _VAGUE:
        message = f"The link text “{shown(text)}” says nothing about where it leads."
        return [warning("link-text-vague", message, advice="Name what is behind the link.", place=place)]
    named = _HOST_IN_TEXT.fullmatch(text)
    host = urlsplit(link.get("href", "")).hostname if _ABSOLUTE.match(place) else None
    if named and host and not _same_site(named[1], host):
        message = f"The link text names {named[1]}, but the link leads to {host}; filters take that for fraud."
        return [warning("link-text-other-site", message, advice="Let both name the same site.", place=place)]
    return []


def _same_site(one: str, other: str) -> bool:
    one, other = one.lower().removeprefix("www."), other.lower().removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
