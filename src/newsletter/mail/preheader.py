"""The line that inboxes show beside the subject.

Comes in: what could be said there. Goes out: one short line that is not the subject again, and the
invisible filler that keeps the inbox from going on with the text after it.
"""

from __future__ import annotations

from collections.abc import Iterable

SHOWN = 110
_FILLED = 150
_FILLER = "\u034f\u200c\u00a0"


def choose_preheader(subject: str, candidates: Iterable[str]) -> str:
    """The first of `candidates` that says more than `subject`, in at most 110 characters; else empty."""
    for candidate in candidates:
        line = cut_at_word(candidate, SHOWN)
        if line and line.rstrip("….").casefold() != subject.rstrip("….").casefold():
            return line
    return ""


def cut_at_word(text: str, limit: int) -> str:
    """`text` on one line of at most `limit` characters, cut after a word and closed with "…"."""
    line = " ".join(part for part in text.split(" ") if part).strip()
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    return (head.rpartition(" ")[0] or head).rstrip(" ,;:.–—-\u202f\u00a0") + "…"


def filler_after(line: str) -> str:
    """Signs without width or ink, enough to fill an inbox row behind `line`."""
    return _FILLER * max(_FILLED - len(line), 20)
