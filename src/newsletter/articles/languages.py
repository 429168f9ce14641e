"""Which language an article is in: as said, as its file is named, as its letters tell.

Comes in: tags and text. Goes out: an RFC 5646 tag in lower case, or the sentence that refuses one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING

import babel

from newsletter.articles.limits import MIN_LETTERS_TO_DETECT, MIN_SHARE_TO_DETECT

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Language, script, region, variants: RFC 5646 §2.1 without extensions and private use.
_TAG = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|\d{3}))?((?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*)", re.ASCII)
_ENGLISH = babel.Locale("en")
# The detector knows spoken varieties which share their written form with these.
_VARIETIES = {"ary": "ar", "arz": "ar", "nn": "no", "nb": "no", "pcm": "en", "gcf": "fr", "gcr": "fr", "yue": "zh"}
# A longer text is not told more surely, only more slowly.
_SAMPLE_CHARS = 20_000


class NotALanguageError(ValueError):
    """The text is no language tag; the message is the sentence for the author."""


def language_tag(text: str) -> str:
    """`text` as an RFC 5646 tag in lower case. Raises NotALanguageError with a suggestion."""
    tag = text.strip().lower()
    if _is_known(tag):
        return tag
    hint = _suggestion(tag)
    advice = f'Write "{hint}".' if hint else 'Write a tag such as "en", "fr" or "pt-br".'
    raise NotALanguageError(f'"{text.strip()[:40]}" is not a language tag. {advice}')


def language_in_name(path: str, *, languages: Sequence[str]) -> str | None:
    """The tag in a name such as ``2026-11-quay.fr.md``, or None.

    Any of `languages`, and any two-letter language with or without a region: a longer code would
    find Minangkabau in ``readme.min.md``.
    """
    parts = PurePath(path).name.split(".")
    if len(parts) < 3:
        return None
    tag = parts[-2].lower()
    short = len(tag.split("-")[0]) == 2
    return tag if tag in languages or (short and _is_known(tag)) else None


def detect_language(text: str, *, languages: Sequence[str]) -> str | None:
    """The one of `languages` that `text` is written in, when that is sure; else None.

    Sure means: enough letters, the best of all languages the detector knows is one of ours, and it
    stands far before our others. Two of ours that differ in their region only are never sure.
    """
    sample = text[:_SAMPLE_CHARS]
    if sum(letter.isalpha() for letter in sample) < MIN_LETTERS_TO_DETECT:
        return None
    shares: dict[str, float] = {}
    for label, share in _identifier().rank(sample):
        base = _VARIETIES.get(label, label)
        shares[base] = shares.get(base, 0.0) + float(share)
    best = max(shares, key=lambda base: shares[base])
    ours = {_VARIETIES.get(tag.split("-")[0], tag.split("-")[0]) for tag in languages}
    among_ours = sum(shares.get(base, 0.0) for base in ours)
    if best not in ours or shares[best] < MIN_SHARE_TO_DETECT * among_ours:
        return None
    tags = [tag for tag in languages if _VARIETIES.get(tag.split("-")[0], tag.split("-")[0]) == best]
    return tags[0] if len(tags) == 1 else None


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    # Met late: numpy and the model take 0.8 s, and most articles say their language.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _is_known(tag: str) -> bool:
    match = _TAG.fullmatch(tag)
    return match is not None and match[1] in _ENGLISH.languages


def _suggestion(tag: str) -> str | None:
    dashed = tag.replace("_", "-")
    if _is_known(dashed):
        return dashed
    named = [code for code, name in _ENGLISH.languages.items() if name.lower() == tag and _is_known(code.lower())]
    return named[0] if named else None
