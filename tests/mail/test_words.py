"""Every word that the mail says is there in every language it speaks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from newsletter.i18n import LANGUAGES

SOURCE = Path(__file__).parents[2] / "src" / "newsletter" / "mail"
SAID = re.compile(r'\bsay(?:_html)?\(\s*"((?:[^"\\]|\\.)*)"')
COUNTED = re.compile(r'\bwords\.count\(\s*"((?:[^"\\]|\\.)*)"')


def spoken(templates: Mapping[str, str]) -> set[str]:
    texts = [*templates.values(), *(path.read_text("utf-8") for path in SOURCE.glob("*.py"))]
    return {message for text in texts for pattern in (SAID, COUNTED) for message in pattern.findall(text)}


def test_the_extractor_finds_the_words(templates: Mapping[str, str]) -> None:
    assert {"Unsubscribe", "dear reader", "By {author}", "Read on: {title}"} <= spoken(templates)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_message_is_translated_with_the_same_gaps(language: str, templates: Mapping[str, str]) -> None:
    with (files("newsletter") / "locale" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file)

    for message in spoken(templates):
        entry = catalogue.get(message)
        assert entry is not None, f"{language}: no entry for {message!r}"
        translation = entry.string if isinstance(entry.string, str) else entry.string[0]
        assert translation, f"{language}: {message!r} is not translated"
        assert set(re.findall(r"\{\w+\}", translation)) == set(re.findall(r"\{\w+\}", message))


def test_french_words_are_set_as_printers_set_them(templates: Mapping[str, str]) -> None:
    with (files("newsletter") / "locale" / "fr.po").open("rb") as file:
        catalogue = read_po(file)

    for message in spoken(templates):
        entry = catalogue.get(message)
        assert entry is not None
        assert not re.search(r"[ \w][;!?](?=\s|$)|[ \w]:(?=\s|$)|'", str(entry.string)), entry.string
