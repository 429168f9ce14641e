"""A message's HTML as the inbox frame gets it: in light or dark, with this server in the newsroom's place.

Only what is shown is changed, never the message. A frame cannot be told to be dark without a script,
so the questions its styles ask of the browser are answered beforehand.
"""

from __future__ import annotations

import re
from enum import StrEnum

_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(?P<scheme>dark|light)\s*\)", re.IGNORECASE)
_OFFERED = re.compile(r"(?P<before>\bcolor-scheme\s*:\s*)(?:light\s+dark|dark\s+light)", re.IGNORECASE)
_META = re.compile(
    r"""(?P<before><meta\s[^>]*name=["']?(?:color-scheme|supported-color-schemes)["']?[^>]*content=["'])[^"']*""",
    re.IGNORECASE,
)
_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)

# Media features with a fixed answer, which also hold inside "screen and (…)".
_YES, _NO = "(min-width: 0)", "(max-width: 0)"


class Scheme(StrEnum):
    """The colours a reader's device asks for."""

    LIGHT = "light"
    DARK = "dark"


def shown_html(html: str, *, scheme: Scheme, base_url: str) -> str:
    """`html` as a device in `scheme` would show it, its pictures and links of `base_url` taken from here."""
    html = _ASKED.sub(lambda match: _YES if match["scheme"].lower() == scheme else _NO, html)
    html = _OFFERED.sub(rf"\g<before>{scheme.value}", html)
    html = _META.sub(rf"\g<before>{scheme.value}", html)
    # At the start of an attribute or of a url(), not in the words.
    html = re.sub(rf"""(?P<before>["'(]){re.escape(base_url)}(?=[/"')])/?""", r"\g<before>/", html)
    # Links leave the frame, which may not be left otherwise.
    target = '<base target="_blank">'
    return _HEAD.sub(lambda match: match[0] + target, html, count=1) if _HEAD.search(html) else target + html
