"""Every word around the pages, in every language the readers may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from newsletter.i18n import LANGUAGES, load_words

SOURCE = Path(__file__).parents[2] / "src" / "newsletter"
_SAID = re.compile(r"""\bsay\(\s*(?:"((?:[^"\\]|\\.)*)"|'([^'\\]*)')""")


def _messages(templates: Mapping[str, str]) -> set[str]:
    texts = [*templates.values()]
    texts += [
        file.read_text("utf-8") for room in ("pages", "web", "subscribers") for file in (SOURCE / room).rglob("*.py")
    ]
    return {one or other for text in texts for one, other in _SAID.findall(text)}


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_word_on_a_page_is_translated(templates: Mapping[str, str], language: str) -> None:
    words = load_words(language)

    messages = _messages(templates)

    assert len(messages) > 20
    assert {message for message in messages if words.say(message) == message} == set()


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_translations_name_the_same_values(templates: Mapping[str, str], language: str) -> None:
    words = load_words(language)

    for message in _messages(templates):
        assert set(re.findall(r"{\w+}", words.say(message))) == set(re.findall(r"{\w+}", message)), message
