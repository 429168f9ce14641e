from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.articles.languages import NotALanguageError, detect_language, language_in_name, language_tag
from newsletter.model import Manuscript

Read = Callable[..., Manuscript]
Refuse = Callable[..., list[str]]

ENGLISH = (
    "The harbour office opens at nine, and the first ferry leaves an hour later, when the fog has lifted for good."
)
FRENCH = "La capitainerie ouvre à neuf heures, et le premier bac part une heure plus tard, quand la brume se lève."
ARABIC = "يفتح مكتب الميناء في التاسعة صباحًا، وتغادر العبّارة الأولى بعد ساعة حين ينقشع الضباب عن الماء قليلًا."
GERMAN = "Das Hafenamt öffnet um neun Uhr, und die erste Fähre fährt eine Stunde später, wenn der Nebel sich hebt."


@pytest.mark.parametrize("tag", ["en", "fr-ca", "zh-hant-tw", "es-419", "PT-BR", "ast", "de-1996"])
def test_tags_of_rfc_5646_pass_in_lower_case(tag: str) -> None:
    assert language_tag(tag) == tag.lower()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("english", 'Write "en".'),
        ("French", 'Write "fr".'),
        ("fr_CA", 'Write "fr-ca".'),
        ("xx", 'Write a tag such as "en"'),
        ("e", "Write a tag"),
        ("", "Write a tag"),
        ('en"><script>', "Write a tag"),
        ("en-", "Write a tag"),
    ],
)
def test_what_is_no_tag_is_refused_with_advice(text: str, advice: str) -> None:
    with pytest.raises(NotALanguageError) as caught:
        language_tag(text)

    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("articles/2026-11-quay.fr.md", "fr"),
        ("quay.FR-CA.md", "fr-ca"),
        ("quay.ast.md", None),
        ("readme.min.md", None),
        ("2026.11.md", None),
        ("fr.md", None),
        ("v1.2.md", None),
    ],
)
def test_a_name_tells_a_language_of_two_letters(path: str, expected: str | None) -> None:
    assert language_in_name(path, languages=("en", "fr")) == expected


def test_a_name_tells_any_language_of_the_newsroom() -> None:
    assert language_in_name("quay.ast.md", languages=("en", "ast")) == "ast"


@pytest.mark.parametrize(("text", "expected"), [(ENGLISH, "en"), (FRENCH, "fr"), (ARABIC, "ar")])
def test_a_clear_text_is_detected(text: str, expected: str) -> None:
    assert detect_language(text, languages=("en", "fr", "ar")) == expected


@pytest.mark.parametrize("text", ["Bonjour le quai", "", "12 34 56 " * 50, GERMAN, f"{ENGLISH} {FRENCH}"])
def test_what_is_short_foreign_or_mixed_is_not_sure(text: str) -> None:
    assert detect_language(text, languages=("en", "fr", "ar")) is None


def test_regions_of_one_language_are_told_by_nobody() -> None:
    assert detect_language(FRENCH, languages=("fr-ca", "fr-fr", "en")) is None
    assert detect_language(FRENCH, languages=("fr-ca", "en")) == "fr-ca"


def test_the_option_wins_over_the_file_the_file_over_its_name_the_name_over_its_letters(read: Read) -> None:
    said = f"---\ntitle: Quai\nlanguage: ar\n---\n{ENGLISH}"
    unsaid = f"# Quai\n\n{ENGLISH}"

    assert read(said, "quai.fr.md", language="fr-BE").language == "fr-be"
    assert read(said, "quai.fr.md").language == "ar"
    assert read(unsaid, "quai.fr.md").language == "fr"
    assert read(unsaid, "quai.md").language == "en"


def test_only_a_guess_is_told(read: Read) -> None:
    told = read(f"# Quai\n\n{FRENCH}")
    unsure = read("# Quai\n\nCourt.")
    named = read("# Quai\n\nCourt.", "quai.fr.md")

    assert [(each.code, each.severity) for each in told.findings] == [("language-detected", "note")]
    assert 'told from the text: "fr"' in told.findings[0].message
    assert unsure.language is None
    assert 'the newsroom\'s: "en"' in unsure.findings[0].message
    assert named.findings == ()


def test_an_impossible_option_is_a_fault(refuse: Refuse) -> None:
    assert refuse("# Quay\n\nText", language="klingon") == [
        'quay.md: --language: "klingon" is not a language tag. Write "tlh".'
    ]
