"""French spacing: the sign never stands alone on the next line, and no word changes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.mail.typography import typeset


@pytest.mark.parametrize(
    ("typed", "set_as"),
    [
        ("Venez nombreux !", "Venez nombreux\u202f!"),
        ("Venez nombreux!", "Venez nombreux\u202f!"),
        ("Quoi ?! Oui ; non", "Quoi\u202f?! Oui\u202f; non"),
        ("Horaires : 10:30", "Horaires\u00a0: 10:30"),
        ("Horaires: midi", "Horaires\u00a0: midi"),
        ("« Oui »", "«\u202fOui\u202f»"),
        ("«Oui»", "«\u202fOui\u202f»"),
        ("« Oui ! »", "«\u202fOui\u202f!\u202f»"),
        ("l'eau qu'il boit", "l’eau qu’il boit"),
        ("l'« ami »", "l’«\u202fami\u202f»"),
        ("1 000 000 € et 5 %", "1\u00a0000\u00a0000\u00a0€ et 5\u00a0%"),
        ("en 2026 300 personnes", "en 2026 300 personnes"),
        ("06 12 34 56", "06 12 34 56"),
        ("wide\u00a0!", "wide\u202f!"),
        ("étroit\u202f: x", "étroit\u00a0: x"),
        (":-) a?b x:y ::", ":-) a?b x:y ::"),
        ("https://example.org/a?b=c ! et www.example.org/x?", "https://example.org/a?b=c\u202f! et www.example.org/x?"),
        ("écrire à l'ada@example.org !", "écrire à l'ada@example.org\u202f!"),
        ("P0123456789ABCDEF012 !", "P0123456789ABCDEF012\u202f!"),
        ("", ""),
    ],
)
def test_french_is_set_as_printers_set_it(typed: str, set_as: str) -> None:
    assert typeset(typed, "fr") == set_as


@pytest.mark.parametrize("language", ["en", "ar", "fr-CA", "frr"])
def test_other_languages_stay_as_they_came(language: str) -> None:
    assert typeset("L'eau ! « x »", language) == "L'eau ! « x »"


FRENCH = st.text(st.sampled_from("aé1 0 \u00a0\u202f!?;:»«'’€%.,()@/\nhttp://"), max_size=60)


@given(FRENCH)
@example("«»«»")
@example("'' ' !?; :")
def test_twice_is_once(text: str) -> None:
    once = typeset(text, "fr")

    assert typeset(once, "fr") == once


@given(FRENCH | st.text(max_size=60))
def test_only_white_space_and_apostrophes_may_differ(text: str) -> None:
    def bare(words: str) -> str:
        return "".join(words.replace("’", "'").split())

    assert bare(typeset(text, "fr")) == bare(text)


@pytest.mark.parametrize("sign", ["a", " ", "\u00a0", "a.", "http:/", "1 000 ", "'", "«", "a@"])
def test_a_hostile_run_takes_its_length_and_not_its_square(sign: str) -> None:
    # Without the look-behinds one of these runs for minutes, past the time limit of the suite.
    assert len(typeset(sign * 100_000 + "x", "fr")) >= 100_000
