"""The first words of an article, as plain text for feeds, cards and the line below a subject."""

from __future__ import annotations

import unicodedata

from newsletter.articles.limits import MAX_SUMMARY_CHARS
from newsletter.articles.structure import text_of
from newsletter.articles.tree import Element, elements

_ENOUGH_CHARS = 120
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)


def summarise(root: Element) -> str:
    """The first paragraphs of a body as one line of at most 280 characters; empty without any text.

    A second paragraph follows while the first is short. Quotes, tables and code are passed over.
    """
    text = ""
    for paragraph in elements(root, "p"):
        if any(each.tag in ("blockquote", "table", "li", "figure") for each in paragraph.iterancestors()):
            continue
        text = f"{text} {text_of(paragraph)}".strip()
        if len(text) >= _ENOUGH_CHARS:
            break
    return shorten(text or text_of(root))


def shorten(text: str, *, limit: int = MAX_SUMMARY_CHARS) -> str:
    """`text` in at most `limit` characters, cut behind a word and never inside a grapheme, then "…"."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    space = head.rfind(" ")
    # Scripts without spaces are cut between characters; a long first word is no reason to say nothing.
    end = space if space > limit // 2 else _grapheme_start(text, limit - 1)
    return head[:end].rstrip(" ,;:–—-") + "…"


def _grapheme_start(text: str, position: int) -> int:
    start = position
    while start > 0 and _continues(text, start):
        start -= 1
    return start or position


def _continues(text: str, position: int) -> bool:
    character, before = text[position], text[position - 1]
    if ord(character) in _FLAG_LETTERS:
        return _flag_letters_before(text, position) % 2 == 1
    joined = character == _JOINER or before == _JOINER or ord(character) in _SKIN_TONES
    return joined or unicodedata.category(character)[0] == "M"


def _flag_letters_before(text: str, position: int) -> int:
    start = position
    while start > 0 and ord(text[start - 1]) in _FLAG_LETTERS:
        start -= 1
    return position - start
