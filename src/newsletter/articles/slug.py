"""A title to the part of an address that people read."""

from __future__ import annotations

import re
import unicodedata

from newsletter.articles.limits import MAX_SLUG_CHARS

# Latin letters that no decomposition turns into plain ones.
_FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "\u0131": "i"}
)
# Vowel marks and the stretching stroke of Arabic: written or not, the word is the same.
_ARABIC_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_ENGLISH_APOSTROPHE = re.compile(r"(?<=\w)['’](?=(?:s|t|d|m|ll|re|ve)\b)")


def slugify(title: str) -> str:
    """`title` in lower case with hyphens, for an address: "L’œuvre d’été" is "l-oeuvre-d-ete".

    Latin accents are folded, letters of all other scripts kept. At most 80 characters, cut at a
    hyphen where there is one; "article" when nothing is left. A slug is its own slug.
    """
    text = _ARABIC_MARKS.sub("", unicodedata.normalize("NFKC", title).lower())
    text = _ENGLISH_APOSTROPHE.sub("", text)
    text = "".join(_fold(text)).translate(_FOLDED)
    words = "".join(character if _stands(character) else "-" for character in unicodedata.normalize("NFC", text))
    return _cut(re.sub("-+", "-", words).strip("-")) or "article"


def _fold(text: str) -> list[str]:
    kept: list[str] = []
    latin = False
    for character in unicodedata.normalize("NFD", text):
        if unicodedata.combining(character) and latin:
            continue
        latin = "LATIN" in unicodedata.name(character, "")
        kept.append(character)
    return kept


def _stands(character: str) -> bool:
    # Marks (M) carry the vowels of Devanagari, Thai and others.
    return unicodedata.category(character)[0] in "LNM"


def _cut(slug: str) -> str:
    if len(slug) <= MAX_SLUG_CHARS:
        return slug
    head = slug[: MAX_SLUG_CHARS + 1]
    return head.rsplit("-", 1)[0] if "-" in head else head[:MAX_SLUG_CHARS]
