"""The characters that may stand in a feed.

One such character makes lxml refuse the whole document, so that every article of the feed would be
lost with the bad one. Articles are cleaned when they are read; here it is done once more.
"""

from __future__ import annotations

import re

# XML 1.0 §2.2 forbids C0 but tab and newline, surrogates, U+FFFE and U+FFFF. The other control characters and
# U+FDD0–U+FDEF are legal, but feed validators report them. They are removed, not replaced: U+FFFD is reported too.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def has_illegal(text: str) -> bool:
    """Whether `text` holds a character that must not stand in a feed."""
    return _ILLEGAL.search(text) is not None


def clean(text: str) -> str:
    """`text` without illegal characters, and with LF as its only line end."""
    # Looking first costs a tenth of a millisecond per 100 KB; clean text, which is nearly all, is not copied.
    if "\r" in text:
        # lxml would write a CR as &#13;, which readers show.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _ILLEGAL.sub("", text) if has_illegal(text) else text


def one_line(text: str) -> str:
    """`text` with single spaces between its words."""
    return " ".join(text.split())


def clean_line(text: str) -> str:
    """`clean` text on one line."""
    return one_line(clean(text))
