"""Whether the words of an article are still there, and in their order.

Parsers drop text without a word: lxml what is nested too deeply, sanitisers what they do not know. So
what readers would get is compared with what was written.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict

# Letters and digits apart: “tides1” with a footnote's number is “tides[1]” in a text part.
_WORD = re.compile(r"[^\W\d_]+|\d+")
# As far as this, in letters, a word may lie within other words: two readers of HTML do not always agree on where a
# word ends.
_NEAR = 40
_SHOWN = 8


def missing_words(written: str, read: str) -> str:
    """The first words of `written` that `read` lacks, as people would quote them; "" when all are there.

    The words must come in the same order, but others may stand between them: markers, addresses,
    furniture. Spaces, punctuation and case do not count.
    """
    words = _WORD.findall(unicodedata.normalize("NFC", written))
    start = _first_missing([word.casefold() for word in words], _WORD.findall(unicodedata.normalize("NFC", read)))
    if start is None:
        return ""
    rest = words[start:]
    return " ".join(rest[:_SHOWN]) + (" …" if len(rest) > _SHOWN else "")


def _first_missing(wanted: list[str], present: list[str]) -> int | None:
    places: defaultdict[str, list[int]] = defaultdict(list)
    length = 0
    for number, word in enumerate(present):
        present[number] = word.casefold()
        places[present[number]].append(length)
        length += len(present[number])
    stream = "".join(present)
    at, broken, steady = 0, 0, 0
    for number, word in enumerate(wanted):
        if stream.startswith(word, at):
            steady += 1
            at += len(word)
            continue
        # The words before a gap may have matched others further on. The gap began where they last ran
        # together: that is what a person wants to be shown.
        if steady >= 3 or number == 0:
            broken = number
        steady = 0
        found = _next_place(places.get(word, []), stream, word, at)
        if found is None:
            return broken
        at = found + len(word)
    return None


def _next_place(places: list[int], stream: str, word: str, at: int) -> int | None:
    following = bisect_left(places, at)
    if following < len(places):
        return places[following]
    near = stream.find(word, at, at + _NEAR + len(word))
    return None if near < 0 else near


def has_phrase(phrase: str, text: str) -> bool:
    """Whether the words of `phrase` stand in `text` one after the other, with nothing but punctuation between."""
    wanted, present = ("".join(_WORD.findall(unicodedata.normalize("NFC", each))).casefold() for each in (phrase, text))
    return wanted in present
