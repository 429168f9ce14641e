"""How large a mail is when it is read, and what its readers' programs cut off."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from newsletter.model import Finding, Output
from newsletter.preflight.findings import error, warning

# Gmail cuts a mail off at 102 KB of decoded HTML, and with it the link to unsubscribe.
MAX_OCTETS, LARGE_OCTETS = 100_000, 80_000
# Gmail drops every <style> of a mail that has more than this.
MAX_STYLE_OCTETS = 16_384
# The longest values: a token has 26 characters, an address 254 octets (RFC 5321), and 255 characters of a name may
# take four octets each.
_LONGEST = {"TOKEN": 26, "PREFERENCES": 26, "ADDRESS": 254, "NAME": 1_020}


def filled_octets(text: str, placeholders: Mapping[str, str]) -> int:
    """Octets of `text` in UTF-8 once every placeholder has given way to the longest value it may stand for."""
    size = len(text.encode("utf-8", "replace"))
    for name, placeholder in placeholders.items():
        growth = _LONGEST.get(name, max(_LONGEST.values())) - len(placeholder)
        size += text.count(placeholder) * max(0, growth) if placeholder else 0
    return size


def check_size(html: str, placeholders: Mapping[str, str]) -> list[Finding]:
    """An error for HTML that Gmail would cut off, a warning when it is not far from it."""
    size = filled_octets(html, placeholders)
    if size > MAX_OCTETS:
        message = f"The mail's HTML has {size:,} octets; above {MAX_OCTETS:,} Gmail hides the rest, the footer first."
        advice = "Send an excerpt (email: excerpt), or divide the article."
        return [error("mail-too-large", message, advice=advice, output=Output.MAIL)]
    if size > LARGE_OCTETS:
        message = f"The mail's HTML has {size:,} octets, of the {MAX_OCTETS:,} that Gmail shows."
        advice = "Nothing needs to be done; do not make it much longer."
        return [warning("mail-large", message, advice=advice, output=Output.MAIL)]
    return []


def check_style_size(root: etree._Element) -> list[Finding]:
    """A warning for more styles than Gmail reads."""
    size = sum(len((element.text or "").encode()) for element in root.iter("style"))
    if size <= MAX_STYLE_OCTETS:
        return []
    message = f"The mail's styles have {size:,} octets; above {MAX_STYLE_OCTETS:,} Gmail drops all of them."
    advice = "Shorten head.css and dark.css of the theme."
    return [warning("style-too-large", message, advice=advice, output=Output.MAIL)]
