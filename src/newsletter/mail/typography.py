"""French spacing and apostrophes: the thin signs that keep a line from breaking before its "!".

A pure function over plain text. The HTML bodies, titles and subjects of French articles pass through
it; code, links and addresses do not. It changes and adds only white space and apostrophes, so the
words stay the same. Running it twice changes nothing more.
"""

from __future__ import annotations

import re

NARROW = "\u202f"
WIDE = "\u00a0"

# Both start only where a word starts: from every letter of a long word they would take its square.
_KEPT = re.compile(
    r"(?<![a-z0-9+.-])(?:[a-z][a-z0-9+.-]*+://|www\.|mailto:)\S+|(?<![^\s@<>])[^\s@<>]++@[^\s@<>]+\.[^\s@<>]+",
    re.IGNORECASE,
)
_BLANK = f"[ {WIDE}{NARROW}]"
# A sign closes a word only where something like an end follows it: not in ":-)", "a?b" or "12:30".
_END = r"(?=\s|$|[»”’\"')\]…,.])"

_RULES = (
    (re.compile(r"(?<=[^\W\d_])'(?=[\w«]|$)"), "’"),
    (re.compile(f"(?<!{_BLANK}){_BLANK}+(?=[;!?]+{_END})"), NARROW),
    (re.compile(f"(?<=[\\w»”)’…])(?=[;!?]+{_END})"), NARROW),
    (re.compile(f"(?<!{_BLANK}){_BLANK}+(?=:{_END})"), WIDE),
    (re.compile(f"(?<=[\\w»”)’…])(?=:{_END})"), WIDE),
    (re.compile(f"«{_BLANK}*"), f"«{NARROW}"),
    (re.compile(f"(?<!{_BLANK}){_BLANK}*»"), f"{NARROW}»"),
    (re.compile(f"(?<=\\d){_BLANK}+(?=[€%])"), WIDE),
)
_GROUPED = re.compile(r"(?<!\d)\d{1,3}(?: \d{3})+(?!\d)")


def speaks_french(language: str) -> bool:
    """Whether texts in `language` are set by these rules; Canada sets no space before "!" and "?"."""
    return language.split("-")[0] == "fr" and language.lower() != "fr-ca"


def typeset(text: str, language: str) -> str:
    """`text` with French spacing where `language` is French, else as it came; the words stay the same."""
    if not speaks_french(language):
        return text
    pieces, at = [], 0
    for kept in _KEPT.finditer(text):
        pieces += [_set(text[at : kept.start()]), kept.group()]
        at = kept.end()
    return "".join(pieces) + _set(text[at:])


def _set(text: str) -> str:
    for pattern, sign in _RULES:
        text = pattern.sub(sign, text)
    return _GROUPED.sub(lambda found: found.group().replace(" ", WIDE), text)
